"""The scenario with one driver in Python and a built-in one on the other side, under the general engine."""

import time
from collections import deque

import ndiswan as nw
from ndiswan import models
from simulating import ours
from simulating.workload import NS_PER_BYTE, RATE_BPS, SIZES, WINDOW, Outcome

N = 3_000
LARGEST = max(SIZES)
EXPECTED = ours.run(N)


class Again(nw.Protocol):
    """Sends again whatever comes back, with the next size, until `n` were sent."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.sent = 0

    def send_complete(self, packet, status):
        sent = self.sent
        if sent < self.n:
            packet.current_length = SIZES[sent % 4096]
            self.sent = sent + 1
            self.link.send(packet)


class Line(nw.Miniport):
    """Finishes one packet after the other, each after its time on the line."""

    serialized = False
    info = nw.WanInfo(max_transmit=WINDOW, max_frame_size=LARGEST)

    def initialize(self):
        self.queue = deque()
        self.timer = self.adapter.timer(self.done)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        if len(self.queue) == 1:
            self.timer.set_ns(NS_PER_BYTE * packet.current_length)
        return nw.PENDING

    def done(self):
        packet = self.queue.popleft()
        if self.queue:
            self.timer.set_ns(NS_PER_BYTE * self.queue[0].current_length)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


def protocol() -> float:
    """A protocol in Python over a built-in card: nanoseconds of the processor for a packet."""
    card = models.CardMiniport(models.Line(rate_bps=RATE_BPS, mtu=LARGEST), window=WINDOW)
    with nw.Ndis() as ndis:
        again = Again(N)
        again.link = ndis.bind(again, card)
        begin = time.process_time_ns()
        for size in SIZES[:WINDOW]:
            again.sent += 1
            again.link.send(bytes(size))
        ndis.run()
        took = time.process_time_ns() - begin
        if (card.received, ndis.now_ns) != (EXPECTED.count, EXPECTED.end_ns):
            raise AssertionError(f"expected {EXPECTED}, got {card.received} at {ndis.now_ns} ns")
    return took / N


def miniport() -> float:
    """A miniport in Python under built-in traffic: nanoseconds of the processor for a packet."""
    flow = models.ClosedLoop(window=WINDOW, size=SIZES, packets=N)
    traffic = models.TrafficProtocol(flow, window=WINDOW)
    with nw.Ndis() as ndis:
        # Traffic begins to send when it is bound, so binding is a part of it.
        begin = time.process_time_ns()
        ndis.bind(traffic, Line())
        ndis.run()
        took = time.process_time_ns() - begin
        latency = traffic.stages["latency"]
        got = Outcome(latency.count, latency.sum, ndis.now_ns)
        if got != EXPECTED:
            raise AssertionError(f"expected {EXPECTED}, got {got}")
    return took / N
