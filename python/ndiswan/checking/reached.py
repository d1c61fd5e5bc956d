"""Which rules a recording reached: at which of them the driver did what can break them.

A rule that was never reached is not kept, it is untested: a driver without a spin lock says nothing about LOCK_ORDER.
This is coverage and no second contract: whether a rule was broken only the engine says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ndiswan.status import Status

if TYPE_CHECKING:
    from pathlib import Path

# What a single event is enough for.
BY_EVENT = {
    "send": {"IRQL_SEND"},
    "submit": {"TOUCH", "RESERVED", "PADDING"},
    "return": {"STATUS_UNKNOWN", "STATUS_RESOURCES"},
    "complete": {
        *("DOUBLE", "FOREIGN", "HANDLE", "FACE", "IRQL_COMPLETE"),
        *("STATUS_PENDING", "STATUS_RESOURCES", "STATUS_UNKNOWN"),
    },
    "leave": {"IRQL_LEAK"},
    "acquire": {"LOCK_RECURSION", "LOCK_FORM", "LOCK_LEAK"},
    "release": {"LOCK_UNHELD"},
    "reset_start": {"RESET"},
    "halted": {"HALT"},
    "timer_set": {"TIMER", "IRQL_CALL"},
    "resources_available": {"RESOURCES"},
    "requeue": {"RESOURCES"},
    "pause": {"PAUSE"},
    "cancel": {"CANCEL"},
}
# From the card that a check plays they come too: only the driver's own count, if it is known whose they are.
INDICATIONS = {"line_up", "line_down", "indicate"}
CALL_SITES = 4


class Reached(NamedTuple):
    """What a recording has."""

    rules: set[str]
    sends: int
    contracts: list[str]
    """Those of its adapters: ``wan``, ``lan``, ``condis``, ``ndis6``."""
    resets: int = 0
    """Those for which a MiniportCheckForHang asked."""


def reached_in(trace: Path) -> Reached:
    """The rules that a trace file reached, how many sends it has, and by which contracts."""
    sends = 0
    with trace.open(encoding="utf-8") as lines:
        head = json.loads(next(lines, "{}"))
        adapters = head.get("adapters", [])
        fold = _Fold(adapters, sited=head.get("verify") == CALL_SITES)
        for line in lines:
            if line.strip():
                event = json.loads(line)
                sends += event["what"] == "send"
                fold.look(event)
    contracts = dict.fromkeys(adapter.get("face", "wan") for adapter in adapters)
    return Reached(fold.rules, sends, list(contracts), fold.resets)


class _Fold:
    """What has to be remembered for the rules that one event is not enough for."""

    def __init__(self, adapters: list[dict[str, Any]], *, sited: bool) -> None:
        self.sited = sited
        self.contracts = {one["index"]: one.get("face", "wan") for one in adapters}
        self.void = {
            one["index"]
            for one in adapters
            if one.get("face", "wan") != "wan" and not (one["face"] == "lan" and one["serialized"])
        }
        self.rules: set[str] = set()
        self.windows: dict[int, int] = {}
        self.outstanding: dict[int, int] = {}
        self.inside: dict[int, int] = {}
        self.completed: set[tuple[int, int, int]] = set()
        self.checked: dict[int, bool] = {}
        self.resets = 0

    def look(self, event: dict[str, Any]) -> None:
        what = event["what"]
        # NDIS resets the card right behind the check for hang that answered TRUE.
        self.resets += what == "reset_start" and self.checked.get(event["cpu"], False)
        self.checked[event["cpu"]] = what == "leave" and event["entry"] == "check_for_hang"
        self.rules |= BY_EVENT.get(what, set())
        if what in INDICATIONS and (event.get("site") or not self.sited):
            self._indication(event)
        look = getattr(self, f"_{what}", None)
        if look is not None:
            look(event)

    def _indication(self, event: dict[str, Any]) -> None:
        if event["what"] != "line_up":
            self.rules.add("LINE")
        if self.inside.get(event["cpu"]) or event["what"] == "indicate":
            self.rules |= {"INDICATE", "HANDLE"}

    def _register(self, event: dict[str, Any]) -> None:
        if event["serialized"]:
            self.rules.add("SERIAL")

    def _enter(self, event: dict[str, Any]) -> None:
        self.inside[event["cpu"]] = self.inside.get(event["cpu"], 0) + 1

    def _leave(self, event: dict[str, Any]) -> None:
        self.inside[event["cpu"]] = self.inside.get(event["cpu"], 0) - 1

    def _line_up(self, event: dict[str, Any]) -> None:
        self.windows[event["link"]] = event["window"]

    def _submit(self, event: dict[str, Any]) -> None:
        link = event["link"]
        self.outstanding[link] = self.outstanding.get(link, 0) + 1
        if self.outstanding[link] >= self.windows.get(link, 1 << 16):
            self.rules.add("WINDOW")

    def _deliver(self, event: dict[str, Any]) -> None:
        self.outstanding[event["link"]] = self.outstanding.get(event["link"], 0) - 1

    def _complete(self, event: dict[str, Any]) -> None:
        packet = event["packet"]
        self.completed.add(tuple(packet.values()))
        if packet["generation"] > 1:
            self.rules.add("STALE")
        if "LOCK_FORM" in self.rules:
            self.rules.add("LOCK_HELD")
        if self.contracts.get(event["adapter"]) == "ndis6":
            self.rules |= {"STATUS_LIST", "IRQL_FLAG"}

    def _return(self, event: dict[str, Any]) -> None:
        inside = tuple(event["packet"].values()) in self.completed
        if event["status"] != Status.PENDING or inside:
            self.rules.add("EARLY")
        if event["adapter"] in self.void:
            self.rules.add("SYNC")
        if event["status"] == Status.PENDING:
            self.rules |= {"LOST", "LATE", "HANG"}

    def _acquire(self, event: dict[str, Any]) -> None:
        if event["locks"]:
            self.rules.add("LOCK_ORDER")
