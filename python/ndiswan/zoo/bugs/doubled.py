"""Packets that are answered twice: two paths think that they are the one to complete."""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Driver, Isdn, Modem
from ndiswan.zoo.drivers.common import outcome
from ndiswan.zoo.plays import talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


@bug("double-timer-against-interrupt", "DOUBLE", talk(1), mended=Modem, preemptions=1, events=46)
class CancelsWithoutTheLock(Modem):
    """The watchdog looks up the frame under the lock, and lets go of it to talk to the card.

    Cancelling takes a while on that bus, so it was moved out of the lock. If the card finishes at that moment the
    interrupt completes the frame, and then the watchdog does what it had made up its mind to do.
    """

    def give_up(self) -> None:
        with self.lock:
            if self.sending is None or self.watchdog.armed:
                return
            packet, tag = self.sending, self.tag
        self.card.cancel(tag)
        with self.lock:
            self.taken += 1
            if self.tag == tag:
                self.sending = None
                self.start_next()
        self.complete([(packet, nw.FAILURE)])


@bug(
    "double-reset-against-completion",
    "DOUBLE",
    talk(2, resets=1),
    mended=Isdn,
    preemptions=2,
    also=("STALE",),
    events=72,
)
class RemovesAfterwards(Isdn):
    """The interrupt completes what is out, and takes it off the ring when it is back.

    It reads well: first the protocol, then the bookkeeping. A reset in between finds the frame on the ring and aborts
    it.
    """

    def handle_interrupt(self) -> None:
        with self.lock:
            done = [(tag, well) for tag, well in self.card.finished() if tag in self.ring]
            answers = [(self.ring[tag], outcome(well=well)) for tag, well in done]
            self.taken += len(answers)
        self.complete(answers)
        with self.lock:
            for tag, _ in done:
                self.ring.pop(tag, None)
            self.fill()


@bug(
    "double-shared-list", "DOUBLE", talk(3), mended=Isdn, preemptions=1, also=("STALE",), events=70
)
class SharesItsList(Isdn):
    """What is to be completed is gathered in one list of the adapter, which is emptied when all are completed.

    There was one processor when it was written. With two, the second interrupt comes while the first is still
    completing, and completes from the beginning of the same list.
    """

    def initialize(self) -> None:
        super().initialize()
        self.done: list[Answer] = []

    def handle_interrupt(self) -> None:
        with self.lock:
            self.done += self.take_finished()
            self.fill()
        self.complete(list(self.done))
        self.done.clear()


class Copying(Driver):
    """A card with memory of its own: a frame is done with as soon as it is copied there."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 1}
    tag = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.tag += 1
        if not self.card.start(self.tag, len(packet)):
            return nw.FAILURE
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
        return nw.PENDING

    def handle_interrupt(self) -> None:
        self.card.finished()


@bug("double-completed-and-failed", "EARLY", talk(2), mended=Copying, events=44)
class CompletesThenFails(Copying):
    """A frame is completed when it is copied, and refused when the card has no room for it.

    Both are right by themselves. The card was full for the second frame, and its sender was told twice.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.tag += 1
        length = len(packet)
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
        if not self.card.start(self.tag, length):
            return nw.FAILURE
        return nw.PENDING
