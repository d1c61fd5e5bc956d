"""Executions of the completion race, ours and frontrun's; and what an event of ours costs."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import table

import ndiswan as nw
from exploring import race, switching

OURS = 200
NAMES = ("ndiswan", "frontrun")


def ours() -> float:
    """Microseconds of the processor for an execution."""
    begin = time.process_time_ns()
    found = nw.explore(race.scenario(nw), explorer="random", executions=OURS)
    if found.failures or found.executions != OURS:
        raise AssertionError(f"expected {OURS} good executions, got {found}")
    return (time.process_time_ns() - begin) / OURS / 1000


def theirs(*how: str) -> float:
    """The same for frontrun; "hidden": the plain NDIS is an installed package's, with no points but its locks."""
    command = [sys.executable, "-m", "exploring.frontrun_speed", *how]
    here = Path(__file__).parents[1]
    ran = subprocess.run(command, cwd=here, stdout=subprocess.PIPE, text=True, check=True)
    return float(ran.stdout)


def rows() -> list[table.Row]:
    """What is compared."""
    each = switching.events()

    def against(what: str, rival: Callable[[], float]) -> table.Row:
        case = f"one execution: random : {what}"
        return table.Row(case, ours, rival, names=NAMES, target=50, unit="us")

    return [
        against("random, all Python traced", lambda: theirs("random")),
        against("dpor, all Python traced", lambda: theirs("dpor")),
        against("random, only the driver traced", lambda: theirs("random", "hidden")),
        against("dpor, only the driver traced", lambda: theirs("dpor", "hidden")),
        table.Row(
            f"one event, of {each:.0f} in an execution : a switch and a call",
            lambda: switching.per_event(OURS, each),
            switching.bare,
            names=("ndiswan", "greenlet"),
            target=1 / 3,
        ),
    ]
