"""What the good drivers have in common: a wire that remembers, and the register of them."""

import ndiswan as nw

GOOD: list[type["Wire"]] = []


def good(driver):
    """Registers a good driver."""
    GOOD.append(driver)
    return driver


class Wire(nw.Miniport):
    """A miniport that remembers what it transmitted; drivers are made from it."""

    virtual = True  # whether it works in virtual time

    def __init__(self, window=4):
        self.wire = []
        self.info = nw.WanInfo(max_transmit=window)

    def transmit(self, packet):
        """The frame is on the wire."""
        self.wire.append(bytes(packet))

    def payload(self, frame):
        """What the protocol sent, of a frame on the wire."""
        return frame


class Counting(Wire):
    """A deserialized miniport that counts what is in its hands.

    Whoever takes packets off a queue completes them. On the real clock that may be another CPU, which is still at it
    when a reset or a halt comes: so they are counted, a reset is PENDING while there are any, and a halt waits.
    """

    serialized = False

    def initialize(self):
        self.lock = self.adapter.spin_lock("queue")
        self.taken, self.resetting = 0, False

    def take(self, queue, most=1):
        """Up to so many packets off the queue, the oldest first."""
        with self.lock:
            packets = [queue.popleft() for _ in range(min(most, len(queue)))]
            self.taken += len(packets)
        return packets

    def finish(self, packets):
        """They go out."""
        for packet in packets:
            self.transmit(packet)
        self.complete(packets, nw.SUCCESS)

    def complete(self, packets, status):
        """They are not in its hands any more; the last of them ends a reset that waits for it."""
        try:
            for packet in packets:
                self.adapter.wan_send_complete(packet, status)
        finally:
            self.let_go(len(packets))

    def let_go(self, count):
        """So many fewer are in its hands."""
        with self.lock:
            self.taken -= count
            ended = self.resetting and not self.taken
            self.resetting = self.resetting and not ended
        if ended:
            with self.adapter.at(nw.Irql.DISPATCH):
                self.adapter.reset_complete(nw.SUCCESS)

    def queues(self):
        """Where packets wait."""
        return [self.queue]

    def abort(self):
        """What waits comes back."""
        with self.adapter.at(nw.Irql.DISPATCH):
            for queue in self.queues():
                while packets := self.take(queue):
                    self.complete(packets, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.abort()
        with self.lock:
            self.resetting = self.taken > 0
            return nw.PENDING if self.resetting else (nw.SUCCESS, True)

    def halt(self):
        self.abort()
        while self.taken:
            self.adapter.sleep(0.0001)
