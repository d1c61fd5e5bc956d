# racy.py
import collections

import ndiswan as nw


class Racy(nw.Miniport):
    info = nw.WanInfo(max_transmit=4)
    serialized = False

    def initialize(self):
        self.queue = collections.deque()
        self.lock = self.adapter.spin_lock("queue")
        self.timers = [self.adapter.timer(self.sent) for _ in range(2)]

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        for timer in self.timers:
            timer.set(0.001)
        return nw.PENDING

    def sent(self):
        while True:
            with self.lock:
                if not self.queue:
                    return
                packet = self.queue[0]
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
            with self.lock:
                if self.queue and self.queue[0] is packet:
                    self.queue.popleft()

    def halt(self):
        for timer in self.timers:
            timer.cancel()
        self.adapter.flush_dpcs()  # one that runs already comes to its end
        self.sent()


def scenario(ndis):
    link = ndis.bind(nw.Protocol(), Racy())
    for _ in range(3):
        link.send(b"\xff\x03\xc0\x21 hello")
    ndis.run()
