"""A failure made small: the engine proposes fewer and smaller answers, and each proposal is run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from ndiswan._native import Explorer, shrink
from ndiswan.exploring.execution import execute
from ndiswan.exploring.in_rust import in_rust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.execution import Scenario, Settings, Symptom

Choices = list[tuple[int, int]]


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
    return Shrunk(*shrink(choices, run, seconds))
