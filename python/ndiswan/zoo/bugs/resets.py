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


@bug("reset-keeps-its-list", "RESET", talk(2, resets=1), mended=Uart, events=60)
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


@bug("reset-ends-twice", "RESET", talk(2, resets=1), mended=Isdn, preemptions=3, events=77)
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


@bug("reset-impatient", "RESET", talk(2, resets=1), mended=Isdn, preemptions=2, events=81)
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


def two_resets(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """A frame, and two threads that reset the adapter one after the other."""
    link = ndis.bind(Peer(), driver(ndis))
    ndis.spawn(ndis.reset, link)
    ndis.spawn(ndis.reset, link)
    link.send(FRAME)
    ndis.run()


class Measuring(Isdn):
    """Looks at a frame, and at the card, before it takes the lock."""

    longest = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.longest = max(self.longest, len(packet))
        if not self.card.room():
            self.longest = 0
        return super().wan_send(link, packet)


@bug(
    "reset-clears-the-flag-of-the-next",
    "RESET",
    two_resets,
    mended=Measuring,
    preemptions=2,
    events=75,
)
class HasOneFlag(Measuring):
    """Whether a reset is going on is a flag, which its end clears.

    NDIS may begin the next reset as soon as it is told that this one is over. Then the flag that is cleared is the next
    one's, and a send that was on its way gets in. It takes two resets.
    """

    def end_reset(self) -> None:
        self.adapter.reset_complete(nw.SUCCESS)
        self.card.acknowledge()
        with self.lock:
            self.resets = 0
