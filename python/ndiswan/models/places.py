"""Where the keys of a TOML text stand, since `tomllib` does not say.

The text has been read by `tomllib` before, so it is known to be right, and what is here only has to follow it. JSON is
followed as well: its objects are inline tables with a colon.
"""

import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
Place = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|'
    r"'''(?:.|\n)*?'{3,5}|"
    r'"(?:[^"\\]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass
class Places:
    """For each path the line and column, from 1, of its key and of its value.

    >>> from ndiswan.models.scenario import loads
    >>> text = '''
    ... [run]
    ... until = "10 s"
    ...
    ... [[link]]
    ... name = "office"
    ... traffic = { kind = "poisson", rate_pps = 100, size = 500 }
    ... line = { rate_bps = "512 kbit/s" }
    ... '''
    >>> loads(text).places.keys[("run", "until")]
    (3, 1)
    """

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def of(self, path: Path, *, key: bool = False) -> Place | None:
        """Where the value, or else the key, of a path stands; of what is not there, where that stands which has it."""
        name = path[-1:]
        while path:
            first, second = (self.keys, self.values) if key else (self.values, self.keys)
            if (place := first.get(path) or second.get(path)) is not None:
                return place
            path = path[:-1]
            # What stands in a part of a part, as the engine has it, may be written one table further out.
            if (place := self.values.get((*path, *name))) is not None:
                return place
            key = True
        return None


def places(text: str) -> Places:
    """Where everything of a TOML text stands."""
    return _Scanner(text).document()


def path_at(text: str, offset: int) -> Path:
    """The path of the value of a JSON text that stands at, or last before, an offset."""
    scanner = _Scanner(text)
    scanner.value(())
    found: Path = ()
    for path, (_, column) in scanner.places.values.items():
        if column - 1 <= offset:
            found = path
    return found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places = Places()
        self.tables: dict[Path, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> Places:
        table: Path = ()
        while self.blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
        return self.places

    def header(self) -> Path:
        place, several = self.place(), self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        path: Path = ()
        keys = self.key()
        for n, key in enumerate(keys):
            path = (*path, key)
            last = n == len(keys) - 1
            if several and last:
                self.places.keys.setdefault(path, place)
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
        self.places.keys[path] = place
        self.at += 2 if several else 1
        return path

    def pair(self, table: Path) -> None:
        place = self.place()
        path = table
        for key in self.key():
            path = (*path, key)
            self.places.keys.setdefault(path, place)
        self.at += 1  # "=", or ":"
        self.blank()
        self.value(path)

    def key(self) -> list[str]:
        keys = []
        while True:
            self.blank()
            if found := _STRING.match(self.text, self.at):
                keys.append(found[0][1:-1])
            elif found := _BARE.match(self.text, self.at):
                keys.append(found[0])
            else:
                raise ValueError(f"expected a key at offset {self.at}")  # not after tomllib
            self.at = found.end()
            self.blank()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def value(self, path: Path) -> None:
        self.places.values[path] = self.place()
        opening = self.text[self.at : self.at + 1]
        if opening in {"[", "{"}:
            self.at += 1
            number = 0
            while self.blank() < len(self.text) and self.text[self.at] not in "]}":
                if opening == "[":
                    self.value((*path, number))
                else:
                    self.pair(path)
                number += 1
                self.blank()
                self.at += self.text.startswith(",", self.at)
            self.at += 1
        elif found := _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at):
            self.at = found.end()
        else:
            raise ValueError(f"expected a value at offset {self.at}")  # not after tomllib

    def blank(self) -> int:
        """Skip white space and comments; where that leads."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def place(self) -> Place:
        line = self.text.count("\n", 0, self.at) + 1
        return line, self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
