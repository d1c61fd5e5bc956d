"""Plain data of a scenario file made into parameters, with a message that points at the line for whatever cannot be."""

import dataclasses
import difflib
import inspect
import re
import typing
from collections.abc import Callable, Iterable
from pathlib import Path as FilePath
from typing import Any, NoReturn

from ndiswan.models import cards
from ndiswan.models._parameters import Parameters
from ndiswan.models.cards import Card
from ndiswan.models.durations import Constant, Duration
from ndiswan.models.flows import Flow, Replay
from ndiswan.models.multilink import Multilink
from ndiswan.models.places import Path, Places
from ndiswan.models.queues import Discipline
from ndiswan.models.sizes import Size, size_of
from ndiswan.models.units import kind_of, quantity
from ndiswan.models.wires import Framing, Line, Loss

# What `kind` chooses from.
FAMILIES: tuple[type[Parameters], ...] = (Flow, Size, Duration, Framing, Loss, Discipline)
# Where the engine's word is not the one that a user looks for.
SAID: dict[tuple[type[Parameters], str], str] = {
    (Flow, "constant"): "cbr",
    (Flow, "at"): "replay",
    (Discipline, "co_del"): "codel",
}
CARDS: dict[str, Callable[..., Card]] = {
    function.__name__: function
    for function in (
        cards.simple,
        cards.descriptor_ring,
        cards.moderated,
        cards.batching,
        cards.intelligent,
        cards.inline,
        cards.reordering,
        cards.dying,
    )
}
# Fields that such a function sets.
SET_BY: dict[Callable[..., Card], tuple[str, ...]] = {
    cards.moderated: ("moderation",),
    cards.batching: ("moderation",),
    cards.intelligent: ("completes", "descriptors"),
    cards.inline: ("completes", "descriptors"),
    cards.reordering: ("reorder",),
    cards.dying: ("dies",),
}
# A replay may name a capture instead of its times and sizes: the keys, and the parameters of `Replay.from_capture`.
CAPTURE = ("capture", "gaps", "cut")
# Fields of which the type does not say what they are made of.
PARTS: dict[str, type[Parameters]] = {"size": Size, "lines": Line, "cards": Card}


class ScenarioError(ValueError):
    """A scenario that cannot be: where, what was expected, what came.

    ``path`` is the file, ``line`` and ``column`` count from 1 and are ``None`` where nobody knows them.

    >>> from ndiswan.models.scenario import ScenarioError, loads
    >>> try:
    ...     loads("[[link]]")
    ... except ScenarioError as error:
    ...     print(error)
    <text>:1:1: link[0]: the key 'traffic' is missing; the keys here are traffic, line, window, card, queue, count, name
    """

    def __init__(
        self, path: str, message: str, line: int | None = None, column: int | None = None
    ) -> None:
        self.path, self.line, self.column = path, line, column
        place = "".join(f":{n}" for n in (line, column) if n is not None)
        super().__init__(f"{path}{place}: {message}")


def kinds(family: type[Parameters]) -> dict[str, type[Parameters]]:
    """The classes of a family by the word that a scenario file has for them."""
    return {SAID.get((family, c.kind), c.kind): c for c in family.__subclasses__()}


def kind_word(part: Parameters) -> str | None:
    """The word for the class of a part; ``None`` if it needs none."""
    for family in FAMILIES:
        if isinstance(part, family):
            return SAID.get((family, part.kind), part.kind)
    return None


def dotted(path: Path) -> str:
    """A path as people write it: ``link[0].line.rate_bps``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def close(word: str, known: Iterable[str]) -> str:
    """A guess at what was meant, and what there is."""
    known = list(known)
    guess = difflib.get_close_matches(word, known, 1, 0.6)
    meant = f"; did you mean {guess[0]!r}?" if guess else ""
    return (
        f"{meant} expected one of {', '.join(known)}"
        if meant
        else f"; expected one of {', '.join(known)}"
    )


class Builder:
    """Makes the parts of one file. Every method raises `ScenarioError` at the first thing that is wrong."""

    def __init__(self, file: str, places: Places) -> None:
        self.file = file
        self.places = places

    def fail(self, path: Path, message: str, *, key: bool = False) -> NoReturn:
        """Raise, pointing at the value of a path, or at its key."""
        line, column = self.places.of(path, key=key) or (None, None)
        where = dotted(path)
        raise ScenarioError(self.file, f"{where}: {message}" if where else message, line, column)

    def table(self, data: Any, path: Path, what: str) -> dict[str, Any]:
        """The data, if it is a table."""
        if not isinstance(data, dict):
            self.fail(path, f"expected {what}, got {data!r:.60}")
        return data

    def known(self, data: dict[str, Any], path: Path, keys: Iterable[str]) -> None:
        """Refuse a key that there is not."""
        keys = list(keys)
        for key in data:
            if key not in keys:
                self.fail((*path, key), f"there is no such key{close(key, keys)}", key=True)

    def part(self, kind: type[Parameters], data: Any, path: Path) -> Any:
        """A part that is written as a table, or as the number or text that stands for it."""
        if kind is Size and not isinstance(data, dict):
            return self.short(size_of, self.number("size", data, path), path)
        if kind is Duration and isinstance(data, str):
            return self.short(Constant, self.number("_ns", data, path), path)
        table = self.table(data, path, f"a table with the keys of a {kind.__name__.lower()}")
        if kind is Card and "kind" in table:
            return self.card(table, path)
        if kind in FAMILIES:
            kind = self.kind(kind, table, path)
            table = {key: value for key, value in table.items() if key != "kind"}
        if kind is Replay and CAPTURE[0] in table:
            return self.replay(table, path)
        return self.make(kind, kind, table, path)

    def short(self, make: Callable[[Any], Any], value: Any, path: Path) -> Any:
        """A part that is written as its only number, or a list of them."""
        try:
            return make(value)
        except (TypeError, ValueError) as error:
            found = re.match(r"\w+\.\w+((?:\[\d+\])*): ", str(error))
            steps = [int(n) for n in re.findall(r"\d+", found[1])] if found else []
            self.fail((*path, *steps), str(error)[found.end() if found else 0 :])

    def kind(self, family: type[Parameters], table: dict[str, Any], path: Path) -> type[Parameters]:
        """The class that the table names."""
        known = kinds(family)
        if "kind" not in table:
            self.fail(path, f"the key 'kind' is missing; expected one of {', '.join(known)}")
        word = table["kind"]
        if not isinstance(word, str) or word not in known:
            self.fail(
                (*path, "kind"),
                f"there is no {family.__name__.lower()} {word!r}{close(str(word), known)}",
            )
        return known[word]

    def card(self, table: dict[str, Any], path: Path) -> Any:
        """A card by the name of one of the functions that make one."""
        word = table["kind"]
        if not isinstance(word, str) or word not in CARDS:
            self.fail((*path, "kind"), f"there is no card {word!r}{close(str(word), CARDS)}")
        return self.make(CARDS[word], Card, {k: v for k, v in table.items() if k != "kind"}, path)

    def replay(self, table: dict[str, Any], path: Path) -> Any:
        """A replay of a capture, whose path is relative to that of the file."""
        flow = {field.name for field in dataclasses.fields(Replay)} - {"times_ns", "size"}
        self.known(table, path, [*CAPTURE, *flow])
        values = {key: self.value(key, None, value, (*path, key)) for key, value in table.items()}
        name = values.pop(CAPTURE[0])
        if not isinstance(name, str):
            self.fail((*path, CAPTURE[0]), f"expected the path of a capture, got {name!r}")
        try:
            return Replay.from_capture(FilePath(self.file).parent / name, **values)
        except (OSError, TypeError, ValueError) as error:
            about = re.match(r"(?:Replay\.)?(\w+): ", str(error))
            key = None if about and about[1] in values else CAPTURE[0]
            # What a keyword of Python is, a file writes otherwise.
            self.explain(ValueError(str(error).replace("cut=True", "cut = true")), path, key)

    def make(
        self, make: Callable[..., Any], kind: type[Parameters], table: dict[str, Any], path: Path
    ) -> Any:
        """What `make` returns for the table: a class, or a function that makes one."""
        hints = typing.get_type_hints(kind)
        known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        needed = [name for name, field in known.items() if _has_no_default(field)]
        names = list(known)
        if make is not kind:
            own = [
                p.name
                for p in inspect.signature(make).parameters.values()
                if p.kind is p.POSITIONAL_OR_KEYWORD
            ]
            taken = (*own, *SET_BY.get(make, ()))
            needed, names = own, [*own, *(name for name in known if name not in taken)]
        self.known(table, path, names)
        for name in needed:
            if name not in table:
                self.fail(
                    path, f"the key {name!r} is missing; the keys here are {', '.join(names)}"
                )
        values = {
            name: self.value(name, hints.get(name), value, (*path, name))
            for name, value in table.items()
        }
        try:
            return make(**values)
        except (TypeError, ValueError) as error:
            self.explain(error, path)

    def value(self, name: str, hint: Any, value: Any, path: Path) -> Any:
        """The value of one field: a part, a list, a quantity, or what it is."""
        if value == "none" and type(None) in typing.get_args(hint):
            return None  # TOML has no word for it
        part = PARTS.get(name) or _part(hint)
        if part is Line and isinstance(value, dict) and "lines" in value:
            part = Multilink
        if part in {Flow, Line, Card} and isinstance(value, list):
            return [self.part(part, one, (*path, n)) for n, one in enumerate(value)]
        if part is not None:
            return self.part(part, value, path)
        return self.number(name, value, path)

    def number(self, name: str, value: Any, path: Path) -> Any:
        """A quantity, or a list of them."""
        if isinstance(value, list):
            return [self.number(name, one, (*path, n)) for n, one in enumerate(value)]
        if isinstance(value, str) and kind_of(name) is not None:
            try:
                return quantity(name, value)
            except ValueError as error:
                self.fail(path, str(error))
        return value

    def explain(self, error: Exception, path: Path, key: str | None = None) -> NoReturn:
        """Raise what a class said about one of its fields, pointing at that field."""
        found = re.match(r"[A-Z]\w*\.([\w.\[\]]+): ", str(error)) or re.match(
            r"([a-z]\w*): ", str(error)
        )
        if found and key is None:
            steps = re.findall(r"[a-z_]\w*|\d+", found[1])
            inside = (int(step) if step.isdigit() else step for step in steps)
            self.fail((*path, *inside), str(error)[found.end() :])
        self.fail(path if key is None else (*path, key), str(error))


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _part(hint: Any) -> type[Parameters] | None:
    """The class of parameters that a type is about, if it is about one."""
    for one in (hint, *typing.get_args(hint)):
        if isinstance(one, type) and issubclass(one, Parameters):
            return one
    return None
