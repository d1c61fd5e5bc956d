"""Which failures of a search are alike: of one rule and place and, where the place is no line, of one story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._native import Explorer
from ndiswan.exploring.answers import KIND, values
from ndiswan.exploring.execution import execute, has_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndiswan.exploring.execution import Execution, Scenario, Settings, Symptom
    from ndiswan.exploring.exploration import Exploration
    from ndiswan.exploring.failure import Failure
    from ndiswan.exploring.shrinking import Choices
    from ndiswan.exploring.watchdog import Watchdog

OWED = ("LOST", "LATE", "HANG")
SHARE = 4
"""For so many executions of a search one is spent to see whether what fails like something known is another story."""
RECORDED = 2
"""What a look at the values of an execution counts."""


class Alike:
    """What of the executions that fail is worth to be made small.

    A story that needs all the values that a known one needs, sizes and operations say, is that one, with more around
    it: who goes on in between makes no other story.
    """

    def __init__(self, scenario: Scenario, settings: Settings, found: Exploration) -> None:
        self._scenario, self._settings, self._found = scenario, settings, found
        self._tries = self._spent = 0
        self._values_of: dict[str, tuple[str, int]] = {}

    def looks(self, symptom: Symptom) -> bool:
        """Whether there is something to spend for more failures of a symptom that is known."""
        known = self._known(symptom)
        if not known:
            return True
        return (
            all(failure.needs for failure in known)
            and self._spent * SHARE <= self._found.executions
        )

    def is_new(self, ran: Execution, watchdog: Watchdog) -> bool:
        """Whether an execution that failed may be another story than those that are known."""
        assert ran.symptom is not None
        known = self._known(ran.symptom)
        if not known or not self.looks(ran.symptom):
            return not known
        self._spent += RECORDED
        has = self._values(ran.ndis.choices(), watchdog)
        return not any(self._seems(failure, has) for failure in known)

    def needs(self, symptom: Symptom, choices: Choices, watchdog: Watchdog) -> list[str]:
        """The values that a failure needs that was made small, if it is of what is owed and its place is no line."""
        if symptom.rule not in OWED or has_line(symptom):
            return []
        values = self._values(choices, watchdog)
        self._values_of |= values
        return sorted(values)

    def counting(self, tell: Callable[[], object]) -> Callable[[], object]:
        """``tell``, which is called for each try to make a failure small."""

        def counted() -> None:
            self._tries += 1
            tell()

        return counted

    def keep(self, failure: Failure) -> None:
        """Add it to what was found, if no such one is there; then the tries were for nothing."""
        known = self._known(failure.symptom)
        if not known or (failure.needs and self._is_other(known, failure.needs)):
            self._found.failures.append(failure)
        else:
            self.spend(self._tries)
        self._tries = 0

    def spend(self, executions: int) -> None:
        """So many were spent."""
        self._spent += executions

    def _known(self, symptom: Symptom) -> list[Failure]:
        return [failure for failure in self._found.failures if failure.symptom == symptom]

    @staticmethod
    def _is_other(known: list[Failure], story: Iterable[str]) -> bool:
        return not any(set(failure.needs) <= set(story) for failure in known)

    def _seems(self, failure: Failure, has: dict[str, tuple[str, int]]) -> bool:
        """Whether it has what that one needs, or more of the same: a larger size, but no other operation."""
        needs = (self._values_of[words] for words in failure.needs)
        return all(
            any(
                what == other and (least <= value if what != KIND else least == value)
                for other, value in has.values()
            )
            for what, least in needs
        )

    def _values(self, choices: Choices, watchdog: Watchdog) -> dict[str, tuple[str, int]]:
        with watchdog.watching():
            again = execute(self._scenario, Explorer.replay(choices), self._settings, record=True)
        return values(again)
