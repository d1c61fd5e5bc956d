"""Executions of the completion race, ours and frontrun's; and what an event of ours costs."""

import time
from collections.abc import Callable

import table

import ndiswan as nw
from exploring import frontrun_side, plain_ndis, race, switching

OURS, THEIRS = 200, 8
NAMES = ("ndiswan", "frontrun")


def ours() -> float:
    """Microseconds of the processor for an execution."""
    begin = time.process_time_ns()
    found = nw.explore(race.scenario(nw), explorer="random", executions=OURS)
    if found.failures or found.executions != OURS:
        raise AssertionError(f"expected {OURS} good executions, got {found}")
    return (time.process_time_ns() - begin) / OURS / 1000


def theirs(strategy: str) -> float:
    """The same for frontrun."""
    begin = time.process_time_ns()
    found = frontrun_side.explore(race.scenario(plain_ndis), strategy, executions=THEIRS)
    if found.failure or found.executions != THEIRS:
        raise AssertionError(f"expected {THEIRS} good executions, got {found}")
    return (time.process_time_ns() - begin) / THEIRS / 1000


def hidden(strategy: str) -> float:
    """With the plain NDIS taken for an installed package, whose code has no points but its locks."""
    with frontrun_side.installed(plain_ndis):
        return theirs(strategy)


def rows() -> list[table.Row]:
    """What is compared."""
    each = switching.events()

    def against(what: str, rival: Callable[[], float]) -> table.Row:
        case = f"one execution: random : {what}"
        return table.Row(case, ours, rival, names=NAMES, target=50, unit="us")

    return [
        against("random, all Python traced", lambda: theirs("random")),
        against("dpor, all Python traced", lambda: theirs("dpor")),
        against("random, only the driver traced", lambda: hidden("random")),
        against("dpor, only the driver traced", lambda: hidden("dpor")),
        table.Row(
            f"one event, of {each:.0f} in an execution : a switch and a call",
            lambda: switching.per_event(OURS, each),
            switching.bare,
            names=("ndiswan", "greenlet"),
            target=1 / 3,
        ),
    ]
