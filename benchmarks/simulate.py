"""`make bench BENCH=simulate`: simulation in virtual time beside others.

    simulate.py [--rounds 31] [--only drivers|models|rust|scale]

Models are the built-in ones; what they run stands in `simulating/workload.py`, and each side is a file beside it. The
Rust rivals and the event set are `rust/compare/simulate`. Drivers are a miniport and a protocol in Python under the
general engine: one line, first in first out, 8 packets in flight, a closed loop; or the models' scenario with one of
the two built in, or batches in rounds. All sides of a row come to the same, which is checked.
"""

import argparse
import json
import subprocess
import time
from collections import deque

import run
import table
from simulating import rows as models
from simulating import scale

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


def drivers(rounds: int) -> list[dict[str, object]]:
    """Python drivers under the general engine."""
    names = ("ndiswan", "SimPy")
    case = "both drivers Python, all checks : SimPy"
    rows = [*models.one_side_rows(), *models.batch_rows()]
    try:
        import simpy  # noqa: F401
    except ImportError:
        return [*table.measure(rows, rounds), table.missing(case, "SimPy", "pip install simpy")]
    return table.measure([
        table.Row(f"{case} callbacks", ours, simpy_callbacks, names=names),
        table.Row(f"{case} Store", ours, simpy_store, names=names),
        *rows,
    ], rounds)  # fmt: skip


def built_in(rounds: int) -> list[dict[str, object]]:
    """Built-in models beside what people write in Python."""
    models.check()
    return [*table.measure(models.rows(), rounds), *models.missing(), models.ns3()]


def rust(rounds: int) -> list[dict[str, object]]:
    """Built-in models beside Rust, the event set, and what a packet costs of few and of many."""
    expected = models.ours.run(models.THEIRS)
    command = run.cargo("simulate_rust", "compare/simulate")
    command += ["--rounds", str(rounds), "--expect", ",".join(map(str, expected))]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    written = table.RESULTS / "simulate_rust.json"
    rows = json.loads(written.read_text())["rows"]
    written.unlink()  # they become rows of this table
    return [row | {"case": f"{row['case']} : {row['names'][1]}"} for row in rows]


def scales(rounds: int) -> list[dict[str, object]]:
    """Two cores, memory."""
    return table.measure(scale.rows(), min(rounds, 7))


PARTS = {"drivers": drivers, "models": built_in, "rust": rust, "scale": scales}


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--only", choices=tuple(PARTS))
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for name, part in PARTS.items():
        if options.only in {None, name}:
            rows += part(max(7, options.rounds))
    table.report("simulate", rows)


if __name__ == "__main__":
    main()
