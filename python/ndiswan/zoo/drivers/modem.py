"""A modem: one frame at a time, and a watchdog that gives up on a frame which the card does not finish.

wan_send ─► queue ─► sending (in the card) ─► interrupt ─► completed
                          └── watchdog: cancelled in the card, completed with FAILURE

Whoever takes the frame out of `sending`, under the lock, is the one to complete it.
"""

from __future__ import annotations

from collections import deque

import ndiswan as nw
from ndiswan.zoo.drivers.common import Driver, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer

PATIENCE = 0.3


class Modem(Driver):
    """Sends one frame after the other; each has 0.3 s."""

    def initialize(self) -> None:
        super().initialize()
        self.queue: deque[Packet] = deque()
        self.sending: Packet | None = None
        self.tag = 0
        self.watchdog = self.adapter.timer(self.give_up)

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.queue.append(packet)
            self.start_next()
        return nw.PENDING

    def start_next(self) -> None:
        """Give the card its next frame, if it has none; the lock is held."""
        if self.sending is None and self.queue:
            self.sending = self.queue.popleft()
            self.tag += 1
            self.card.start(self.tag, len(self.sending))
            self.watchdog.set(PATIENCE)

    def take_sending(self, status: Status) -> Answer:
        """The frame in the card is done with, and the next one is on its way; the lock is held."""
        packet, self.sending = self.sending, None
        assert packet is not None
        self.taken += 1
        self.start_next()
        return packet, status

    def handle_interrupt(self) -> None:
        answers = []
        with self.lock:
            for tag, well in self.card.finished():
                if tag == self.tag and self.sending is not None:
                    self.watchdog.cancel()
                    answers.append(self.take_sending(outcome(well=well)))
        self.complete(answers)

    def give_up(self) -> None:
        """The watchdog: if it is set again, what it was set for is done."""
        with self.lock:
            if self.sending is None or self.watchdog.armed:
                return
            self.card.cancel(self.tag)
            answer = self.take_sending(nw.FAILURE)
        self.complete([answer])

    def take_all(self) -> list[Packet]:
        self.watchdog.cancel()
        self.card.reset()
        owed = [self.sending] if self.sending is not None else []
        owed += self.queue
        self.sending = None
        self.queue.clear()
        return owed
