"""A recorded trace as a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan._native import rule_info, rule_table
from ndiswan.viewer.kinds import KINDS, Kind, Names, entry, lane, names_of, words
from ndiswan.viewer.run import COLUMNS, Break, Run, Text, ViewError, narrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan._native import Trace


def of_trace(
    trace: Trace,
    name: str,
    *,
    switches: int | None = None,
    facts: Sequence[str] = (),
    raised: tuple[str, str, int] | None = None,
) -> Run:
    """The run that was recorded, and what no trace tells: an exception or a run without an end.

    Raises ViewError if nothing was.
    """
    if not len(trace):
        raise ViewError(
            f"{name}: nothing happened in this run: expected one event or more. "
            "Record it with nw.Ndis(record=True), and bind and send before it is saved"
        )
    run = _run(trace, name)
    if raised:
        rule, why, events = raised
        run.breaks.append(Break(events - 1, rule, why))
        run.breaks.sort(key=lambda broken: broken.event)
    if not run.breaks:
        for found in trace.check():
            broken = Break(found["line"] - 2, found["rule"], found["detail"], found["warning"])
            run.breaks.append(broken)
    if run.breaks:
        told = trace.story(switches=switches, facts=list(facts), raised=raised)
        run.story = json.loads(told.to_json())
    return run


def rules_of(runs: Sequence[Run]) -> dict[str, Any]:
    """What is known of each rule that is broken in these runs."""
    known = set(rule_table())
    names = sorted({broken.rule for run in runs for broken in run.breaks} & known)
    return {name: dict(rule_info(name)) for name in names}


def _run(trace: Trace, name: str) -> Run:
    first, columns, texts, packets, links, entries, breaks = trace.table()
    head = json.loads(first)
    locks = head.get("locks", [])
    adapters = {entry["index"]: entry["name"] for entry in head.get("adapters", [])}
    most = max(adapters, default=-1)
    names = names_of(entry.get("face", "wan") for entry in head.get("adapters", []))
    of = {entry["id"]: adapters.get(entry["adapter"]) for entry in head.get("links", [])}
    several = len(adapters) > 1
    return Run(
        name=name,
        clock=head.get("time", "virtual"),
        columns={name: narrow(np.frombuffer(columns[name], "<u8")) for name in COLUMNS},
        texts=[_text(event, locks, names) for event in json.loads(texts)],
        slots=np.array(packets, dtype=np.uint32).reshape(-1, 2),
        adapters=[adapters.get(n, f"adapter {n}") for n in range(most + 1)],
        links=[
            f"link {number} of {of[number]}" if several and of.get(number) else f"link {number}"
            for number in links
        ],
        locks=locks,
        entries=[entry(name, names) for name in json.loads(entries)],
        sites=[Path(site).name for site in head.get("sites", [])],
        breaks=[
            Break(event, rule, detail or f"breaks {rule}", warning)
            for event, rule, detail, warning in breaks
        ],
    )


def _text(event: dict[str, Any], locks: list[str], names: Names) -> Text:
    what = event["what"]
    kind = KINDS.get(what) or Kind("ndis", what.replace("_", " "))
    values = tuple(event[name] for name in kind.fields)
    return Text(what, kind.lane or lane(what, values), words(kind, values, locks, names))
