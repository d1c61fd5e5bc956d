"""A good driver: a deserialized miniport for a modem card that sends one frame at a time and interrupts when it is out.

    wan_send ─► queue ─► sending (in the card) ─► interrupt: isr, handle_interrupt ─► wan_send_complete
                  └────────────┴── reset, halt: everything that is owed is aborted, and the card is stopped

Whoever completes a packet has taken it away from all others under the lock, and completes it when the lock is free. In
between it is in hand: a reset on another processor is not over before it is back.

    ndiswan check examples/drivers/modem.py
    ndiswan fuzz examples/drivers/modem.py
"""

from __future__ import annotations

from collections import deque

import ndiswan as nw

# The card wants to know how long a frame is before its first octet.
CARD_HEADER = 4
# Start bit, eight bits, stop bit.
BITS_PER_OCTET = 10


class Card:
    """The hardware, as far as a driver sees it: it sends a frame in its time, and then interrupts."""

    def __init__(self, adapter: nw.Adapter, bits_per_second: int) -> None:
        self.adapter = adapter
        self.bits_per_second = bits_per_second
        self.done = False
        self.line = adapter.timer(self._frame_is_out)

    def transmit(self, octets: nw.PacketData) -> None:
        """Begin to send."""
        self.done = False
        self.line.set(len(octets) * BITS_PER_OCTET / self.bits_per_second)

    def stop(self) -> None:
        """Send no more, and do not interrupt for what was being sent."""
        self.line.cancel()
        self.done = False

    def _frame_is_out(self) -> None:
        self.done = True
        self.adapter.interrupt()


class Modem(nw.Miniport):
    """Sends one frame after the other at the speed of the line."""

    info = nw.WanInfo(max_frame_size=1500, max_transmit=4, header_padding=CARD_HEADER)
    serialized = False

    def __init__(self, bits_per_second: int = 115_200) -> None:
        self.bits_per_second = bits_per_second

    def initialize(self) -> None:
        self.card = Card(self.adapter, self.bits_per_second)
        self.lock = self.adapter.spin_lock("queue")
        self.queue: deque[nw.Packet] = deque()
        self.sending: nw.Packet | None = None
        self.in_hand = 0
        self.resetting = False

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        packet.prepend(len(packet.data).to_bytes(CARD_HEADER, "big"))
        with self.lock:
            self.queue.append(packet)
            self.start_next()
        return nw.PENDING

    def start_next(self) -> None:
        """Give the card its next frame, if it has none; to be called with the lock held."""
        if self.sending is None and self.queue:
            self.sending = self.queue.popleft()
            self.card.transmit(self.sending.data)

    def isr(self) -> bool:
        return self.card.done

    def handle_interrupt(self) -> None:
        with self.lock:
            if not self.card.done or self.sending is None:  # a reset came in between
                return
            self.card.done = False
            packet, self.sending = self.sending, None
            self.in_hand += 1
            self.start_next()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.put_down(1)

    def put_down(self, count: int) -> None:
        """So many are back; with the last one a reset that waited for it is over."""
        with self.lock:
            self.in_hand -= count
            over = self.resetting and self.in_hand == 0
            self.resetting = self.resetting and not over
        if over:
            with self.adapter.at(nw.Irql.DISPATCH):
                self.adapter.reset_complete(nw.SUCCESS)

    def abort(self) -> None:
        """Everything that is owed comes back."""
        with self.lock:
            self.card.stop()
            owed = [self.sending, *self.queue] if self.sending else [*self.queue]
            self.sending = None
            self.queue.clear()
            self.in_hand += len(owed)
        for packet in owed:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
        self.put_down(len(owed))

    def reset(self) -> nw.Status:
        self.abort()
        with self.lock:
            self.resetting = self.in_hand > 0
            return nw.PENDING if self.resetting else nw.SUCCESS

    def halt(self) -> None:
        self.abort()
        while self.in_hand:
            self.adapter.sleep(0.001)
