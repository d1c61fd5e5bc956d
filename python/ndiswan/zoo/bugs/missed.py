"""Work that is there and that nobody looks at any more: a signal came in the wrong moment."""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Bundle, Isdn, Mailbox, Modem, Uart
from ndiswan.zoo.drivers.common import outcome
from ndiswan.zoo.plays import FRAME, Peer, one_by_one, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


def both_lines(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """Two frames on each of two lines, and forty seconds."""
    miniport: Any = driver(ndis)
    ndis.bind(Peer(), miniport)
    for number in range(4):
        miniport.adapter.links[number % 2].send(FRAME)
    ndis.run(40.0)


@bug("missed-interrupt", "HANG", talk(2, until=40.0), mended=Isdn, preemptions=1, events=52)
class AcknowledgesLast(Isdn):
    """The interrupt is acknowledged when the work is done.

    What finished between the look at the status and the acknowledgement raised no interrupt, since one was standing. If
    it was the last frame for now, nobody looks again.
    """

    def isr(self) -> bool:
        return True

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_finished()
            self.fill()
        self.card.acknowledge()
        self.complete(answers)


class Rounds(Isdn):
    """The interrupt stays on until nothing is left to do; what comes in the last moment is looked for once more."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4}

    def isr(self) -> bool:
        return True

    def work(self) -> bool:
        """One round; whether there was anything."""
        with self.lock:
            answers = self.take_finished()
            self.fill()
        self.complete(answers)
        return bool(answers)

    def handle_interrupt(self) -> None:
        while True:
            while self.work():
                pass
            self.card.acknowledge()
            if not self.work():
                return


@bug(
    "missed-after-three-rounds",
    "HANG",
    talk(4, until=40.0),
    mended=Rounds,
    preemptions=3,
    events=86,
)
class HasABudget(Rounds):
    """An interrupt works for three rounds at most, so that others have their turn, and is acknowledged then.

    Each round finds one more frame, and the last one comes before the acknowledgement. Behind the budget nobody asks
    again, as the end of the work does.
    """

    def handle_interrupt(self) -> None:
        for _ in range(3):
            if self.work():
                continue
            self.card.acknowledge()
            if not self.work():
                return
        self.card.acknowledge()


class RoundsOfLines(Bundle):
    """The same for a card with two lines, whose D channel is looked at when both are done."""

    def isr(self) -> bool:
        return True

    def work(self) -> bool:
        """One round of both lines; whether there was anything."""
        answers: list[Answer] = []
        with self.lock:
            for tag, well in self.card.finished():
                answers += self.take_tag(tag, outcome(well=well))
            self.taken += len(answers)
            for number in range(len(self.channels)):
                self.fill(number)
        self.complete(answers)
        return bool(answers)

    def handle_interrupt(self) -> None:
        while True:
            while self.work():
                pass
            self.card.acknowledge()
            if not self.work():
                break
        for number in self.d_channel.ended():
            self.call_ended(number)


@bug("missed-on-both-lines", "HANG", both_lines, mended=RoundsOfLines, preemptions=3, events=89)
class HasABudgetForBoth(RoundsOfLines):
    """An interrupt of a card with two lines works for three rounds, and is acknowledged then.

    One line used to be slow, and three rounds were enough for the other. When both are fast there is always one that
    finishes behind the other one's back.
    """

    def handle_interrupt(self) -> None:
        for _ in range(3):
            if not self.work():
                self.card.acknowledge()
                if not self.work():
                    break
        else:
            self.card.acknowledge()
        for number in self.d_channel.ended():
            self.call_ended(number)


class OneAtTheMailbox(Mailbox):
    """Whoever is at the mailbox does the work of all: others only say that there is some."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 4, "channels": 2}

    def initialize(self) -> None:
        super().initialize()
        self.busy = self.signalled = False

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.waiting.append(packet)
        self.signal()
        return nw.PENDING

    def handle_interrupt(self) -> None:
        self.signal()

    def signal(self) -> None:
        """There is work: do it, unless somebody is at it, who will."""
        self.signalled = True
        if self.busy:
            return
        self.busy = True
        self.rounds()
        self.busy = False

    def rounds(self) -> None:
        """As long as there is work."""
        while self.signalled:
            self.work()

    def work(self) -> None:
        """One round."""
        self.signalled = False
        with self.lock:
            answers = self.take_answers()
            self.post()
        self.complete(answers)


@bug(
    "missed-at-the-mailbox",
    "HANG",
    talk(4, until=40.0),
    mended=OneAtTheMailbox,
    preemptions=3,
    events=90,
)
class ThreeRoundsAtTheMailbox(OneAtTheMailbox):
    """Who is at the mailbox does the work of others for three rounds, and then goes.

    A signal that comes in the third one is left to whoever comes next. Nobody does, if those were the last frames.
    """

    def rounds(self) -> None:
        for _ in range(3):
            if self.signalled:
                self.work()


@bug(
    "missed-by-a-serialized-driver",
    "LATE",
    talk(4, until=20.0),
    mended=Uart,
    preemptions=3,
    events=81,
)
class PollsThreeTimes(Uart):
    """The interrupt service routine only says that something is out, if nobody is working; who works looks three times.

    An interrupt in between costs nothing, and the fourth one is not looked for. NDIS resets the card some seconds
    later, and the line works again.
    """

    check_for_hang_seconds = 2.0
    working = False
    noted = False

    def isr(self) -> bool:
        if not self.card.acknowledge():
            return False
        self.noted = True
        return not self.working

    def handle_interrupt(self) -> None:
        self.working = True
        for _ in range(3):
            if self.noted:
                self.noted = False
                super().handle_interrupt()
        self.working = False


class Watched(Modem):
    """A modem on a card that may stall."""

    hardware: ClassVar[dict[str, Any]] = {"stalls": True}


@bug(
    "missed-watchdog",
    "HANG",
    one_by_one(4, until=40.0),
    mended=Watched,
    preemptions=3,
    faults=True,
    events=114,
)
class TurnsItsWatchdogOff(Watched):
    """A watchdog that could not be cancelled in time three times is turned off, as a timer that does not work.

    It had fired, and was waiting for the lock. Later the card stalls for the first time, and there is no watchdog.
    """

    strikes = 0

    def start_next(self) -> None:
        super().start_next()
        if self.strikes >= 3:
            self.watchdog.cancel()

    def handle_interrupt(self) -> None:
        answers: list[Answer] = []
        with self.lock:
            for tag, _ in self.card.finished():
                if tag == self.tag and self.sending is not None:
                    if not self.watchdog.cancel():
                        self.strikes += 1
                    answers.append(self.take_sending(nw.SUCCESS))
        self.complete(answers)
