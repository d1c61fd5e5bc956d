"""An intelligent card: commands go into its mailbox by tag, and its answers come in any order.

wan_send ─► waiting ─► commands (tag: packet), one of few tags ─► answer ─► the tag is free, completed

A tag is an index of the card's own table, so a tag that is used for two frames is one frame for the card.
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


class Mailbox(Driver):
    """Has four tags, which go round; two processors on the card work off the even and the odd ones."""

    hardware: ClassVar[dict[str, Any]] = {"depth": 2, "channels": 2}
    tags = 4

    def initialize(self) -> None:
        super().initialize()
        self.waiting: deque[Packet] = deque()
        self.commands: dict[int, Packet] = {}
        self.free: deque[int] = deque(range(self.tags))

    def wan_send(self, link: Link, packet: Packet) -> Status:
        with self.lock:
            if self.resets:
                return nw.Status.REQUEST_ABORTED
            self.waiting.append(packet)
            self.post()
        return nw.PENDING

    def post(self) -> None:
        """A command for each packet that waits, as long as there are tags; the lock is held."""
        while self.waiting and self.free:
            tag, packet = self.free.popleft(), self.waiting.popleft()
            self.commands[tag] = packet
            self.card.start(tag, len(packet), tag % 2)

    def take_answers(self) -> list[Answer]:
        """The card's answers; the lock is held."""
        answers = []
        for tag, well in self.card.finished():
            packet = self.commands.pop(tag, None)
            if packet is not None:
                self.free.append(tag)
                answers.append((packet, outcome(well=well)))
        self.taken += len(answers)
        return answers

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_answers()
            self.post()
        self.complete(answers)

    def take_all(self) -> list[Packet]:
        self.card.reset()
        owed = [*self.commands.values(), *self.waiting]
        self.commands.clear()
        self.waiting.clear()
        self.free = deque(range(self.tags))
        return owed
