"""What counts of edges mean: how many there are, which were reached, which never."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import Edges, Trace, edge_names
from ndiswan.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

# What a file of edges has near its beginning; a trace's first line says another format.
OURS = re.compile(rb'"format"\s*:\s*"ndiswan-coverage"')
HEAD = 4096


def read(path: str | PathLike[str]) -> Edges:
    """The edges of a trace (`ndis.save`), or of a file of edges (`Edges.to_json`, `ndiswan coverage --json`).

    Raises OSError if the file cannot be read, and ValueError if it is neither.

    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.coverage import read
    >>> len(read("run.trace")) > 0
    True
    """
    with Path(path).open("rb") as file:
        is_ours = OURS.search(file.read(HEAD))
    if is_ours is None:
        edges = Edges()
        edges.see(Trace(path))
        return edges
    try:
        return Edges.from_json(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


@dataclass(frozen=True)
class Row:
    """An edge, with what the contract and the counts say of it.

    >>> from ndiswan.coverage import Edges, Report
    >>> row = Report.of(Edges()).rows[0]
    >>> row.name, row.count
    ('Pool · Allocate · PASSIVE · no lock', 0)
    """

    state: str
    """Who owned the packet, or where the adapter was in its life, by its name in files."""
    event: str
    irql: str
    locks: int
    """0, 1, or 2 for more."""
    name: str
    """The edge for people: `Miniport (pended) · Complete · DISPATCH · 1 lock`."""
    count: int
    kept: bool
    """Whether it can be reached without a broken rule."""
    listed: bool
    """Whether it is in the list of what there is to reach."""
    rules: list[str]
    """The rules that it can break."""


@dataclass(frozen=True)
class Share:
    """How much of something was reached.

    >>> from ndiswan.coverage import Share
    >>> print(Share(3, 12))
    3 of 12 (25.0 %)
    """

    reached: int
    total: int

    @property
    def percent(self) -> float:
        """100 if there is nothing to reach."""
        return 100 * self.reached / self.total if self.total else 100.0

    def __str__(self) -> str:
        return f"{self.reached} of {self.total} ({self.percent:.1f} %)"


@dataclass(frozen=True)
class Report(Shown):
    """Counts of edges beside the list of all edges.

    `edges` counts only what can be reached without a broken rule: a good driver reaches nothing else. The list is
    that of the contracts of the adapters that were seen, WAN's if none was, of both modes and of every feature, so that
    hardly any driver alone reaches all of it.

    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.coverage import Report
    >>> report = Report.read(["run.trace"])
    >>> report.edges.reached == len([row for row in report.rows if row.count])
    True
    """

    rows: list[Row]
    """Every edge, in order of state, event and place."""
    pairs: int
    """How many pairs of consecutive edges of one packet were reached."""
    sources: list[str]
    """The files, or what else it is from."""
    counts: str
    """The counts themselves, as JSON."""

    @classmethod
    def of(cls, edges: Edges, sources: Iterable[str] = ()) -> Report:
        """The report on some counts."""
        rows = [Row(**row) for row in edges.rows()]
        return cls(rows, edges.pairs, list(sources), edges.to_json())

    @classmethod
    def read(cls, paths: Sequence[str | PathLike[str]]) -> Report:
        """The report on traces and files of edges, added up.

        Raises OSError or ValueError, as `read` does.
        """
        edges = Edges()
        for path in paths:
            edges.merge(read(path))
        return cls.of(edges, map(str, paths))

    @property
    def edges(self) -> Share:
        """How many edges were reached, of those that a good driver can reach."""
        kept = [row for row in self.rows if row.kept and row.listed]
        return Share(sum(row.count > 0 for row in kept), len(kept))

    @property
    def steps(self) -> Share:
        """The same whatever the place: in how many states which events happened."""
        kept = [row for row in self.rows if row.kept and row.listed]
        reached = {(row.state, row.event) for row in kept if row.count}
        return Share(len(reached), len({(row.state, row.event) for row in kept}))

    @property
    def states(self) -> dict[str, Share]:
        """The share of each state's edges, by the state's name for people."""
        names, _ = edge_names()
        shares = {}
        for state, name in names.items():
            kept = [row for row in self.rows if row.state == state and row.kept and row.listed]
            if kept:
                shares[name] = Share(sum(row.count > 0 for row in kept), len(kept))
        return shares

    @property
    def never(self) -> list[Row]:
        """The edges that a good driver can reach and that were not reached."""
        return [row for row in self.rows if row.kept and row.listed and not row.count]

    @property
    def missing(self) -> dict[str, list[str]]:
        """By state: the events that never happened there, whatever the place. Names for people."""
        states, events = edge_names()
        kept = [row for row in self.rows if row.kept and row.listed]
        reached = {(row.state, row.event) for row in kept if row.count}
        found: dict[str, list[str]] = {}
        for state, event in dict.fromkeys((row.state, row.event) for row in kept):
            if (state, event) not in reached:
                found.setdefault(states[state], []).append(events[event])
        return found

    @property
    def broken(self) -> list[Row]:
        """The edges that were reached and that a good driver does not reach."""
        return [row for row in self.rows if not row.kept and row.count]

    @property
    def unforeseen(self) -> list[Row]:
        """The edges that were reached and are not in the list: a mistake of the list."""
        return [row for row in self.rows if not row.listed]

    @property
    def events(self) -> int:
        """How many events were counted."""
        return sum(row.count for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """One document, which `read` reads, too: counts, totals, and what was never reached."""
        document: dict[str, Any] = json.loads(self.counts)
        reached = iter(row for row in self.rows if row.count)
        document["edges"] = [
            {**edge, "name": row.name, "kept": row.kept, "rules": row.rules}
            for edge, row in zip(document["edges"], reached, strict=True)
        ]
        document["totals"] = {
            "events": self.events,
            "edges": {**asdict(self.edges), "percent": round(self.edges.percent, 2)},
            "steps": {**asdict(self.steps), "percent": round(self.steps.percent, 2)},
            "pairs": self.pairs,
            "broken": len(self.broken),
            "unforeseen": len(self.unforeseen),
        }
        document["never"] = [row.name for row in self.never]
        document["sources"] = self.sources
        return document
