"""The way to a failure as SARIF's code flow: a thread flow a virtual CPU, its locations the events that have a line.

What has no line of its own (a timer is due, an entry point is called) is said at the next event of its CPU that has
one: GitHub refuses a file in which any location has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.checking.place import Place
    from ndiswan.outputs.problem import Problem, Step

    Location = Callable[[Place, str], dict[str, Any]]

# What GitHub shows of one thread flow.
MOST = 1000


def code_flow(problem: Problem, shown: Place | None, location: Location) -> dict[str, Any] | None:
    """The code flow of a problem; None if no event of it is known, or no line."""
    cpus = dict.fromkeys(step.cpu for step in problem.steps)
    flows = []
    for cpu in cpus:
        steps = [step for step in problem.steps if step.cpu == cpu]
        locations = _locations(steps, shown, location)[-MOST:]
        if locations:
            flows.append({"id": f"cpu {cpu}", "locations": locations})
    return {"threadFlows": flows} if flows else None


def _locations(steps: list[Step], shown: Place | None, location: Location) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting: list[str] = []
    for number, step in enumerate(steps):
        place = step.place
        if place is None and (step.broken or number == len(steps) - 1):
            # The last ones have no next: they are said where the failure is.
            place = shown
        if place is None:
            waiting.append(step.text)
            continue
        text = "; ".join([*waiting, step.text])
        waiting = []
        found.append(_one(step, location(place, text)))
    return found


def _one(step: Step, location: dict[str, Any]) -> dict[str, Any]:
    state = {"owner": step.owner, "level": step.level, "locks": ", ".join(step.locks)}
    return {
        "location": location,
        "executionOrder": step.index,
        "importance": "essential" if step.broken else "important",
        "state": {name: {"text": value} for name, value in state.items() if value},
        "properties": {"time_ns": step.time_ns},
    }
