"""The workload where nothing of Python is needed: a driver in C without a device is executed in Rust.

It asks the explorer the same questions in the same order as `ndiswan.exploring.workload`, so the same answers are the
same execution. What fails there is run once more in Python, which says what it is; replays, stories and reports are
Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan._native import CWorkload, CWorlds, Explorer
from ndiswan.exploring.execution import Settings
from ndiswan.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan._native import Stretch
    from ndiswan.drivers import CMiniport
    from ndiswan.exploring.execution import Scenario
    from ndiswan.miniport import Miniport

    Choices = list[tuple[int, int]]

NAME = "ndiswan_in_rust"
"""The attribute of a scenario that makes its `CWorkload`, or None."""


class InRust:
    """A scenario that can be executed in Rust, in worlds as ``settings`` say."""

    def __init__(self, workload: CWorkload, settings: Settings) -> None:
        self._workload = workload
        self._worlds = CWorlds(
            {name: getattr(settings.policy, name) for name in Policy.__slots__},
            settings.delivery,
            settings.cpus,
            settings.policies,
            round(settings.latency * 1e9),
            settings.max_points,
        )

    def explore(
        self, explorer: Explorer, executions: int, seconds: float, known: list[tuple[str, str]]
    ) -> Stretch:
        """Executions until one fails in a way that is not ``known``, or there were so many, or for so long."""
        return self._workload.explore(explorer, self._worlds, executions, seconds, known)

    def replay(self, choices: Choices) -> tuple[str, Choices, int]:
        """One recorded execution with these answers: the digest of its events, the answers it took, how many points."""
        return self._workload.replay(choices, self._worlds)

    def is_good(self, choices: Choices) -> bool:
        """Whether nothing goes wrong with these answers, lenient ones."""
        explorer = Explorer.replay(choices, lenient=True)
        return self.explore(explorer, 1, 0.0, []).choices is None


def in_rust(scenario: Scenario, settings: Settings) -> InRust | None:
    """How ``scenario`` is executed in Rust; None if it is Python's."""
    make = getattr(scenario, NAME, None)
    workload = None if make is None else make()
    return None if workload is None else InRust(workload, settings)


def workload_of(make: Callable[[], Miniport | CMiniport]) -> CWorkload | None:
    """The workload of what ``make()`` gives, if that is in C, has no device, and its line needs no telephone call."""
    from ndiswan.drivers.loading import CMiniport

    card = make()
    workload = card.workload() if type(card) is CMiniport else None
    if workload is None:
        return None
    # With plain answers only: Python makes the calls, in each execution.
    tried = InRust(workload, Settings()).explore(Explorer.replay([]), 1, 0.0, [])
    return None if tried.choices is not None and tried.symptom is None else workload
