"""References that were kept too long: the same packet is in another life."""

from __future__ import annotations

from collections import deque

import ndiswan as nw
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Isdn, Modem
from ndiswan.zoo.drivers.common import outcome
from ndiswan.zoo.plays import FRAME, Peer, talk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Ndis, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class Deadlines(Modem):
    """Keeps the frame that the watchdog is about beside the one in the card."""

    guarded: Packet | None = None

    def start_next(self) -> None:
        if self.sending is None and self.queue:
            self.sending = self.queue.popleft()
            self.tag += 1
            self.card.start(self.tag, len(self.sending))
            if self.guarded is None:
                self.guarded = self.sending
                self.watchdog.set(0.3)

    def take_sending(self, status: Status) -> Answer:
        self.guarded = None
        return super().take_sending(status)

    def handle_interrupt(self) -> None:
        answers = []
        with self.lock:
            for tag, well in self.card.finished():
                if tag == self.tag and self.sending is not None:
                    answers.append(self.take_sending(outcome(well=well)))
        self.complete(answers)

    def give_up(self) -> None:
        with self.lock:
            packet, self.guarded = self.guarded, None
            if packet is None or self.sending is None or self.watchdog.armed:
                return
            self.card.cancel(self.tag)
            answer = super().take_sending(nw.FAILURE)
        self.complete([(packet, answer[1])])

    def take_all(self) -> list[Packet]:
        self.guarded = None
        return super().take_all()


@bug(
    "stale-after-resend",
    "STALE",
    talk(1, again=5, bits_per_second=2_400),
    mended=Deadlines,
    events=58,
)
class GuardsForEver(Deadlines):
    """The watchdog's reference is not cleared when the frame is done.

    While the watchdog was set anew for each frame that did no harm. Then somebody saved the call for frames that follow
    at once, and the protocol sends the same packet again as soon as it has it.
    """

    def take_sending(self, status: Status) -> Answer:
        return Modem.take_sending(self, status)


@bug(
    "stale-look-before-the-lock", "STALE", talk(1, again=1), mended=Modem, preemptions=1, events=62
)
class LooksBeforeTheLock(Modem):
    """The watchdog takes its reference before it takes the lock.

    It waits for the lock while the interrupt completes that frame, and the protocol sends the packet again. What it
    then finds under the lock is a frame, but not the one that it has in its hand.
    """

    def give_up(self) -> None:
        packet = self.sending
        with self.lock:
            if packet is None or self.sending is None:
                return
            self.card.cancel(self.tag)
            _, status = self.take_sending(nw.FAILURE)
        self.complete([(packet, status)])


class Staged(Isdn):
    """Completes in two steps: the interrupt collects, a DPC completes what it collected since the last reset."""

    def initialize(self) -> None:
        super().initialize()
        self.collected: deque[tuple[int, int, Packet]] = deque()
        self.epoch = 0
        self.second_step = self.adapter.dpc(self.complete_collected)

    def handle_interrupt(self) -> None:
        with self.lock:
            for tag, _ in self.card.finished():
                if tag in self.ring:
                    self.collected.append((self.epoch, tag, self.ring[tag]))
        self.second_step.queue()

    def complete_collected(self) -> None:
        """The DPC: what was collected before a reset has been aborted by it."""
        answers: list[Answer] = []
        with self.lock:
            while self.collected:
                epoch, tag, packet = self.collected.popleft()
                if epoch == self.epoch:
                    self.ring.pop(tag, None)
                    answers.append((packet, nw.SUCCESS))
            self.taken += len(answers)
            self.fill()
        self.complete(answers)

    def take_all(self) -> list[Packet]:
        self.epoch += 1
        return super().take_all()


def two_resets(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
    """A frame, and two threads that reset the adapter."""
    link = ndis.bind(Peer(), driver(ndis))
    link.send(FRAME)
    ndis.spawn(ndis.reset, link)
    ndis.spawn(ndis.reset, link)
    ndis.run()


@bug("stale-after-two-resets", "DOUBLE", two_resets, mended=Staged, plain=False, events=80)
class KnowsOneResetFromTheNext(Staged):
    """What was collected before a reset is told from what came after it by one bit.

    There was a bit left in the entry. One reset is seen, and after two the bit is what it was: the DPC that has been
    waiting since before the first completes a frame that was aborted long ago.
    """

    def take_all(self) -> list[Packet]:
        self.epoch ^= 1
        return Isdn.take_all(self)
