"""What a completion costs a miniport in Python: one by one, 64 packets with one call, and 64 names in an array."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import ndiswan as nw
from simulating.workload import WINDOW

CARDS = 16
ROUNDS = 12


class Holder(nw.Miniport):
    """Keeps what it is sent."""

    serialized = False
    info = nw.WanInfo(max_transmit=WINDOW)

    def initialize(self):
        self.held = []

    def wan_send(self, link, packet):
        self.held.append(packet)
        return nw.PENDING


# What is called, and what with: of us nothing but the call itself is in the loop that is measured.
Call = tuple[Callable[[Any], None], object]


def one_by_one(adapter: nw.Adapter, packets: list[nw.Packet]) -> Call:
    """A call for each."""
    complete = adapter.wan_send_complete

    def work(packets: list[nw.Packet]) -> None:
        for packet in packets:
            complete(packet, nw.SUCCESS)

    return work, packets


def together(adapter: nw.Adapter, packets: list[nw.Packet]) -> Call:
    """One call with the packets."""
    return adapter.wan_send_complete_many, packets


def by_name(adapter: nw.Adapter, packets: list[nw.Packet]) -> Call:
    """One call with their names, as a driver that takes batches has them."""
    import numpy as np

    return adapter.wan_send_complete_many, np.array([p.handle for p in packets], np.uint64)


class Silent(nw.Protocol):
    """Lets go of what comes back, by the batch, so that its own work is no part of the cost."""

    def send_complete(self, packet, status):
        pass

    def send_complete_many(self, batch):
        pass


def cost(make: Callable[[nw.Adapter, list[nw.Packet]], Call], delivery: str) -> Callable[[], float]:
    """Nanoseconds of the processor for a completion, `CARDS` calls for 64 at a time, the first rounds left out."""

    def run() -> float:
        import numpy as np

        sizes = np.full(WINDOW, 512, np.uint32)
        took = []
        with nw.Ndis(delivery=delivery) as ndis:
            cards = [Holder() for _ in range(CARDS)]
            links = [ndis.bind(Silent(), card, packets=WINDOW) for card in cards]
            for _ in range(ROUNDS):
                for link in links:
                    link.send_many(sizes)
                calls = [make(card.adapter, card.held) for card in cards]
                begin = time.process_time_ns()
                for complete, packets in calls:
                    complete(packets)
                took.append(time.process_time_ns() - begin)
                for card in cards:
                    card.held = []
                ndis.drain()
            if ndis.counters["completions"] != ROUNDS * CARDS * WINDOW:
                raise AssertionError(f"not all came back: {ndis.counters}")
        return statistics.median(took[2:]) / CARDS / WINDOW

    return run
