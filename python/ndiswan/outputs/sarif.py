"""Reports as SARIF 2.1.0 (OASIS, with Errata 01), with what GitHub's code scanning asks for beyond the schema.

A run a report, so that several targets do not take each other's place: each has an `automationDetails.id` of its own.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import __version__
from ndiswan.checking.place import Place, relative
from ndiswan.outputs.descriptors import descriptors
from ndiswan.outputs.flows import code_flow
from ndiswan.outputs.problem import rule_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan.outputs.problem import Problem, Report

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
BASE = "%SRCROOT%"
PASSWORD = re.compile(r"//[^/@\s]*@")
EXIT_CODES = (
    "fine",
    "violations found",
    "interrupted",
    "internal error",
    "usage",
    "nothing ran",
)
# The codes of a run that did its work to the end.
DONE = (0, 1)


def to_sarif(reports: Iterable[Report], root: Path) -> str:
    """The document; `root` is what paths are relative to.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import Place, Problem, Report, to_sarif
    >>> place = Place("modem.py", 12, "Modem.sent")
    >>> lost = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...", place=place)
    >>> report = Report("check", "modem.py", 1, "Modem: 1 broken", problems=[lost])
    >>> import json
    >>> (result,) = json.loads(to_sarif([report], Path.cwd()))["runs"][0]["results"]
    >>> result["ruleId"], result["level"]
    ('LOST', 'error')
    """
    runs = [_Run(report, root).document() for report in reports]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"


class _Run:
    def __init__(self, report: Report, root: Path) -> None:
        self.report = report
        self.root = root

    def document(self) -> dict[str, Any]:
        report = self.report
        return {
            "tool": {
                "driver": {
                    "name": "ndiswan",
                    "version": __version__,
                    "semanticVersion": __version__,
                    "informationUri": "https://pypi.org/project/ndiswan/",
                    "rules": descriptors(),
                }
            },
            "automationDetails": {
                "id": f"ndiswan {report.command}/{_name(report.target, self.root)}/"
            },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                BASE: {
                    "uri": f"{self.root.as_uri().rstrip('/')}/",
                    "description": {"text": "The repository's folder where ndiswan ran."},
                }
            },
            "invocations": [self.invocation()],
            "results": [self.result(*pair) for pair in report.numbered(self.root)],
        }

    def invocation(self) -> dict[str, Any]:
        report, end = self.report, datetime.now(UTC)
        begin = end - timedelta(seconds=report.seconds)
        # Who reads the file needs no password.
        arguments = [PASSWORD.sub("//", argument) for argument in sys.argv[1:]]
        return {
            "executionSuccessful": report.exit_code in DONE and not report.trouble,
            "commandLine": shlex.join(["ndiswan", *arguments]),
            "arguments": arguments,
            "startTimeUtc": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endTimeUtc": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exitCode": report.exit_code,
            "exitCodeDescription": EXIT_CODES[report.exit_code],
            "workingDirectory": {"uri": f"{Path.cwd().as_uri().rstrip('/')}/"},
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": text}} for text in report.trouble
            ],
        }

    def result(self, problem: Problem, fingerprint: str) -> dict[str, Any]:
        shown = problem.shown(self.root)
        where = f" Driver {problem.driver}" if problem.driver else ""
        if problem.modes:
            where += f", in {', '.join(problem.modes)}"
        again = f" To see it: {problem.command}" if problem.command else ""
        text = f"{problem.detail}.{where}.{again}"
        found: dict[str, Any] = {
            "ruleId": problem.rule,
            "ruleIndex": rule_ids().index(problem.rule),
            "kind": "fail",
            "level": problem.level,
            "message": {"text": text, "markdown": _markdown(problem, where)},
            "occurrenceCount": problem.count,
            "partialFingerprints": {"ndiswan/v1": fingerprint},
            "properties": {
                "driver": problem.driver,
                "modes": problem.modes,
                "packet": problem.packet,
                "command": problem.command,
                "report": problem.report,
                **problem.properties,
            },
        }
        if shown is not None:
            found["locations"] = [self.location(shown)]
            line = shown.text()
            if line is not None:
                region = found["locations"][0]["physicalLocation"]["region"]
                region["snippet"] = {"text": line}
        related = [(text, place) for text, place in problem.related() if place != shown]
        if problem.place is not None and problem.place != shown:
            related.insert(0, ("it happened here", problem.place))
        found["relatedLocations"] = [
            {"id": number, **self.location(place, text)}
            for number, (text, place) in enumerate(related, 1)
        ]
        flow = code_flow(problem, shown, self.location)
        if flow is not None:
            flow["message"] = {"text": f"The events that matter, up to {problem.rule}."}
            found["codeFlows"] = [flow]
        return found

    def location(self, place: Place, text: str | None = None) -> dict[str, Any]:
        below = relative(place.file, self.root)
        artifact = (
            {"uri": Path(place.file).as_uri()}
            if below is None
            else {"uri": _quoted(below), "uriBaseId": BASE}
        )
        found: dict[str, Any] = {
            "physicalLocation": {
                "artifactLocation": artifact,
                "region": {"startLine": place.line},
            }
        }
        if place.function:
            found["logicalLocations"] = [
                {
                    "name": place.function.rpartition(".")[2],
                    "fullyQualifiedName": place.function,
                    "kind": "function",
                }
            ]
        if text is not None:
            found["message"] = {"text": text}
        return found


def _markdown(problem: Problem, where: str) -> str:
    again = f"\n\nTo see it: `{problem.command}`" if problem.command else ""
    return (
        f"**{problem.rule}**: {problem.detail}.{where}.\n\n**To mend it.** {problem.remedy}{again}"
    )


def _name(target: str, root: Path) -> str:
    """A target that is the same on each machine: with a path below the repository, if it is one."""
    path, colon, name = target.rpartition(":") if not Path(target).exists() else (target, "", "")
    below = relative(path, root) if path and Path(path).exists() else None
    return f"{below}{colon}{name}" if below else target


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)
