"""A recorded trace as a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan._native import rule_info, rule_table
from ndiswan.viewer.kinds import KINDS, Kind, entry, lane, words
from ndiswan.viewer.owning import PROTOCOL, Owning
from ndiswan.viewer.run import COLUMNS, Break, Run, Text, ViewError, narrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ndiswan._native import Trace

# A story of more steps than this is cut: nobody reads or prints more.
MOST_STEPS = 2_000
# So many lines are parsed by one call, which is faster than a call a line, and no memory to speak of.
AT_ONCE = 20_000


def of_trace(
    trace: Trace, name: str, *, switches: int | None = None, facts: Sequence[str] = ()
) -> Run:
    """The run that was recorded.

    Raises ViewError if nothing was.
    """
    lines = trace.to_jsonl().splitlines()
    if len(lines) < 2:
        raise ViewError(
            f"{name}: nothing happened in this run: expected one event or more. "
            "Record it with nw.Ndis(record=True), and bind and send before it is saved"
        )
    reader = _Reader(json.loads(lines[0]))
    for first in range(1, len(lines), AT_ONCE):
        reader.take(json.loads(f"[{','.join(lines[first : first + AT_ONCE])}]"))
    run = reader.run(name)
    if not run.breaks:
        for found in trace.check():
            broken = Break(found["line"] - 2, found["rule"], found["detail"], found["warning"])
            run.breaks.append(broken)
    if run.breaks:
        run.story = tell(trace, switches, facts)
    return run


def tell(trace: Trace, switches: int | None, facts: Sequence[str]) -> dict[str, Any]:
    """The story of what went wrong, as data, not longer than somebody reads."""
    story: dict[str, Any] = json.loads(trace.story(switches=switches, facts=list(facts)).to_json())
    story["left"] = max(0, len(story["steps"]) - MOST_STEPS)
    story["steps"] = story["steps"][:MOST_STEPS]
    return story


def rules_of(runs: Sequence[Run]) -> dict[str, Any]:
    """What is known of each rule that is broken in these runs."""
    known = set(rule_table())
    names = sorted({broken.rule for run in runs for broken in run.breaks} & known)
    return {name: dict(rule_info(name)) for name in names}


class _Reader:
    """Takes a trace's lines, one after the other."""

    def __init__(self, head: dict[str, Any]) -> None:
        self.head = head
        self.parts: list[NDArray[Any]] = []
        self.texts: list[Text] = []
        self.known: dict[tuple[Any, ...], int] = {}
        self.slots: dict[tuple[int, int], int] = {}
        self.places: dict[int, int] = {}  # of links, by their numbers, which are far apart
        self.links: dict[int, int] = {}  # by packet: one more than the place of its link
        self.entries: dict[str, int] = {}
        self.cpus: dict[int, int] = {}
        self.owning = Owning()
        self.breaks: list[Break] = []
        self.sent: dict[int, int] = {}  # by CPU: the number of its last send
        self.refused: list[int] = []  # the sends that broke a rule, which only the next event says
        self.count = 0

    def take(self, events: list[dict[str, Any]]) -> None:
        self.parts.append(np.array([self.row(event) for event in events], dtype=np.int64))

    def row(self, event: dict[str, Any]) -> tuple[int, ...]:
        """Its entry in each column, in the order of ``COLUMNS``."""
        what = event["what"]
        kind = KINDS.get(what) or Kind("ndis", what.replace("_", " "))
        cpu = self.cpus.setdefault(event["cpu"], len(self.cpus))
        link = self.link(event["link"]) if "link" in event else 0
        slot = life = owner = number = 0
        if "packet" in event:
            link, slot, life, owner = self.packet(what, event, cpu, link)
        elif what == "violation":
            slot, life = self.violation(event, cpu)
        if kind.number:
            number = event[kind.number]
            if kind.number == "entry":
                number = self.entries.setdefault(event["entry"], len(self.entries))
        self.count += 1
        return (
            *(event["time"], self.text(what, kind, event), cpu, event["irql"], event["locks"]),
            *(event["adapter"], link, slot, life, owner, number, event.get("site", 0)),
        )

    def text(self, what: str, kind: Kind, event: dict[str, Any]) -> int:
        values = tuple(event[name] for name in kind.fields)
        found = self.known.get((what, values))
        if found is None:
            found = self.known[what, values] = len(self.texts)
            said = words(kind, values, self.head.get("locks", []))
            self.texts.append(Text(what, kind.lane or lane(what, values), said))
        return found

    def link(self, number: int) -> int:
        return self.places.setdefault(number, len(self.places)) + 1

    def packet(
        self, what: str, event: dict[str, Any], cpu: int, link: int
    ) -> tuple[int, int, int, int]:
        """Its link, itself, its life, and who owns it now."""
        name = event["packet"]
        slot = self.slots.setdefault((name["adapter"], name["slot"]), len(self.slots))
        life = name["generation"]
        if link:
            self.links[slot] = link
        if what == "send":
            self.sent[cpu] = self.count
        owner = self.owning.after(what, slot, life, cpu, event.get("status"))
        return self.links.get(slot, 0), slot + 1, life, owner

    def violation(self, event: dict[str, Any], cpu: int) -> tuple[int, int]:
        """The packet that it is about, and its life."""
        about, warning = event.get("about"), event.get("warning", False)
        slot = self.slots.get((about["adapter"], about["slot"])) if about else None
        if not warning and self.owning.refused(cpu, slot):
            self.refused.append(self.sent[cpu])
        why = event.get("detail") or f"breaks {event['rule']}"
        self.breaks.append(Break(self.count, event["rule"], why, warning))
        return (slot + 1, about["generation"]) if about and slot is not None else (0, 0)

    def run(self, name: str) -> Run:
        head, table = self.head, np.concatenate(self.parts)
        table[self.refused, COLUMNS.index("owner")] = PROTOCOL
        columns = {name: narrow(table[:, at]) for at, name in enumerate(COLUMNS)}
        adapters = {entry["index"]: entry["name"] for entry in head.get("adapters", [])}
        most = max(adapters, default=-1)
        of = {entry["id"]: adapters.get(entry["adapter"]) for entry in head.get("links", [])}
        several = len(adapters) > 1
        return Run(
            name=name,
            clock=head.get("time", "virtual"),
            columns=columns,
            texts=self.texts,
            slots=np.array(list(self.slots), dtype=np.uint32).reshape(-1, 2),
            adapters=[adapters.get(n, f"adapter {n}") for n in range(most + 1)],
            links=[
                f"link {number} of {of[number]}" if several and of.get(number) else f"link {number}"
                for number in self.places
            ],
            locks=head.get("locks", []),
            entries=[entry(name) for name in self.entries],
            sites=[Path(site).name for site in head.get("sites", [])],
            breaks=self.breaks,
        )
