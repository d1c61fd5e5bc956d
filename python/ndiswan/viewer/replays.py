"""A replay file as a run: it is run again, and once more with the plain answer where that makes it good."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ndiswan._native import Explorer
from ndiswan.exploring.answers import said
from ndiswan.exploring.execution import execute
from ndiswan.exploring.failure import UNFIT, ReplayError, load
from ndiswan.exploring.watchdog import watched
from ndiswan.viewer.run import Choice, Run, ViewError, first_difference
from ndiswan.viewer.traces import of_trace

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Execution
    from ndiswan.exploring.failure import Failure


def of_replay(path: str, name: str, target: str | None = None) -> tuple[Run, Run | None]:
    """The run in a replay file, and the good one beside it, as of :func:`of_failure`; ``target`` as of ``load``.

    Raises ViewError if the file is no replay file, or if what it runs is not to be found.
    """
    try:
        failure = load(path, target=target)
    except ReplayError as error:
        text = str(error) if str(path) in str(error) else f"{path}: {error}"
        if "version" in text:
            text += ". Install the version of ndiswan that wrote it, or a newer one"
        raise ViewError(text) from error
    return of_failure(failure, name)


def of_failure(
    failure: Failure, name: str, again: Execution | None = None
) -> tuple[Run, Run | None]:
    """The run of a failure, and the one with the plain answer at the choice that matters.

    There is no second one if it fails no more, or if no one answer makes it good. ``again`` is an execution of it,
    if there was one already. There is a warning if its choices do not fit.
    """
    again = again or failure.replay()
    unfit = failure.misfit(again)
    if unfit is not None:
        warnings.warn(f"{name}: this is another execution: {UNFIT}: {unfit}", stacklevel=2)
    decisive = failure.decisive() if again.symptom is not None else None
    words = said(again)
    trace = failure.trace(again)
    facts = [failure.place] if failure.place else []
    run = of_trace(trace, name, switches=failure.switches, facts=facts, raised=again.untold)
    if decisive is None:
        return run, None
    answer = words[decisive] if decisive < len(words) else "a choice"
    good = _good(failure, decisive)
    run.choice = Choice(
        first_difference(run, good),
        f"Answer {decisive + 1} of {len(failure.choices)} decides: {answer}. "
        "With the plain answer there the run is good.",
    )
    return run, good


def _good(failure: Failure, decisive: int) -> Run:
    of, _ = failure.choices[decisive]
    plain = [*failure.choices[:decisive], (of, 0), *failure.choices[decisive + 1 :]]
    with watched(failure.settings.patience):
        explorer = Explorer.replay(plain, lenient=True)
        good = execute(failure.scenario, explorer, failure.settings, record=True)
    return of_trace(failure.trace(good), f"the plain answer at choice {decisive + 1}")
