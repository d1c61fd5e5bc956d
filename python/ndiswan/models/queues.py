"""Queue disciplines above the send window."""

from dataclasses import dataclass, field
from typing import ClassVar

from ndiswan.models._parameters import WORD, Parameters, whole


class Discipline(Parameters):
    """Which packet goes next when the window opens.

    >>> isinstance(models.Fifo(), models.Discipline)
    True
    """


@dataclass(frozen=True)
class Fifo(Discipline):
    """The oldest.

    >>> models.Queue(models.Fifo(), limit=100).discipline
    Fifo()
    """

    kind: ClassVar[str] = "fifo"


@dataclass(frozen=True)
class Priority(Discipline):
    """The oldest of the lowest class that has one.

    >>> models.Queue(models.Priority(), limit=100).discipline
    Priority()
    """

    kind: ClassVar[str] = "priority"


@dataclass(frozen=True)
class Drr(Discipline):
    """Deficit round robin among the classes (Shreedhar and Varghese 1996), ``quantum`` bytes a round.

    >>> models.Queue(models.Drr(quantum=500), limit=100).discipline
    Drr(quantum=500)
    """

    kind: ClassVar[str] = "drr"
    quantum: int = 1500


@dataclass(frozen=True)
class CoDel(Discipline):
    """Drops while the time spent in the queue stays above ``target_ns`` for ``interval_ns`` (RFC 8289).

    >>> models.Queue(models.CoDel(target_ns=5_000_000), limit=100).discipline
    CoDel(target_ns=5000000, interval_ns=100000000)
    """

    kind: ClassVar[str] = "co_del"
    target_ns: int = 5_000_000
    interval_ns: int = 100_000_000


@dataclass(frozen=True)
class Queue(Parameters):
    """What waits when the window is full: at most ``limit`` packets (``None``: any number), the next are dropped.

    All classes share ``limit``. Where it is full all the time, a place that gets free goes to whose packet comes first
    then: of flows that are in step, such as several `Cbr`, it may be the same one each time, whatever the discipline.

    >>> models.Queue(limit=50)
    Queue(discipline=Fifo(), limit=50)
    """

    part: ClassVar[str] = "queue"
    discipline: Discipline = field(default_factory=Fifo)
    limit: int | None = 1000

    def __post_init__(self) -> None:
        if self.limit is not None:
            whole("Queue.limit", self.limit, 0, WORD)
        super().__post_init__()
