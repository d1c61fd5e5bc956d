"""A driver that does its work in a deferred procedure call."""

from collections import deque

import ndiswan as nw
from drivers.wire import Wire, good


@good
class Deferred(Wire):
    """`wan_send` queues the packet and a DPC; the DPC empties the queue at DISPATCH."""

    serialized = False

    def initialize(self):
        self.queue = deque()
        self.lock = self.adapter.spin_lock("queue")
        self.dpc = self.adapter.dpc(self.work)

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        self.dpc.queue()
        return nw.PENDING

    def take(self):
        with self.lock:
            return self.queue.popleft() if self.queue else None

    def work(self):
        while packet := self.take():
            self.transmit(packet)
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def abort(self):
        with self.adapter.at(nw.Irql.DISPATCH):
            while packet := self.take():
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.abort()
        return nw.SUCCESS

    def halt(self):
        self.abort()


@good
class SerializedDeferred(Deferred):
    """The same, one entry point at a time."""

    serialized = True
