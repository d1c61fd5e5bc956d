"""The one who goes through an execution: at each question he chooses, or lets an explorer choose."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import Explorer, explorers
from ndiswan.exploring.answers import said
from ndiswan.exploring.execution import GOOD, Execution, execute, settings_of
from ndiswan.exploring.failure import UNFIT, Failure, load, misfit
from ndiswan.exploring.stepping import moment
from ndiswan.exploring.stepping.naming import StepError, chosen
from ndiswan.exploring.stepping.walk import Walk
from ndiswan.exploring.target import find, name_of
from ndiswan.exploring.watchdog import watched
from ndiswan.given import SEEDS, whole
from ndiswan.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan._native import Story
    from ndiswan.exploring.execution import Scenario, Symptom
    from ndiswan.exploring.stepping.moment import Cpu, Happened, Owned
    from ndiswan.exploring.stepping.walk import Question
    from ndiswan.viewer import Page
    from ndiswan.viewer.run import Run

PLAIN = "plain"
BROKEN = "broken"


class Stepper(Shown):
    """Goes through an execution question by question, forwards and back.

    An execution is a function of its answers, so there is always a whole one, from its beginning to
    its end: answers that nobody has given yet are the plain ones, in which nobody is interrupted and
    nothing goes wrong. The stepper stands at one question of it. Another answer there is another
    execution, which begins with the same answers; going back is standing somewhere else.

    Parameters
    ----------
    target:
        A scenario, which is a function of an ``Ndis``; or a failure; or the name of either as
        ``ndiswan fuzz`` and ``ndiswan replay`` take it: ``file.py:scenario``, ``file.py:Miniport``, a
        driver in C, or a replay file, which ends with ``.json``. There is a warning if the choices of a failure do
        not fit: then the execution is another one.
    arguments:
        For the constructor of a driver that is named, as of ``ndiswan check --arg``.
    **settings:
        As of :func:`ndiswan.explore`; a failure has its own.

    Raises
    ------
    TargetError, ReplayError, OSError
        There is no such target.
    TypeError
        There is no such setting, or a failure was given some.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> stepper.choices
    ['cpu 0 goes on', 'device 0 of adapter 0 begins']
    >>> stepper.choose("device 0")  # the card's interrupt, while the driver is in its send function
    >>> stepper.run("random", until="broken")
    True
    >>> print(stepper.symptom.rule)
    DOUBLE
    >>> path = stepper.save("double.json")  # as `ndiswan replay` takes it
    """

    def __init__(
        self,
        target: Scenario | Failure | str | Path,
        *,
        arguments: list[str] | None = None,
        **settings: Any,
    ) -> None:
        if isinstance(target, Path) or (isinstance(target, str) and target.endswith(".json")):
            target = load(target)
        if isinstance(target, Failure):
            if settings:
                raise TypeError(f"a failure has its own settings; got {', '.join(settings)}")
            self.scenario, self.settings = target.scenario, target.settings
        else:
            if not isinstance(target, str) and arguments:
                raise TypeError(f"arguments: expected none for a function, got {arguments!r}")
            if not isinstance(target, str) and not callable(target):
                raise TypeError(
                    f"target: expected a scenario, a failure, or the name of one, got {target!r}"
                )
            self.scenario = find(target, arguments) if isinstance(target, str) else target
            self.settings = settings_of(**settings)
        given = target.choices if isinstance(target, Failure) else []
        self._walk = Walk(self._execute(Explorer.replay(given)))
        unfit = misfit(given, self.execution)
        if unfit is not None:
            warnings.warn(f"this is another execution: {UNFIT}: {unfit}", stacklevel=2)
        self._at = self._since = 0
        # Where it stood before each step, and in which execution: what `undo` goes back to.
        self._before: list[tuple[list[tuple[int, int]], int, int]] = []

    @property
    def at(self) -> int:
        """At which question it stands, from 0; ``len(stepper)`` is the end."""
        return self._at

    def __len__(self) -> int:
        return len(self._walk)

    @property
    def question(self) -> Question | None:
        """The question at which it stands; None at the end."""
        return None if self._at == len(self) else self._walk.questions[self._at]

    @property
    def choices(self) -> list[str]:
        """What can be chosen here, the plain answer first; nothing at the end."""
        return self.question.answers if self.question else []

    @property
    def answers(self) -> list[tuple[int, int]]:
        """The answers of the whole execution, (of how many, which): the replay token."""
        return list(self._walk.choices)

    @property
    def path(self) -> list[str]:
        """What was answered up to here, in words."""
        return said(self.execution)[: self._at]

    @property
    def events(self) -> list[Happened]:
        """What happened since the last choice, or since where it stood before it went on."""
        return list(self._happened(self._since, self._at))

    @property
    def owners(self) -> dict[str, Owned]:
        """Who owns which packet, by its name, which is ``adapter.slot``; without those in their pool."""
        return self.moment.owners

    @property
    def locks(self) -> dict[str, int]:
        """Which CPU holds which lock."""
        return self.moment.locks

    @property
    def cpus(self) -> list[Cpu]:
        """What each virtual CPU is at, and its level; nothing at the end."""
        return self.moment.cpus

    @property
    def moment(self) -> moment.Moment:
        """Owners, locks and CPUs at once."""
        return moment.moment(self._walk, self._at)

    @property
    def now_ns(self) -> int:
        """The time of the last event, in nanoseconds."""
        count = self._walk.events_at(self._at)
        last = moment.happened(self._walk, max(0, count - 1), count)
        return last[0].time_ns if last else 0

    @property
    def symptom(self) -> Symptom | None:
        """What goes wrong in the execution as it stands, its end included; None if nothing does."""
        return self._walk.symptom

    @property
    def execution(self) -> Execution:
        """The execution as it stands, recorded."""
        return self._walk.ran

    def choose(self, which: int | str) -> None:
        """Give that answer, a number or words that only one answer has, and go to the next question.

        Raises StepError for what is none, and at the end.
        """
        question = self.question
        if question is None:
            raise StepError("there is nothing to choose: this is the end; `back` goes back")
        number = chosen(question, which)
        if number != question.chosen:
            given = [*self._walk.choices[: self._at], (question.of, number)]
            self._stand(self._at + 1, self._led(given, Explorer.replay(given)))
        else:
            self._stand(self._at + 1)

    def forward(self, count: int = 1) -> None:
        """Go on for so many questions with the answers that the execution has."""
        self._stand(min(self._at + _count(count), len(self)))

    def back(self, count: int = 1) -> None:
        """Go back by so many questions; what was answered behind stays until another answer is given."""
        self._stand(max(self._at - _count(count), 0))

    def goto(self, at: int) -> None:
        """Stand at question ``at``.

        Raises StepError if there is no such question.
        """
        if not 0 <= whole("at", at) <= len(self):
            raise StepError(f"expected a question from 0 to {len(self)}, got {at}")
        self._stand(at)

    def run(
        self,
        strategy: str | None = None,
        *,
        until: str | None = None,
        steps: int | None = None,
        seed: int = 0,
        executions: int = 1000,
        seconds: float = 30.0,
    ) -> bool:
        """Go on without being asked; whether that came to ``until``.

        Parameters
        ----------
        strategy:
            Who answers from here on: None leaves the answers as they are, ``"plain"`` gives the plain
            ones, else the explorer of that name.
        until:
            ``"broken"``: where a rule is broken, or what else goes wrong. The name of a packet, ``"0.1"``:
            when it has another owner. Without it: ``steps`` questions, or to the end.
        seed, executions, seconds:
            For an explorer, which tries again until it comes to ``until``, or one of these is spent. Then
            the execution stays as it was.

        Raises StepError for another strategy, and a packet that is none.
        """
        if until is not None and until != BROKEN and until not in moment.packets(self._walk):
            known = ", ".join(moment.packets(self._walk)) or "no packet was sent"
            raise StepError(f"until: expected {BROKEN!r} or a packet ({known}), got {until!r}")
        seed = whole("seed", seed, 0, SEEDS)
        budget = (executions, time.monotonic() + seconds)
        for walk in self._walks(strategy, seed, budget):
            target = self._target(walk, until)
            if target is not None:
                last = len(walk) if steps is None else self._at + _count(steps)
                self._stand(min(target, last), walk)
                return True
        return False

    def undo(self) -> None:
        """Stand where it stood before the last step, in the execution that it was then.

        Raises StepError if it stands as it began.
        """
        if not self._before:
            raise StepError("there is nothing to undo: it stands as it began")
        answers, at, since = self._before[-1]
        if answers != self.answers:
            self._walk = self._led(answers, Explorer.replay(answers))
        self._before.pop()
        self._at, self._since = at, since

    def shown(self) -> Run:
        """The execution as the viewer shows it."""
        from ndiswan.viewer.replays import of_failure

        return of_failure(self.failure, name_of(self.scenario), self._walk.ran)[0]

    def view(self) -> Page:
        """The page of ``ndiswan view``, which a notebook shows."""
        from ndiswan.viewer import view

        return view(self)

    def story(self) -> Story:
        """What led to what goes wrong, step by step."""
        return self.failure.story(self._walk.ran)

    @property
    def failure(self) -> Failure:
        """The execution as it stands, as a failure; of rule ``NONE`` if nothing goes wrong."""
        ran = self._walk.ran
        error = ran.error
        return Failure(
            symptom=ran.symptom or GOOD,
            detail=str(getattr(error, "detail", None) or error or "nothing goes wrong"),
            choices=self.answers,
            scenario=self.scenario,
            settings=self.settings,
            explorer="by hand",
            seed=0,
            execution=1,
            seconds=0.0,
            digest=ran.ndis.digest(),
            events=self._walk.count,
            deterministic=True,
        )

    def save(self, path: str | Path) -> Path:
        """Write the execution as a replay file, for ``ndiswan replay`` and ``ndiswan view``.

        Raises StepError if the same answers do not give the same events, OSError if it cannot be written.
        """
        failure = self.failure
        again = failure.replay(patience=self.settings.patience).ndis
        if (again.digest(), again.choices()) != (failure.digest, failure.choices):
            raise StepError(
                "the same answers gave other events: the driver reads something that is no choice, a clock "
                "or a random generator; make it one with ndis.choose()"
            )
        return failure.save(path)

    def __repr__(self) -> str:
        return f"<Stepper of {name_of(self.scenario)} at {self._at} of {len(self)}>"

    def __str__(self) -> str:
        from ndiswan.exploring.stepping.told import told

        return told(self)

    def _stand(self, at: int, walk: Walk | None = None) -> None:
        self._before.append((self.answers, self._at, self._since))
        self._walk = walk or self._walk
        forward = at > self._at
        self._since = self._at if forward else max(at - 1, 0)
        self._at = at

    def _happened(self, begin: int, end: int) -> Iterator[Happened]:
        walk = self._walk
        first = 0 if end == 0 else walk.events_at(begin)
        yield from moment.happened(walk, first, walk.events_at(end))

    def _target(self, walk: Walk, until: str | None) -> int | None:
        """At which question of ``walk`` it is to stop; None if that is not in it."""
        if until is None:
            return len(walk)
        begin = walk.events_at(self._at)
        if until == BROKEN:
            event = moment.broken(walk)
            if event is None or event < begin:
                return len(walk) if walk.symptom and event is None else None
        else:
            event = moment.moves(walk, until, begin)
        return None if event is None else walk.after(event, self._at)

    def _walks(self, strategy: str | None, seed: int, budget: tuple[int, float]) -> Iterator[Walk]:
        if strategy is None:
            yield self._walk
            return
        given = self._walk.choices[: self._at]
        if strategy == PLAIN:
            yield self._led(given, Explorer.replay(given))
            return
        try:
            explorer = Explorer.after(given, strategy, seed)
        except ValueError as error:
            known = ", ".join([PLAIN, *explorers()])
            raise StepError(
                f"strategy: expected one of {known}, pct1 to pct9, or bounded-sleep, got {strategy!r}"
            ) from error
        executions, end = budget
        for _ in range(executions):
            walk = self._led(given, explorer)
            goes_on = explorer.end(walk.ran.ndis, walk.symptom is not None)
            yield walk
            if not goes_on or time.monotonic() > end:
                return

    def _led(self, given: list[tuple[int, int]], explorer: Explorer) -> Walk:
        walk = Walk(self._execute(explorer))
        if walk.choices[: len(given)] != given:
            pairs = zip(given, walk.choices, strict=False)
            at = next((n for n, (one, two) in enumerate(pairs) if one != two), len(walk))
            raise StepError(
                f"the same answers led elsewhere: question {at} is another one now. The driver reads something "
                "that is no choice, a clock or a random generator; make it one with ndis.choose()"
            )
        return walk

    def _execute(self, explorer: Explorer) -> Execution:
        with watched(self.settings.patience):
            return execute(self.scenario, explorer, self.settings, record=True)


def _count(count: int) -> int:
    if whole("count", count) < 0:
        raise StepError(f"expected how many questions, 0 or more, got {count}")
    return count
