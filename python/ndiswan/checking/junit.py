"""A check as JUnit XML, as continuous integration reads it: a suite a driver, a test case a mode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from ndiswan.checking.results import CheckResult, DriverResult, ModeResult

# What XML 1.0 cannot hold, escaped or not.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(result: CheckResult) -> str:
    """The document."""
    root = ET.Element("testsuites", name="ndiswan check", time=f"{result.seconds:.3f}")
    for driver in result.drivers:
        root.append(_suite(result, driver))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(result: CheckResult, driver: DriverResult) -> ET.Element:
    def count(test: str) -> str:
        return str(sum(case.find(test) is not None for case in cases))

    cases = [_case(driver, mode) for mode in driver.modes]
    suite = ET.Element("testsuite", name=f"{result.target}:{driver.name}", tests=str(len(cases)))
    suite.set("failures", count("failure"))
    suite.set("errors", count("error"))
    suite.set("skipped", count("skipped"))
    suite.set("time", f"{sum(mode.seconds for mode in driver.modes):.3f}")
    properties = ET.SubElement(suite, "properties")
    for state in driver.rules:
        ET.SubElement(properties, "property", name=f"rule.{state.rule}", value=state.state)
    suite.extend(cases)
    return suite


def _case(driver: DriverResult, mode: ModeResult) -> ET.Element:
    case = ET.Element("testcase", classname=driver.name, name=mode.name, time=f"{mode.seconds:.3f}")
    for finding in mode.errors:
        # A broken rule is a failed test; a process that is gone, or an exception, is a broken one.
        kind = "failure" if finding.rule else "error"
        element = ET.SubElement(case, kind, type=finding.title, message=_clean(finding.detail))
        element.text = _clean(finding.report)
    if not mode.ran:
        ET.SubElement(case, "skipped", message=_clean(mode.note or "nothing was sent"))
    warnings = [finding.report for finding in mode.findings if finding.kind == "warning"]
    output = "\n".join([*warnings, mode.output]).strip()
    if output:
        ET.SubElement(case, "system-out").text = _clean(output)
    return case


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
