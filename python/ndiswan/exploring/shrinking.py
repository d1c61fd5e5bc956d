"""A failure made small: the engine proposes fewer and smaller answers, and each proposal is run."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from ndiswan._native import Explorer, shrink
from ndiswan.exploring.execution import execute
from ndiswan.exploring.in_rust import in_rust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.execution import Execution, Scenario, Settings, Symptom
    from ndiswan.exploring.watchdog import Watchdog

Choices = list[tuple[int, int]]
MOST_SECONDS = 1e9
"""What is more, `inf` say, is as good as without end."""


class Shrunk(NamedTuple):
    """What came of it."""

    choices: Choices
    """The smallest answers that were seen to fail in the same way; if not even the first ones did, those."""
    reproduced: bool
    """Whether the first ones failed."""
    minimal: bool
    """Whether nothing smaller is left to try, so that it was not the time that ended it."""
    executions: int


def failing_alike(
    symptom: Symptom,
    scenario: Scenario,
    settings: Settings,
    watching: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Callable[[Choices], Choices | None]:
    """What runs ``scenario`` with answers, and gives those that were used if it has this symptom, else None.

    Each execution is inside of ``watching()``.
    """
    quick = in_rust(scenario, settings)

    def run(answers: Choices) -> Choices | None:
        if quick is not None and quick.is_good(answers):
            return None
        explorer = Explorer.replay(answers, lenient=True)
        with watching():
            again = execute(scenario, explorer, settings)
        return again.ndis.choices() if again.symptom == symptom else None

    return run


def make_small(
    choices: Choices, run: Callable[[Choices], Choices | None], seconds: float
) -> Shrunk:
    """The fewest answers that are not the plain one for which ``run`` still gives some.

    Stops after ``seconds`` of the machine's time.
    """
    return Shrunk(*shrink(choices, run, min(seconds, MOST_SECONDS)))


def small(
    ran: Execution,
    scenario: Scenario,
    settings: Settings,
    watchdog: Watchdog,
    seconds: float,
    tell: Callable[[], object],
) -> tuple[Choices, KeyboardInterrupt | None]:
    """The answers of an execution that failed, made small in so many seconds, at most.

    ``tell`` is called before each try. What it raises on Ctrl-C is given back, with the smallest until then.
    """
    assert ran.symptom is not None
    smallest = choices = ran.ndis.choices()
    begun = time.monotonic()
    alike = failing_alike(ran.symptom, scenario, settings, watchdog.watching)

    def run(answers: Choices) -> Choices | None:
        nonlocal smallest
        tell()
        used = alike(answers)
        smallest = smallest if used is None else used
        return used

    try:
        # What is cut off after seconds would be cut off after seconds each time.
        if seconds > 0 and run(choices) and time.monotonic() - begun < seconds / 10:
            left = seconds - (time.monotonic() - begun)
            return make_small(choices, run, left).choices, None
    except KeyboardInterrupt as error:
        return smallest, error
    return choices, None
