"""Executions that are run once more: whether the same choices give the same events, and who makes that they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._native import Explorer
from ndiswan.exploring.determinism import watching
from ndiswan.exploring.execution import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.exploring.execution import Execution, Scenario, Settings
    from ndiswan.exploring.exploration import Exploration
    from ndiswan.exploring.in_rust import InRust
    from ndiswan.exploring.shrinking import Choices
    from ndiswan.exploring.watchdog import Watchdog

MOST = 16
EACH = 200
"""One execution more is repeated for so many: less than a hundredth of the time of a search."""
UNKNOWN = "something that is not a choice; make it one with ndis.choose()"


class Repeats:
    """Runs executions of a search once more, and tells ``found`` of what is not deterministic."""

    def __init__(
        self, scenario: Scenario, settings: Settings, found: Exploration, quick: InRust | None
    ) -> None:
        self._scenario, self._settings, self._found = scenario, settings, found
        self._quick = quick
        self._fingerprints: dict[int, int] = {}
        self._who: dict[str, None] = {}
        self.cut_off = False
        """Whether an execution was cut off by the time that it took: at another place each time."""

    def keep(self, number: int, fingerprint: int) -> None:
        """Of the events of the interesting execution of that number."""
        self._fingerprints[number] = fingerprint

    def run(
        self,
        choices: Choices,
        watchdog: Watchdog,
        patience: float | None = None,
        *,
        record: bool = False,
    ) -> Execution:
        """One execution with these answers."""
        with watchdog.watching(patience):
            answers = Explorer.replay(choices)
            return execute(self._scenario, answers, self._settings, record=record, lines=False)

    def look_for_who(self, choices: Choices, watchdog: Watchdog) -> None:
        """The same choices gave other events: who does that is looked for in one more."""
        with watching(self._who):
            self.run(choices, watchdog)
        self._found.nondeterministic = list(self._who) or [UNKNOWN]

    def check(self, watchdog: Watchdog, *, unsteady: bool) -> None:
        """Run the plain execution twice, and some that were interesting once.

        In one of them it is looked who reads a clock or a global generator, what may give the same events by chance.
        """
        found = self._found
        if self.cut_off or not found.executions:
            return
        before = self.run([], watchdog).ndis.fingerprint()
        with watching(self._who):
            after = self.run([], watchdog).ndis.fingerprint()
        if self._who:
            found.nondeterministic = list(self._who)
        if before != after or unsteady:
            self.look_for_who([], watchdog)
        for choices, fingerprint in self._chosen():
            if not self._is_steady(choices, fingerprint, watchdog):
                self.look_for_who(choices, watchdog)
                return

    def _chosen(self) -> Iterator[tuple[Choices, int | None]]:
        """Some that were interesting, the newest first: more of a longer search."""
        there = len(self._found.interesting)
        count = min(MOST, 1 + self._found.executions // EACH, there)
        for which in range(count):
            number = there - 1 - which * there // count
            yield self._found.interesting[number], self._fingerprints.get(number)

    def _is_steady(self, choices: Choices, fingerprint: int | None, watchdog: Watchdog) -> bool:
        if self._quick is not None:
            again, other = self._quick.replay(choices), self._quick.replay(choices)
            return again[1] == choices and again == other
        ndis = self.run(choices, watchdog).ndis
        return ndis.choices() == choices and ndis.fingerprint() == fingerprint
