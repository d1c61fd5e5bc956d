"""Drivers with threads of their own, which complete at PASSIVE: a deserialized driver may."""

import threading
from collections import deque

import ndiswan as nw
from drivers.wire import Counting, Wire, good


@good
class Threads(Counting):
    """Two workers take packets off one queue; halt stops and joins them; a reset waits for them."""

    virtual = False

    def initialize(self):
        super().initialize()
        self.queue = deque()
        self.wake = threading.Semaphore(0)
        self.stopping = False
        self.workers = [threading.Thread(target=self.work, daemon=True) for _ in range(2)]
        for worker in self.workers:
            worker.start()

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        self.wake.release()
        return nw.PENDING

    def work(self):
        while self.wake.acquire() and not self.stopping:
            self.finish(self.take(self.queue))

    def halt(self):
        self.stopping = True
        for _ in self.workers:
            self.wake.release()
        for worker in self.workers:
            worker.join()
        self.abort()


@good
class SerializedThread(Wire):
    """A serialized driver's thread does not complete by itself: it queues a DPC, which does."""

    serialized = True
    virtual = False

    def initialize(self):
        self.queue, self.finished = deque(), deque()
        self.wake = threading.Semaphore(0)
        self.stopping = False
        self.dpc = self.adapter.dpc(self.complete)
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()

    def wan_send(self, link, packet):
        self.queue.append(packet)
        self.wake.release()
        return nw.PENDING

    def work(self):
        while self.wake.acquire() and not self.stopping:
            self.finished.append(None)
            self.dpc.queue()

    def complete(self):
        while self.finished:
            self.finished.popleft()
            if self.queue:
                packet = self.queue.popleft()
                self.transmit(packet)
                self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def reset(self):
        self.queue.clear()
        return nw.SUCCESS

    def halt(self):
        self.stopping = True
        self.wake.release()
        self.worker.join()
        with self.adapter.at(nw.Irql.DISPATCH):
            while self.queue:
                self.adapter.wan_send_complete(self.queue.popleft(), nw.Status.CLOSING)
