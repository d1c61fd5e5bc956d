"""A line with a card as people write it in SimPy: a process for each packet, resources for the window and the line."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import simpy

from ndiswan import models

Process = Generator[simpy.Event, Any, None]


class Link:
    """One flow of packets of one size; `run` gives what happened, as (what, time, number), in no order."""

    def __init__(self, link: models.Link) -> None:
        self.env, self.link = simpy.Environment(), link
        self.window = simpy.Resource(self.env, link.window)
        self.line = simpy.Resource(self.env, 1)
        self.events: set[tuple[str, int, int]] = set()
        self.finished: list[tuple[int, simpy.Event]] = []
        self.wake = self.env.event()

    def run(self, until: int) -> set[tuple[str, int, int]]:
        [flow] = self.link.traffic
        self.env.process(self.interrupts())
        if isinstance(flow, models.ClosedLoop):
            numbers = iter(range(flow.packets))
            for _ in range(flow.window):
                self.env.process(self.one_after_the_other(numbers))
        elif isinstance(flow, models.Replay):
            self.env.process(self.open_loop(int(time) for time in flow.times_ns))
        else:
            times = (round(1e9 / flow.rate_pps * n) for n in range(flow.packets))
            self.env.process(self.open_loop(times))
        self.env.run(until + 1)
        return self.events

    def open_loop(self, times: Iterable[int]) -> Process:
        for number, time in enumerate(times):
            yield self.env.timeout(time - self.env.now)
            self.env.process(self.packet(number))

    def one_after_the_other(self, numbers: Iterator[int]) -> Process:
        for number in numbers:
            yield self.env.process(self.packet(number))

    def packet(self, number: int) -> Process:
        env, line = self.env, self.link.line
        with self.window.request() as place:
            yield place
            self.events.add(("sent", env.now, number))
            with self.line.request() as turn:
                yield turn
                yield env.timeout(self.link.traffic[0].size.bytes * 8 * 10**9 // line.rate_bps)
            self.events.add(("left", env.now + line.propagation_ns, number))
            reported = env.event()
            self.finished.append((env.now, reported))
            self.wake.succeed()
            self.wake = env.event()
            yield reported
            self.events.add(("completed", env.now, number))

    def interrupts(self) -> Process:
        env, moderation = self.env, self.link.card.moderation
        while True:
            while not self.finished:
                yield self.wake
            if moderation:
                last = self.finished[0][0] + moderation.ns
                while len(self.finished) < moderation.frames and env.now < last:
                    yield self.wake | env.timeout(last - env.now)
            for _, reported in self.finished:
                reported.succeed()
            self.finished.clear()
