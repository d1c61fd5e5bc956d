"""Plain traffic for the plain model of a link: flows without luck, as their words describe them."""

import itertools
from collections.abc import Iterable, Iterator

from ndiswan import models


class Open:
    """A flow whose times do not depend on the link."""

    goes_round, waits_for_room = False, 0

    def __init__(self, times: Iterable[int]) -> None:
        self.times: Iterator[int] = iter(times)
        self.due = next(self.times, None)

    def take(self) -> None:
        self.due = next(self.times, None)

    def back(self, now: int) -> None:
        """Nobody waits for it."""

    turned_away = back

    def try_again(self, now: int) -> None:
        """Nobody does."""


class Closed:
    """Packets that go round, each thought about for so long."""

    goes_round = True

    def __init__(self, packets: int, think: int, start: int) -> None:
        self.ready = [start] * packets
        self.think, self.waits_for_room = think, 0

    @property
    def due(self) -> int | None:
        return min(self.ready, default=None)

    def take(self) -> None:
        self.ready.remove(min(self.ready))

    def back(self, now: int) -> None:
        self.ready.append(now + self.think)

    def turned_away(self, now: int) -> None:
        """Who found the queue full thinks again; without a thought, until there is room."""
        if self.think:
            self.back(now)
        else:
            self.waits_for_room += 1

    def try_again(self, now: int) -> None:
        self.ready += [now] * self.waits_for_room
        self.waits_for_room = 0


def source_of(flow: models.Flow, window: int) -> Open | Closed:
    """A flow without luck, as its words describe it."""
    start = flow.start_ns
    if isinstance(flow, models.ClosedLoop):
        return Closed(flow.window, round(flow.think.ns) if flow.think else 0, start)
    if isinstance(flow, models.Saturating):
        return Closed(window + 1, 0, start)
    if isinstance(flow, models.Replay):
        return Open(start + int(time) for time in flow.times_ns)
    interval = 1e9 / flow.rate_pps
    if isinstance(flow, models.Cbr):
        return Open(start + round(interval * n) for n in itertools.count())
    return Open(on_off(start, interval, round(flow.on.ns), round(flow.off.ns)))


def on_off(start: int, interval: float, on: int, off: int) -> Iterator[int]:
    """At a constant rate from the begin of each "on"."""
    for since in itertools.count(start, on + off):
        for n in itertools.count():
            if (at := since + round(interval * n)) >= since + on:
                break
            yield at
