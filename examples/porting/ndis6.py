"""The queued card as an NDIS 6 miniport: chains, a status in each list, pause, `NdisMSendNetBufferListsComplete`.

Run it: ``python examples/porting/ndis6.py``; check it: ``ndiswan check examples/porting/ndis6.py``.
"""

from collections import deque

import ndiswan as nw
from ndiswan import ndis6

DEPTH = 2  # descriptors of the card
SPEED = 64_000  # bit/s


class QueuedCard(ndis6.Miniport):
    """Two descriptors; what has none waits in the driver's queue. Whoever takes a packet off a list gives it back."""

    def initialize(self):
        self.lock = self.adapter.spin_lock("card")
        self.queue, self.card = deque(), deque()
        self.done = self.adapter.timer(self.sent)
        self.taken = 0
        self.resetting = False

    def send_net_buffer_lists(self, nbls, flags):
        with self.lock:
            late = self.resetting
            if late:
                self.taken += len(nbls)
            else:
                self.queue.extend(nbls)
                self.start()
        if late:
            self.give_back(nbls, nw.Status.RESET_IN_PROGRESS)

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
            packet.status = status
        at_dispatch = self.adapter.irql == nw.Irql.DISPATCH
        flags = ndis6.DISPATCH_LEVEL if at_dispatch else 0
        self.adapter.send_net_buffer_lists_complete(packets, flags)
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

    def cancel_send(self, cancel_id):
        with self.lock:
            mine = [one for one in self.queue if one.cancel_id == cancel_id]
            for one in mine:
                self.queue.remove(one)
            self.taken += len(mine)
        self.give_back(mine, nw.Status.SEND_ABORTED)

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
        self.give_back(packets, nw.Status.RESET_IN_PROGRESS)
        self.put_down(1)
        return nw.PENDING

    def pause(self):
        with self.lock:
            packets = self.take_all()
        self.give_back(packets, nw.Status.PAUSED)
        self.adapter.flush_dpcs()  # one that is just being given back

    def halt(self):
        pass  # paused, so there is nothing to give back


class Peer(ndis6.Protocol):
    """Keeps what became of its frames."""

    def __init__(self):
        self.back = []

    def send_net_buffer_lists_complete(self, nbls, flags):
        self.back += [nbl.status for nbl in nbls]


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
