"""The search: executions under an explorer, one after the other, and what they found."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ndiswan._native import Explorer
from ndiswan.exploring.determinism import watching
from ndiswan.exploring.execution import Execution, Settings, Symptom, budget, execute, raised_at
from ndiswan.exploring.failure import Failure
from ndiswan.exploring.in_rust import in_rust
from ndiswan.exploring.shrinking import small
from ndiswan.exploring.watchdog import EndlessError, Watchdog
from ndiswan.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndiswan.exploring.execution import Scenario
    from ndiswan.exploring.in_rust import InRust

SHRINK_SECONDS = 10.0
PROGRESS_SECONDS = 0.25
STRETCH_SECONDS = 0.05
SHRINK_BEYOND = 2.0
"""So many seconds a failure that is found at the end is made small for, when the time of the search is over."""
"""How long executions in Rust go on before somebody looks whether to stop."""
UNKNOWN = "something that is not a choice; make it one with ndis.choose()"


@dataclass
class Exploration(Shown):
    """What a search came to.

    >>> from ndiswan.zoo import ENTRIES
    >>> good = ENTRIES["double-shared-list"].twin
    >>> found = nw.explore(good, executions=50)
    >>> found.executions, found.failures
    (50, [])
    """

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
    interesting: list[list[tuple[int, int]]] = field(default_factory=list)
    """The choices of executions that reached new edges: a corpus."""
    last_new: float = 0.0
    """When the last of them was, in seconds from the beginning."""
    edges: str = ""
    """What was reached: ownership edges as JSON, for ``ndiswan coverage``."""
    reached: tuple[int, int] = (0, 0)
    """How many edges, and pairs of consecutive edges of a packet."""
    nondeterministic: list[str] = field(default_factory=list)
    """Why the same choices gave other events: lines that read a clock or a global random generator."""
    exhausted: bool = False
    """Whether the explorer has nothing left to try."""
    certificate: str | None = None
    """What was shown, by an explorer that exhausts anything."""

    def knows(self, symptom: Symptom) -> bool:
        """Whether such a failure was found."""
        return any(symptom == failure.symptom for failure in self.failures)

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
            f"first-in first-out, {failure.events} events; failures[0].save(FILE) keeps it, "
            "`ndiswan replay FILE` tells it"
        )

    def __str__(self) -> str:
        rate = self.executions / self.seconds if self.seconds else 0.0
        text = (
            f"{self.executions} executions in {self.seconds:.1f} s ({rate:.0f}/s) by "
            f"{self.explorer!r}, seed {self.seed}"
        )
        if self.certificate:
            text += f"; {self.certificate}"
        if self.nondeterministic:
            text += f"; not deterministic: {', '.join(self.nondeterministic)}"
        found = "".join(f"\n  {failure}" for failure in self.failures)
        return f"{text}: {len(self.failures)} failure(s){found}"


class Search:
    """A search that goes on execution by execution.

    Parameters
    ----------
    scenario, explorer, seed, shrinking, settings, suggest:
        As of :func:`explore`.
    before:
        Called before each execution with its number, from 1; for a driver that is executed in Rust before each
        stretch of some, unless ``one_by_one``.

    Examples
    --------
    >>> from ndiswan.exploring import Search
    >>> from ndiswan.zoo import ENTRIES
    >>> search = Search(ENTRIES["double-shared-list"].scenario, seed=1)
    >>> search.run(500, 30, stop=True).failures[0].rule
    'DOUBLE'
    """

    def __init__(
        self,
        scenario: Scenario,
        explorer: str = "portfolio",
        seed: int = 0,
        *,
        shrinking: float = SHRINK_SECONDS,
        settings: Settings | None = None,
        suggest: Iterable[list[tuple[int, int]]] = (),
        before: Callable[[int], object] = lambda _: None,
        one_by_one: bool = False,
    ) -> None:
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed: expected 0 to 2**64 - 1, got {seed!r}")
        self.scenario = scenario
        self.settings = Settings() if settings is None else settings
        self.found = Exploration(explorer, seed)
        self._explorer = Explorer(explorer, seed)
        self._shrinking = shrinking
        self._before, self._one_by_one = before, one_by_one
        self._until = float("inf")
        self._tell: Callable[[], object] = lambda: None
        for choices in suggest:
            self._explorer.suggest(choices)
        self._quick = in_rust(scenario, self.settings)
        self._alike: dict[tuple[str, str], Symptom] = {}
        self._begun = time.monotonic()
        self._undetermined: dict[str, None] = {}

    def once(self, watchdog: Watchdog) -> Symptom | None:
        """Run one execution; what went wrong in it."""
        found = self.found
        self._before(found.executions + 1)
        with watchdog.watching():
            ran = execute(self.scenario, self._explorer, self.settings)
        found.executions += 1
        found.points += ran.ndis.points
        found.seconds = time.monotonic() - self._begun
        found.exhausted = not self._explorer.end(ran.ndis, ran.symptom is not None)
        if ran.ndis.new_edges:
            found.interesting.append(ran.ndis.choices())
            found.last_new = found.seconds
        if ran.symptom is not None:
            found.failing += 1
            self._keep(ran, watchdog)
        return ran.symptom

    def stretch(
        self, quick: InRust, executions: float, seconds: float, watchdog: Watchdog, *, stop: bool
    ) -> Symptom | None:
        """Run executions in Rust, at most so many and not for long; what went wrong in the last one."""
        found = self.found
        known = [seen for seen, symptom in self._alike.items() if not stop and found.knows(symptom)]
        most, longest = min(executions, 1 << 62), min(seconds, STRETCH_SECONDS)
        most = 1 if self._one_by_one else most
        self._before(found.executions + 1)
        ran = quick.explore(self._explorer, int(most), longest, known)
        found.executions += ran.executions
        found.points += ran.points
        found.failing += ran.failing
        found.seconds = time.monotonic() - self._begun
        found.exhausted = ran.exhausted
        if ran.interesting:
            found.interesting += ran.interesting
            found.last_new = found.seconds
        if ran.choices is None:
            return None
        with watchdog.watching():
            again = execute(self.scenario, Explorer.replay(ran.choices), self.settings)
        if again.symptom is None and ran.symptom is not None:
            once = Symptom(*ran.symptom)
            text = f"{once.rule} at {once.place}: seen once, and not with the same choices again"
            again = Execution(once, RuntimeError(text), again.ndis)
        if again.symptom is not None:
            found.failing += ran.symptom is None
            if ran.symptom is not None:
                self._alike[ran.symptom] = again.symptom
            self._keep(again, watchdog)
        return again.symptom

    def _keep(self, ran: Execution, watchdog: Watchdog) -> None:
        """The failure of an execution, if no such one is known."""
        assert ran.symptom is not None
        if not self.found.knows(ran.symptom):
            interrupted: list[KeyboardInterrupt] = []
            failure = self._failure(ran, watchdog, interrupted)
            if not self.found.knows(failure.symptom):
                self.found.failures.append(failure)
            if interrupted:
                raise interrupted[0]

    def run(
        self,
        executions: float,
        seconds: float,
        *,
        stop: bool,
        progress: Callable[[Exploration], object] | None = None,
    ) -> Exploration:
        """Go on until so many executions, so many seconds, or a failure if it is to stop there.

        The seconds count from when the search was made, and a failure is made small in what is left of them, or in
        two seconds more. What was found until Ctrl-C is in ``found``.
        """
        found = self.found
        self._until = self._begun + seconds
        if progress is not None:
            self._tell = self._teller(progress)
        try:
            with Watchdog(self.settings.patience, EndlessError) as watchdog:
                while found.executions < executions and found.seconds < seconds:
                    left = executions - found.executions, seconds - found.seconds
                    if self._quick is None:
                        symptom = self.once(watchdog)
                    else:
                        symptom = self.stretch(self._quick, *left, watchdog, stop=stop)
                    if symptom is not None and stop:
                        break
                    if found.exhausted:
                        break
                    self._tell()
                if not found.failures:  # what failed was run twice
                    self._twice([], watchdog)
        finally:
            found.seconds = time.monotonic() - self._begun
            found.certificate = _certificate(self._explorer)
            found.edges, found.reached = self._explorer.edges(), self._explorer.reached
        return found

    def _teller(self, progress: Callable[[Exploration], object]) -> Callable[[], None]:
        """What calls ``progress`` now and then; that may raise KeyboardInterrupt."""
        told = self._begun

        def tell() -> None:
            nonlocal told
            if time.monotonic() - told > PROGRESS_SECONDS:
                told, self.found.reached = time.monotonic(), self._explorer.reached
                progress(self.found)

        return tell

    def _failure(
        self, ran: Execution, watchdog: Watchdog, interrupted: list[KeyboardInterrupt]
    ) -> Failure:
        """The failure of an execution, made small and run twice more; Ctrl-C meanwhile is put into a list."""
        assert ran.symptom is not None
        symptom = ran.symptom
        left = max(0.0, self._until - time.monotonic()) + SHRINK_BEYOND
        choices, stopped = small(
            ran, self.scenario, self.settings, watchdog, min(self._shrinking, left), self._tell
        )
        interrupted += [stopped] if stopped is not None else []
        one, two = self._twice(choices, watchdog)
        digest = one.ndis.digest()
        found = self.found
        return Failure(
            symptom=symptom,
            detail=detail_of(one if one.symptom == symptom else ran),
            choices=choices,
            scenario=self.scenario,
            settings=self.settings,
            explorer=found.explorer,
            seed=found.seed,
            execution=found.executions,
            seconds=found.seconds,
            digest=digest,
            events=len(one.ndis.events()),
            deterministic=one.symptom == two.symptom == symptom and digest == two.ndis.digest(),
        )

    def _twice(self, choices: list[tuple[int, int]], watchdog: Watchdog) -> list[Execution]:
        """Two executions with the same choices, which should be the same."""

        def recorded(*, sites: bool) -> Execution:
            with watchdog.watching():
                answers = Explorer.replay(choices)
                return execute(self.scenario, answers, self.settings, record=True, sites=sites)

        one = recorded(sites=True)
        if isinstance(one.error, EndlessError):
            return [one, one]  # it is cut off at another place each time
        two = recorded(sites=False)  # the digest is without them
        if one.ndis.digest() != two.ndis.digest():
            with watching(self._undetermined):  # who does that is looked for in a third one
                recorded(sites=False)
            self.found.nondeterministic = list(self._undetermined) or [UNKNOWN]
        return [one, two]


def explore(  # noqa: PLR0913 -- what can be set is set here
    scenario: Scenario,
    *,
    explorer: str = "portfolio",
    seed: int = 0,
    executions: int | None = None,
    seconds: float | None = None,
    stop: bool = True,
    shrinking: float = SHRINK_SECONDS,
    suggest: Iterable[list[tuple[int, int]]] = (),
    progress: Callable[[Exploration], object] | None = None,
    **settings: Any,
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
    suggest:
        Choices that were interesting earlier, which are tried first.
    progress:
        Called about four times a second with what was found so far.
    **settings:
        ``cpus``, ``policies``, ``latency``, ``max_points``, ``patience``, ``policy``, ``delivery``: see
        :class:`Settings`.

    Raises
    ------
    TypeError
        There is no such setting, or a budget is no number.
    ValueError
        There is no such explorer, or ``seed``, a budget or a setting is out of range.

    Examples
    --------
    >>> from ndiswan.zoo import ENTRIES
    >>> found = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500)
    >>> [failure.rule for failure in found.failures]
    ['DOUBLE']
    """
    if executions is None and seconds is None:
        seconds = 60.0
    search = Search(
        scenario,
        explorer,
        seed,
        shrinking=budget("shrinking", shrinking, 0),
        settings=Settings(**settings),
        suggest=suggest,
    )
    never = float("inf")
    return search.run(
        never if executions is None else budget("executions", executions, 1),
        never if seconds is None else budget("seconds", seconds, 1e-3),
        stop=stop,
        progress=progress,
    )


def _certificate(explorer: Explorer) -> str | None:
    shown = explorer.certificate
    if shown is None:
        return None
    bound, count, complete = shown
    most = "no execution has more" if complete else "there may be bugs beyond"
    return f"exhausted up to {bound} preemptions in {count} executions; {most}"


def detail_of(ran: Execution) -> str:
    """What a file says of an execution that failed; of a note its first line, if that says more."""
    if isinstance(ran.error, EndlessError):
        return f"{ran.error}, at {raised_at(ran.error)}"
    detail = getattr(ran.error, "detail", None) or str(ran.error)
    notes = (note.partition("\n")[0] for note in getattr(ran.error, "__notes__", []))
    return "; ".join([detail, *(note for note in notes if detail not in note)])
