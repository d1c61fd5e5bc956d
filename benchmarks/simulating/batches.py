"""A closed loop in rounds, with batch drivers and with scalar ones: what a packet costs.

The card takes as many packets as its window has, works out when each leaves the line, and interrupts once, when the
last one has left; then it completes all. So the completions of a round are in one moment, as moderated interrupts
make them, and the protocol sends the next round in it. Both sides count and sum up latencies; the batch drivers do it
with NumPy, the scalar ones packet by packet.
"""

import time
from collections.abc import Callable

import ndiswan as nw
from simulating.workload import NS_PER_BYTE, SIZES, Outcome

FRAMES = [bytes(size) for size in range(max(SIZES) + 1)]


class BatchCard(nw.Miniport):
    """Completes all of a round when the last of it has left the line."""

    serialized = False

    def __init__(self, window):
        self.info = nw.WanInfo(max_transmit=window, max_frame_size=max(SIZES))

    def initialize(self):
        self.timer = self.adapter.timer(self.interrupt)

    def wan_send_many(self, link, batch):
        self.handles = batch.handles
        self.timer.set_ns(NS_PER_BYTE * int(batch.sizes.sum()))
        return nw.PENDING

    def interrupt(self):
        self.adapter.wan_send_complete_many(self.handles, nw.SUCCESS)


class BatchProtocol(nw.Protocol):
    """Sends the next round when the last has come back."""

    def __init__(self, n, window):
        import numpy as np

        self.n, self.window = n, window
        self.sizes = np.array(SIZES * 2, dtype=np.uint32)
        self.sent = self.count = self.latency = 0

    def send_complete_many(self, batch):
        self.count += len(batch)
        self.latency += len(batch) * self.world.now_ns - int(batch.times.sum())
        self.round()

    def round(self):
        many = min(self.window, self.n - self.sent)
        if many:
            first = self.sent % 4096
            self.sent += many
            self.send_many(self.sizes[first : first + many])


class ScalarCard(nw.Miniport):
    """The same, packet by packet."""

    serialized = False

    def __init__(self, window):
        self.info = nw.WanInfo(max_transmit=window, max_frame_size=max(SIZES))

    def initialize(self):
        self.held, self.busy = [], 0
        self.timer = self.adapter.timer(self.interrupt)
        self.complete = self.adapter.wan_send_complete

    def wan_send(self, link, packet):
        self.held.append(packet)
        self.busy += NS_PER_BYTE * packet.current_length
        if len(self.held) == self.info.max_transmit:
            self.timer.set_ns(self.busy)
        return nw.PENDING

    def interrupt(self):
        held, self.held, self.busy = self.held, [], 0
        for packet in held:
            self.complete(packet)


class ScalarProtocol(nw.Protocol):
    """The same, packet by packet."""

    def __init__(self, n, window):
        self.n, self.window = n, window
        self.sent = self.count = self.latency = 0
        self.begun = []

    def send_complete(self, packet, status):
        self.latency += self.world.now_ns - self.begun[self.count]
        self.count += 1
        if self.count == self.sent:
            self.round()

    def round(self):
        send, frames, now = self.send, FRAMES, self.world.now_ns
        for at in range(self.sent, min(self.sent + self.window, self.n)):
            self.begun.append(now)
            self.sent += 1
            send(frames[SIZES[at % 4096]])


def run(n: int, window: int, protocol, card) -> tuple[Outcome, float]:
    """So many packets, a whole number of windows; what came of them, and nanoseconds of the processor for each."""
    with nw.Ndis() as ndis:
        above = protocol(n, window)
        above.world = ndis
        link = ndis.bind(above, card(window), packets=2 * window)
        above.send, above.send_many = link.send, link.send_many
        begin = time.process_time_ns()
        above.round()
        ndis.run()
        took = time.process_time_ns() - begin
        return Outcome(above.count, above.latency, ndis.now_ns), took / n


def batch(window: int, n: int) -> Callable[[], float]:
    """A packet's cost with batch drivers on both sides."""
    return lambda: run(n, window, BatchProtocol, BatchCard)[1]


def scalar(window: int, n: int) -> Callable[[], float]:
    """A packet's cost with scalar drivers on both sides."""
    return lambda: run(n, window, ScalarProtocol, ScalarCard)[1]


def check() -> None:
    """Both come to the same."""
    for window in 64, 1024:
        n = 4 * window
        ours = run(n, window, BatchProtocol, BatchCard)[0]
        plain = run(n, window, ScalarProtocol, ScalarCard)[0]
        if ours != plain or ours.count != n:
            raise AssertionError(f"window {window}: expected {plain}, got {ours}")
