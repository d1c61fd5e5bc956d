"""Scenario files: what is simulated, written down as TOML, or as a Python file where a loop is needed.

A TOML file has a table ``[run]`` and a table ``[[link]]`` for each link, whose keys are the fields of `Link` and its
parts; ``kind`` says which class a part is of. Quantities are numbers in the unit that the key ends with, or texts with
a unit ("5 ms", "1.544 Mbit/s"). A Python file has a list ``links``, or a function ``scenario()`` that returns one,
or a `Scenario`.
"""

import errno
import json
import re
import runpy
import tomllib
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path as FilePath
from typing import Any

from ndiswan._native import Simulation as _Simulation
from ndiswan.models._build import Builder, ScenarioError
from ndiswan.models._parameters import Parameters, real, whole
from ndiswan.models._write import written
from ndiswan.models.flows import Replay
from ndiswan.models.links import Link
from ndiswan.models.places import Path, Places, path_at, places
from ndiswan.models.results import names_of

__all__ = ["Run", "Scenario", "ScenarioError", "dumps", "load", "loads"]

# The longest time in seconds that fits into the engine's nanoseconds, and the seeds that it takes for a link.
LONGEST_S, SEEDS = 4.6e9, 12


@dataclass(frozen=True)
class Run(Parameters):
    """How long a scenario is run, and how often: ``until`` and ``warmup`` in seconds, as `simulate` takes them.

    ``until`` may be left out if the traffic ends by itself. ``replications``: so many runs, each with luck of its own.
    ``threads``: cores to use, all without it.

    >>> from ndiswan.models.scenario import Run
    >>> Run(until=10, replications=5).replications
    5
    """

    until: float | None = None
    warmup: float = 0.0
    seed: int = 0
    replications: int = 1
    threads: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("until", self.until), ("warmup", self.warmup)):
            if value is not None:
                real(f"Run.{name}", value, high=LONGEST_S)
        if self.until is not None and self.warmup >= self.until and self.warmup:
            raise ValueError(
                f"Run.warmup: expected less than until, which is {self.until:g} s, got {self.warmup:g}"
            )
        if self.until is not None and not round(self.until * 1e9):
            raise ValueError(f"Run.until: expected a nanosecond or more, got {self.until:g} s")
        whole("Run.replications", self.replications, 1, 1_000_000)
        if self.threads is not None:
            whole("Run.threads", self.threads, 1, 4096)


@dataclass(frozen=True, eq=False)
class Scenario:
    """Links, how they are run, and the file that said so.

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
    >>> scenario = loads(text)
    >>> scenario.run.until, scenario.links[0].name
    (10.0, 'office')
    """

    links: tuple[Link, ...]
    run: Run = field(default_factory=Run)
    path: str = "<scenario>"
    places: Places = field(default_factory=Places, repr=False)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it was read from: its own, and the captures of its replays."""
        flows = [flow for link in self.links for flow in link.traffic]  # type: ignore[union-attr]
        captures = [f.capture for f in flows if isinstance(f, Replay) and f.capture is not None]
        return (self.path, *captures)

    def with_run(self, **changes: Any) -> "Scenario":
        """The same with other values for fields of `Run`, those that are ``None`` left out."""
        known = {name: value for name, value in changes.items() if value is not None}
        return replace(self, run=replace(self.run, **known))

    def check(self) -> None:
        """Look at every parameter as the engine does, and at whether the run ends.

        Raises `ScenarioError` at the first that cannot be.
        """
        names_of(self.links)
        for number, link in enumerate(self.links):
            self._check(number, link)
            ends = all(f.packets is not None or isinstance(f, Replay) for f in link.traffic)  # type: ignore[union-attr]
            if self.run.until is None and not ends:
                text = "its traffic does not end by itself; expected 'until' in [run], or 'packets' of each flow"
                self.fail(("link", number), text)

    def _check(self, number: int, link: Link) -> None:
        for n, flow in enumerate(link.traffic):  # type: ignore[arg-type]
            try:
                flow.to_dict()
            except (TypeError, ValueError) as error:
                Builder(self.path, self.places).explain(error, self._path(number, ("traffic", n)))
        # One of each family is enough, and quick for a million.
        data = json.dumps([link.to_dict() | {"count": 1}], allow_nan=False)
        try:
            _Simulation(data, [[0] * SEEDS], "counters")
        except ValueError as error:
            path, text = _place(str(error), data)
            self.fail(self._path(number, path), text)

    def _path(self, number: int, path: Path) -> Path:
        """The path in the file of what the engine has at a path of a link."""
        known = self.places.keys
        if path[:2] == ("traffic", 0) and ("link", number, *path[:2]) not in known:
            path = ("traffic", *path[2:])  # the file has one, and no list
        if path[-2:] == ("size", "bytes") and ("link", number, *path) not in known:
            path = path[:-1]  # the file has a number, and no table
        return ("link", number, *path)

    def fail(self, path: Path, text: str) -> None:
        """Raise a `ScenarioError` that points at a path."""
        Builder(self.path, self.places).fail(path, text)


# What the engine calls otherwise than the classes do.
_AMONG_ARRIVALS = {"interval_ns": "rate_pps", "mean_ns": "rate_pps", "packets": "window"}


def _place(said: str, data: str) -> tuple[Path, str]:
    """The path below a link that a message of the engine is about, and the rest of the message."""
    if found := re.search(r"(.*) at line 1 column (\d+)$", said):
        path = path_at(data, int(found[2]) - 1)[1:]
        text = found[1].removeprefix("links: ")
    elif found := re.match(r"links\[0\]\.?([\w.\[\]]*)(.*)$", said, re.DOTALL):
        steps = re.findall(r"\w+", found[1])
        path = tuple(int(step) if step.isdigit() else step for step in steps)
        text = found[2].lstrip(" :")
    else:
        return (), said
    if path[:1] == ("multilink",):
        path = ("line", *path[1:])
        if path[1:2] == ("members",):
            path = ("line", f"{path[3]}s", path[2], *path[4:])
    if "arrivals" in path:
        at = path.index("arrivals")
        inner = path[at + 1 :]
        if inner and (name := _AMONG_ARRIVALS.get(str(inner[0]))) is not None:
            text += f" as {inner[0]}" if name != "window" else ""
            inner = (name, *inner[1:])
        path = (*path[:at], *inner)
    # A float is written out by the engine, to the last of three hundred digits.
    return path, re.sub(r"\d+\.?\d{22,}", lambda number: repr(float(number[0])), text)


def load(path: str | PathLike[str]) -> Scenario:
    """The scenario of a file: TOML, or Python if its name ends in ``.py``.

    Raises ``OSError`` for a file that cannot be read, `ScenarioError` for one that is wrong, with the line.

    >>> from ndiswan.models.scenario import load
    >>> from pathlib import Path
    >>> text = '''
    ... [run]
    ... until = "10 s"
    ...
    ... [[link]]
    ... name = "office"
    ... traffic = { kind = "poisson", rate_pps = 100, size = 500 }
    ... line = { rate_bps = "512 kbit/s" }
    ... '''
    >>> written = Path("office.toml").write_text(text)
    >>> load("office.toml").links[0].window
    4
    """
    name = str(path)
    if name.endswith(".py"):
        return _from_python(name)
    raw = FilePath(path).read_bytes()
    try:
        text = raw.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError(name, "expected text in UTF-8", line) from None
    return loads(text, name)


def loads(text: str, path: str = "<text>") -> Scenario:
    """The scenario of a TOML text. Raises `ScenarioError` for one that is wrong, with the line.

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
    >>> len(loads(text).links)
    1
    """
    text = text.replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
        line, column = (found[1], found[2]) if found else (None, None)
        if found and line is None:
            line = str(text.count("\n") + 1)
        said = str(error)[: found.start()] if found else str(error)
        at = [None if n is None else int(n) for n in (line, column)]
        raise ScenarioError(path, f"not TOML: {said}", *at) from None
    except RecursionError:
        raise ScenarioError(path, "expected TOML that is not nested so deep") from None
    except ValueError as error:  # a number of thousands of digits
        raise ScenarioError(path, f"not TOML: {str(error).partition(';')[0]}") from None
    where = places(text)
    builder = Builder(path, where)
    builder.known(data, (), ["run", "link"])
    run = builder.make(Run, Run, builder.table(data.get("run", {}), ("run",), "a table"), ("run",))
    links = data.get("link", [])
    if not isinstance(links, list):
        builder.fail(
            ("link",), "expected [[link]], with two brackets: there may be several", key=True
        )
    made = [
        builder.make(Link, Link, builder.table(one, ("link", n), "a table"), ("link", n))
        for n, one in enumerate(links)
    ]
    if not made:
        raise ScenarioError(path, "there is no link in it; expected a table [[link]] for each")
    scenario = Scenario(tuple(made), run, path, where)
    _check_names(scenario)
    return scenario


def _check_names(scenario: Scenario) -> None:
    try:
        names_of(scenario.links)
    except ValueError as error:
        names = [link.name for link in scenario.links]
        twice = next(n for n, name in enumerate(names) if name and name in names[:n])
        scenario.fail(("link", twice, "name"), str(error).removeprefix("links: "))


def dumps(scenario: Scenario) -> str:
    """The scenario as TOML, without what is as it is by default; `loads` makes the same of it.

    >>> from ndiswan.models.scenario import dumps, loads
    >>> text = '''
    ... [run]
    ... until = "10 s"
    ...
    ... [[link]]
    ... name = "office"
    ... traffic = { kind = "poisson", rate_pps = 100, size = 500 }
    ... line = { rate_bps = "512 kbit/s" }
    ... '''
    >>> loads(dumps(loads(text))).links[0].name
    'office'
    """
    return written(scenario.run, scenario.links)


def _from_python(path: str) -> Scenario:
    if not FilePath(path).is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", path)
    try:
        module = runpy.run_path(path)
        made = module["scenario"]() if callable(module.get("scenario")) else module.get("links")
    except (Exception, SystemExit) as error:
        own = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        line = error.lineno if isinstance(error, SyntaxError) else own[-1] if own else None
        text = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}"
        raise ScenarioError(path, text, line) from error
    if made is None:
        raise ScenarioError(
            path, "expected a list `links`, or a function `scenario()`, got neither"
        )
    if isinstance(made, Scenario):
        return replace(made, path=path)
    links = (made,) if isinstance(made, Link) else tuple(made) if isinstance(made, Iterable) else ()
    if not links or not all(isinstance(link, Link) for link in links):
        raise ScenarioError(path, f"expected a models.Link or several, got {made!r:.80}")
    return Scenario(links, path=path)
