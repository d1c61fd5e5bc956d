"""`ndiswan check`: options in, reports out; the work is `ndiswan.checking`'s."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from ndiswan.checking import Options
from ndiswan.checking import check as run
from ndiswan.checking.in_c import as_options
from ndiswan.checking.modes import SCENARIOS
from ndiswan.checking.report import lines
from ndiswan.checking.results import FINE, INTERNAL, NOTHING_RAN, USAGE, VIOLATIONS
from ndiswan.checking.runner import LONGEST, modes
from ndiswan.checking.target import NothingToCheckError, TargetError
from ndiswan.cli.console import Number, out, out_json, painter, progress, width
from ndiswan.cli.in_c import options, with_options
from ndiswan.cli.outputs import any_of, asked, outputs, publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.checking import CheckResult
    from ndiswan.outputs import Report

# Of several targets the worst counts, in this order.
WORST = (INTERNAL, USAGE, VIOLATIONS, FINE, NOTHING_RAN)


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--class",
    "only",
    metavar="NAME",
    help="Only this class (or function) of the file.",
    show_default="each of them",
)
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="VALUE",
    help="An argument for the driver's constructor: a Python literal or a string; NAME=VALUE for a keyword.",
    show_default="none",
)
@options
@click.option(
    "--frames",
    metavar="FILE",
    help="Send the frames of this pcap or pcapng file.",
    show_default="built-in ones",
)
@click.option(
    "--mode",
    "patterns",
    multiple=True,
    metavar="NAME",
    help="Only this mode: `reset/queued`, or `reset` for all of that name. Shows what the driver prints.",
    show_default="all that apply",
)
@click.option("--both", is_flag=True, help="Serialized and deserialized, whatever the class says.")
@click.option(
    "--real-time/--no-real-time", default=True, help="The pass on the real clock too (default)."
)
@click.option(
    "--timeout",
    type=Number(0.05, LONGEST),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a mode may take before the driver counts as hanging.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    show_default="one a CPU",
    help="Modes at the same time.",
    metavar="N",
)
@click.option(
    "--traces",
    metavar="DIR",
    help="Keep every recording here, for `ndiswan trace`.",
    show_default="they are not kept",
)
@click.option(
    "--allow-nothing", is_flag=True, help="A TARGET without a driver is fine; else exit code 5."
)
@click.option("--list-modes", is_flag=True, help="List the modes that apply, and run none.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="The result as one document on stdout; of several targets an array.",
)
@outputs
def check(
    targets: tuple[str, ...], *, list_modes: bool, as_json: bool, allow_nothing: bool, **given: Any
) -> int:
    """Run the drivers of each TARGET under the contract in every mode that applies.

    TARGET is a file.py (every Miniport subclass in it, or what its make_miniport() returns), a module:Class, a driver
    in C (a file.c, a folder of them, a .so of `ndiswan build`), or a recorded trace (JSON lines, written by ndis.save).
    """
    said = asked(given, (*targets, given["frames"]))
    given["arguments"] = with_options(targets, given, "address,stack,undefined")
    wanted = Options(
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
        _list_modes(targets, wanted, as_json=as_json)
        return FINE
    checks = [_Check(target, wanted, allow_nothing=allow_nothing) for target in targets]
    for one in checks:
        one.run(alone=len(checks) == 1, quiet=as_json)
    if as_json:
        documents = [one.result.to_json() for one in checks if one.result is not None]
        if documents:
            out_json(documents[0] if len(checks) == 1 else documents)
    if any_of(said):
        publish([one.report() for one in checks], said)
    failed = next((one.error for one in checks if one.error is not None), None)
    if len(checks) == 1 and failed is not None:
        raise failed
    return min((one.exit_code for one in checks), key=WORST.index)


class _Check:
    """One target: what became of it, or why it could not be checked."""

    def __init__(self, target: str, options: Options, *, allow_nothing: bool) -> None:
        self.target = target
        self.options = options
        self.result: CheckResult | None = None
        self.error: TargetError | None = None
        self.note = ""
        self.exit_code = FINE
        self._allow_nothing = allow_nothing

    def run(self, *, alone: bool, quiet: bool) -> None:
        try:
            with progress() as show:
                self.result = run(self.target, self.options, show)
        except TargetError as error:
            self._cannot(error, alone=alone)
            return
        self.exit_code = self.result.exit_code
        if self.exit_code == NOTHING_RAN and self._allow_nothing:
            self.exit_code = FINE
        if not quiet:
            _print(self.result, self.target, self.options)
            if not alone:
                out("")

    def _cannot(self, error: TargetError, *, alone: bool) -> None:
        nothing = isinstance(error, NothingToCheckError)
        if nothing and self._allow_nothing:
            self.note = str(error)
            click.echo(self.note, err=True)
            return
        self.error = error
        self.exit_code = NOTHING_RAN if nothing else USAGE
        if not alone:  # one alone is told by who called us
            click.echo(f"ndiswan: {error}", err=True)

    def report(self) -> Report:
        """For other programs to read."""
        from ndiswan.outputs import Report, of_check

        if self.result is not None:
            return of_check(self.result, _command(self.target, self.options))
        trouble = [] if self.error is None else [str(self.error)]
        return Report("check", self.target, self.exit_code, self.note, trouble=trouble)


def _print(result: CheckResult, target: str, options: Options) -> None:
    def search(driver: str) -> str:
        one = target if ":" in target or len(result.drivers) == 1 else f"{target}:{driver}"
        return shlex.join(["ndiswan", "fuzz", one, *as_options(options.arguments), "--time", "60"])

    shown = lines(result, _command(target, options), painter(sys.stdout), width(), search)
    out("\n".join(shown))


def _command(target: str, options: Options) -> Callable[[str, str], str]:
    """The command line that shows one mode of one driver, with what else was asked for."""

    def command(driver: str, mode: str) -> str:
        words = ["ndiswan", "check", target]
        if ":" not in target:
            words += ["--class", driver]
        words += as_options(options.arguments)
        words += ["--frames", options.frames] if options.frames else []
        words += ["--both"] if options.both else []
        return shlex.join([*words, "--mode", mode])

    return command


def _list_modes(targets: tuple[str, ...], options: Options, *, as_json: bool) -> None:
    found = {driver: of for target in targets for driver, of in modes(target, options).items()}
    if as_json:
        out_json({driver: [mode.name for mode in of] for driver, of in found.items()})
        return
    text = []
    for driver, of in found.items():
        text.append(f"{driver}:")
        longest = max(len(mode.name) for mode in of)
        text += [f"  {mode.name:<{longest}}  {SCENARIOS[mode.scenario]}" for mode in of]
    out("\n".join(text))
