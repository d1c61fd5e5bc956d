"""A driver's message file (``.mc``): the header that the message compiler makes of it, which its C files include.

The texts go into the resources of the event log on Windows and are nothing here. Source: the SDK's page "Message Text
Files".
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: What there is without a word of the file.
_SEVERITIES = {"success": 0, "informational": 1, "warning": 2, "error": 3}
_FACILITIES = {"system": 0x0FF, "application": 0xFFF}
_NAMES = re.compile(r"(\w+)\s*=\s*(\w+)(?:\s*:\s*(\w+))?")
_KEY = re.compile(r"(\w+)\s*=\s*(\([^)]*\)|\S*)")
#: Keywords that a header does not show.
_NOTHING = {"messageidtypedefmacro", "outputbase", "languagenames"}
_IN_LIST = re.compile(r"[^()]*\([^)]*$")


class _Code(NamedTuple):
    """What a message's number is made of."""

    id: int
    severity: int
    facility: int

    @property
    def value(self) -> int:
        return self.severity << 30 | self.facility << 16 | self.id


def header_of(text: str) -> str:
    """The header of a message file: a ``#define`` for each SymbolicName, and what stands behind a ``;``.

    Raises
    ------
    ValueError
        Something in it cannot be: the line, what was expected and what came.
    """
    return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.severities = dict(_SEVERITIES)
        self.facilities = dict(_FACILITIES)
        self.last: dict[int, int] = {}
        self.typedef = ""
        self.code = _Code(0, 0, _FACILITIES["application"])
        self.number = 0
        self.given = self.symbol = ""

    def read(self, text: str) -> str:
        pending, in_text = "", False
        for self.number, line in enumerate(text.replace("\x1a", "").splitlines(), 1):
            if in_text:
                in_text = line.rstrip() != "."
            elif line.startswith(";"):
                self.out.append(line[1:])
            else:
                pending += f" {line.rstrip()}"
                if not _IN_LIST.fullmatch(pending):
                    in_text = self._keys(pending)
                    pending = ""
        if pending:
            raise ValueError(f"line {self.number}: expected ) at the end of a list, got the end")
        return "\n".join([*self.out, ""])

    def _keys(self, line: str) -> bool:
        """The assignments of a line; whether a message's text comes next."""
        left = _KEY.sub("", line).strip()
        if left:
            raise ValueError(f"line {self.number}: expected Keyword=value, got {left!r:.60}")
        in_text = False
        for key, value in _KEY.findall(line):
            if key.lower() in _NOTHING:
                continue
            known = getattr(self, f"key_{key.lower()}", None)
            if known is None:
                raise ValueError(f"line {self.number}: there is no keyword {key!r}")
            in_text = known(value) is True
        return in_text

    def _named(self, value: str, known: dict[str, int]) -> None:
        for name, number, symbol in _NAMES.findall(value):
            known[name.lower()] = self._int(number)
            if symbol:
                self.out.append(f"#define {symbol} {number}")

    def _int(self, text: str) -> int:
        try:
            return int(text, 0)
        except ValueError:
            raise ValueError(f"line {self.number}: expected a number, got {text!r}") from None

    def _one_of(self, value: str, known: dict[str, int]) -> int:
        if value.lower() not in known:
            names = ", ".join(known)
            raise ValueError(f"line {self.number}: expected one of {names}; got {value!r}")
        return known[value.lower()]

    # The keywords.

    def key_messageidtypedef(self, value: str) -> None:
        self.typedef = value

    def key_severitynames(self, value: str) -> None:
        self._named(value, self.severities)

    def key_facilitynames(self, value: str) -> None:
        self._named(value, self.facilities)

    def key_messageid(self, value: str) -> None:
        self.given = value

    def key_severity(self, value: str) -> None:
        self.code = self.code._replace(severity=self._one_of(value, self.severities))

    def key_facility(self, value: str) -> None:
        self.code = self.code._replace(facility=self._one_of(value, self.facilities))

    def key_symbolicname(self, value: str) -> None:
        self.symbol = value

    def key_language(self, _: str) -> bool:
        """The text begins: by now the number of the message is known."""
        if self.symbol:
            before = self.last.get(self.code.facility, 0)
            step = self.given.removeprefix("+")
            number = self._int(step) if step else 1
            counted = not step or self.given.startswith("+")
            self.code = self.code._replace(id=(before + number if counted else number) & 0xFFFF)
            self.last[self.code.facility] = self.code.id
            of_type = f"({self.typedef})" if self.typedef else ""
            self.out.append(f"#define {self.symbol} ({of_type}0x{self.code.value:08X}L)")
        self.symbol = self.given = ""
        return True
