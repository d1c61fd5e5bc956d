"""`ndiswan check`: options in, a report out; the work is `ndiswan.checking`'s."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.checking import Options
from ndiswan.checking import check as run
from ndiswan.checking.junit import to_junit
from ndiswan.checking.modes import SCENARIOS
from ndiswan.checking.report import lines
from ndiswan.checking.runner import modes
from ndiswan.cli.console import out, out_json, painter, progress, width
from ndiswan.cli.in_c import options, with_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.checking import CheckResult


@click.command()
@click.argument("target")
@click.option("--class", "only", metavar="NAME", help="Only this class (or function) of the file.")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="VALUE",
    help="An argument for the driver's constructor: a Python literal or a string; NAME=VALUE for a keyword.",
)
@options
@click.option("--frames", metavar="FILE", help="Send the frames of this pcap or pcapng file.")
@click.option(
    "--mode",
    "patterns",
    multiple=True,
    metavar="NAME",
    help="Only this mode: `reset/queued`, or `reset` for all of that name. Shows what the driver prints.",
)
@click.option("--both", is_flag=True, help="Serialized and deserialized, whatever the class says.")
@click.option(
    "--real-time/--no-real-time", default=True, help="The pass on the real clock too (default)."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.05),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a mode may take before the driver counts as hanging.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Modes at the same time; one a CPU without it."
)
@click.option("--traces", metavar="DIR", help="Keep every recording here, for `ndiswan trace`.")
@click.option("--list-modes", is_flag=True, help="List the modes that apply, and run none.")
@click.option("--json", "as_json", is_flag=True, help="The result as one document on stdout.")
@click.option(
    "--junit", metavar="FILE", help="Write the result as JUnit XML too: a test case a mode."
)
def check(target: str, *, list_modes: bool, as_json: bool, junit: str | None, **given: Any) -> int:
    """Run the drivers of TARGET under the contract in every mode that applies.

    TARGET is a file.py (every Miniport subclass in it, or what its make_miniport() returns), a module:Class, a driver
    in C (a file.c, a folder of them, a .so of `ndiswan build`), or a recorded trace (JSON lines, written by ndis.save).
    """
    given["arguments"] = with_options(given, "address,stack,undefined")
    options = Options(
        only=given["only"],
        arguments=list(given["arguments"]),
        frames=given["frames"],
        patterns=list(given["patterns"]),
        both=given["both"],
        real_time=given["real_time"],
        timeout=given["timeout"],
        jobs=given["jobs"] or 0,
        traces=given["traces"],
        show=bool(given["patterns"]) and not as_json,
    )
    if list_modes:
        return _list_modes(target, options, as_json=as_json)
    with progress() as show:
        result = run(target, options, show)
    if as_json:
        out_json(result.to_json())
    else:
        _print(result, _command(target, options))
    if junit is not None:
        _write_junit(result, junit)
    return result.exit_code


def _print(result: CheckResult, command: Callable[[str, str], str]) -> None:
    out("\n".join(lines(result, command, painter(sys.stdout), width())))


def _command(target: str, options: Options) -> Callable[[str, str], str]:
    """The command line that shows one mode of one driver, with what else was asked for."""

    def command(driver: str, mode: str) -> str:
        words = ["ndiswan", "check", target]
        if ":" not in target:
            words += ["--class", driver]
        for value in options.arguments:
            words += ["--arg", value]
        words += ["--frames", options.frames] if options.frames else []
        words += ["--both"] if options.both else []
        return shlex.join([*words, "--mode", mode])

    return command


def _list_modes(target: str, options: Options, *, as_json: bool) -> int:
    found = modes(target, options)
    if as_json:
        out_json({driver: [mode.name for mode in of] for driver, of in found.items()})
        return 0
    text = []
    for driver, of in found.items():
        text.append(f"{driver}:")
        longest = max(len(mode.name) for mode in of)
        text += [f"  {mode.name:<{longest}}  {SCENARIOS[mode.scenario]}" for mode in of]
    out("\n".join(text))
    return 0


def _write_junit(result: CheckResult, path: str) -> None:
    try:
        Path(path).write_text(to_junit(result), "utf-8")
    except OSError as error:
        raise click.ClickException(f"--junit: {error}") from error
