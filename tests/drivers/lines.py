"""A driver with two lines, as a two-channel ISDN card, each with its own window and its own pace."""

from collections import deque

import ndiswan as nw
from drivers.wire import Wire, good


@good
class TwoLines(Wire):
    """Brings both lines up in `initialize`, which a deserialized driver may."""

    serialized = False
    line_up_at_bind = False

    def __init__(self, window=4):
        super().__init__(window)
        self.info = nw.WanInfo(max_transmit=window, endpoints=2)

    def initialize(self):
        self.queues = {1: deque(), 2: deque()}
        self.lock = self.adapter.spin_lock("queues")
        self.timers = {
            1: self.adapter.timer(lambda: self.sent(1)),
            2: self.adapter.timer(lambda: self.sent(2)),
        }
        self.lines = [
            self.adapter.line_up(speed=64_000, handle=1),
            self.adapter.line_up(speed=128_000, handle=2, window=2),
        ]

    def wan_send(self, link, packet):
        assert packet.link == link
        with self.lock:
            self.queues[link.handle].append(packet)
        self.timers[link.handle].set(0.0001 * link.handle)
        return nw.PENDING

    def take(self, handle):
        with self.lock:
            return self.queues[handle].popleft() if self.queues[handle] else None

    def sent(self, handle):
        while packet := self.take(handle):
            self.transmit(packet)
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def abort(self):
        for handle, timer in self.timers.items():
            timer.cancel()
            while packet := self.take(handle):
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.abort()
        return nw.SUCCESS

    def halt(self):
        self.abort()
