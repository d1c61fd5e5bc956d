"""The queued card as an NDIS 5 WAN miniport, from which the others are ported.

Run it: ``python examples/porting/wan5.py``; check it: ``ndiswan check examples/porting/wan5.py``.
"""

from collections import deque

import ndiswan as nw

DEPTH = 2  # descriptors of the card
SPEED = 64_000  # bit/s


class QueuedCard(nw.Miniport):
    """Two descriptors; what has none waits in the driver's queue. Whoever takes a packet off a list gives it back."""

    serialized = False
    info = nw.WanInfo(max_transmit=8)

    def initialize(self):
        self.lock = self.adapter.spin_lock("card")
        self.queue, self.card = deque(), deque()
        self.done = self.adapter.timer(self.sent)
        self.taken = 0
        self.resetting = False

    def wan_send(self, link, packet):
        with self.lock:
            if self.resetting:
                return nw.Status.REQUEST_ABORTED
            self.queue.append(packet)
            self.start()
        return nw.PENDING

    def start(self):
        """Fill the descriptors; the lock is held."""
        while self.queue and len(self.card) < DEPTH:
            self.card.append(self.queue.popleft())
            if len(self.card) == 1:
                self.done.set(len(self.card[0]) * 8 / SPEED)

    def sent(self):
        """The card is done with its first frame."""
        with self.lock:
            if not self.card or self.done.armed:
                return  # somebody was faster
            first = self.card.popleft()
            self.taken += 1
            if self.card:
                self.done.set(len(self.card[0]) * 8 / SPEED)
            self.start()
        self.give_back([first], nw.SUCCESS)

    def give_back(self, packets, status):
        """Complete what was taken, without the lock."""
        for packet in packets:
            self.adapter.wan_send_complete(packet, status)
        self.put_down(len(packets))

    def put_down(self, count):
        """So many are back; the last one of a reset ends it."""
        with self.lock:
            self.taken -= count
            last = self.resetting and not self.taken
            if last:
                self.resetting = False
        if last:
            with self.adapter.at(nw.Irql.DISPATCH):
                self.adapter.reset_complete(nw.SUCCESS)

    def take_all(self):
        """Empty the card and the queue; the lock is held."""
        self.done.cancel()
        packets = [*self.card, *self.queue]
        self.card.clear()
        self.queue.clear()
        self.taken += len(packets)
        return packets

    def reset(self):
        with self.lock:
            self.resetting = True
            packets = self.take_all()
            self.taken += 1  # the reset itself
        self.give_back(packets, nw.Status.REQUEST_ABORTED)
        self.put_down(1)
        return nw.PENDING

    def halt(self):
        with self.lock:
            packets = self.take_all()
        self.give_back(packets, nw.Status.CLOSING)
        self.adapter.flush_dpcs()


class Peer(nw.Protocol):
    """Keeps what became of its frames."""

    def __init__(self):
        self.back = []

    def send_complete(self, packet, status):
        self.back.append(status)


def main():
    """Ten frames, and what became of them."""
    with nw.Ndis() as ndis:
        peer = Peer()
        link = ndis.bind(peer, QueuedCard())
        for number in range(10):
            link.send(b"frame %d" % number)
        ndis.run()
        print(
            f"{len(peer.back)} frames are back after {ndis.now * 1000:.2f} ms, as {peer.back[0].name}"
        )


if __name__ == "__main__":
    main()
