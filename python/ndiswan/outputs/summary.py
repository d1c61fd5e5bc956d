"""Reports as Markdown for the page of a job: a table, then each failure in full, folded, with its diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.checking.place import relative

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ndiswan.outputs.problem import Problem, Report

# GitHub takes a mebibyte a step; so many failures are told in full.
FULL = 10
WIDEST_DIAGRAM = 20_000


def to_summary(reports: Iterable[Report], root: Path) -> str:
    """The text.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import Place, Problem, Report, to_summary
    >>> place = Place("modem.py", 12, "Modem.sent")
    >>> lost = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...", place=place)
    >>> report = Report("check", "modem.py", 1, "Modem: 1 broken", problems=[lost])
    >>> print(to_summary([report], Path.cwd()).splitlines()[0])
    ### ❌ ndiswan check `modem.py`
    """
    return "\n".join(line for report in reports for line in _report(report, root)) + "\n"


def _report(report: Report, root: Path) -> Iterator[str]:
    good = report.exit_code == 0
    yield f"### {'✅' if good else '❌'} ndiswan {report.command} `{report.target}`"
    yield ""
    if report.headline:
        yield from (_escaped(report.headline), "")
    for text in report.trouble:
        yield from _fenced("text", text)
    if not report.problems:
        return
    yield "| rule | where | what | in |"
    yield "|---|---|---|---|"
    for problem in report.problems:
        modes = ", ".join(problem.modes)
        cells = (f"**{problem.rule}**", _where(problem, root), problem.detail, modes)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    yield ""
    for problem in report.problems[:FULL]:
        yield from _full(problem)
    if len(report.problems) > FULL:
        yield f"{len(report.problems) - FULL} more are in the log of the job."


def _where(problem: Problem, root: Path) -> str:
    place = problem.shown(root)
    if place is None:
        return problem.driver
    inside = f" in {place.function}" if place.function else ""
    return f"`{relative(place.file, root) or place.file}:{place.line}`{inside}"


def _full(problem: Problem) -> Iterator[str]:
    title = _escaped(f"{problem.rule} in {problem.driver}")
    yield f"<details><summary>{title}</summary>"
    yield ""
    if problem.command:
        yield from _fenced("sh", problem.command)
    yield from _fenced("text", problem.report)
    if 0 < len(problem.diagram) <= WIDEST_DIAGRAM:
        yield from _fenced("mermaid", problem.diagram.rstrip())
    yield "</details>"
    yield ""


def _fenced(language: str, text: str) -> Iterator[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    yield from (f"{fence}{language}", text, fence, "")


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|").replace("\n", " ")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
