"""A simulation's trace as a run: the JSON for chrome://tracing that `ndiswan simulate --trace` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ndiswan.viewer.run import (
    COLUMNS,
    LINE,
    MINIPORT,
    NDIS,
    POOL,
    Run,
    Text,
    ViewError,
    narrow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = {
    "offered": Text("offered", "ndis", "is offered, %n bytes"),
    "dropped": Text("dropped", "protocol", "is dropped: the queue has no room"),
    "submit": Text("submit", "miniport", "MiniportWanSend on link %l"),
    "begins": Text("begins", "line", "begins on the line"),
    "left": Text("left", "line", "its last bit is out"),
}
# A thread's number in the file is an owner's times this, and a lane.
_OWNER = 10_000_000
_PROTOCOL, _QUEUE, _MINIPORT, _LINE = range(1, 5)
# More than these are no numbers of links, in a page that anybody could look at.
_LINKS = range(1 << 20)
# Of what happens at one instant, in which order: packets come home before others are sent.
_ORDER = {"left": 0, "deliver": 1, "dropped": 2, "offered": 3, "submit": 4, "begins": 5}


def of_simulation(path: Path) -> Run:
    """The run in the file.

    Raises ViewError if it is damaged, or if no packet was sent.
    """
    reader = _Reader()
    try:
        for row in _rows(path):
            reader.row(row)
        run = reader.run(path.name) if reader.events else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ViewError(
            f"{path}: expected the trace that `ndiswan simulate SCENARIO --trace FILE.json` writes, "
            f"line by line: {error!r}; write it again"
        ) from error
    if run is None:
        raise ViewError(
            f"{path}: no packet was sent in this simulation: expected one or more. "
            "Let it run longer (`--until`), or give a link traffic"
        )
    return run


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of the list, each of which is a line: a file of gigabytes is never in memory as a whole."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            text = line.strip().rstrip(",")
            if text.startswith('{"ph"'):
                yield json.loads(text)


class _Reader:
    def __init__(self) -> None:
        self.events: list[tuple[int, int, int, int, int, int, int]] = []
        self.texts: dict[str, int] = {}
        self.list: list[Text] = []
        self.slots: dict[tuple[int, str, bool], int] = {}
        self.links: dict[int, str] = {}

    def row(self, row: dict[str, Any]) -> None:
        link = row["pid"] - 1
        if link not in _LINKS:
            raise ValueError(f"there is no link {link}")
        if row["ph"] == "M" and row["name"] == "process_name":
            self.links[link] = row["args"]["name"]
        elif row["ph"] == "X":
            self.slice(link, row)

    def slice(self, link: int, row: dict[str, Any]) -> None:
        begin = round(row["ts"] * 1000)
        end = begin + round(row["dur"] * 1000)
        word, _, packet = row["name"].rpartition(" ")
        args, whose = row["args"], row["tid"] // _OWNER
        if whose == _PROTOCOL:
            if word == "offered":
                self.add(begin, "offered", link, packet, NDIS, args["bytes"])
            elif word == "dropped":
                self.add(begin, "dropped", link, packet, POOL)
        elif whose == _MINIPORT:
            self.add(begin, "submit", link, packet, MINIPORT, args["bytes"])
            if args["status"] != "not completed yet":
                # The protocol of a model lets go at once.
                self.add(end, f"deliver {args['status']}", link, packet, POOL)
        elif whose == _LINE:
            self.add(begin, "begins", link, packet, LINE)
            self.add(end, "left", link, packet, POOL)

    def add(
        self, time: int, what: str, link: int, packet: str, owner: int, number: int = 0
    ) -> None:
        kind, _, status = what.partition(" ")
        if what not in self.texts:
            self.texts[what] = len(self.list)
            said = f"has it back, {status.split(' ')[0].removeprefix('NDIS_STATUS_')}"
            self.list.append(TEXTS.get(what) or Text("deliver", "protocol", said))
        # A frame may be on the line when its packet is the protocol's again: it has a bar of its own.
        slot = self.slots.setdefault(
            (link, packet, owner == LINE or kind == "left"), len(self.slots)
        )
        self.events.append((time, _ORDER[kind], self.texts[what], link, slot, owner, number))

    def run(self, name: str) -> Run:
        table = np.array(sorted(self.events), dtype=np.int64)
        columns = {column: np.zeros(len(table), dtype=np.int64) for column in COLUMNS}
        columns["time"], columns["text"] = table[:, 0], table[:, 2]
        columns["link"], columns["packet"] = table[:, 3] + 1, table[:, 4] + 1
        columns["owner"], columns["number"] = table[:, 5], table[:, 6]
        names = [packet.partition(":") for _, packet, _ in self.slots]
        return Run(
            name=name,
            clock="simulation",
            columns={column: narrow(values) for column, values in columns.items()},
            texts=self.list,
            slots=np.array([(int(flow), int(seq)) for flow, _, seq in names], dtype=np.uint32),
            separator=":",
            line_slots=sum(line for _, _, line in self.slots),
            links=[self.links.get(n, f"link {n}") for n in range(max(self.links) + 1)],
        )
