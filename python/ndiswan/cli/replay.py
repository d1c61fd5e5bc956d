"""`ndiswan replay` and `ndiswan minimize`: a failure's file."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import (
    Number,
    cannot_write,
    drivers_on_stderr,
    expect_apart,
    expect_writable,
    out,
    out_json,
)
from ndiswan.cli.in_c import with_runtime_for
from ndiswan.cli.outputs import any_of, asked, file_of, outputs, publish
from ndiswan.cli.replayed import TARGET, options, replayed
from ndiswan.exploring.execution import GOOD
from ndiswan.exploring.explore import detail_of
from ndiswan.exploring.failure import UNFIT, Failure, ReplayError, load
from ndiswan.exploring.shrinking import failing_alike, make_small
from ndiswan.exploring.target import name_of
from ndiswan.exploring.watchdog import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.execution import Symptom

FINE, VIOLATIONS, _, INTERNAL, _, NOTHING_RAN = range(6)
FORMS = ("story", "mermaid", "svg", "report", "trace")


def _load(path: str, target: str | None) -> Failure:
    with_runtime_for(path)
    try:
        return load(path, target=target)
    except (ReplayError, OSError) as error:
        raise click.UsageError(str(error)) from error


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@options
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    default="story",
    show_default=True,
    help="What is told.",
)
@click.option(
    "--out",
    "output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    show_default="stdout",
    help="Write it here.",
)
@click.option("--full", is_flag=True, help="A story of every event, not only of what matters.")
@click.option("--json", "as_json", is_flag=True, help="The verdict as one document on stdout.")
@outputs
@drivers_on_stderr()
def replay(
    file: str | None, *, form: str, output: str | None, full: bool, as_json: bool, **given: Any
) -> int:
    """Run the failure in FILE again. Exit code 1 if it fails still, 0 if it does not, 5 if its choices do not fit.

    Choices do not fit if they are damaged, of another scenario, or of a driver that was another then: of what failed
    they say nothing.

    FILE is a replay file, or a SARIF file of `ndiswan fuzz` or `ndiswan replay`. Of an execution in which nothing
    went wrong, as `ndiswan step` can save it, the story is told as well. What was found with --sanitize is run in a
    process that has the sanitizers.
    """
    said = asked(given, (file, given["target"]), out=output)
    expect_writable("--out", output)
    if full and form not in FORMS[:3]:
        raise click.UsageError(
            f"--full: expected a story, mermaid or svg beside it, got --as {form}"
        )
    what = replayed(file, given)
    failure = what.failure
    expect_apart([file_of(name_of(failure.scenario))], out=output)
    again = failure.replay()
    if file is None and again.symptom is not None:
        failure = changed(failure, symptom=again.symptom, digest=again.ndis.digest())
    same = (again.symptom or GOOD) == failure.symptom
    identical = same and again.ndis.digest() == failure.digest
    gone = file is not None and again.symptom is None and failure.symptom != GOOD
    why = failure.undetermined() if gone else []
    misfit = failure.misfit(again) if again.symptom is None else None
    if as_json:
        document = _document(failure, again.symptom, identical=identical)
        out_json({**document, "nondeterministic": why, "misfit": misfit})
    elif again.symptom is None and (failure.symptom != GOOD or misfit is not None):
        out(_nothing(failure, file, misfit, why))
    else:
        if otherwise := _otherwise(again.symptom, same=same, identical=identical):
            out(otherwise)
        text = failure.told(again, form, full=full)
        if output is None:
            out(text)
        else:
            _writing(output, lambda: Path(output).write_text(text, "utf-8", "replace"))
    if any_of(said):
        from ndiswan.outputs import of_replay

        publish([of_replay(failure, again, what.content, what.name)], said)
    if again.symptom is not None or why:
        return VIOLATIONS
    return FINE if misfit is None else NOTHING_RAN


def _nothing(failure: Failure, file: str | None, misfit: str | None, why: list[str]) -> str:
    what = str(failure.symptom)
    if why:
        who = f"the driver is not deterministic: {', '.join(why)}"
        return f"it did not come again: {what}\n{who}; give it a generator or a clock of the world"
    if misfit is not None:
        return _unfit(what if failure.rule else "what failed", misfit)
    return f"it fails no more: {what}" if file else "nothing fails"


def _unfit(what: str, misfit: str) -> str:
    return f"nothing is known of {what}\n{UNFIT}: {misfit}"


def _otherwise(symptom: Symptom | None, *, same: bool, identical: bool) -> str | None:
    if symptom is None:
        return "nothing goes wrong, as when it was saved"
    if not same:
        return f"it fails otherwise: {symptom}"
    changed_since = "the driver was changed, or is not deterministic"
    return None if identical else f"it fails as before, with other events: {changed_since}"


def _writing(path: str, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise cannot_write("--out", error, path) from error


def _document(failure: Failure, symptom: Any, *, identical: bool) -> dict[str, Any]:
    return {
        "expected": {"rule": failure.rule, "place": failure.place},
        "found": symptom and {"rule": symptom.rule, "place": symptom.place},
        "identical": identical,
        "switches": failure.switches,
        "events": failure.events,
    }


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@TARGET
@click.option(
    "--time",
    "seconds",
    type=Number(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop after so long; 0 only writes what it says today.",
)
@click.option(
    "--out",
    "output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    show_default="FILE itself",
    help="Write it here.",
)
@drivers_on_stderr()
def minimize(file: str, *, target: str | None, seconds: float, output: str | None) -> int:
    """Make the failure in FILE smaller.

    Exit code 1 if it fails still, 0 if it does not, 5 if its choices do not fit.
    """
    expect_writable("--out", output)
    failure = _load(file, target)
    expect_apart([file_of(name_of(failure.scenario))], out=output)
    again = failure.replay(record=False, patience=failure.settings.patience)
    symptom = again.symptom
    if symptom is None or not symptom.is_like(failure.symptom):
        what = str(failure.symptom)
        misfit = failure.misfit(again) if symptom is None else None
        out(f"it fails no more: {what}" if misfit is None else _unfit(what, misfit))
        return FINE if misfit is None else NOTHING_RAN
    failure = changed(failure, symptom=symptom)  # its line may have moved
    run = failing_alike(
        symptom,
        failure.scenario,
        failure.settings,
        lambda: watched(failure.settings.patience),
    )
    shrunk = make_small(failure.choices, run, seconds)  # with no time at all it is as it was
    small = changed(failure, choices=shrunk.choices)
    last = small.replay()
    small = changed(
        small, detail=detail_of(last), digest=last.ndis.digest(), events=last.ndis.recorded()
    )
    _writing(output or file, lambda: small.save(Path(output or file)))
    out(
        f"{failure.switches} -> {small.switches} answers that are not the plain one, "
        f"{failure.events} -> {small.events} events, {shrunk.executions} executions; "
        f"{'nothing smaller is left to try' if shrunk.minimal else 'time is over'}"
    )
    return VIOLATIONS
