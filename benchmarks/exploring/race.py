"""The completion race: two CPUs, four packets. It is the scenario in which speed is measured.

The card keeps what it owes in a queue under a lock. Its timer completes what it finds there on one CPU while the
protocol sends on the other; a reset completes the rest, and is over when the last packet is back. Nothing is wrong with
it, so every execution runs to its end. `rust/compare/explore/src/drivers/race.rs` is the same in Rust.
"""

from types import ModuleType
from typing import Any

PACKETS = 4
FRAME = b"\xff\x03\xc0\x21" + bytes(60)


def drivers(nw: ModuleType) -> tuple[type, type]:  # noqa: C901  (two small classes)
    """The card and its protocol, for `ndiswan` or what stands for it."""

    class Card(nw.Miniport):
        serialized = False

        def initialize(self):
            self.queue = []
            self.taken = 0  # off the queue and not completed yet; a reset counts as one
            self.resetting = False
            self.lock = self.adapter.spin_lock("owed")
            self.timer = self.adapter.timer(self.sent)

        def wan_send(self, link, packet):
            with self.lock:
                self.queue.append(packet)
            self.timer.set(0.001)
            return nw.PENDING

        def sent(self):
            with self.lock:
                packets, self.queue = self.queue, []
                self.taken += len(packets)
            for packet in packets:
                self.adapter.wan_send_complete(packet, nw.SUCCESS)
            if self.put_down(len(packets)):
                self.adapter.reset_complete(nw.SUCCESS)

        def reset(self):
            with self.lock:
                self.resetting = True
                packets, self.queue = self.queue, []
                self.taken += len(packets) + 1
            for packet in packets:
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
            return nw.SUCCESS if self.put_down(len(packets) + 1) else nw.PENDING

        def put_down(self, count):
            with self.lock:
                self.taken -= count
                over = self.resetting and self.taken == 0
                self.resetting = self.resetting and not over
            return over

    class Peer(nw.Protocol):
        def __init__(self):
            self.regained = 0

        def send_complete(self, packet, status):
            self.regained += 1

    return Card, Peer


def scenario(nw: ModuleType) -> Any:
    """What is played: four sends, then a reset while some of them are on the line."""
    card_type, peer_type = drivers(nw)

    def race(ndis):
        card = card_type()
        link = ndis.bind(peer_type(), card)
        for _ in range(PACKETS):
            link.send(FRAME)
        ndis.reset(link)
        ndis.run()

    return race
