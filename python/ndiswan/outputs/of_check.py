"""What a check found, as a report: a problem for each rule and line of a driver, in whatever modes it was seen."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ndiswan.checking.place import Place
from ndiswan.outputs.problem import Case, Problem, Report, Step, Suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.checking.results import CheckResult, DriverResult, Finding, ModeResult


# As `ndiswan.drivers` says where a driver in C faulted.
_FAULT = re.compile(r" in (?P<function>\w+) \((?P<file>[^()\s]+):(?P<line>[1-9]\d*)\)")


# Where in memory something was is another place in each run.
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def of_check(result: CheckResult, command: Callable[[str, str], str]) -> Report:
    """The report; `command(driver, mode)` is the command line that shows one mode of one driver."""
    report = Report("check", result.target, result.exit_code, seconds=result.seconds)
    said = []
    for driver in result.drivers:
        cases = [_case(result, driver, mode, command) for mode in driver.modes]
        properties = {f"rule.{state.rule}": str(state.state) for state in driver.rules}
        report.suites.append(Suite(f"{result.target}:{driver.name}", cases, properties))
        found = [problem for case in cases for problem in case.problems]
        report.problems += _folded([one for one in found if one.rule != "INTERNAL"])
        report.trouble += [one.report for one in found if one.rule == "INTERNAL"]
        said.append(_said(result, driver))
    report.headline = "; ".join(said)
    return report


def _said(result: CheckResult, driver: DriverResult) -> str:
    sends = sum(mode.sends for mode in driver.modes)
    ran = sum(mode.ran for mode in driver.modes)
    states = Counter(state.state for state in driver.rules)
    rules = ", ".join(
        f"{states[s]} {s}" for s in ("broken", "warned", "kept", "not reached") if states[s]
    )
    modes = f"{ran} {'mode' if ran == 1 else 'modes'}"
    return f"{driver.name}: {modes}, {sends:,} sends, {result.frames_of(driver)}; rules: {rules}"


def _case(
    result: CheckResult, driver: DriverResult, mode: ModeResult, command: Callable[[str, str], str]
) -> Case:
    problems = [_problem(result, driver, mode, finding) for finding in mode.findings]
    # A recording is shown again by the same command.
    again = "" if mode.name == "recorded" else command(driver.name, mode.name)
    for problem in problems:
        problem.command = again or f"ndiswan check {result.target}"
    skipped = None if mode.ran else mode.note or "nothing was sent"
    return Case(mode.name, driver.name, problems, mode.seconds, skipped, mode.output)


def _fault(finding: Finding, target: str) -> Place | None:
    """The line that a driver in C touched something at, which the report has and no call site is."""
    said = _FAULT.search(finding.detail)
    if said is None:
        return None
    known = Place.of(finding.site)
    folders = [Path(known.file).parent] if known else []
    folders += [Path(target), Path(target).parent]
    files = [folder / said["file"] for folder in folders]
    file = next((file for file in files if file.is_file()), None)
    return Place(str(file.resolve()), int(said["line"]), said["function"]) if file else None


def _file(target: str) -> str | None:
    """The file to show if nothing better is known: of a folder of C the one that has DriverEntry."""
    path = Path(target)
    if path.is_dir():
        sources = sorted(file for file in path.iterdir() if file.suffix.lower() == ".c")
        entry = (f for f in sources if "DriverEntry" in f.read_text("utf-8", "replace"))
        return next((str(file) for file in (*entry, *sources)), None)
    place = target.rpartition(":")[0] if ".py:" in target else target
    return place if Path(place).is_file() else None


def _problem(
    result: CheckResult, driver: DriverResult, mode: ModeResult, finding: Finding
) -> Problem:
    # What is wrong, only warns and is no rule is what is left after a halt.
    no_rule = "LEAK" if finding.kind == "warning" else finding.kind.upper()
    defined = {entry: Place.of(site) for entry, site in driver.defined.items()}
    return Problem(
        rule=finding.rule or no_rule,
        level="warning" if finding.kind == "warning" else "error",
        detail=finding.detail,
        driver=driver.name,
        report=finding.report,
        modes=[mode.name],
        count=finding.count,
        place=_fault(finding, result.target) or Place.of(finding.site),
        steps=[Step.of(step) for step in finding.steps],
        defined={entry: place for entry, place in defined.items() if place is not None},
        entry=finding.inside[-1] if finding.inside else None,
        file=_file(result.target),
        packet=finding.packet,
        diagram=finding.diagram,
        properties={"adapter": finding.adapter, "time_ns": finding.time_ns},
    )


def _folded(problems: list[Problem]) -> list[Problem]:
    """Those of one rule at one line as one, which has the story of the first and the modes of all."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        what = _ADDRESS.sub("", problem.detail) if not problem.rule_is_one else ""
        key = (problem.rule, problem.level, problem.driver, problem.place, what)
        if key in found:
            found[key].modes.append(problem.modes[0])
            found[key].count += problem.count
        else:
            found[key] = replace(problem, modes=list(problem.modes))
    return list(found.values())
