"""Spin locks: held when they should not be, not given back, taken in two orders."""

from __future__ import annotations

from typing import Any

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Failover, Isdn, Modem
from ndiswan.zoo.plays import FRAME, Peer, pair, talk, two_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status


@bug("lock-held-while-it-sends-again", "LOCK_HELD", talk(4, again=2), mended=Isdn, events=104)
class CompletesWhileItFills(Isdn):
    """The last frame of a burst is completed inside the lock, so that nobody sees an empty ring.

    The protocol sends its next frame from inside of the callback, that is, from inside of the driver's own lock. It was
    seen when the protocol became faster.
    """

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_finished()
            self.fill()
            if not self.ring:
                for packet, status in answers:
                    self.adapter.wan_send_complete(packet, status)
                self.taken -= len(answers)
                return
        self.complete(answers)


@bug("lock-order-of-two-adapters", "LOCK_ORDER", pair(2), mended=Failover, faults=True, events=83)
class HandsOverInItsLock(Failover):
    """A card that fails hands its frame over with its own lock held, and takes the other's.

    For one card that is an order of locks. For two that fail at a time it is two orders, and a machine that stands
    still.
    """

    def handle_interrupt(self) -> None:
        answers, others = [], []
        with self.lock:
            for tag, well in self.card.finished():
                entry = self.ring.pop(tag, None)
                if entry is None:
                    continue
                owner, packet = entry
                if owner is not self:
                    others.append((owner, packet, well))
                    continue
                self.taken += 1
                if well:
                    answers.append((packet, nw.SUCCESS))
                elif not self.partner.carry(self, packet):
                    answers.append((packet, nw.Status.REQUEST_ABORTED))
            self.fill()
        for owner, packet, well in others:
            owner.carried(packet, well=well)
        self.complete(answers)


class Checking(Isdn):
    """Refuses a frame that is longer than it said it takes."""

    longest = 100

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.lock.acquire()
        if self.resets or len(packet) > self.longest:
            self.lock.release()
            return nw.Status.INVALID_LENGTH
        self.backlog.append(packet)
        self.fill()
        self.lock.release()
        return nw.PENDING


def any_length(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Three frames, each short or long."""
    link = ndis.bind(Peer(), driver(ndis))
    for _ in range(3):
        link.send(FRAME * (1 + 5 * ndis.choose(2, what="a long frame")))
    ndis.run()


@bug("lock-kept-on-early-return", "LOCK_LEAK", any_length, mended=Checking, faults=True, events=57)
class ReturnsInItsLock(Checking):
    """A frame that is too long is refused by a return in the middle of the locked part.

    NDISWAN does not send such frames, so it took a year until somebody did. The next send then waited for ever.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.lock.acquire()
        if self.resets or len(packet) > self.longest:
            return nw.Status.INVALID_LENGTH
        self.backlog.append(packet)
        self.fill()
        self.lock.release()
        return nw.PENDING


@bug("lock-taken-by-a-helper", "LOCK_RECURSION", talk(1), mended=Modem, plain=False, events=36)
class AsksWithItsLockHeld(Modem):
    """The watchdog, with the lock held, calls the reset's helper, which takes the lock.

    It is the path for a card that says nothing any more, and nobody had such a card. The helper was
    written for the reset, which comes without the lock.
    """

    def give_up(self) -> None:
        with self.lock:
            if self.sending is None or self.watchdog.armed:
                return
            aborted = self.abort()
        self.complete((packet, nw.FAILURE) for packet in aborted)

    def abort(self) -> list[Packet]:
        """Everything off the card."""
        with self.lock:
            aborted = self.take_all()
            self.taken += len(aborted)
            return aborted


@bug("lock-form-of-the-dpc", "LOCK_FORM", talk(1), mended=Isdn, events=34)
class FillsAsInItsDpc(Isdn):
    """The send path fills the ring with the code of the interrupt's DPC, and its form of the lock.

    The short form leaves the level alone, since a DPC is at DISPATCH. A send need not be: the thread may lose its
    processor with the lock held.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock.dpr:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.backlog.append(packet)
            self.fill()
        return nw.PENDING


class ThreeCards(Isdn):
    """Three cards that tell the next one when they are busy; each looks after its own lock."""

    following: ThreeCards
    busy = False
    told = 0

    def handle_interrupt(self) -> None:
        self.busy = True
        with self.lock:
            answers = self.take_finished()
            self.fill()
        if self.following.busy:
            self.tell()
        self.complete(answers)
        self.busy = False

    def tell(self) -> None:
        """The next one has work as well: it is to know of ours."""
        with self.following.lock:
            self.following.told += 1


def three_cards(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Two frames on each of three adapters, which stand in a circle."""
    drivers: list[Any] = [driver(ndis, depth=1) for _ in range(3)]
    links = [ndis.bind(Peer(), each, name=f"card {n}") for n, each in enumerate(drivers)]
    for number, each in enumerate(drivers):
        each.following = drivers[(number + 1) % 3]
    for _ in range(2):
        for link in links:
            link.send(FRAME)
    ndis.run()


@bug(
    "lock-order-of-three-adapters",
    "LOCK_ORDER",
    three_cards,
    mended=ThreeCards,
    preemptions=3,
    events=170,
)
class TellsInItsLock(ThreeCards):
    """A card that finds the next one busy tells it so inside of its own lock.

    That is one edge of a circle, and only under contention. It takes three meetings, each of another pair, until the
    order of the three locks closes.
    """

    def handle_interrupt(self) -> None:
        self.busy = True
        with self.lock:
            answers = self.take_finished()
            self.fill()
            if self.following.busy:
                self.tell()
        self.complete(answers)
        self.busy = False


class TwoLocks(Bundle):
    """Has a lock for the list of calls beside the one for the rings; what is taken last is released first."""

    def initialize(self) -> None:
        self.calls = self.adapter.spin_lock("calls")
        super().initialize()

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.calls.acquire()
        self.lock.acquire()
        alive = not self.resets and self.channels[link.handle].link is not None
        if alive:
            self.channels[link.handle].backlog.append(packet)
            self.fill(link.handle)
        self.lock.release()
        self.calls.release()
        return nw.PENDING if alive else nw.Status.REQUEST_ABORTED


@bug("irql-left-raised-by-release-order", "LOCK_ORDER", two_lines(2), mended=TwoLocks, events=62)
class ReleasesInOrder(TwoLocks):
    """Two locks are released in the order in which they were taken.

    Each lock remembers the level that it found. The second one found DISPATCH, and put that back last.
    """

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.calls.acquire()
        self.lock.acquire()
        alive = not self.resets and self.channels[link.handle].link is not None
        if alive:
            self.channels[link.handle].backlog.append(packet)
            self.fill(link.handle)
        self.calls.release()
        self.lock.release()
        return nw.PENDING if alive else nw.Status.REQUEST_ABORTED
