"""What a completion costs a miniport in Python: one by one, and 64 with one call."""

import time
from collections.abc import Callable

import ndiswan as nw
from ndiswan import models
from simulating.workload import WINDOW

WORLDS = 40


class Holder(nw.Miniport):
    """Keeps what it is sent."""

    serialized = False
    info = nw.WanInfo(max_transmit=WINDOW)

    def initialize(self):
        self.held = []

    def wan_send(self, link, packet):
        self.held.append(packet)
        return nw.PENDING


def one_by_one(adapter: nw.Adapter, packets: list[nw.Packet]) -> None:
    """A call for each."""
    complete = adapter.wan_send_complete
    for packet in packets:
        complete(packet, nw.SUCCESS)


def together(adapter: nw.Adapter, packets: list[nw.Packet]) -> None:
    """One call."""
    adapter.wan_send_complete_many(packets, nw.SUCCESS)


def cost(
    complete: Callable[[nw.Adapter, list[nw.Packet]], None], delivery: str
) -> Callable[[], float]:
    """Nanoseconds of the processor for a completion; the protocol is a built-in one, that sends no more."""

    def run() -> float:
        took = 0
        for _ in range(WORLDS):
            flow = models.ClosedLoop(window=WINDOW, size=512, packets=WINDOW)
            traffic, holder = models.TrafficProtocol(flow, window=WINDOW), Holder()
            with nw.Ndis(delivery=delivery) as ndis:
                ndis.bind(traffic, holder)
                ndis.run()
                begin = time.process_time_ns()
                complete(holder.adapter, holder.held)
                took += time.process_time_ns() - begin
                holder.held.clear()
                ndis.run()
            if traffic.counters["succeeded"] != WINDOW:
                raise AssertionError(f"expected {WINDOW} packets back, got {traffic.counters}")
        return took / WORLDS / WINDOW

    return run
