"""A driver that does its work in a deferred procedure call."""

from collections import deque

import ndiswan as nw
from drivers.wire import Counting, good


@good
class Deferred(Counting):
    """`wan_send` queues the packet and a DPC; the DPC empties the queue at DISPATCH."""

    def initialize(self):
        super().initialize()
        self.queue = deque()
        self.dpc = self.adapter.dpc(self.work)

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        self.dpc.queue()
        return nw.PENDING

    def work(self):
        while packets := self.take(self.queue):
            self.finish(packets)


@good
class SerializedDeferred(Deferred):
    """The same, one entry point at a time."""

    serialized = True
