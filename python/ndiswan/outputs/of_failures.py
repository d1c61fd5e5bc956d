"""What a campaign found, or a replay showed, as a report: each replay file is run once more for its story."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan.checking.place import Place
from ndiswan.exploring.elsewhere import command as without_the_file
from ndiswan.exploring.execution import GOOD
from ndiswan.exploring.failure import load
from ndiswan.exploring.in_words import in_words, notes_of
from ndiswan.exploring.target import name_of
from ndiswan.outputs.problem import Case, Problem, Report, Step, Suite
from ndiswan.violations import ContractViolation

if TYPE_CHECKING:
    from ndiswan.campaign import Campaign, Died, Verdict
    from ndiswan.exploring.execution import Execution
    from ndiswan.exploring.failure import Failure

NOT_SURE = "it may fail still: the same choices give other events"


def of_campaign(campaign: Campaign, verdict: Verdict, exit_code: int) -> Report:
    """The report of a campaign: a problem for each failure that is new or fails still.

    >>> from ndiswan.campaign import Campaign, Store
    >>> from ndiswan.outputs import of_campaign
    >>> target = "ndiswan.zoo.scenarios:double_shared_list"
    >>> campaign = Campaign(target, Store("found"), executions=500, executor="serial")
    >>> report = of_campaign(campaign, campaign.run(), 1)
    >>> "DOUBLE" in {problem.rule for problem in report.problems}
    True
    """
    progress = verdict.progress
    report = Report("fuzz", campaign.target, exit_code, seconds=progress.seconds)
    report.headline = (
        f"{progress.executions:,} executions in {progress.seconds:.0f} s, seed {campaign.seed}:"
        f" {len(verdict.new)} new, {len(verdict.known)} known,"
        f" {len(verdict.mended)} mended failures"
        + (f", {len(verdict.died)} that ended the process" if verdict.died else "")
        + (f", {len(verdict.unsure)} that did not come again" if verdict.unsure else "")
    )
    cases = []
    for paths, title in ((verdict.new, "found"), (verdict.known, "fails still")):
        for path in paths:
            failure = load(path)
            again = failure.replay(patience=failure.settings.patience)
            content = json.loads(path.read_text("utf-8"))
            problems = _problems(failure, again, content, f"ndiswan replay {path}")
            report.problems += problems
            cases.append(Case(f"{title}: {path.stem}", campaign.target, problems))
    for died in verdict.died:
        problem = _died(campaign, died)
        report.problems.append(problem)
        cases.append(Case(f"ended its process: seed {died.seed}", campaign.target, [problem]))
    cases += [Case(f"fails no more: {path.stem}", campaign.target) for path in verdict.mended]
    cases += [
        Case(f"its choices do not fit: {path.stem}", campaign.target) for path in verdict.unfit
    ]
    cases += [
        Case(f"did not come again: {path.stem}", campaign.target, skipped=NOT_SURE)
        for path in verdict.unsure
    ]
    whole = Case("explored", campaign.target, seconds=progress.seconds, output=report.headline)
    report.suites.append(Suite(campaign.target, [whole, *cases], {"seed": str(campaign.seed)}))
    return report


def _died(campaign: Campaign, died: Died) -> Problem:
    file = campaign.target.rpartition(":")[0] or campaign.target
    return Problem(
        rule="CRASH",
        level="error",
        detail=str(died).splitlines()[0],
        driver=campaign.target.rpartition(":")[2],
        report=str(died),
        command=died.command,
        place=Place.in_traceback(died.words),
        file=file if Path(file).is_file() else None,
    )


def of_replay(failure: Failure, again: Execution, content: dict[str, Any], name: str) -> Report:
    """The report of a failure that was run again; `content` is what its file holds, `name` the file's.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    >>> from ndiswan.outputs import of_replay
    >>> report = of_replay(failure, failure.replay(), failure.to_json(), "double.json")
    >>> [problem.rule for problem in report.problems]
    ['DOUBLE']
    >>> report.headline[:30]
    'double.json: fails: DOUBLE at '
    """
    target = name_of(failure.scenario)
    report = Report("replay", target, int(again.symptom is not None))
    report.problems = _problems(failure, again, content, f"ndiswan replay {name}")
    report.headline = f"{name}: {_said(failure, again)}"
    case = Case(Path(name).stem, target, report.problems, output=report.headline)
    report.suites.append(Suite(target, [case]))
    return report


def _said(failure: Failure, again: Execution) -> str:
    if again.symptom is not None:
        return f"fails: {again.symptom}"
    if failure.misfit(again) is not None:
        return "its choices do not fit"
    return "nothing goes wrong" if failure.rule in {"", GOOD.rule} else "it fails no more"


def _problems(
    failure: Failure, again: Execution, content: dict[str, Any], command: str
) -> list[Problem]:
    symptom, error = again.symptom, again.error
    if symptom is None or error is None:
        return []
    story = failure.story(again)
    if isinstance(error, ContractViolation):
        driver, place, text = error.adapter, Place.of(error.site), str(error)
        detail, packet = error.detail, error.packet
        entry = error.inside[-1] if error.inside else None
    else:
        text = "".join(traceback.format_exception(error)).rstrip()
        driver, place = name_of(failure.scenario).rpartition(":")[2], Place.in_traceback(text)
        detail, packet, entry = f"{type(error).__name__}: {in_words(error)}", None, None
    detail = "; ".join([detail, *notes_of(error)])
    file = name_of(failure.scenario).rpartition(":")[0] or name_of(failure.scenario)
    return [
        Problem(
            rule=symptom.rule,
            level="error",
            detail=detail,
            driver=driver,
            report=text,
            command=without_the_file(content, failure.settings) or command,
            place=place,
            steps=[Step.of(step) for step in json.loads(story.to_json())["steps"]],
            entry=entry,
            file=file if Path(file).is_file() else None,
            packet=packet,
            diagram=story.to_mermaid(),
            properties={
                "token": content["choices"],
                "digest": failure.digest,
                "switches": failure.switches,
                "replay": content,
            },
        )
    ]
