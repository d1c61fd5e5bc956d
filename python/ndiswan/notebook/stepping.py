"""A stepper in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.notebook import parts

if TYPE_CHECKING:
    from ndiswan.exploring.stepping import Question, Stepper

EVENTS = 20
ANSWERS = 24


def stepper(of: Stepper) -> str:
    """Where it stands: what has just happened, who owns and holds what, and what can be chosen."""
    now, question, events = of.moment, of.question, of.events
    where = f", cpu {question.cpu}" if question else ""
    site = f" at {question.site}" if question and question.site else ""
    head = f"question {of.at} of {len(of)}, {parts.milliseconds(of.now_ns)}{where}{site}"
    happened = [
        (parts.milliseconds(e.time_ns), e.cpu, e.level, e.words, e.site or "")
        for e in events[-EVENTS:]
    ]
    owners = [
        (name, owned.life, parts.marked(owned.owner, owned.owner))
        for name, owned in now.owners.items()
    ]
    cpus = [
        (number, cpu.level, cpu.doing, _held(now.locks, number), cpu.site or "")
        for number, cpu in enumerate(now.cpus)
    ]
    shown = [parts.title(head), parts.more(len(events) - EVENTS, "events before these")]
    if happened:
        shown.append(
            parts.table(("time", "cpu", "level", "what happened", "line"), happened, numbers=[0])
        )
    if owners:
        shown.append(parts.table(("packet", "life", "owner"), owners))
    if cpus:
        shown.append(parts.table(("cpu", "level", "doing", "holds", "line"), cpus))
    return parts.page(*shown, _asked(question) if question else _end(of))


def _held(locks: dict[str, int], cpu: int) -> str:
    return ", ".join(name for name, holder in locks.items() if holder == cpu)


def _asked(question: Question) -> str:
    answers = list(zip(question.answers, question.touches, strict=True))[:ANSWERS]
    rows = [(number, words, touches) for number, (words, touches) in enumerate(answers)]
    head = ("", f"{question.what}?", "touches first")
    shown = parts.table(head, rows, numbers=[0], chosen=question.chosen)
    return shown + parts.more(question.of - len(rows), "answers")


def _end(of: Stepper) -> str:
    symptom = of.symptom
    if symptom is None:
        return parts.verdict(parts.line("The end: nothing went wrong."), bad=False)
    said = parts.line(parts.marked(symptom.rule, "bad"), "at", symptom.place)
    return parts.verdict(said, parts.line(of.failure.detail), bad=True)
