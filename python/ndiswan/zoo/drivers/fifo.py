"""A LAN card with memory of its own: the driver copies a frame there, and is done with the packet.

send ─► room? ─► memory of the card ─► SUCCESS
        no room ─► RESOURCES, NDIS keeps it ─► interrupt ─► NdisMSendResourcesAvailable ─► send

It owes no send, so no completion says for it that there is room again.
"""

from __future__ import annotations

from typing import Any, ClassVar

import ndiswan as nw
from ndiswan import lan
from ndiswan.card import Card

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Ndis, Packet, Status

# How often a frame is put on the wire that others have talked into.
TRIES = 3


class FifoCard(lan.Miniport):
    """Serialized, since NDIS queues for it: NDIS calls nothing of it while another function of it runs."""

    serialized = True
    depth = 2
    hardware: ClassVar[dict[str, Any]] = {}

    def __init__(self, ndis: Ndis) -> None:
        self.ndis = ndis

    def initialize(self) -> None:
        self.card = Card(self.adapter, self.ndis, depth=self.depth, **self.hardware)
        self.memory: dict[int, tuple[int, int]] = {}
        self.tag = self.frames = self.lost = self.seen = 0
        self.refused = False

    def isr(self) -> bool:
        return self.card.acknowledge()

    def send(self, packet: Packet, flags: int) -> Status:
        if len(self.memory) == self.depth:
            self.refused = True
            return nw.Status.RESOURCES
        self.start(len(packet), TRIES)
        return nw.SUCCESS

    def start(self, length: int, tries: int) -> None:
        """Have the card send what is in its memory."""
        self.tag += 1
        self.memory[self.tag] = (length, tries - 1)
        self.card.start(self.tag, length)

    def handle_interrupt(self) -> None:
        for tag, well in self.card.finished():
            self.is_out(tag, well=well)
        self.tell()

    def is_out(self, tag: int, *, well: bool) -> None:
        """A frame has left the card, or goes once more."""
        length, tries = self.memory.pop(tag)
        if not well and tries:
            self.start(length, tries)
        else:
            self.frames += well
            self.lost += not well

    def tell(self) -> None:
        """Say that there is room, to an NDIS that was refused."""
        if self.refused and len(self.memory) < self.depth:
            self.refused = False
            self.adapter.send_resources_available()

    def reset(self) -> Status:
        self.card.reset()
        self.memory.clear()
        self.refused = False  # after a reset NDIS sends in any case
        return nw.SUCCESS

    def check_for_hang(self) -> bool:
        """Whether frames are in the card, and none has left it since NDIS asked last."""
        out = self.frames + self.lost
        silent, self.seen = out == self.seen, out
        return silent and bool(self.memory)

    def halt(self) -> None:
        self.card.reset()
