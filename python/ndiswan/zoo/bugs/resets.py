"""Resets: what was pending before one is settled when it ends, and it ends once."""

from __future__ import annotations

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Isdn, Modem, Uart
from ndiswan.zoo.plays import FRAME, Peer, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status


@bug("reset-forgets-its-backlog", "RESET", talk(4, resets=1), mended=Isdn, events=87)
class AbortsTheRing(Isdn):
    """A reset aborts what is on the card, and empties the backlog.

    The backlog came later, for cards with short rings, and the reset was not looked at again. A frame
    that waited for its turn was never heard of.
    """

    def take_all(self) -> list[Packet]:
        self.card.reset()
        owed = [*self.ring.values()]
        self.ring.clear()
        self.backlog.clear()
        return owed


@bug(
    "reset-cancels-its-timer-too-late",
    "RESET",
    talk(1, resets=1),
    mended=Modem,
    preemptions=1,
    events=52,
)
class LeavesItToTheOther(Modem):
    """The reset leaves the frame to the watchdog if that cannot be cancelled; the watchdog leaves it to the reset.

    The timer had fired and was waiting for the lock when it was cancelled. Each of the two has a line that says that
    the other one completes the frame.
    """

    def give_up(self) -> None:
        with self.lock:
            if self.resets:
                return  # the reset completes it
        super().give_up()

    def take_all(self) -> list[Packet]:
        was_set = self.watchdog.cancel()
        owed = super().take_all()
        if owed and not was_set:
            del owed[0]  # the watchdog completes it
        return owed


@bug("reset-keeps-its-list", "RESET", talk(2, resets=1), mended=Uart, events=56)
class KeepsItsFifo(Uart):
    """After a reset the frames in the FIFO are sent again, and completed.

    It was meant well: no frame is lost at a reset. But NDIS has completed what a serialized driver had, and the senders
    have gone on.
    """

    def reset(self) -> Status:
        self.card.reset()
        self.queue.extendleft(reversed(self.fifo.values()))
        self.fifo.clear()
        self.fill()
        return nw.SUCCESS


@bug("reset-ends-twice", "RESET", talk(2, resets=1), mended=Isdn, preemptions=3, events=71)
class LooksAfterItsLock(Isdn):
    """Whether it was the last packet of a reset is looked at when the lock is free again.

    Two processors put down the last two packets, and then both see that none is left. Both end the reset.
    """

    def put_down(self, count: int) -> None:
        with self.lock:
            self.taken -= count
        if self.resets > 0 and self.taken == 0:
            with self.adapter.at(nw.Irql.DISPATCH):
                self.end_reset()


@bug("reset-impatient", "RESET", talk(2, resets=1), mended=Isdn, preemptions=2, events=73)
class WaitsThreeTimes(Isdn):
    """A reset looks three times whether all packets are back, and then it ends.

    Three rounds of the DPC queue are a long time, on a machine with one processor. With two they are over before the
    other one has returned from the protocol.
    """

    def initialize(self) -> None:
        super().initialize()
        self.looks = 0

    def put_down(self, count: int) -> None:
        with self.lock:
            self.taken -= count

    def reset(self) -> Status:
        super().reset()
        self.looks = 0
        self.reset_ends.queue()
        return nw.PENDING

    def end_reset(self) -> None:
        self.looks += 1
        if self.taken and self.looks < 3:
            self.reset_ends.queue()
            return
        super().end_reset()


def frames_beside_a_reset(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """A reset, and frames of another processor."""
    link = ndis.bind(Peer(), driver(ndis))

    def other() -> None:
        for _ in range(3):
            link.send(FRAME)

    ndis.spawn(other)
    ndis.reset(link)
    ndis.run()


class Trusting(Isdn):
    """Does not ask whether a reset is going on: NDIS sends nothing then."""

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            self.backlog.append(packet)
            self.fill()
        return nw.PENDING

    def end_reset(self) -> None:
        with self.lock:
            self.resets -= 1
        self.adapter.reset_complete(nw.SUCCESS)


@bug(
    "reset-clears-its-flag-too-late",
    "RESET",
    frames_beside_a_reset,
    mended=Trusting,
    preemptions=2,
    events=63,
)
class ClearsItLast(Trusting):
    """That a reset is over is noted when NDIS has been told so.

    NDIS goes on at once. A frame that is sent and out before it is noted counts as the last one of the reset, which
    ends a second time.
    """

    def end_reset(self) -> None:
        self.adapter.reset_complete(nw.SUCCESS)
        with self.lock:
            self.resets -= 1
