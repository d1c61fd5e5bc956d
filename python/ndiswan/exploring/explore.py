"""The search: executions under an explorer, one after the other, and what they found."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ndiswan._native import Explorer
from ndiswan.exploring.alike import Alike
from ndiswan.exploring.execution import (
    Execution,
    Settings,
    Symptom,
    budget,
    execute,
    raised_at,
    settings_of,
)
from ndiswan.exploring.exploration import Exploration
from ndiswan.exploring.failure import Failure
from ndiswan.exploring.in_rust import in_rust
from ndiswan.exploring.in_words import in_short, notes_of
from ndiswan.exploring.repeating import Repeats
from ndiswan.exploring.shrinking import small
from ndiswan.exploring.watchdog import EndlessError, Watchdog
from ndiswan.given import SEEDS, function, listed, several, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndiswan.exploring.execution import Scenario
    from ndiswan.exploring.in_rust import InRust

SHRINK_SECONDS = 10.0
PROGRESS_SECONDS = 0.25
STRETCH_SECONDS = 0.05
"""How long executions in Rust go on before somebody looks whether to stop."""
ONCE_MORE = 100
"""What it costs, in executions in Rust, to run one that failed there once more in Python."""
SHRINK_BEYOND = 2.0
"""So many seconds a failure that is found at the end is made small for, when the time of the search is over."""


class Search:
    """A search that goes on execution by execution.

    Parameters
    ----------
    scenario, explorer, seed, shrinking, settings:
        As of :func:`explore`.
    suggest:
        Choices that were interesting earlier, from which an explorer may learn: ``"coverage"`` does, and so does the
        portfolio.
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
        whole("seed", seed, 0, SEEDS)
        if not isinstance(explorer, str):
            raise TypeError(f"explorer: expected its name, got {explorer!r}")
        self.scenario = scenario
        self.settings = Settings() if settings is None else settings
        self._explorer = Explorer(explorer, seed)
        self.found = Exploration(explorer, seed, _reach=self._explorer)
        self._shrinking = shrinking
        self._before, self._one_by_one = before, one_by_one
        self._until = float("inf")
        self._tell: Callable[[], object] = lambda: None
        for choices in suggest:
            self._explorer.suggest(choices)
        self.first: deque[list[tuple[int, int]]] = deque()
        """Choices that are tried before the explorer's own, whoever it is."""
        self._quick = in_rust(scenario, self.settings)
        self._seen: dict[tuple[str, str], Symptom] = {}
        self._alike = Alike(scenario, self.settings, self.found)
        self._begun = time.monotonic()
        self._repeats = Repeats(scenario, self.settings, self.found, self._quick)

    def once(self, watchdog: Watchdog) -> Symptom | None:
        """Run one execution; what went wrong in it."""
        found = self.found
        self._before(found.executions + 1)
        explorer = self._next()
        begun = time.monotonic()
        with watchdog.watching():
            ran = execute(self.scenario, explorer, self.settings)
        took = time.monotonic() - begun
        self._repeats.cut_off |= took >= self.settings.patience
        found.executions += 1
        found.points += ran.ndis.points
        found.seconds = time.monotonic() - self._begun
        if explorer is self._explorer:
            found.exhausted = not explorer.end(ran.ndis, ran.symptom is not None)
        if ran.ndis.new_edges:
            self._interesting(explorer, [ran.ndis.choices()])
            self._repeats.keep(len(found.interesting) - 1, ran.ndis.fingerprint())
        if ran.symptom is not None:
            found.failing += 1
            self._keep(ran, watchdog, took)
        return ran.symptom

    def stretch(
        self, quick: InRust, executions: float, seconds: float, watchdog: Watchdog, *, stop: bool
    ) -> Symptom | None:
        """Run executions in Rust, at most so many and not for long; what went wrong in the last one."""
        found = self.found
        known = [
            seen
            for seen, symptom in self._seen.items()
            if not stop and not self._alike.looks(symptom)
        ]
        most, longest = min(executions, 1 << 62), min(seconds, STRETCH_SECONDS)
        explorer = self._next()
        most = most if explorer is self._explorer and not self._one_by_one else 1
        self._before(found.executions + 1)
        ran = quick.explore(explorer, int(most), longest, known)
        found.executions += ran.executions
        found.points += ran.points
        found.failing += ran.failing
        found.seconds = time.monotonic() - self._begun
        found.exhausted = ran.exhausted and explorer is self._explorer
        if ran.interesting:
            self._interesting(explorer, ran.interesting)
        if ran.choices is None:
            return None
        begun = time.monotonic()
        with watchdog.watching():
            again = execute(self.scenario, Explorer.replay(ran.choices), self.settings)
        took = time.monotonic() - begun
        if again.symptom is None and ran.symptom is not None:
            once = Symptom(*ran.symptom)
            text = f"{once}: seen once, and not with the same choices again"
            again = Execution(once, RuntimeError(text), again.ndis)
        if again.symptom is not None:
            found.failing += ran.symptom is None
            if ran.symptom is not None:
                self._seen[ran.symptom] = again.symptom
            if found.knows(again.symptom):
                self._alike.spend(ONCE_MORE)
            self._keep(again, watchdog, took)
        return again.symptom

    def _next(self) -> Explorer:
        """Who makes the next execution: what is to be tried first, and then the explorer."""
        return self._explorer.trying(self.first.popleft()) if self.first else self._explorer

    def _interesting(self, explorer: Explorer, choices: list[list[tuple[int, int]]]) -> None:
        found = self.found
        found.interesting += choices
        found.last_new = found.seconds
        if explorer is not self._explorer:  # which has not seen it
            self._explorer.suggest(choices[0])

    def _keep(self, ran: Execution, watchdog: Watchdog, took: float) -> None:
        """The failure of an execution that took so many seconds, if no such one is known."""
        assert ran.symptom is not None
        if self._alike.is_new(ran, watchdog):
            interrupted: list[KeyboardInterrupt] = []
            self._alike.keep(self._failure(ran, watchdog, interrupted, took))
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
                self._repeats.check(watchdog, unsteady=self._explorer.unsteady)
        finally:
            found.seconds = time.monotonic() - self._begun
            if not found.nondeterministic:
                found.certificate = _certificate(self._explorer)
            found.reached = self._explorer.reached
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
        self,
        ran: Execution,
        watchdog: Watchdog,
        interrupted: list[KeyboardInterrupt],
        took: float,
    ) -> Failure:
        """The failure of an execution, made small and run once more; Ctrl-C meanwhile is put into a list."""
        assert ran.symptom is not None
        symptom = ran.symptom
        left = max(0.0, self._until - time.monotonic()) + SHRINK_BEYOND
        shrinking = min(self._shrinking, left)
        patience = None
        if isinstance(ran.error, EndlessError) and took > shrinking / 10:
            # Each try would be cut off after as long again, and what never ends is at its end soon enough.
            shrinking, patience = 0.0, left
        tell = self._alike.counting(self._tell)
        choices, stopped = small(ran, self.scenario, self.settings, watchdog, shrinking, tell)
        interrupted += [stopped] if stopped is not None else []
        # What was made small ran last with other answers.
        like = ran if choices == ran.ndis.choices() else None
        again, same = self._again(choices, watchdog, like, patience, symptom)
        found = self.found
        return Failure(
            symptom=symptom,
            detail=detail_of(again if again.symptom == symptom else ran),
            choices=choices,
            scenario=self.scenario,
            settings=self.settings,
            explorer=found.explorer,
            seed=found.seed,
            execution=found.executions,
            seconds=found.seconds,
            digest=again.ndis.digest(),
            events=again.ndis.recorded(),
            deterministic=same and again.symptom == symptom,
            needs=self._alike.needs(symptom, choices, watchdog) if shrinking > 0 else [],
        )

    def _again(
        self,
        choices: list[tuple[int, int]],
        watchdog: Watchdog,
        like: Execution | None = None,
        patience: float | None = None,
        symptom: Symptom | None = None,
    ) -> tuple[Execution, bool]:
        """A recorded execution with these choices, and whether it is the same as ``like``, or as another one.

        If it had a ``symptom`` before and has it no more it is not, even if it is good twice.
        """
        repeats = self._repeats
        again = repeats.run(choices, watchdog, patience, record=True)
        if isinstance(again.error, EndlessError):
            return again, True  # it is cut off at another place each time
        other = like or repeats.run(choices, watchdog, patience)
        gone = symptom is not None and symptom.rule != "ENDLESS" and again.symptom != symptom
        if gone or again.ndis.fingerprint() != other.ndis.fingerprint():
            repeats.look_for_who(choices, watchdog)
            return again, False
        return again, again.symptom == other.symptom


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
        ``"surw"``, ``"coverage"``; ``"bounded"`` is exhaustive and gives a certificate. ``"pct"`` looks for bugs of
        depth 3, ``"pct1"`` to ``"pct9"`` of those depths; ``"bounded-sleep"`` leaves out what only the order of
        independent steps tells apart.
    seed:
        The same seed makes the same choices; 0 to 2**64 - 1. That of ``ndiswan fuzz`` is 0 to 2**63: task ``i`` has the
        seed ``seed + i``.
    executions, seconds:
        The budget; without either, 60 seconds.
    stop:
        Whether to stop at the first failure; else the search goes on, and each symptom is kept once, but of one whose
        place is no line (LOST, HANG) those that need other values, sizes or operations say.
    shrinking:
        The most seconds that are spent to make a failure small; 0 leaves it as it was found.
    suggest:
        Choices that were interesting earlier: executions with them are tried first, whoever the explorer is.
    progress:
        Called about four times a second with what was found so far.
    **settings:
        ``cpus``, ``policies``, ``latency``, ``max_points``, ``patience``, ``policy``, ``delivery``: see
        :class:`Settings`.

    Raises
    ------
    TypeError
        There is no such setting, a budget is no number, or the scenario is no function.
    ValueError
        There is no such explorer, or ``seed``, a budget or a setting is out of range.

    Examples
    --------
    >>> from ndiswan.zoo import ENTRIES
    >>> found = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500)
    >>> [failure.rule for failure in found.failures]
    ['DOUBLE']
    """
    function(scenario)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress: expected a function of an Exploration, got {progress!r}")
    several("suggest", suggest, "a list of choices, each a list of pairs")
    suggest = [listed(f"suggest[{number}]", one) for number, one in enumerate(suggest)]
    if not isinstance(stop, bool):
        raise TypeError(f"stop: expected True or False, got {stop!r}")
    if executions is None and seconds is None:
        seconds = 60.0
    search = Search(
        scenario,
        explorer,
        seed,
        shrinking=budget("shrinking", shrinking, 0),
        settings=settings_of(**settings),
    )
    search.first.extend(suggest)
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
    detail = in_short(ran.error)
    notes = (note.partition("\n")[0] for note in notes_of(ran.error))
    return "; ".join([detail, *(note for note in notes if detail not in note)])
