"""The modes of a check: each scenario by each way of delivery, in each serialization that the driver takes.

A mode is called `scenario/delivery`, and `scenario/delivery/serialized` or `…/deserialized` if a driver runs in both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ndiswan.checking.target import NothingToCheckError, TargetError

if TYPE_CHECKING:
    from ndiswan.checking.target import Driver

DELIVERIES = ("inline", "queued")
REAL_TIME = {"real-time"}
INTERRUPTS = {"interrupt"}
TOGETHER, CANCEL, PAUSE = {"together"}, {"cancel"}, {"pause"}  # of drivers of a sister contract
SHUTDOWN = {"shutdown"}

# In the order in which they run: the simple ones first, so that the first finding is the simplest.
SCENARIOS = {
    "send": "every frame, one at a time and more at once than the window holds",
    "resend": "the protocol sends the same packet again from inside send_complete",
    "together": "several frames by one call: an array of LAN or CoNDIS, a chain of NDIS 6",
    "padding": "frames of every length, with the least and with more padding",
    "window-1": "a window of one, set by a later line-up",
    "window-2": "a window of two, set by a later line-up",
    "window-change": "the window is shrunk below what is outstanding, and grown again",
    "requests": "the WAN OIDs are queried and set, also with sends in flight",
    "interrupt": "interrupts of the card: its own, another's, two at once",
    "receive": "the protocol answers from inside receive what the driver indicates, or has no room for it",
    "line-down": "the line goes down with sends in flight, and comes up again",
    "reset": "a reset at several moments with sends in flight, then more sends",
    "halt": "a halt before the line is up, and at several moments with sends in flight",
    "shutdown": "the machine goes down with sends in flight, in good order or by a crash",
    "cancel": "sends are cancelled by their id, among others with another",
    "pause": "a pause at several moments with sends in flight, then a restart and more sends",
    "patience": "a minute of waiting for what is owed",
    "real-time": "threads, on the real clock, for a short time",
}


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to run a driver; `serialized` is None where the driver's own word holds."""

    scenario: str
    delivery: str
    serialized: bool | None = None

    @property
    def name(self) -> str:
        """What `--mode` calls it."""
        forced = {None: "", True: "/serialized", False: "/deserialized"}[self.serialized]
        return f"{self.scenario}/{self.delivery}{forced}"

    def to_json(self) -> dict[str, Any]:
        """As a child is told."""
        return asdict(self)

    def matches(self, pattern: str) -> bool:
        """Whether `--mode PATTERN` means it: its name, or the beginning of it up to a slash."""
        return f"{self.name}/".startswith(pattern.rstrip("/") + "/")


def modes_of(driver: Driver, *, both: bool = False, real_time: bool = True) -> list[Mode]:
    """The modes that apply to a driver."""
    serializations = [None] if driver.fixed and not both else [True, False]
    return [
        Mode(scenario, delivery, serialized)
        for serialized in serializations
        for scenario in SCENARIOS
        for delivery in DELIVERIES
        if (driver.interrupts or scenario not in INTERRUPTS)
        and (driver.contract != "wan" or scenario not in TOGETHER)
        and (driver.cancels or scenario not in CANCEL)
        and (driver.pauses or scenario not in PAUSE)
        and (driver.shuts_down or scenario not in SHUTDOWN)
        and (real_time or scenario not in REAL_TIME)
    ]


def choose(modes: list[Mode], patterns: list[str]) -> list[Mode]:
    """The modes that one of the patterns means, all of them without one.

    Raises TargetError for a pattern that no mode of any driver has, NothingToCheckError for one that none here has.
    """
    if not patterns:
        return modes
    for pattern in patterns:
        if not any(mode.matches(pattern) for mode in modes):
            name = pattern.partition("/")[0]
            if name in SCENARIOS:
                raise NothingToCheckError(
                    f"--mode {pattern}: does not apply to this driver; those that do:"
                    f" {', '.join(mode.name for mode in modes)}"
                )
            raise TargetError(f"--mode: expected one of {', '.join(SCENARIOS)}; got {pattern!r}")
    return [mode for mode in modes if any(mode.matches(pattern) for pattern in patterns)]
