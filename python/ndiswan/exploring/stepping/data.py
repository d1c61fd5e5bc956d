"""A stepper as data, for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndiswan.exploring.stepping.stepper import Stepper


def document(stepper: Stepper) -> dict[str, Any]:
    """Where it stands: what its text says, by name. Times are nanoseconds."""
    now, question, symptom = stepper.moment, stepper.question, stepper.symptom
    return {
        "at": stepper.at,
        "of": len(stepper),
        "time_ns": stepper.now_ns,
        "question": question
        and {
            "what": question.what,
            "answers": question.answers,
            "touches": question.touches,
            "of": question.of,
            "chosen": question.chosen,
            "cpu": question.cpu,
            "site": question.site,
        },
        "events": [event._asdict() for event in stepper.events],
        "owners": {name: owned._asdict() for name, owned in now.owners.items()},
        "locks": now.locks,
        "cpus": [cpu._asdict() for cpu in now.cpus],
        "symptom": symptom and symptom._asdict(),
    }
