"""Nothing is lost and nothing is doubled, and it takes for ever."""

from __future__ import annotations

from typing import Any, ClassVar

from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Isdn, Modem
from ndiswan.zoo.plays import FRAME, Peer, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import ndiswan as nw
    from ndiswan import Ndis


def any_size(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Two frames on a slow line, each short or long, and forty seconds."""
    link = ndis.bind(Peer(), driver(ndis, bits_per_second=2_400))
    for _ in range(2):
        link.send(FRAME * (1 + 4 * ndis.choose(2, what="a long frame")))
    ndis.run(40.0)


class Impatient(Modem):
    """NDIS looks for packets that are stuck each five seconds."""

    check_for_hang_seconds = 5.0


@bug(
    "hang-by-starting-again",
    "HANG",
    any_size,
    mended=Impatient,
    faults=True,
    also=("LATE",),
    events=540,
)
class StartsAgain(Impatient):
    """The watchdog starts a frame again that is not out after 0.3 s.

    A long frame on a slow line needs longer than that. It was always just about to be out, and only that nothing came
    out any more was ever noticed.
    """

    def give_up(self) -> None:
        with self.lock:
            if self.sending is None or self.watchdog.armed:
                return
            self.card.cancel(self.tag)
            self.card.start(self.tag, len(self.sending))
            self.watchdog.set(0.3)


class Slow(Isdn):
    """A line of 100 bit/s: two seconds for a frame."""

    check_for_hang_seconds = 5.0
    hardware: ClassVar[dict[str, Any]] = {"depth": 1, "bits_per_second": 100}


@bug("late-by-last-in-first-out", "LATE", talk(3, again=20, until=40.0), mended=Slow, events=445)
class ServesTheNewest(Slow):
    """The backlog is a stack, since the last frame is still in the cache.

    It empties itself often enough on a fast line. On a slow one with steady traffic the frame at the bottom waits until
    the connection has ended.
    """

    def fill(self) -> None:
        while self.backlog and self.card.room():
            packet = self.backlog.pop()
            self.tag += 1
            self.ring[self.tag] = packet
            self.card.start(self.tag, len(packet))


@bug(
    "hang-by-spurious-interrupts", "HANG", talk(6, until=40.0), mended=Isdn, plain=False, events=122
)
class CountsSpuriousInterrupts(Isdn):
    """After two interrupts for which there was nothing to do the driver takes the line for broken, and looks no more.

    An interrupt finds nothing if the one before it came late and has done the work of both. That is no fault, and on a
    busy machine it happens twice.
    """

    spurious = 0

    def handle_interrupt(self) -> None:
        if self.spurious >= 2:
            return
        with self.lock:
            answers = self.take_finished()
            self.fill()
        if not answers:
            self.spurious += 1
        self.complete(answers)
