"""Queue disciplines above the send window."""

from dataclasses import dataclass, field
from typing import ClassVar

from ndiswan.models._parameters import Parameters


class Discipline(Parameters):
    """Which packet goes next when the window opens."""


@dataclass(frozen=True)
class Fifo(Discipline):
    """The oldest."""

    kind: ClassVar[str] = "fifo"


@dataclass(frozen=True)
class Priority(Discipline):
    """The oldest of the lowest class that has one."""

    kind: ClassVar[str] = "priority"


@dataclass(frozen=True)
class Drr(Discipline):
    """Deficit round robin among the classes (Shreedhar and Varghese 1996), ``quantum`` bytes a round."""

    kind: ClassVar[str] = "drr"
    quantum: int = 1500


@dataclass(frozen=True)
class CoDel(Discipline):
    """Drops while the time spent in the queue stays above ``target_ns`` for ``interval_ns`` (RFC 8289)."""

    kind: ClassVar[str] = "co_del"
    target_ns: int = 5_000_000
    interval_ns: int = 100_000_000


@dataclass(frozen=True)
class Queue(Parameters):
    """What waits when the window is full: at most ``limit`` packets (``None``: any number), the next are dropped."""

    discipline: Discipline = field(default_factory=Fifo)
    limit: int | None = 1000
