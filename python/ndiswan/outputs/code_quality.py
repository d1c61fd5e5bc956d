"""Reports as GitLab's Code Quality artifact: a JSON array of findings that merge requests show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ndiswan.checking.place import relative

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ndiswan.outputs.problem import Problem, Report


def to_code_quality(reports: Iterable[Report], root: Path) -> str:
    """The document. A finding without a line below `root` is not in it: GitLab takes none without.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import Place, Problem, Report, to_code_quality
    >>> place = Place("modem.py", 12, "Modem.sent")
    >>> lost = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...", place=place)
    >>> report = Report("check", "modem.py", 1, "Modem: 1 broken", problems=[lost])
    >>> import json
    >>> (found,) = json.loads(to_code_quality([report], Path.cwd()))
    >>> found["check_name"], found["location"]
    ('LOST', {'path': 'modem.py', 'lines': {'begin': 12}})
    """
    found = []
    for report in reports:
        for problem, fingerprint in report.numbered(root):
            place = problem.shown(root)
            path = None if place is None else relative(place.file, root)
            if place is None or path is None:
                continue
            found.append(
                {
                    "description": f"{problem.rule}: {problem.detail}",
                    "check_name": problem.rule,
                    "fingerprint": fingerprint,
                    "severity": _severity(problem),
                    "location": {"path": path, "lines": {"begin": place.line}},
                }
            )
    return json.dumps(found, indent=1) + "\n"


def _severity(problem: Problem) -> str:
    if problem.level == "warning":
        return "minor"
    return "blocker" if problem.rule == "CRASH" else "critical"
