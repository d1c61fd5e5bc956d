"""Counts that drift: each lost update takes one place for good, until none is left."""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Failover, Isdn, Mailbox, Uart
from ndiswan.zoo.drivers.common import outcome
from ndiswan.zoo.plays import FRAME, Peer, one_by_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class Credits(Isdn):
    """Counts free descriptors itself, since the card's register is slow, and starts the card without the lock."""

    def initialize(self) -> None:
        super().initialize()
        self.credits = self.card.depth

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.backlog.append(packet)
        self.fill()
        return nw.PENDING

    def next_frame(self) -> tuple[int, int] | None:
        """Tag and length of the next frame for the ring; the lock is held."""
        if not self.backlog or not self.credits:
            return None
        packet = self.backlog.popleft()
        self.tag += 1
        self.ring[self.tag] = packet
        return self.tag, len(packet)

    def fill(self) -> None:
        while True:
            with self.lock:
                frame = self.next_frame()
                if frame is None:
                    return
                self.credits -= 1
            self.card.start(*frame)

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_finished()
            self.credits += len(answers)
        self.fill()
        self.complete(answers)


@bug(
    "credits-of-the-ring",
    "HANG",
    one_by_one(4, until=40.0),
    mended=Credits,
    preemptions=3,
    events=114,
)
class SubtractsLater(Credits):
    """The count of free descriptors is read, the card is started, and the count is written.

    A frame that is out before the count is written gives its descriptor back to the old count. The ring has three
    descriptors, and after three such frames it has none.
    """

    def fill(self) -> None:
        while True:
            with self.lock:
                frame = self.next_frame()
                if frame is None:
                    return
                left = self.credits
            self.card.start(*frame)
            self.credits = left - 1


class Room(Uart):
    """Counts the room in the FIFO: the interrupt service routine adds, the send path takes away."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 3}

    def initialize(self) -> None:
        super().initialize()
        self.room = self.card.depth

    def isr(self) -> bool:
        if not self.card.acknowledge():
            return False
        self.room += 1
        return True

    def fill(self) -> None:
        while self.queue and self.room:
            packet = self.queue.popleft()
            self.tag += 1
            self.fifo[self.tag] = packet
            self.room -= 1
            self.card.start(self.tag, len(packet))


@bug(
    "credits-of-the-fifo", "LATE", one_by_one(4, until=20.0), mended=Room, preemptions=3, events=83
)
class ForgetsItsIsr(Room):
    """The room in the FIFO is taken away in three steps, in a driver that NDIS serializes.

    NDIS lets one entry point in at a time, and the interrupt service routine is none of them. Three frames later there
    is no room, and the FIFO is empty.
    """

    def fill(self) -> None:
        while self.queue and self.room:
            packet = self.queue.popleft()
            self.tag += 1
            self.fifo[self.tag] = packet
            room = self.room
            self.card.start(self.tag, len(packet))
            self.room = room - 1


class Guests(Failover):
    """Carries at most three frames of its partner's at a time; others wait there."""

    most = 3

    def initialize(self) -> None:
        super().initialize()
        self.guests = 0
        self.refused: list[tuple[Failover, Packet]] = []

    def carry(self, owner: Failover, packet: Packet) -> bool:
        with self.lock:
            if owner.resets:
                return False
            if self.guests >= self.most:
                self.refused.append((owner, packet))
                return True
            self.guests += 1
            self.waiting.append((owner, packet))
            self.fill()
        return True

    def carried(self, packet: Packet, *, well: bool) -> None:
        card = self.partner
        assert isinstance(card, Guests)
        card.guest_left()
        super().carried(packet, well=well)

    def guest_left(self) -> None:
        """One that was carried is out: the next one may come."""
        with self.lock:
            self.guests -= 1
            if self.refused:
                self.guests += 1
                self.waiting.append(self.refused.pop(0))
                self.fill()

    def recall(self, owner: Failover) -> list[Packet]:
        packets = [packet for of, packet in self.refused if of is owner]
        self.refused = [entry for entry in self.refused if entry[0] is not owner]
        return packets + super().recall(owner)


def one_dead_card(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Four frames for a card that fails all of them, a partner that does not, and forty seconds."""
    first: Any = driver(ndis, faults=False, dead=True)
    second: Any = driver(ndis, faults=False)
    first.partner, second.partner = second, first
    link = ndis.bind(Peer(), first, name="dead")
    ndis.bind(Peer(), second, name="alive")
    for _ in range(4):
        link.send(FRAME)
        ndis.run()
    ndis.run(40.0)


@bug("credits-of-the-partner", "HANG", one_dead_card, mended=Guests, preemptions=3, events=149)
class CountsItsGuestsLater(Guests):
    """A frame of the partner's is put on the card, and counted after that.

    If it is out by then, it leaves before it has come. The count is one too high from then on, and at three the card
    carries nothing any more.
    """

    def carry(self, owner: Failover, packet: Packet) -> bool:
        guests = self.guests
        with self.lock:
            if owner.resets:
                return False
            if guests >= self.most:
                self.refused.append((owner, packet))
                return True
            self.waiting.append((owner, packet))
            self.fill()
        self.guests = guests + 1
        return True


class Slots(Mailbox):
    """Takes the tag of a command back when the command is answered, and notes so in a bitmap of free ones."""

    tags = 3
    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.waiting.append(packet)
        self.post()
        return nw.PENDING

    def post(self) -> None:
        while True:
            with self.lock:
                if not self.waiting or not self.free:
                    return
                tag, packet = self.free.popleft(), self.waiting.popleft()
                self.commands[tag] = packet
                length = len(packet)
            self.card.start(tag, length, tag % 2)

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_answers()
        self.post()
        self.complete(answers)


@bug(
    "credits-of-the-mailbox",
    "HANG",
    one_by_one(4, until=40.0),
    mended=Slots,
    preemptions=3,
    events=114,
)
class WritesItsBitmapBack(Slots):
    """The bitmap of free tags is read, the command is posted, and the bitmap is written without the tag.

    The answer may be there before that, and gives back a tag to a bitmap that is about to be replaced. There are three
    tags, and a tag that is neither free nor in use stays so.
    """

    def post(self) -> None:
        while True:
            with self.lock:
                if not self.waiting or not self.free:
                    return
                bitmap = self.free.copy()
                tag, packet = bitmap.popleft(), self.waiting.popleft()
                self.commands[tag] = packet
                length = len(packet)
            self.card.start(tag, length, tag % 2)
            self.free = bitmap


class Pool(Bundle):
    """Both lines share three buffers for what is on the card."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}

    def initialize(self) -> None:
        self.buffers = 3
        super().initialize()

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets or self.channels[link.handle].link is None:
                return nw.Status.REQUEST_ABORTED
            self.channels[link.handle].backlog.append(packet)
        self.fill(link.handle)
        return nw.PENDING

    def next_frame(self, number: int) -> tuple[int, int] | None:
        """Tag and length of the channel's next frame; the lock is held."""
        channel = self.channels[number]
        if not channel.backlog or not self.buffers:
            return None
        packet = channel.backlog.popleft()
        self.tag += 1
        channel.ring[self.tag] = packet
        return self.tag, len(packet)

    def fill(self, number: int) -> None:
        while True:
            with self.lock:
                frame = self.next_frame(number)
                if frame is None:
                    return
                self.buffers -= 1
            self.card.start(*frame, number)

    def handle_interrupt(self) -> None:
        answers: list[Answer] = []
        with self.lock:
            for tag, well in self.card.finished():
                answers += self.take_tag(tag, outcome(well=well))
            self.taken += len(answers)
            self.buffers += len(answers)
        for number in range(len(self.channels)):
            self.fill(number)
        self.complete(answers)


def in_turn(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Four frames on two lines in turn, each when all is quiet, and forty seconds."""
    miniport: Any = driver(ndis)
    ndis.bind(Peer(), miniport)
    for number in range(4):
        miniport.adapter.links[number % 2].send(FRAME)
        ndis.run()
    ndis.run(40.0)


@bug("credits-of-both-lines", "HANG", in_turn, mended=Pool, preemptions=3, events=123)
class CountsBuffersLater(Pool):
    """The count of free buffers is read, a line is started, and the count is written.

    On either line a frame may be out before the count is written. Two lines that work lose their three buffers, one at
    a time, and then both stand still.
    """

    def fill(self, number: int) -> None:
        while True:
            with self.lock:
                frame = self.next_frame(number)
                if frame is None:
                    return
                left = self.buffers
            self.card.start(*frame, number)
            self.buffers = left - 1
