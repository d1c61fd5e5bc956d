"""A card in virtual time: ours against the same model in SimPy.

One FIFO line of 1 Gbit/s, 8 packets in flight, a closed loop: every packet that comes back is sent again.
Each packet takes its time on the line. Both sides end at the same simulated time, which is checked.
"""

import time
from collections import deque

import table

import ndiswan as nw

N = 2_000
SIZE = 512
SERVICE_NS = SIZE * 8
FLIGHT = 8


class Line(nw.Miniport):
    """Finishes one packet after the other, each after its time on the line."""

    serialized = False
    info = nw.WanInfo(max_transmit=FLIGHT)

    def initialize(self):
        self.queue = deque()
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        if len(self.queue) == 1:
            self.timer.set_ns(SERVICE_NS)
        return nw.PENDING

    def sent(self):
        packet = self.queue.popleft()
        if self.queue:
            self.timer.set_ns(SERVICE_NS)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


class Again(nw.Protocol):
    """Sends again whatever comes back, N times in all."""

    def __init__(self) -> None:
        self.left = N

    def send_complete(self, packet, status):
        if self.left:
            self.left -= 1
            self.link.send(packet)


def ours() -> float:
    """The closed loop under the contract, everything checked."""
    with nw.Ndis() as ndis:
        protocol = Again()
        protocol.link = ndis.bind(protocol, Line())
        begin = time.process_time_ns()
        protocol.left -= FLIGHT
        for _ in range(FLIGHT):
            protocol.link.send(bytes(SIZE))
        ndis.run()
        took = time.process_time_ns() - begin
        assert ndis.now_ns == N * SERVICE_NS, ndis.now_ns
        return took / N


def simpy_callbacks() -> float:
    """One Timeout and one callback a packet: the least that SimPy can do."""
    import simpy

    env = simpy.Environment()
    left = N - FLIGHT
    queue: deque[int] = deque()

    def send(packet: int) -> None:
        queue.append(packet)
        if len(queue) == 1:
            env.timeout(SERVICE_NS).callbacks.append(sent)

    def sent(_: object) -> None:
        nonlocal left
        packet = queue.popleft()
        if queue:
            env.timeout(SERVICE_NS).callbacks.append(sent)
        if left:
            left -= 1
            send(packet)

    begin = time.process_time_ns()
    for packet in range(FLIGHT):
        send(packet)
    env.run()
    took = time.process_time_ns() - begin
    assert env.now == N * SERVICE_NS, env.now
    return took / N


def simpy_store() -> float:
    """A Store and a device process: what SimPy's documentation shows."""
    import simpy

    env = simpy.Environment()
    line, back = simpy.Store(env), simpy.Store(env)

    def device():
        for _ in range(N):
            packet = yield line.get()
            yield env.timeout(SERVICE_NS)
            yield back.put(packet)

    def protocol():
        for packet in range(FLIGHT):
            yield line.put(packet)
        for _ in range(N - FLIGHT):
            packet = yield back.get()
            yield line.put(packet)

    env.process(device())
    env.process(protocol())
    begin = time.process_time_ns()
    env.run()
    took = time.process_time_ns() - begin
    assert env.now == N * SERVICE_NS, env.now
    return took / N


def main() -> None:
    """Run and print the table."""
    names = ("ndiswan", "SimPy")
    try:
        import simpy  # noqa: F401
    except ImportError:
        rows = [table.missing("closed loop : SimPy", "SimPy", "pip install simpy")]
        table.report("simulate", rows)
        return
    table.run("simulate", [
        table.Row("closed loop, both drivers Python, all checks : SimPy callbacks", ours, simpy_callbacks, names=names),
        table.Row("closed loop, both drivers Python, all checks : SimPy Store", ours, simpy_store, names=names),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
