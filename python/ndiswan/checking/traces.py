"""The check of a recorded trace: the contract folded over what happened, as a run of one mode."""

from __future__ import annotations

from pathlib import Path

from ndiswan._native import Trace
from ndiswan.checking.reached import reached_in
from ndiswan.checking.results import CheckResult, DriverResult, Finding, ModeResult
from ndiswan.checking.steps import tell
from ndiswan.checking.target import TargetError


def read_trace(path: str) -> Trace:
    """The trace in a file.

    Raises TargetError if it cannot be read or is none.
    """
    try:
        return Trace(path)
    except (OSError, ValueError) as error:
        raise TargetError(str(error)) from error


def check_trace(path: str) -> CheckResult:
    """What the events of a trace break.

    Raises TargetError if it cannot be read or is none.
    """
    trace = read_trace(path)
    mode = ModeResult("recorded", worlds=1, ran=len(trace) > 0)
    new = []
    for found in trace.check():
        history = found["history"]
        finding = Finding(
            kind="warning" if found["warning"] else "violation",
            rule=found["rule"],
            detail=found["detail"],
            report=found["report"],
            adapter=found["adapter"],
            packet=found["packet"],
            time_ns=found["time_ns"],
            history=[str(event).strip() for event in history],
            site=history[-1].site if history and history[-1].time_ns == found["time_ns"] else None,
        )
        if mode.add(finding):
            new.append(finding)
    tell(new, trace)
    seen = reached_in(Path(path))
    mode.reached, mode.sends = sorted(seen.rules), seen.sends
    name = ", ".join(trace.adapters) or Path(path).name
    driver = DriverResult(name, [mode], contracts=seen.contracts or ["wan"])
    return CheckResult(path, [driver], f"{mode.sends} recorded sends")
