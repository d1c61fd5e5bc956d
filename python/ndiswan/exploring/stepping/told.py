"""A stepper as text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndiswan.exploring.stepping.stepper import Stepper
    from ndiswan.exploring.stepping.walk import Question

MOST_EVENTS = 12
MOST_ANSWERS = 24


def told(stepper: Stepper, *, events: int = MOST_EVENTS) -> str:
    """Where it stands: what has just happened, who owns and holds what, and what can be chosen."""
    now = stepper.moment
    packets = [f"{name} (life {o.life}): {o.owner}" for name, o in now.owners.items()]
    locks = [
        f'"{name}": cpu {cpu}{f" at {now.cpus[cpu].level}" if cpu < len(now.cpus) else ""}'
        for name, cpu in now.locks.items()
    ]
    lines = [_head(stepper)]
    lines += [f"            {line}" for line in happened(stepper, events)]
    lines += [f"packets     {line}" for line in [", ".join(packets) or "all in their pool"]]
    lines += [f"locks       {line}" for line in [", ".join(locks) or "none held"]]
    for number, cpu in enumerate(now.cpus):
        lines.append(f"{'' if number else 'cpus':<10}  {number}  {cpu}")
    lines += _asked(stepper.question) if stepper.question else [_end(stepper)]
    return "\n".join(lines)


def happened(stepper: Stepper, most: int) -> list[str]:
    """The last events, how many are left out before them, and of those where a rule is broken."""
    events = stepper.events
    left, shown = events[: max(0, len(events) - most)], events[max(0, len(events) - most) :]
    broken = [event for event in left if event.words.startswith("** breaks")]
    head = [f"... {len(left)} before"] if left else []
    return head + [str(event) for event in (*broken, *shown)]


def _head(stepper: Stepper) -> str:
    question = stepper.question
    where = f", cpu {question.cpu}" if question else ""
    site = f" at {question.site}" if question and question.site else ""
    time = f"{stepper.now_ns / 1e6:.6f} ms"
    return f"question {stepper.at} of {len(stepper)}, {time}{where}{site}"


def _asked(question: Question) -> list[str]:
    lines = [f"{question.what}?"]
    for number, words in enumerate(question.answers[:MOST_ANSWERS]):
        touches = question.touches[number]
        mark = "*" if number == question.chosen else " "
        lines.append(f"{mark} {number:>3}  {words}{f', with {touches}' if touches else ''}")
    if question.of > MOST_ANSWERS:
        lines.append(f"       ... up to {question.of - 1}; * {question.chosen}")
    return lines


def _end(stepper: Stepper) -> str:
    symptom = stepper.symptom
    if symptom is None:
        return "the end: nothing went wrong"
    at = f" at {symptom.place}" if symptom.place else ""
    return f"the end: {symptom.rule}{at}: {stepper.failure.detail}"
