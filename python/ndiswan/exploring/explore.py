"""The search: executions under an explorer, one after the other, and what they found."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ndiswan._native import Explorer, shrink
from ndiswan.exploring.execution import EndlessError, Execution, Settings, execute
from ndiswan.exploring.failure import Failure
from ndiswan.exploring.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ndiswan.exploring.execution import Scenario
    from ndiswan.policy import Policy

SHRINK_SECONDS = 10.0


@dataclass
class Exploration:
    """What a search came to."""

    explorer: str
    seed: int
    failures: list[Failure] = field(default_factory=list)
    """One for each symptom, in the order in which they were found."""
    executions: int = 0
    points: int = 0
    """Where the explorer was asked, over all executions."""
    seconds: float = 0.0
    failing: int = 0
    """How many executions failed."""
    exhausted: bool = False
    """Whether the explorer has nothing left to try."""
    certificate: str | None = None
    """What was shown, by an explorer that exhausts anything."""

    def raise_if_failed(self) -> None:
        """Raise what the first failure's execution raised, with a note that says how to replay it."""
        if self.failures:
            failure = self.failures[0]
            error = failure.replay().error or AssertionError(str(failure))
            error.add_note(self.how_to_replay(failure))
            raise error

    def how_to_replay(self, failure: Failure) -> str:
        """Where the failure was found, and the line that replays it."""
        return (
            f"found by explorer {self.explorer!r}, seed {self.seed}, in execution "
            f"{failure.execution} after {failure.seconds:.2f} s; {failure.switches} answers from "
            f"first-in first-out, {failure.events} events"
        )

    def __str__(self) -> str:
        rate = self.executions / self.seconds if self.seconds else 0.0
        text = (
            f"{self.executions} executions in {self.seconds:.1f} s ({rate:.0f}/s) by "
            f"{self.explorer!r}, seed {self.seed}"
        )
        if self.certificate:
            text += f"; {self.certificate}"
        found = "".join(f"\n  {failure}" for failure in self.failures)
        return f"{text}: {len(self.failures)} failure(s){found}"


def explore(
    scenario: Scenario,
    *,
    explorer: str = "portfolio",
    seed: int = 0,
    executions: int | None = None,
    seconds: float | None = None,
    stop: bool = True,
    shrinking: float = SHRINK_SECONDS,
    cpus: int = 2,
    latency: float = 0.5,
    max_points: int = 20_000,
    patience: float = 10.0,
    policy: Policy | None = None,
    delivery: Literal["inline", "queued"] = "inline",
    suggest: list[list[tuple[int, int]]] | None = None,
    progress: Callable[[Exploration], object] | None = None,
) -> Exploration:
    """Run ``scenario(ndis)`` again and again under an adversary, until it breaks or the budget is spent.

    Parameters
    ----------
    scenario:
        A function of an ``Ndis``: it binds drivers and lets things happen. It is called once an
        execution, in a world of its own, which is closed afterwards.
    explorer:
        ``"portfolio"`` mixes the others by what they find: ``"random"``, ``"pct"``, ``"pos"``,
        ``"surw"``, ``"coverage"``; ``"bounded"`` is exhaustive and gives a certificate.
    seed:
        The same seed makes the same choices.
    executions, seconds:
        The budget; without either, 60 seconds.
    stop:
        Whether to stop at the first failure; else the search goes on, and each symptom is kept once.
    shrinking:
        The most seconds that are spent to make a failure small; 0 leaves it as it was found.
    cpus, latency, max_points, patience, policy, delivery:
        As of :class:`Settings`.
    suggest:
        Choices that were interesting earlier, which are tried first.
    progress:
        Called about four times a second with what was found so far.

    Raises
    ------
    ValueError
        There is no such explorer, or ``cpus`` is out of range.
    """
    settings = Settings(cpus=cpus, latency=latency, max_points=max_points, patience=patience, delivery=delivery)
    if policy is not None:
        settings = replace(settings, policy=policy)
    if executions is None and seconds is None:
        seconds = 60.0
    found = Exploration(explorer, seed)
    search = Explorer(explorer, seed)
    for choices in suggest or []:
        search.suggest(choices)
    most = executions if executions is not None else float("inf")
    begun = now = time.monotonic()
    end = begun + seconds if seconds is not None else float("inf")
    told = begun
    with Watchdog(patience, EndlessError) as watchdog:
        while found.executions < most and now < end:
            watchdog.pat()
            ran = execute(scenario, search, settings)
            now = time.monotonic()
            found.executions += 1
            found.points += ran.ndis.points
            found.seconds = now - begun
            more = search.end(ran.ndis, ran.symptom is not None, 0)
            if ran.symptom is not None:
                found.failing += 1
                if all(ran.symptom != known.symptom for known in found.failures):
                    failure = _failure(scenario, settings, ran, found, shrinking, watchdog)
                    if all(failure.symptom != known.symptom for known in found.failures):
                        found.failures.append(failure)
                if stop:
                    break
            if not more:
                found.exhausted = True
                break
            if progress is not None and now - told > 0.25:
                told = now
                progress(found)
    found.seconds = time.monotonic() - begun
    shown = search.certificate
    if shown is not None:
        bound, count, complete = shown
        most_of = "no execution has more" if complete else "there may be bugs beyond"
        found.certificate = f"exhausted up to {bound} preemptions in {count} executions; {most_of}"
    return found


def _failure(
    scenario: Scenario,
    settings: Settings,
    ran: Execution,
    found: Exploration,
    shrinking: float,
    watchdog: Watchdog,
) -> Failure:
    """The failure of an execution, made small and run twice more."""
    assert ran.symptom is not None
    symptom, choices = ran.symptom, ran.ndis.choices()

    def run(answers: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
        watchdog.pat()
        again = execute(scenario, Explorer.replay(answers, lenient=True), settings)
        return again.ndis.choices() if again.symptom == symptom else None

    if shrinking > 0:
        choices, _reproduced, _minimal, _executions = shrink(choices, run, shrinking)
    both: list[Execution] = []
    for _ in range(2):
        watchdog.pat()
        both.append(execute(scenario, Explorer.replay(choices), settings, record=True))
    one, two = both
    digest = one.ndis._digest()
    return Failure(
        symptom=symptom,
        detail=_detail(one if one.symptom == symptom else ran),
        choices=choices,
        scenario=scenario,
        settings=settings,
        explorer=found.explorer,
        seed=found.seed,
        execution=found.executions,
        seconds=found.seconds,
        digest=digest,
        events=len(one.ndis.events()),
        deterministic=one.symptom == two.symptom == symptom and digest == two.ndis._digest(),
    )


def _detail(ran: Execution) -> str:
    return getattr(ran.error, "detail", None) or str(ran.error)
