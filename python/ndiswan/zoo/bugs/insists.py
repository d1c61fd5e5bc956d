"""Drivers that look again when something came in between, three times, and then go on with what they have.

Each look that fails takes one more preemption, so nobody has ever seen the third one fail.
"""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Failover, Isdn, Mailbox, Modem
from ndiswan.zoo.plays import FRAME, Peer, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


@bug("insists-watchdog", "DOUBLE", talk(4), mended=Modem, preemptions=3, events=117)
class GivesUpAnyway(Modem):
    """The watchdog looks at the frame without the lock, and again with it; after three looks it takes the one it saw.

    It fails if the frame has changed in between. Three frames that are out just then were thought to be impossible: the
    last of them is completed, and was.
    """

    def give_up(self) -> None:
        packet = None
        for _ in range(3):
            packet, tag = self.sending, self.tag
            if packet is None:
                return
            self.card.room()
            with self.lock:
                if self.sending is packet and self.tag == tag:
                    self.card.cancel(tag)
                    answer = self.take_sending(nw.FAILURE)
                    break
        else:
            assert packet is not None
            answer = packet, nw.FAILURE
            with self.lock:
                self.taken += 1
        self.complete([answer])


@bug(
    "insists-resend",
    "STALE",
    talk(1, again=3),
    mended=Modem,
    preemptions=3,
    also=("DOUBLE",),
    events=111,
)
class GivesUpAnOldFriend(GivesUpAnyway):
    """The same watchdog, and a protocol that has one packet only.

    It sends it again whenever it is back: what the watchdog has in its hand is the same packet, in the life before.
    Only the name says which.
    """


class Sampling(Isdn):
    """Notes each five milliseconds how long the oldest frame on the card is, as long as there is one."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4}

    def initialize(self) -> None:
        super().initialize()
        self.octets, self.halted = 0, False
        self.sampler = self.adapter.timer(self.tick)

    def wan_send(self, link: Link, packet: Packet) -> Status:
        self.sampler.set(0.005)
        return super().wan_send(link, packet)

    def tick(self) -> None:
        """The timer's function."""
        self.sample()
        with self.lock:
            if self.ring and not self.halted:
                self.sampler.set(0.005)

    def oldest(self) -> Packet | None:
        """The oldest frame's packet."""
        return next(iter(self.ring.values()), None)

    def sample(self) -> None:
        """One look."""
        with self.lock:
            packet = self.oldest()
            if packet is not None:
                self.octets += len(packet)

    def halt(self) -> None:
        with self.lock:
            self.halted = True
            self.sampler.cancel()
        super().halt()


@bug("insists-sample", "TOUCH", talk(6), mended=Sampling, preemptions=3, also=("STALE",), events=64)
class SamplesAnyway(Sampling):
    """The statistics take no lock, and look whether anything has changed; the third time they do not.

    A wrong number now and then does no harm, it was said. It is not the number, it is whose memory is read.
    """

    interrupts = 0

    def isr(self) -> bool:
        self.interrupts += 1
        return super().isr()

    def sample(self) -> None:
        packet = None
        for _ in range(3):
            seen, packet = self.interrupts, self.oldest()
            if packet is None:
                return
            self.card.room()
            with self.lock:
                if seen == self.interrupts and self.oldest() is packet:
                    self.octets += len(packet)
                    return
        if packet is not None:
            self.octets += len(packet)


@bug("insists-reset", "DOUBLE", talk(4, resets=1), mended=Isdn, preemptions=3, events=110)
class AbortsAnyway(Isdn):
    """A reset lists what it has to abort without the lock, and begins anew if an interrupt has changed the ring.

    The third list is the one that is aborted, since a reset has to end. The interrupts of a fast line came in all
    three.
    """

    hardware: ClassVar[dict[str, Any]] = {"depth": 4}
    changes = 0

    def isr(self) -> bool:
        self.changes += 1
        return super().isr()

    def take_finished(self) -> list[Answer]:
        answers = super().take_finished()
        self.changes += 1
        return answers

    def abort(self, owed: list[Packet]) -> None:
        """No more sends, nothing on the card, and these are ours to complete; the lock is held."""
        self.resets += 1
        self.take_all()
        self.taken += len(owed) + 1

    def reset(self) -> Status:
        owed: list[Packet] = []
        for _ in range(3):
            seen, owed = self.changes, [*self.ring.values(), *self.backlog]
            self.card.room()
            with self.lock:
                if seen == self.changes:
                    self.abort(owed)
                    break
        else:
            with self.lock:
                self.abort(owed)
        self.complete((packet, nw.Status.REQUEST_ABORTED) for packet in owed)
        self.put_down(1)
        return nw.PENDING


def one_line(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Four frames on one of the two lines, whose remote side hangs up."""
    miniport: Any = driver(ndis)
    ndis.bind(Peer(), miniport)
    for _ in range(4):
        miniport.adapter.links[0].send(FRAME)
    miniport.d_channel.hang_up(0)
    ndis.run()


@bug("insists-line-down", "DOUBLE", one_line, mended=Bundle, preemptions=3, events=105)
class HangsUpAnyway(Bundle):
    """When a call ends the channel's frames are listed while the card still sends, three times if need be.

    The card is stopped first in every other place. Here the line is down, and it was thought that nothing can be out
    any more.
    """

    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}

    interrupts = 0

    def isr(self) -> bool:
        self.interrupts += 1
        return super().isr()

    def close(self, number: int, owed: list[Packet]) -> Link | None:
        """No more sends, nothing on the card, and these are ours to complete; the lock is held."""
        link, self.channels[number].link = self.channels[number].link, None
        self.take_channel(number)
        self.taken += len(owed)
        return link

    def call_ended(self, number: int) -> None:
        channel = self.channels[number]
        owed: list[Packet] = []
        for _ in range(3):
            seen, owed = self.interrupts, [*channel.ring.values(), *channel.backlog]
            self.card.room(number)
            with self.lock:
                left = len(channel.ring) + len(channel.backlog)
                if seen == self.interrupts and left == len(owed):
                    link = self.close(number, owed)
                    break
        else:
            with self.lock:
                link = self.close(number, owed)
        self.complete((packet, nw.FAILURE) for packet in owed)
        if link is not None:
            self.adapter.line_down(link)


class Expiring(Mailbox):
    """Takes a command back that has not been answered after 0.3 s."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}

    def initialize(self) -> None:
        super().initialize()
        self.expiry = self.adapter.timer(self.expire)
        self.expiry.set(0.3)

    def oldest(self) -> tuple[int, Packet] | None:
        """The oldest command: its tag and its packet."""
        return next(iter(self.commands.items()), None)

    def withdraw(self, tag: int) -> None:
        """Off the card and out of the table; the lock is held."""
        self.card.cancel(tag)
        if self.commands.pop(tag, None) is not None:
            self.free.append(tag)
        self.taken += 1

    def expire(self) -> None:
        """The timer's function."""
        with self.lock:
            oldest = self.oldest()
            if oldest is None:
                return
            self.withdraw(oldest[0])
        self.complete([(oldest[1], nw.FAILURE)])

    def halt(self) -> None:
        self.expiry.cancel()
        super().halt()


@bug(
    "insists-expiry", "DOUBLE", talk(4), mended=Expiring, preemptions=3, also=("STALE",), events=95
)
class WithdrawsAnyway(Expiring):
    """The oldest command is looked up without the lock; if it is another one with it, then it is looked up again.

    After the third time the command is withdrawn that was found last. It had been answered, and completed.
    """

    interrupts = 0

    def isr(self) -> bool:
        self.interrupts += 1
        return super().isr()

    def expire(self) -> None:
        oldest = None
        for _ in range(3):
            seen, oldest = self.interrupts, self.oldest()
            if oldest is None:
                return
            self.card.room(oldest[0] % 2)
            with self.lock:
                if seen == self.interrupts and self.oldest() == oldest:
                    self.withdraw(oldest[0])
                    break
        else:
            assert oldest is not None
            with self.lock:
                self.withdraw(oldest[0])
        self.complete([(oldest[1], nw.FAILURE)])


def reset_of_a_pair(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Four frames for the first of two adapters, and a reset of it."""
    drivers: list[Any] = [driver(ndis, depth=4, faults=False) for _ in range(2)]
    drivers[0].partner, drivers[1].partner = drivers[1], drivers[0]
    link, _ = [ndis.bind(Peer(), each, name=name) for each, name in zip(drivers, "ab", strict=True)]
    for _ in range(4):
        link.send(FRAME)
    ndis.reset(link)
    ndis.run()


@bug("insists-recall", "DOUBLE", reset_of_a_pair, mended=Failover, preemptions=3, events=131)
class RecallsAnyway(Failover):
    """What is to be taken back from the two cards is listed without their locks, three times if it has changed.

    The locks of two adapters are never held together in this driver, and the lists are of both. The third list is the
    one that counts.
    """

    interrupts = 0

    def isr(self) -> bool:
        self.interrupts += 1
        return super().isr()

    def listed(self) -> list[Packet]:
        """What both cards have of ours."""
        cards = self, self.partner
        packets = [packet for card in cards for of, packet in card.ring.values() if of is self]
        return packets + [packet for card in cards for of, packet in card.waiting if of is self]

    def off_the_card(self, count: int) -> None:
        """Nothing of ours is transmitted here any more, and so many are ours to complete; the lock is held."""
        self.recall(self)
        self.taken += count

    def take_back(self) -> list[Answer]:
        packets: list[Packet] = []
        for _ in range(3):
            seen, packets = self.interrupts, self.listed()
            self.card.room()
            self.partner.card.room()
            with self.lock:
                if seen == self.interrupts and self.listed() == packets:
                    self.off_the_card(len(packets))
                    break
        else:
            with self.lock:
                self.off_the_card(len(packets))
        with self.partner.lock:
            self.partner.recall(self)
        return [(packet, nw.Status.REQUEST_ABORTED) for packet in packets]
