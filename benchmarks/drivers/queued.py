"""The logic of examples/c/queued/queued.c in Python, line by line, to be explored beside it."""

import collections

import ndiswan as nw

BITS_PER_SECOND = 64_000


def time_of(packet):
    """Seconds that the line needs for a frame, whole milliseconds, at least one."""
    return max(1, len(packet) * 8 * 1000 // BITS_PER_SECOND) / 1000


class Queued(nw.Miniport):
    """A queue of its own, a timer, a lock."""

    info = nw.WanInfo(max_frame_size=1500, max_transmit=4)
    serialized = False

    def initialize(self):
        self.queue = collections.deque()
        self.busy = self.completing = self.resetting = self.halting = False
        self.lock = self.adapter.spin_lock("queue")
        self.timer = self.adapter.timer(self.sent)

    def sent(self):
        packet = None
        with self.lock.dpr:
            if self.queue:
                packet = self.queue.popleft()
                self.completing = True
        if packet is not None:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
        with self.lock.dpr:
            self.completing = False
            over, self.resetting = self.resetting, False
        if over:
            self.adapter.reset_complete(nw.SUCCESS)
        with self.lock.dpr:
            self.busy = bool(not self.halting and self.queue)
            if self.busy:
                self.timer.set(time_of(self.queue[0]))

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
            if not self.busy:
                self.busy = True
                self.timer.set(time_of(packet))
        return nw.PENDING

    def give_back(self, status):
        while True:
            with self.lock:
                if not self.queue:
                    return
                packet = self.queue.popleft()
            self.adapter.wan_send_complete(packet, status)

    def reset(self):
        self.give_back(nw.Status.REQUEST_ABORTED)
        with self.lock:
            later = self.resetting = self.completing
        return nw.PENDING if later else nw.SUCCESS

    def halt(self):
        with self.lock:
            self.halting = True
            busy = self.busy
        cancelled = self.timer.cancel()
        while busy and not cancelled:
            self.adapter.sleep(0.001)
            with self.lock:
                busy = self.busy
        self.give_back(nw.FAILURE)
