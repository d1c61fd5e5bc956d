"""What a search came to: its failures, what it reached, how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ndiswan.shown import Shown

if TYPE_CHECKING:
    from ndiswan._native import Explorer
    from ndiswan.exploring.execution import Symptom
    from ndiswan.exploring.failure import Failure


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
    reached: tuple[int, int] = (0, 0)
    """How many edges, and pairs of consecutive edges of a packet."""
    nondeterministic: list[str] = field(default_factory=list)
    """Why the same choices gave other events, or may do so: lines that read a clock or a global random generator."""
    exhausted: bool = False
    """Whether the explorer has nothing left to try."""
    certificate: str | None = None
    """What was shown, by an explorer that exhausts anything; nothing of what is not deterministic."""
    _reach: Explorer | str = field(default="", repr=False, compare=False)

    @property
    def edges(self) -> str:
        """What was reached: ownership edges as JSON, for ``ndiswan coverage``."""
        return self._reach if isinstance(self._reach, str) else self._reach.edges()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_reach": self.edges}

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

    def how_found(self, failure: Failure) -> str:
        """By whom the failure was found, and when."""
        return (
            f"found by explorer {self.explorer!r}, seed {self.seed}, in execution "
            f"{failure.execution} after {failure.seconds:.2f} s"
        )

    def how_to_replay(self, failure: Failure) -> str:
        """Where the failure was found, and the line that replays it."""
        return (
            f"{self.how_found(failure)}; {failure.switches} answers that are not the plain one, "
            f"{failure.events} events; failures[0].save(FILE) keeps it, `ndiswan replay FILE` tells it"
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
