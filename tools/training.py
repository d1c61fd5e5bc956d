"""What a build with a profile learns from (tools/profile): the engine at what its users do with it, in a few seconds.

Drivers in Python on a line, on a card of the models and in batches; simulations without a driver; the ring; records and
captures; the explorer with drivers in Python and, where there is a compiler, in C. What is not run here is compiled as
what is rare. Nothing here is measured, and no benchmark is run: what `make bench` finds is not learned by heart. Run in
the root of the repository, with the package that is to be trained.
"""

import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import ndiswan as nw
from ndiswan import models
from ndiswan._native import Edges, HdlcDecoder, Trace, hdlc_encode
from ndiswan.drivers import BuildError, build, load
from ndiswan.exploring.workload import workload
from ndiswan.models.export import save_trace
from ndiswan.models.scenario import load as load_scenario

EXAMPLES = Path("examples")
PACKETS = 40_000
FRAME = bytes(range(256)) * 4
WINDOW = 8


class Line(nw.Miniport):
    """One packet after the other, each in its time; `lock` is for those that have one around their queue."""

    serialized = False
    info = nw.WanInfo(max_transmit=WINDOW)

    def __init__(self, locked: bool) -> None:
        self.locked = locked

    def initialize(self):
        self.queue = deque()
        self.timer = self.adapter.timer(self.sent)
        self.lock = self.adapter.spin_lock("queue")

    def wan_send(self, link, packet):
        if packet.current_length < 16:
            return nw.FAILURE
        if self.locked:
            with self.lock:
                self.queue.append(packet)
        else:
            self.queue.append(packet)
        if len(self.queue) == 1:
            self.timer.set_ns(8 * packet.current_length)
        return nw.PENDING

    def sent(self):
        packet = self.queue.popleft()
        if self.queue:
            self.timer.set_ns(8 * self.queue[0].current_length)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


class Sender(nw.Protocol):
    """Sends again when something comes back: frames of all lengths, or sizes alone."""

    def __init__(self, packets: int, frames: bool) -> None:
        self.left, self.frames = packets, frames

    def send_complete(self, packet, status):
        if self.left:
            self.left -= 1
            size = 64 + self.left * 37 % 900
            self.link.send(FRAME[:size] if self.frames else size)


class Batches(nw.Miniport):
    """Takes a batch, or packets one by one, and completes them together, by name or as they are."""

    serialized = False
    info = nw.WanInfo(max_transmit=64)

    def initialize(self):
        self.held = []
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.held.append(packet)
        self.timer.set_ns(10_000)
        return nw.PENDING

    def sent(self):
        held, self.held = self.held, []
        self.adapter.wan_send_complete_many(held)


class ByName(Batches):
    """The same with `wan_send_many`."""

    def wan_send_many(self, link, batch):
        self.held = batch.handles
        self.timer.set_ns(8 * int(batch.sizes.sum()))
        return nw.PENDING


class Rounds(nw.Protocol):
    """Sends a batch when the last one is back."""

    def __init__(self, rounds: int) -> None:
        self.rounds, self.back, self.waited = rounds, 0, 0
        self.sizes = np.full(64, 512, np.uint32)

    def send_complete(self, packet, status):
        self.came(1)

    def came(self, count: int) -> None:
        self.back += count
        if self.back % 64 == 0 and self.rounds:
            self.rounds -= 1
            self.link.send_many(self.sizes)


class Together(Rounds):
    """The same with `send_complete_many`."""

    def send_complete_many(self, batch):
        self.waited += int(batch.times.sum())
        self.came(len(batch))


def drive(miniport, protocol, first: int = WINDOW, **world) -> None:
    """A world with the two in it, until nothing happens any more."""
    with nw.Ndis(**world) as ndis:
        protocol.link = ndis.bind(protocol, miniport, packets=128)
        meter = protocol.link.measure()
        for _ in range(first):
            protocol.link.send(FRAME[:512])
        if isinstance(protocol, Rounds):
            protocol.came(0)
        ndis.run()
        print(f"{type(miniport).__name__}: {meter.counters['succeeded']} packets")


def explore(name: str, make: Callable[[], Any], executions: int) -> None:
    """A good driver under the explorer."""
    print(
        f"{name}: {nw.explore(workload(make), executions=executions, seed=1).executions} executions"
    )


def hand_over() -> None:
    """Completions from one hand to the other through a ring, 64 at a time and one by one."""
    handles, many = np.arange(64, dtype=np.uint64), PACKETS // 64
    words = np.zeros(64, np.uint32)
    out = np.empty(256, np.uint64), np.empty(256, np.uint32), np.empty(256, np.uint32)
    with nw.CompletionRing(1024) as ring:
        for turn in range(4 * many):
            ring.push_many(handles, words, words)
            ring.push_many(handles, 0)
            if turn % 4 == 0:
                for handle in range(64):
                    ring.push(handle, 0)
            while ring:
                ring.drain_into(*out)


def keep(folder: Path) -> None:
    """What is kept: the record of a world, a simulation's packets, frames on a serial line."""
    with nw.Ndis(record=True) as ndis:
        protocol, path = Sender(PACKETS // 40, frames=True), str(folder / "run.trace")
        protocol.link = ndis.bind(protocol, Line(locked=True))
        protocol.link.send(FRAME[:512])
        ndis.run()
        ndis.save(path)
    recorded = Trace(path)
    print(f"Trace: {len(recorded)} events, {len(recorded.check())} broken rules")
    recorded.to_jsonl()
    edges = Edges()
    edges.see(recorded)
    flow = models.Poisson(rate_pps=300, size=models.UniformSize(64, 1500))
    traced = models.Simulation(
        models.Link(traffic=flow, line=models.Line(rate_bps=1e6), name="kept"), detail="trace"
    )
    traced.run(until=30.0)
    for name in "kept.pcapng", "kept.json":
        save_trace(traced, folder / name)
    decoder = HdlcDecoder()
    for size in range(64, 1500):
        decoder.feed(hdlc_encode(FRAME[:size]))


def main() -> None:
    """All of it."""
    for world in {}, {"verify": 0}, {"verify": 4}, {"delivery": "inline"}:
        drive(Line(locked=False), Sender(PACKETS // 4, frames=True), **world)
    drive(Line(locked=True), Sender(PACKETS // 4, frames=True))
    card = models.CardMiniport(models.Line(rate_bps=1_000_000_000), window=WINDOW)
    drive(card, Sender(PACKETS, frames=False))
    for delivery in "queued", "inline":
        for miniport in Batches, ByName:
            for protocol in Rounds, Together:
                drive(miniport(), protocol(PACKETS // 64), 0, delivery=delivery)

    with nw.Ndis() as ndis:
        miniport = Batches()
        link = ndis.bind(nw.Protocol(), miniport)
        for _ in range(PACKETS // 4):
            link.send(FRAME[:64])
            miniport.adapter.wan_send_complete(miniport.held.pop(), nw.SUCCESS)
            ndis.drain()
        ndis.run()

    simulation = models.Simulation(load_scenario("examples/t1.toml").links, threads=1)
    simulation.run(until=200.0)
    loop = models.ClosedLoop(window=WINDOW, size=512, packets=50 * PACKETS)
    models.Simulation(
        models.Link(traffic=loop, line=models.Line(rate_bps=1e9), window=WINDOW, name="loop")
    ).run()

    sys.path.insert(0, str(EXAMPLES / "drivers"))
    from modem import Modem

    hand_over()
    with TemporaryDirectory() as folder:
        keep(Path(folder))

    explore("Modem", Modem, executions=200)
    for name in "queued", "isdn":
        try:
            driver = build(EXAMPLES / "c" / name)
        except BuildError as error:
            print(error, file=sys.stderr)
            break
        for guard in False, True:
            explore(name, lambda d=driver, g=guard: load(d, guard=g), executions=500)


if __name__ == "__main__":
    main()
