"""A driver with two lines, as a two-channel ISDN card, each with its own window and its own pace."""

from collections import deque

import ndiswan as nw
from drivers.wire import Counting, good


@good
class TwoLines(Counting):
    """Brings both lines up in `initialize`, which a deserialized driver may."""

    line_up_at_bind = False

    def __init__(self, window=4):
        super().__init__(window)
        self.info = nw.WanInfo(max_transmit=window, endpoints=2)

    def initialize(self):
        super().initialize()
        self.frames = {1: deque(), 2: deque()}
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
            self.frames[link.handle].append(packet)
        self.timers[link.handle].set(0.0001 * link.handle)
        return nw.PENDING

    def sent(self, handle):
        while packets := self.take(self.frames[handle]):
            self.finish(packets)

    def queues(self):
        return self.frames.values()

    def abort(self):
        for timer in self.timers.values():
            timer.cancel()
        super().abort()
