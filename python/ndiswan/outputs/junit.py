"""A report as JUnit XML: a suite a driver, a test case a mode of a check or a failure of a campaign."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan.outputs.problem import Case, Report, Suite

# What XML 1.0 cannot hold, escaped or not.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(reports: Iterable[Report]) -> str:
    """The document.

    >>> from ndiswan.outputs import Case, Report, Suite, to_junit
    >>> suite = Suite("modem.py:Modem", [Case("send/inline", "Modem", seconds=0.25)])
    >>> report = Report("check", "modem.py", suites=[suite])
    >>> '<testcase classname="Modem" name="send/inline" time="0.250"' in to_junit([report])
    True
    """
    reports = list(reports)
    name = f"ndiswan {reports[0].command}" if reports else "ndiswan"
    seconds = sum(report.seconds for report in reports)
    root = ET.Element("testsuites", name=name, time=f"{seconds:.3f}")
    for report in reports:
        root.extend(_suite(suite) for suite in report.suites)
        if report.trouble and not report.suites:
            root.append(_trouble(report))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(suite: Suite) -> ET.Element:
    def count(test: str) -> str:
        return str(sum(case.find(test) is not None for case in cases))

    cases = [_case(case) for case in suite.cases]
    element = ET.Element("testsuite", name=_clean(suite.name), tests=str(len(cases)))
    element.set("failures", count("failure"))
    element.set("errors", count("error"))
    element.set("skipped", count("skipped"))
    element.set("time", f"{sum(case.seconds for case in suite.cases):.3f}")
    properties = ET.SubElement(element, "properties")
    for name, value in suite.properties.items():
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))
    element.extend(cases)
    return element


def _case(case: Case) -> ET.Element:
    element = ET.Element(
        "testcase",
        classname=_clean(case.owner),
        name=_clean(case.name),
        time=f"{case.seconds:.3f}",
    )
    for problem in case.problems:
        if problem.level == "warning":
            continue
        # A broken rule is a failed test; a process that is gone, or an exception, is a broken one.
        kind = "failure" if problem.rule_is_one else "error"
        found = ET.SubElement(element, kind, type=problem.rule, message=_clean(problem.detail))
        found.text = _clean(problem.report)
    if case.skipped is not None:
        ET.SubElement(element, "skipped", message=_clean(case.skipped))
    warnings = [problem.report for problem in case.problems if problem.level == "warning"]
    output = "\n".join([*warnings, case.output]).strip()
    if output:
        ET.SubElement(element, "system-out").text = _clean(output)
    return element


def _trouble(report: Report) -> ET.Element:
    """What kept a command from its work is a test that could not be run."""
    target = _clean(report.target)
    element = ET.Element("testsuite", name=target, tests="1", failures="0", errors="1")
    case = ET.SubElement(
        element, "testcase", classname=target, name=f"ndiswan {report.command}", time="0"
    )
    for text in report.trouble:
        ET.SubElement(case, "error", type="TROUBLE", message=_clean(text.splitlines()[0]))
    return element


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
