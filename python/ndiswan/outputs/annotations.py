"""Reports as GitHub Actions' workflow commands, each of which the runner turns into a note at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.checking.place import relative

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ndiswan.outputs.problem import Problem, Report


def to_annotations(reports: Iterable[Report], root: Path) -> Iterator[str]:
    """A line a problem; GitHub shows the first ten errors and the first ten warnings of a step.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import Place, Problem, Report, to_annotations
    >>> place = Place("modem.py", 12, "Modem.sent")
    >>> lost = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...", place=place)
    >>> report = Report("check", "modem.py", 1, "Modem: 1 broken", problems=[lost])
    >>> for line in to_annotations([report], Path.cwd()):
    ...     print(line[:59])
    ::error file=modem.py,line=12,title=LOST in Modem::packet 0
    """
    for report in reports:
        for text in report.trouble:
            title = f"ndiswan {report.command} {report.target}"
            yield f"::error title={_property(title)}::{_data(text)}"
        for problem in report.problems:
            yield _one(problem, root)


def _one(problem: Problem, root: Path) -> str:
    place = problem.shown(root)
    path = None if place is None else relative(place.file, root)
    properties = {"title": f"{problem.rule} in {problem.driver}"}
    if place is not None and path is not None:
        properties = {"file": path, "line": str(place.line), **properties}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = "\n".join(
        part
        for part in (
            problem.detail,
            problem.remedy,
            problem.command and f"To see it: {problem.command}",
        )
        if part
    )
    return f"::{problem.level} {said}::{_data(text)}"


def _data(text: str) -> str:
    """A message as the runner reads it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property's value, which ends at a comma or a colon."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
