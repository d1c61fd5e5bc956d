"""An interrupt-driven driver: a card with a transmit ring tells by an interrupt that frames are out."""

from collections import deque

import ndiswan as nw
from drivers.wire import Counting, good


@good
class Card(Counting):
    """`wan_send` fills the ring, the card interrupts, `isr` notes it, `handle_interrupt` completes."""

    def initialize(self):
        super().initialize()
        self.ring = deque()
        self.done = 0
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

    def handle_interrupt(self):
        while packets := self.take(self.ring):
            self.complete(packets, nw.SUCCESS)

    def queues(self):
        return [self.ring]

    def abort(self):
        self.line.cancel()
        super().abort()


@good
class SerializedCard(Card):
    """The same, one entry point at a time; the interrupt comes in between all the same."""

    serialized = True
