"""The options that write what continuous integration reads, the same for every command that finds something."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ndiswan.cli.console import cannot_write, expect_apart, expect_writable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ndiswan.outputs import Report

Command = TypeVar("Command", bound="Callable[..., Any]")

NAMES = ("sarif", "junit", "code_quality", "annotations")
OPTIONS = (
    click.option(
        "--sarif",
        metavar="FILE",
        show_default="none",
        help="Write SARIF 2.1.0: what failed, where, and how it came to it.",
    ),
    click.option(
        "--junit",
        metavar="FILE",
        show_default="none",
        help="Write JUnit XML: a test case a mode, or a failure.",
    ),
    click.option(
        "--code-quality",
        metavar="FILE",
        show_default="none",
        help="Write JSON for GitLab's Code Quality artifact.",
    ),
    click.option(
        "--annotations/--no-annotations",
        default=None,
        show_default="on if GITHUB_ACTIONS is true",
        help="Lines for GitHub Actions on stderr, and a summary of the job.",
    ),
)


def outputs(command: Command) -> Command:
    """Adds the options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def asked(given: dict[str, Any], read: Iterable[str | None], **more: str | None) -> dict[str, Any]:
    """What the options say, taken out of `given`; a file that cannot be written is refused before anything runs.

    So is one of those that are ``read``, and one of ``more`` that are written. A target is read where it is a file.
    """
    said = {name: given.pop(name) for name in NAMES}
    expect_apart(
        map(file_of, filter(None, read)), **more, **{name: said[name] for name in NAMES[:3]}
    )
    made = (given.get("folder"), given.get("traces"), ".ndiswan")
    for name in NAMES[:3]:
        expect_writable(f"--{name.replace('_', '-')}", said[name], made)
    if said["annotations"] is None:
        said["annotations"] = os.environ.get("GITHUB_ACTIONS") == "true"
    return said


def file_of(target: str) -> str:
    """The file that a target names: ``driver.py`` of ``driver.py:Modem``."""
    place, _, _ = target.rpartition(":")
    return place if place.endswith(".py") and not Path(target).is_file() else target


def any_of(said: dict[str, Any]) -> bool:
    """Whether anything is to be written."""
    return any(said.values())


def publish(reports: Sequence[Report], said: dict[str, Any]) -> None:
    """Write what is asked for.

    Raises click.ClickException if a file cannot be written.
    """
    if not any_of(said):
        return
    from ndiswan import outputs as forms

    root = forms.repository()
    if said["sarif"]:
        _write("--sarif", said["sarif"], forms.to_sarif(reports, root))
    if said["junit"]:
        _write("--junit", said["junit"], forms.to_junit(reports))
    if said["code_quality"]:
        _write("--code-quality", said["code_quality"], forms.to_code_quality(reports, root))
    if said["annotations"]:
        for line in forms.to_annotations(reports, root):
            click.echo(line, err=True)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            _write("GITHUB_STEP_SUMMARY", summary, forms.to_summary(reports, root), mode="a")


def publish_trouble(command: str, target: str, error: Exception, said: dict[str, Any]) -> None:
    """Write what is asked for of a target that there is nothing to find in, and why."""
    if any_of(said):
        from ndiswan.checking.target import NothingToCheckError
        from ndiswan.outputs import Report

        code = 5 if isinstance(error, NothingToCheckError) else 4
        publish([Report(command, target, code, trouble=[str(error)])], said)


def _write(name: str, path: str, text: str, mode: str = "w") -> None:
    try:
        with Path(path).open(mode, encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise cannot_write(name, error, path) from error
