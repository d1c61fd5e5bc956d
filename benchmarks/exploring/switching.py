"""What an event of a driver in Python costs, beside what it cannot do without: a switch of stacks and a call."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice, repeat

import greenlet

import ndiswan as nw
from exploring import race

TIMES = 3_000
EXECUTIONS = 100


def events() -> float:
    """How many events an execution of the race has, on average."""
    from ndiswan import exploring
    from ndiswan._native import Explorer

    def count(seed: int) -> int:
        explorer = Explorer("random", seed)
        ran = exploring.execute(race.scenario(nw), explorer, exploring.Settings(), record=True)
        return len(ran.ndis.events())

    return sum(map(count, range(EXECUTIONS))) / EXECUTIONS


def per_event(executions: int, events_each: float) -> float:
    """Nanoseconds an event of ours: whole executions, with the world that each of them makes and closes."""
    begin = time.process_time_ns()
    found = nw.explore(race.scenario(nw), explorer="random", executions=executions)
    if found.failures:
        raise AssertionError(f"expected a good driver, got {found}")
    return (time.process_time_ns() - begin) / (executions * events_each)


def bare() -> float:
    """Nanoseconds for one switch of greenlets and one call of an empty method of two arguments, both from C."""
    here = greenlet.getcurrent()
    there = greenlet.greenlet(lambda: deque(_calls(here.switch), maxlen=0))
    there.switch()
    switched = _timed(islice(_calls(there.switch), TIMES)) / 2  # there and back
    called = _timed(map(_Callbacks().send_complete, repeat(None, TIMES), repeat(None, TIMES)))
    return switched + called


class _Callbacks:
    def send_complete(self, packet, status):
        pass


def _calls(function: Callable[[], object]) -> Iterator[object]:
    return iter(function, _calls)


def _timed(calls: Iterator[object]) -> float:
    begin = time.process_time_ns()
    deque(calls, maxlen=0)
    return (time.process_time_ns() - begin) / TIMES
