"""An execution with what was asked in it: what somebody goes through who chooses by hand."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ndiswan._native import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan.exploring.execution import Execution, Symptom
    from ndiswan.viewer.run import Run

MOST_NAMED = 100
"""A value that can be more than this has no names, only numbers."""


class Question(NamedTuple):
    """A question that the explorer is asked.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> question = stepper.question
    >>> question.what, question.of, question.chosen, question.cpu
    ('who goes on', 2, 0, 0)
    """

    what: str
    """What is chosen: ``who goes on``, ``where it begins``, or what a value is for."""
    answers: list[str]
    """What each answer means; of a value its names (`Ndis.name_answers`), or the first numbers."""
    touches: list[str]
    """What each would touch first, where that is known."""
    of: int
    """How many answers there are."""
    chosen: int
    """The one that this execution gave."""
    cpu: int
    """On which virtual CPU it is asked."""
    site: str | None
    """The line that this CPU is at."""
    events: int
    """How many events had happened."""
    cpus: list[tuple[int, int, str | None, bool]]
    """Of each CPU: its number in events, its level, what it waits for, whether it is busy."""


class Walk:
    """One execution from its beginning to its end.

    Parameters
    ----------
    ran:
        An execution that was recorded.
    """

    def __init__(self, ran: Execution) -> None:
        self.ran = ran
        self.choices = ran.ndis.choices()
        """The answers, (of how many, which)."""
        known = ran.ndis._answers  # noqa: SLF001  (our own)
        self.questions = [_question(known, *asked) for asked in ran.ndis.questions()]
        """What each of them was about."""
        self.count = len(ran.ndis.events())
        """How many events there are."""

    @property
    def symptom(self) -> Symptom | None:
        """What went wrong, if anything did."""
        return self.ran.symptom

    def __len__(self) -> int:
        return len(self.questions)

    def events_at(self, at: int) -> int:
        """How many events had happened when question ``at`` was asked; behind the last one, all."""
        return self.questions[at].events if at < len(self) else self.count

    def after(self, event: int, at: int) -> int:
        """The first question from ``at`` on that was asked after that event; the end if none was."""
        later = (number for number in range(at, len(self)) if self.questions[number].events > event)
        return next(later, len(self))

    @cached_property
    def trace(self) -> Trace:
        """What happened."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "walk.jsonl"
            self.ran.ndis.save(file)
            return Trace(file)

    @cached_property
    def run(self) -> Run:
        """The same as columns, with the owner of its packet after each event."""
        from ndiswan.viewer.traces import of_trace

        return of_trace(self.trace, "by hand")

    @cached_property
    def lines(self) -> list[tuple[str, str | None]]:
        """What each event says, and its source line."""
        head, *lines = self.trace.to_text().splitlines()
        begins = head.rindex("event")
        return [_split(line[begins:]) for line in lines]

    @cached_property
    def cpus(self) -> list[int]:
        """On which virtual CPU each event happened; the thread that made the world is 0."""
        known = self.questions[-1].cpus if self.questions else []
        numbers = {cpu[0]: number for number, cpu in enumerate(known)}
        events = self.ran.ndis.events()
        return [numbers.setdefault(event.cpu, len(numbers)) for event in events]


def _question(  # noqa: PLR0913, PLR0917 -- a question of Rust, as it comes
    known: dict[str, Sequence[str]],
    what: str,
    answers: list[tuple[str, str]],
    of: int,
    chosen: int,
    cpu: int,
    site: str | None,
    events: int,
    cpus: list[tuple[int, int, str | None, bool]],
) -> Question:
    words, touches = [word for word, _ in answers], [touched for _, touched in answers]
    if not answers:
        words = [str(word) for word in known.get(what, ())][:of]
        words += [str(number) for number in range(len(words), min(of, MOST_NAMED))]
        touches = [""] * len(words)
    return Question(what, words, touches, of, chosen, cpu, short(site), events, cpus)


def _split(line: str) -> tuple[str, str | None]:
    found = re.search(r"  \[([^]]*)\]$", line)
    return (line[: found.start()], short(found[1])) if found else (line, None)


def short(site: str | None) -> str | None:
    """``/a/b/modem.py:31 in Modem.sent`` without the folder."""
    return site and site.rpartition("/")[2]
