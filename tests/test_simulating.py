"""The scenario of `make bench BENCH=simulate`: all who run it come to the same."""

from collections import deque
from pathlib import Path

import pytest


@pytest.fixture
def rows(monkeypatch):
    """The benchmark's own modules, which are no package that is installed."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    from simulating import rows

    return rows


def by_hand(workload, n: int) -> tuple[int, int, int]:
    """The scenario without events: the line is never idle, so each packet is done when those before it are."""
    ends, sent_at, latency, now = deque(), 0, 0, 0
    for packet in range(n):
        if len(ends) == workload.WINDOW:
            sent_at = ends.popleft()
        now += workload.NS_PER_BYTE * workload.SIZES[packet % 4096]
        ends.append(now)
        latency += now - sent_at
    return n, latency, now


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 300, 4097])
def test_all_sides_come_to_the_same(rows, n) -> None:
    """Built-in models and each rival in Python agree with a sum by hand: packets, latencies, end."""
    from simulating import workload

    expected = by_hand(workload, n)
    assert {name: run(n) for name, (run, _) in rows.rivals().items()} == dict.fromkeys(
        rows.rivals(), expected
    )
    assert rows.ours.run(n) == expected


def test_drivers_in_python_come_to_the_same(rows, monkeypatch) -> None:
    """A protocol over a built-in card and a miniport under built-in traffic check themselves; a wrong end is seen."""
    one_side = rows.one_side
    assert one_side.protocol() > 0
    assert one_side.miniport() > 0
    monkeypatch.setattr(one_side, "EXPECTED", one_side.EXPECTED._replace(end_ns=1))
    with pytest.raises(AssertionError, match="end_ns=1"):
        one_side.protocol()
    with pytest.raises(AssertionError, match="end_ns=1"):
        one_side.miniport()


def test_a_rival_that_comes_to_something_else_is_found(rows, monkeypatch) -> None:
    """The check before the benchmark names who is wrong, and what was expected."""
    wrong = rows.closures.heap

    def late(n: int) -> object:
        return wrong(n)._replace(end_ns=0)

    monkeypatch.setattr(rows.closures, "heap", late)
    with pytest.raises(AssertionError, match="heapq and closures, 1 packets: expected"):
        rows.check()
