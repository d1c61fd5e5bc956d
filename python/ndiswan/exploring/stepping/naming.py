"""An answer by its number or by its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndiswan.exploring.stepping.walk import Question


class StepError(ValueError):
    """What is asked for is not there; the message says what was expected.

    >>> from ndiswan.exploring import StepError
    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> try:
    ...     stepper.choose("cpu 7")
    ... except StepError as error:
    ...     print(error)
    expected a number from 0 to 1, or words of one answer, got 'cpu 7'
    """


def chosen(question: Question, which: int | str) -> int:
    """The number of that answer.

    Raises StepError if there is none, or if the words fit several; TypeError for what is neither.
    """
    if not isinstance(which, int | str):
        raise TypeError(f"which: expected the number of an answer, or words of it, got {which!r}")
    if isinstance(which, int) or which.strip().isdigit():
        number = int(which)
        if not 0 <= number < question.of:
            raise StepError(f"expected a number from 0 to {question.of - 1}, got {number}")
        return number
    wanted = which.strip().casefold()
    named = list(enumerate(question.answers))
    # Answers with the same words are the same.
    same = [number for number, words in named if words.casefold() == wanted][:1]
    fitting = same or [number for number, words in named if wanted and wanted in words.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        those = ", ".join(f"{number} ({question.answers[number]})" for number in fitting)
        raise StepError(f"{which!r} fits {those}; say more of it, or its number")
    most = question.of - 1
    raise StepError(f"expected a number from 0 to {most}, or words of one answer, got {which!r}")
