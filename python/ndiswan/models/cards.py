"""Cards with their drivers: when a packet that was handed to them is completed."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from ndiswan.models._parameters import Parameters, column

Completes = Literal["when_sent", "when_copied", "inline"]
COMPLETES: tuple[Completes, ...] = get_args(Completes)


@dataclass(frozen=True)
class Moderation(Parameters):
    """An interrupt comes when ``frames`` are finished, or ``ns`` nanoseconds after the first of them.

    With ``ns`` 0 there is no such time: the interrupt comes then when the card is idle.

    >>> models.Card(moderation=models.Moderation(frames=8, ns=1_000_000)).moderation.frames
    8
    """

    frames: int
    ns: int = 0


@dataclass(frozen=True, eq=False)
class Death(Parameters):
    """The card hangs, NDIS sees it at its next check for hang and resets it; what was pending comes back aborted.

    It works for an exponential time with mean ``mean_up_ns``, or dies at each of ``at_ns``: one of them is given.

    >>> models.Card(dies=models.Death(mean_up_ns=60e9)).dies.check_for_hang_ns
    2000000000
    """

    mean_up_ns: float = 0.0
    at_ns: Any = ()
    check_for_hang_ns: int = 2_000_000_000
    reset_ns: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        times = column("Death.at_ns", self.at_ns) if len(self.at_ns) else ()
        if self.mean_up_ns and len(times):
            raise ValueError(
                f"Death.at_ns: expected none beside a mean_up_ns, got {self.at_ns!r:.60}"
            )
        object.__setattr__(self, "at_ns", times)

    def _other(self) -> tuple[str, ...]:
        return ("at_ns",)


@dataclass(frozen=True)
class Card(Parameters):
    """A card and its driver.

    ``completes``: "when_sent" (the card reads the packet's buffer while it sends), "when_copied" (into memory of its
    own: an intelligent card), or "inline" (the same, and in the call itself when there is room).
    ``descriptors``: how many packets the card itself holds, in its ring or its memory; 0 is any number.
    ``program_ns``: from the call to a packet that is ready for the line. ``interrupt_ns``: from the interrupt's cause
    to the completion. ``reorder``: each completion is drawn from so many that are finished.

    >>> card = models.Card(completes="when_copied", descriptors=16, interrupt_ns=50_000)
    >>> card.descriptors
    16
    """

    part: ClassVar[str] = "card"
    completes: Completes = "when_sent"
    descriptors: int = 0
    program_ns: int = 0
    interrupt_ns: int = 0
    moderation: Moderation | None = None
    reorder: int = 0
    dies: Death | None = None

    def __post_init__(self) -> None:
        given: object = self.completes
        if not isinstance(given, str) or given not in COMPLETES:
            raise ValueError(
                f"Card.completes: expected one of {', '.join(COMPLETES)}, got {given!r:.60}"
            )
        super().__post_init__()


def simple(**other: Any) -> Card:
    """A card that interrupts for each frame when its last bit is out.

    >>> models.simple(interrupt_ns=50_000).interrupt_ns
    50000
    """
    return Card(**other)


def descriptor_ring(descriptors: int, **other: Any) -> Card:
    """A card with so many transmit descriptors; one is free again when its interrupt was served.

    >>> models.descriptor_ring(16).descriptors
    16
    """
    return Card(descriptors=descriptors, **other)


def moderated(frames: int, ns: int, **other: Any) -> Card:
    """A card that interrupts when ``frames`` are finished or ``ns`` after the first of them.

    >>> models.moderated(8, ns=1_000_000).moderation
    Moderation(frames=8, ns=1000000)
    """
    return Card(moderation=Moderation(frames, ns), **other)


def batching(frames: int, **other: Any) -> Card:
    """A card whose driver completes ``frames`` at once, or what there is when the card is idle.

    >>> models.batching(8).moderation
    Moderation(frames=8, ns=0)
    """
    return Card(moderation=Moderation(frames), **other)


def intelligent(memory: int, **other: Any) -> Card:
    """A card that copies ``memory`` frames into itself, and completes each when it is copied.

    >>> models.intelligent(32).completes
    'when_copied'
    """
    return Card(completes="when_copied", descriptors=memory, **other)


def inline(memory: int, **other: Any) -> Card:
    """A card that copies in the call: MiniportWanSend returns SUCCESS while its memory has room.

    >>> models.inline(32).completes
    'inline'
    """
    return Card(completes="inline", descriptors=memory, **other)


def reordering(depth: int, **other: Any) -> Card:
    """A card that completes each packet out of ``depth`` that are finished.

    >>> models.reordering(4).reorder
    4
    """
    return Card(reorder=depth, **other)


def dying(mean_up_ns: float, **other: Any) -> Card:
    """A card that hangs after an exponential time, and is reset.

    >>> models.dying(mean_up_ns=60e9).dies.mean_up_ns
    60000000000.0
    """
    return Card(dies=Death(mean_up_ns), **other)
