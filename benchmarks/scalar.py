"""Python drivers in virtual time: the general engine against the calls alone, a null engine, and SimPy.

"Empty bodies" is the round trip that is driven from Rust: send, `wan_send` returns PENDING, completion,
`send_complete`; no event of the clock is in it. "Line" is a closed loop of 8 packets in virtual time: a card
that finishes each after its time on the line, by a timer, and a protocol that counts, notes the latency and
sends again from its callback. The null engine calls the same functions of the same classes from C, and what they
call of the engine is a built-in function that does nothing. "Lean" is the same with `link.send(size)` and
`link.measure()`: the protocol only sends again.

Instructions are counted by valgrind, once: they are the same in each run.
"""

import operator
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from itertools import repeat
from pathlib import Path

import callbacks
import table

import ndiswan as nw

N = 3_000
SIZE = 512
SERVICE_NS = SIZE * 8
FLIGHT = 8
FRAME = bytes(SIZE)


class Line(nw.Miniport):
    """Finishes one packet after the other, each after its time on the line."""

    serialized = False
    info = nw.WanInfo(max_transmit=FLIGHT)

    def initialize(self):
        self.queue = deque()
        self.set_ns = self.adapter.timer(self.sent).set_ns
        self.complete = self.adapter.wan_send_complete

    def wan_send(self, link, packet, PENDING=nw.PENDING):  # noqa: N803
        self.queue.append(packet)
        if len(self.queue) == 1:
            self.set_ns(SERVICE_NS)
        return PENDING

    def sent(self):
        packet = self.queue.popleft()
        if self.queue:
            self.set_ns(SERVICE_NS)
        self.complete(packet)


class Counting(nw.Protocol):
    """Counts, notes the latency, sends again: N packets in all."""

    def __init__(self) -> None:
        self.count, self.left = 0, N - FLIGHT
        self.began: deque[int] = deque()
        self.latencies: list[int] = []

    def send_complete(self, packet, status):
        self.count += 1
        now = self.world.now_ns
        self.latencies.append(now - self.began.popleft())
        if self.left:
            self.left -= 1
            self.began.append(now)
            self.send(FRAME)


class Lean(nw.Protocol):
    """Sends a size again from its callback; counts and latencies are the engine's."""

    def __init__(self) -> None:
        self.left = N - FLIGHT

    def send_complete(self, packet, status):
        if self.left:
            self.left -= 1
            self.send(SIZE)


def cost(work) -> float:
    """The processor time of `work`, in nanoseconds a packet."""
    begin = time.process_time_ns()
    work()
    return (time.process_time_ns() - begin) / N


def run(card) -> float:
    """The protocol in Python on this card, in virtual time, everything checked."""
    with nw.Ndis() as ndis:
        protocol = Counting()
        protocol.world, protocol.send = ndis, ndis.bind(protocol, card).send

        def work() -> None:
            for _ in range(FLIGHT):
                protocol.began.append(0)
                protocol.send(FRAME)
            ndis.run()

        took = cost(work)
        assert protocol.count == N, protocol.count
        return took


def card() -> nw.Miniport:
    """A built-in card on the same line. Nothing of the models is imported where instructions are counted."""
    from ndiswan import models

    return models.CardMiniport(models.Line(rate_bps=1_000_000_000), window=FLIGHT)


def built_in() -> float:
    """The same protocol on a built-in card."""
    return run(card())


def lean() -> float:
    """What a packet costs where the engine counts and notes the latency, on a built-in card."""
    with nw.Ndis() as ndis:
        protocol = Lean()
        link = ndis.bind(protocol, card())
        protocol.send, meter = link.send, link.measure()

        def work() -> None:
            for _ in range(FLIGHT):
                protocol.send(SIZE)
            ndis.run()

        took = cost(work)
        assert meter.counters["succeeded"] == N, meter.counters
        assert meter.stages["latency"].max == FLIGHT * SERVICE_NS
        return took


class Nothing:
    """What a null engine shows of itself."""

    __slots__ = ("now_ns",)


def null() -> float:
    """The Python of `Line` and `Counting`, called from C, with an engine that does nothing."""
    card, protocol = object.__new__(Line), Counting()
    card.queue, card.set_ns, card.complete = deque(), callable, callable
    protocol.world, protocol.send = Nothing(), callable
    protocol.world.now_ns = 7 * SERVICE_NS
    protocol.began.extend(range(FLIGHT))
    link, packet = object(), object()

    def work() -> None:
        # In turn as the engine does it; the queue is never empty, as on a busy line.
        card.wan_send(link, packet)
        for _ in repeat(None, N // 100):
            deque(map(card.wan_send, repeat(link, 100), repeat(packet, 100)), maxlen=0)
            deque(map(operator.call, repeat(card.sent, 100)), maxlen=0)
            deque(map(protocol.send_complete, repeat(packet, 100), repeat(0, 100)), maxlen=0)

    return cost(work)


def simpy_callbacks() -> float:
    """One Timeout and one callback a packet: the least that SimPy can do, with the same counts."""
    import simpy

    env = simpy.Environment()
    count, left = 0, N - FLIGHT
    queue: deque[float] = deque()
    latencies: list[float] = []

    def send() -> None:
        queue.append(env.now)
        if len(queue) == 1:
            env.timeout(SERVICE_NS).callbacks.append(done)

    def done(_: object) -> None:
        nonlocal count, left
        began = queue.popleft()
        if queue:
            env.timeout(SERVICE_NS).callbacks.append(done)
        count += 1
        latencies.append(env.now - began)
        if left:
            left -= 1
            send()

    def work() -> None:
        for _ in range(FLIGHT):
            send()
        env.run()

    took = cost(work)
    assert (count, env.now) == (N, N * SERVICE_NS)
    return took


def simpy_store() -> float:
    """A Store and a process for the card, a Store of completions and a process for the protocol."""
    import simpy

    env = simpy.Environment()
    down, up = simpy.Store(env), simpy.Store(env)
    latencies: list[float] = []

    def card():
        while True:
            began = yield down.get()
            yield env.timeout(SERVICE_NS)
            up.put(began)

    def protocol():
        for _ in range(FLIGHT):
            down.put(env.now)
        left = N - FLIGHT
        while len(latencies) < N:
            began = yield up.get()
            latencies.append(env.now - began)
            if left:
                left -= 1
                down.put(env.now)

    env.process(card())
    env.process(protocol())
    took = cost(env.run)
    assert (len(latencies), env.now) == (N, N * SERVICE_NS)
    return took


def instructions(what: str) -> float:
    """Instructions a packet of one side of the empty round trip, by valgrind."""

    def count(n: int) -> int:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]  # fmt: skip
        done = subprocess.run(
            [*command, sys.executable, str(Path(__file__)), what, str(n)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        line = next(line for line in done.stderr.splitlines() if "refs:" in line)
        return int(line.split()[-1].replace(",", ""))

    return (count(12_000) - count(2_000)) / 10_000


def counted(case: str, target: float) -> dict[str, object]:
    """The row in instructions, if they can be counted here."""
    if shutil.which("valgrind") is None:
        return table.missing(case, "bare calls", "no valgrind here (Debian: valgrind)")
    ours, bare = instructions("engine"), instructions("bare")
    ratio = bare / ours
    return {
        "case": case, "ours": ours, "rival": bare, "names": ["ndiswan", "bare calls"], "unit": "Ir",
        "ratio": {"min": ratio, "median": ratio, "max": ratio}, "rounds": 1, "target": target,
        "met": ratio >= target,
    }  # fmt: skip


def main() -> None:
    """Run and print the table; `engine N` and `bare N` only run one side, for valgrind."""
    if len(sys.argv) == 3:
        callbacks.N = int(sys.argv[2])
        callbacks.bare() if sys.argv[1] == "bare" else callbacks.engine(3)
        return
    callbacks.N = N

    def empty() -> float:
        return callbacks.engine(3)

    def line() -> float:
        return run(Line())

    rows = [
        table.Row("empty bodies : bare two calls", empty, callbacks.bare,
                  names=("ndiswan", "bare calls"), target=1 / 1.3),
        table.Row("empty bodies : SimPy, callbacks", empty, simpy_callbacks,
                  names=("ndiswan", "SimPy"), target=10),
        table.Row("empty bodies : SimPy, Store", empty, simpy_store,
                  names=("ndiswan", "SimPy"), target=40),
        table.Row("line, card and protocol in Python : null engine", line, null,
                  names=("ndiswan", "null engine"), target=1 / 1.2),
        table.Row("line, card and protocol in Python : SimPy, callbacks", line, simpy_callbacks,
                  names=("ndiswan", "SimPy")),
        table.Row("line, card and protocol in Python : SimPy, Store", line, simpy_store,
                  names=("ndiswan", "SimPy")),
        table.Row("line, protocol in Python, card built in : SimPy, callbacks", built_in, simpy_callbacks,
                  names=("ndiswan", "SimPy"), target=12),
        table.Row("line, protocol in Python, card built in : SimPy, Store", built_in, simpy_store,
                  names=("ndiswan", "SimPy")),
        table.Row("lean: a size is sent, the engine measures, card built in : SimPy, Store", lean, simpy_store,
                  names=("ndiswan", "SimPy"), target=25),
        table.Row("lean: a size is sent, the engine measures, card built in : SimPy, callbacks", lean, simpy_callbacks,
                  names=("ndiswan", "SimPy")),
    ]  # fmt: skip
    results = table.measure(rows, 31)
    results.insert(1, counted("empty bodies : bare two calls, instructions", 1 / 1.25))
    table.report("scalar", results)


if __name__ == "__main__":
    main()
