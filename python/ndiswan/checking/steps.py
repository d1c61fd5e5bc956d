"""How it came to what was found: the story of each finding, as data, from the recording of its world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan._native import Trace
    from ndiswan.checking.results import Finding

# A story's last steps are those that matter; so many are kept.
MOST = 500


def tell(findings: Iterable[Finding], trace: Trace) -> None:
    """Give each finding its steps and its diagram, if the recording has its end."""
    numbers: dict[tuple[str, str], int] = {}
    for number, ending in enumerate(trace.endings()):
        numbers.setdefault(ending, number)
    for finding in findings:
        found = numbers.get((finding.rule or "", finding.detail))
        if found is None:
            continue
        story = trace.story(found)
        finding.steps = json.loads(story.to_json())["steps"][-MOST:]
        finding.diagram = story.to_mermaid()
        if finding.rule == "LOST" and not any(step["site"] for step in finding.steps):
            finding.steps = _with_a_line(finding.steps, trace, found)


def _with_a_line(steps: list[dict[str, Any]], trace: Trace, number: int) -> list[dict[str, Any]]:
    """The steps, and the first call of the driver's own while it was given the packet.

    A packet that is forgotten has no line that forgets it: what the driver did when it took it is the nearest.
    """
    begun = next((s["index"] for s in steps if s["text"].startswith("MiniportWanSend")), None)
    if begun is None:
        return steps
    every = json.loads(trace.story(number, full=True).to_json())["steps"]
    cpu = next((step["cpu"] for step in every if step["index"] == begun), None)
    for step in every:
        if step["index"] <= begun or step["cpu"] != cpu:
            continue
        if step["returns"] and step["text"].startswith("MiniportWanSend"):
            break
        if step["site"]:
            return sorted([*steps, step], key=lambda step: step["index"])
    return steps
