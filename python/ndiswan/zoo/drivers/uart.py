"""A serial PPP driver on a UART with a FIFO.

wan_send ─► queue ─► framed, into the FIFO ─► interrupt: the ISR notes what is out ─► handle_interrupt completes

It is serialized: NDIS lets one entry point in at a time, and only the interrupt service routine comes between.
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import ndiswan as nw
from ndiswan.card import Card

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan import Link, Packet, Status

FLAG = b"\x7e"


class Uart(nw.Miniport):
    """Puts flags around a frame in place, and keeps up to two frames in the FIFO."""

    info = nw.WanInfo(max_transmit=4, header_padding=1, tail_padding=1)
    serialized = True
    hardware: ClassVar[dict[str, Any]] = {"depth": 2}

    def __init__(self, ndis: nw.Ndis, **hardware: Any) -> None:
        self.ndis = ndis
        self.fitted = {**self.hardware, **hardware}

    def initialize(self) -> None:
        self.card = Card(self.adapter, self.ndis, **self.fitted)
        self.queue: deque[Packet] = deque()
        self.fifo: dict[int, Packet] = {}
        self.tag = 0

    def wan_send(self, link: Link, packet: Packet) -> Status:
        packet.prepend(FLAG)
        packet.append(FLAG)
        self.queue.append(packet)
        self.fill()
        return nw.PENDING

    def fill(self) -> None:
        """Frames into the FIFO, as many as it takes."""
        while self.queue and self.card.room():
            packet = self.queue.popleft()
            self.tag += 1
            self.fifo[self.tag] = packet
            self.card.start(self.tag, len(packet))

    def isr(self) -> bool:
        return self.card.acknowledge()

    def handle_interrupt(self) -> None:
        for tag, well in self.card.finished():
            packet = self.fifo.pop(tag, None)
            if packet is not None:
                status = nw.SUCCESS if well else nw.Status.HARD_ERRORS
                self.adapter.wan_send_complete(packet, status)
        self.fill()

    def reset(self) -> Status:
        """NDIS completes what a serialized driver has."""
        self.card.reset()
        self.fifo.clear()
        self.queue.clear()
        return nw.SUCCESS

    def halt(self) -> None:
        self.card.reset()
        owed = [*self.fifo.values(), *self.queue]
        self.fifo.clear()
        self.queue.clear()
        with self.adapter.at(nw.Irql.DISPATCH):
            for packet in owed:
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
