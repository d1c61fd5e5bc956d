"""Drivers with a clock: each frame takes the time that the line needs for it."""

from collections import deque

import ndiswan as nw
from drivers.wire import Counting, Wire, good

BITS_PER_SECOND = 10_000_000


@good
class Timed(Counting):
    """One frame is on the line at a time; a timer ends it and begins the next."""

    def initialize(self):
        super().initialize()
        self.queue = deque()
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
            first = len(self.queue) == 1
        if first:
            self.begin(packet)
        return nw.PENDING

    def begin(self, packet):
        self.timer.set(packet.current_length * 8 / BITS_PER_SECOND)

    def sent(self):
        with self.lock:
            packets = [self.queue.popleft()] if self.queue else []
            self.taken += len(packets)
            if self.queue:
                self.begin(self.queue[0])
        self.finish(packets)

    def abort(self):
        super().abort()
        self.timer.cancel()  # now that nothing is queued, nobody sets it again


@good
class SerializedTimed(Wire):
    """One entry point at a time, so it needs no lock; leaves its packets to NDIS at a reset."""

    serialized = True

    def initialize(self):
        self.queue = deque()
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        if len(self.queue) == 1:
            self.timer.set(0.0002)
        return nw.PENDING

    def sent(self):
        packet = self.queue.popleft()
        if self.queue:
            self.timer.set(0.0002)
        self.transmit(packet)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def check_for_hang(self):
        return False

    def reset(self):
        self.timer.cancel()
        self.queue.clear()
        return nw.SUCCESS

    def halt(self):
        self.timer.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            while self.queue:
                self.adapter.wan_send_complete(self.queue.popleft(), nw.Status.CLOSING)


@good
class SlowReset(Timed):
    """Its reset is PENDING, and a timer ends it a little later."""

    def initialize(self):
        super().initialize()
        self.up_again = self.adapter.timer(self.is_up)

    def reset(self):
        self.abort()
        self.up_again.set(0.0005)
        return nw.PENDING

    def is_up(self):
        self.adapter.reset_complete(nw.SUCCESS)

    def halt(self):
        self.up_again.cancel()
        super().halt()
