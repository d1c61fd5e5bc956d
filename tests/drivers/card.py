"""An interrupt-driven driver: a card with a transmit ring tells by an interrupt that frames are out."""

from collections import deque

import ndiswan as nw
from drivers.wire import Wire, good


@good
class Card(Wire):
    """`wan_send` fills the ring, the card interrupts, `isr` notes it, `handle_interrupt` completes."""

    serialized = False

    def initialize(self):
        self.ring = deque()
        self.done = 0
        self.lock = self.adapter.spin_lock("ring")
        self.line = self.adapter.timer(self.frames_are_out)

    def wan_send(self, link, packet):
        with self.lock:
            self.transmit(packet)
            self.ring.append(packet)
        self.line.set(0.0003)
        return nw.PENDING

    def frames_are_out(self):
        """What the card does: all that is in the ring goes out, then one interrupt."""
        self.adapter.interrupt()

    def isr(self):
        self.done += 1
        return True

    def take(self):
        with self.lock:
            return self.ring.popleft() if self.ring else None

    def handle_interrupt(self):
        while packet := self.take():
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def abort(self):
        self.line.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            while packet := self.take():
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.abort()
        return nw.SUCCESS

    def halt(self):
        self.abort()


@good
class SerializedCard(Card):
    """The same, one entry point at a time; the interrupt comes in between all the same."""

    serialized = True
