"""An ISDN card with a ring of descriptors: what does not fit in waits, and an interrupt tells what is out.

wan_send ─► backlog ─► ring (tag: packet) ─► interrupt ─► completed, and the ring is filled up

The window is wider than the ring, so there is nearly always a backlog.
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.zoo.drivers.common import Driver, outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status
    from ndiswan.zoo.drivers.common import Answer


class Isdn(Driver):
    """Keeps the ring of the card filled; a tag is never used twice."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 3}

    def initialize(self) -> None:
        super().initialize()
        self.backlog: deque[Packet] = deque()
        self.ring: dict[int, Packet] = {}
        self.tag = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.backlog.append(packet)
            self.fill()
        return nw.PENDING

    def fill(self) -> None:
        """As much of the backlog into the ring as there are descriptors; the lock is held."""
        while self.backlog and self.card.room():
            packet = self.backlog.popleft()
            self.tag += 1
            self.ring[self.tag] = packet
            self.card.start(self.tag, len(packet))

    def take_finished(self) -> list[Answer]:
        """What the card says is out; the lock is held."""
        answers = []
        for tag, well in self.card.finished():
            packet = self.ring.pop(tag, None)
            if packet is not None:
                answers.append((packet, outcome(well=well)))
        self.taken += len(answers)
        return answers

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_finished()
            self.fill()
        self.complete(answers)

    def take_all(self) -> list[Packet]:
        self.card.reset()
        owed = [*self.ring.values(), *self.backlog]
        self.ring.clear()
        self.backlog.clear()
        return owed
