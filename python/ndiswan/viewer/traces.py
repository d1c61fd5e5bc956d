"""A recorded trace as a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan._native import rule_info, rule_table
from ndiswan.viewer.kinds import KINDS, Kind, entry, lane, words
from ndiswan.viewer.owning import Owning
from ndiswan.viewer.run import COLUMNS, Break, Run, Text, ViewError, narrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan._native import Trace

# A story of more steps than this is cut: nobody reads or prints more.
MOST_STEPS = 2_000


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
    reader = _Reader(json.loads(lines[0]), len(lines) - 1)
    for number, line in enumerate(lines[1:]):
        reader.event(number, json.loads(line))
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
    story: dict[str, Any] = json.loads(
        trace.story(switches=switches, facts=list(facts)).to_json()
    )
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

    def __init__(self, head: dict[str, Any], length: int) -> None:
        self.head = head
        self.columns = {name: np.zeros(length, dtype=np.int64) for name in COLUMNS}
        self.texts: list[Text] = []
        self.known: dict[tuple[Any, ...], int] = {}
        self.slots: dict[tuple[int, int], int] = {}
        self.links: dict[int, int] = {}  # by packet: the link that it was last sent on
        self.entries: dict[str, int] = {}
        self.cpus: dict[int, int] = {}
        self.owning = Owning()
        self.breaks: list[Break] = []

    def event(self, number: int, event: dict[str, Any]) -> None:
        what = event["what"]
        kind = KINDS.get(what) or Kind("ndis", what.replace("_", " "))
        columns = self.columns
        cpu = self.cpus.setdefault(event["cpu"], len(self.cpus))
        columns["time"][number] = event["time"]
        columns["text"][number] = self.text(what, kind, event)
        columns["cpu"][number] = cpu
        columns["irql"][number] = event["irql"]
        columns["locks"][number] = event["locks"]
        columns["adapter"][number] = event["adapter"]
        columns["site"][number] = event.get("site", 0)
        if kind.number:
            value = event[kind.number]
            if kind.number == "entry":
                value = self.entries.setdefault(value, len(self.entries))
            columns["number"][number] = value
        link = event.get("link")
        if "packet" in event:
            link = self.packet(number, what, event, cpu, link)
        if link is not None:
            columns["link"][number] = link + 1
        if what == "violation":
            self.violation(number, event, cpu)

    def text(self, what: str, kind: Kind, event: dict[str, Any]) -> int:
        values = tuple(event[name] for name in kind.fields)
        found = self.known.get((what, values))
        if found is None:
            found = self.known[what, values] = len(self.texts)
            said = words(kind, values, self.head.get("locks", []))
            self.texts.append(Text(what, kind.lane or lane(what, values), said))
        return found

    def packet(
        self, number: int, what: str, event: dict[str, Any], cpu: int, link: int | None
    ) -> int | None:
        name = event["packet"]
        slot = self.slots.setdefault((name["adapter"], name["slot"]), len(self.slots))
        life = name["generation"]
        if link is not None:
            self.links[slot] = link
        self.columns["packet"][number] = slot + 1
        self.columns["life"][number] = life
        self.columns["owner"][number] = self.owning.after(
            what, slot, life, cpu, event.get("status")
        )
        return self.links.get(slot)

    def violation(self, number: int, event: dict[str, Any], cpu: int) -> None:
        about, warning = event.get("about"), event.get("warning", False)
        slot = about and self.slots.get((about["adapter"], about["slot"]))
        if slot is not None:
            self.columns["packet"][number] = slot + 1
            self.columns["life"][number] = about["generation"]
        if not warning:
            self.owning.broken(cpu, slot)
        why = event.get("detail") or f"breaks {event['rule']}"
        self.breaks.append(Break(number, event["rule"], why, warning))

    def run(self, name: str) -> Run:
        head = self.head
        adapters = {entry["index"]: entry["name"] for entry in head.get("adapters", [])}
        most = max(adapters, default=-1)
        links = {entry["id"]: entry for entry in head.get("links", [])}
        last = max(int(self.columns["link"].max(initial=0)), max(links, default=-1) + 1)
        several = len(adapters) > 1
        return Run(
            name=name,
            clock=head.get("time", "virtual"),
            columns={name: narrow(column) for name, column in self.columns.items()},
            texts=self.texts,
            slots=np.array(list(self.slots), dtype=np.uint32).reshape(-1, 2),
            adapters=[adapters.get(n, f"adapter {n}") for n in range(most + 1)],
            links=[
                f"link {n} of {adapters.get(links[n]['adapter'], n)}"
                if several and n in links
                else f"link {n}"
                for n in range(last)
            ],
            locks=head.get("locks", []),
            entries=[entry(name) for name in self.entries],
            sites=[Path(site).name for site in head.get("sites", [])],
            breaks=self.breaks,
        )
