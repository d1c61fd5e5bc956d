"""What the answers of an execution mean: in words, and which of them are switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndiswan.exploring.execution import Execution

COUNT, KIND = "operations", "operation"
ELSEWHERE = " from another thread"
SWITCHES = ("who goes on", "where it begins")


def said(ran: Execution) -> list[str]:
    """What each answer of an execution means, in words; of a value that has names its name."""
    known = ran.ndis._answers  # noqa: SLF001  (our own)
    both = zip(ran.ndis.questions(), ran.ndis.choice_words(), strict=False)
    return [
        _said(known.get(what, ()), what, chosen, words) for (what, _, _, chosen, *_), words in both
    ]


def _said(names: Sequence[str], what: str, chosen: int, words: str) -> str:
    return f'"{what}" is {names[chosen]}' if chosen < len(names) else words


def values(ran: Execution) -> dict[str, tuple[str, int]]:
    """Each value that is not the plain one, by its words: sizes, faults, operations, but not how many of these.

    What another thread does is the same operation.
    """
    known = ran.ndis._answers  # noqa: SLF001  (our own)
    asked = zip(ran.ndis.questions(), said(ran), strict=False)
    other = {
        words.removesuffix(ELSEWHERE): (what, chosen)
        for (what, _, _, chosen, *_), words in asked
        if chosen and what not in SWITCHES and what != COUNT
    }
    plain = {_said(names, what, 0, "") for what, names in known.items()}
    return {words: value for words, value in other.items() if words not in plain}


def switches_of(ran: Execution) -> int:
    """How often somebody else goes on than first-in-first-out would have; a value, a fault say, is no switch."""
    asked = ran.ndis.questions()
    return sum(chosen != 0 for what, _, _, chosen, *_ in asked if what in SWITCHES)
