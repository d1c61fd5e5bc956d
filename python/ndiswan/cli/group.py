"""The group of all commands: imports one when it is called, and turns what it raises into an exit code.

Exit codes: 0 fine, 1 violations found, 2 interrupted, 3 internal error, 4 usage, 5 nothing ran.
"""

from __future__ import annotations

import codecs
import importlib
import io
import os
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan import __version__
from ndiswan.cli.configured import defaults

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

FINE, VIOLATIONS, INTERRUPTED, INTERNAL, USAGE, NOTHING_RAN = range(6)
PACKAGE = str(Path(__file__).parents[1])

# By name: the module and function, and what `--help` says of it without importing it.
COMMANDS = {
    "build": (
        "ndiswan.cli.build:build",
        "Compile a driver in C, with everything it is loaded with.",
    ),
    "check": (
        "ndiswan.cli.check:check",
        "Run a driver under the contract, or check a recorded trace.",
    ),
    "campaign": ("ndiswan.cli.campaign:campaign", "Merge the folders of campaigns."),
    "coverage": (
        "ndiswan.cli.coverage:coverage",
        "Say which ownership edges recordings reached, and which never.",
    ),
    "explain": ("ndiswan.cli.explain:explain", "Say everything about one rule."),
    "fuzz": ("ndiswan.cli.fuzz:fuzz", "Explore a scenario or a driver until a budget is spent."),
    "minimize": ("ndiswan.cli.replay:minimize", "Make a failure smaller."),
    "replay": ("ndiswan.cli.replay:replay", "Run a failure again, and tell its story."),
    "rules": ("ndiswan.cli.explain:rules", "List the rules of the contract."),
    "plot": ("ndiswan.cli.plot:plot", "Draw what a scenario or a sweep gives, as one HTML file."),
    "simulate": ("ndiswan.cli.simulate:simulate", "Simulate the links of a scenario file."),
    "step": ("ndiswan.cli.step:step", "Go through an execution by hand, question by question."),
    "trace": (
        "ndiswan.cli.trace:trace",
        "Turn a recorded trace into text, JSON lines, pcapng, or a story.",
    ),
    "view": ("ndiswan.cli.view:view", "Show a run, or two, as an HTML page."),
    "zoo": ("ndiswan.cli.zoo:zoo", "List drivers that break as drivers do."),
}

EPILOG = "Exit codes: 0 fine, 1 violations found, 2 interrupted, 3 internal error, 4 usage, 5 nothing ran."


class Commands(click.Group):
    """Commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now, with the defaults that the project gives it."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), function)
        assert isinstance(command, click.Command)
        if ctx.default_map is None:
            ctx.default_map = {cmd_name: defaults(cmd_name, command)}
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Their list, for which none is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; for a name that is none, those that are like it."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}; there are {', '.join(sorted(COMMANDS))}.")
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]  # it always ends as one program does
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> int:
        """Run a command, and exit with its code (or return it, if not `standalone_mode`)."""
        _give_streams()
        with _terminating_as_ctrl_c(), _warning_plainly():
            code = self._run(args, **extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(self, args: Sequence[str] | None, **extra: Any) -> int:
        try:
            answer = super().main(args, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return USAGE
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 -- what is not expected is told as our mistake
            return _failed(error)
        return answer if isinstance(answer, int) else FINE


# What Python gives a stream; in the C locale it is the second.
_USUAL = {"strict", "surrogateescape"}


def _give_streams() -> None:
    """Who starts a program with a stream closed reads nothing of it; that is no reason to do nothing.

    Nor is a name of a file that is no text, or a terminal that has no arrows.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 -- as long as we live
        elif isinstance(stream, io.TextIOWrapper) and stream.errors in _USUAL:
            unicode = stream.encoding.lower().startswith("utf")
            stream.reconfigure(errors="ndiswan" if unicode else "replace")


def _as_it_was(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes of a name that is no text go out as they came in; half a character of UTF-16 never was any."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeEncodeError as left:
        return "?" * (left.end - left.start), left.end


codecs.register_error("ndiswan", _as_it_was)


@contextmanager
def _terminating_as_ctrl_c() -> Iterator[None]:
    """A service's SIGTERM and the SIGHUP of a closed terminal end a command in order: what was found is kept."""
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def end(signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGHUP:  # nobody reads them any more, and to write there is an error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for number in terminals:
                os.dup2(nowhere, number)
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:  # of somebody who asked not to hear Ctrl-C
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)

    ends = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL and _in_main_thread()
    ]
    for number in ends:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _warning_plainly() -> Iterator[None]:
    """What a command has to say of a file that is damaged, say, is told without the line that says it."""
    usual = warnings.formatwarning

    def plain(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> str:
        if category is UserWarning and str(where[0]).startswith(PACKAGE):
            return f"ndiswan: {message}\n"
        return usual(message, category, *where, **more)

    warnings.formatwarning = plain
    try:
        yield
    finally:
        warnings.formatwarning = usual


def _in_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()


def _failed(error: Exception) -> int:
    from ndiswan.checking.target import NothingToCheckError, TargetError
    from ndiswan.exploring.execution import ScenarioError
    from ndiswan.refused import refused

    if isinstance(error, TargetError | ScenarioError):
        click.echo(f"ndiswan: {error}", err=True)
        return NOTHING_RAN if isinstance(error, NothingToCheckError) else USAGE
    told = refused(error)
    if told is not None:
        click.echo(f"ndiswan: {told}", err=True)
        return USAGE
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo("ndiswan: this is a mistake in ndiswan itself; please report it", err=True)
    return INTERNAL


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ndiswan", message="%(prog)s %(version)s")
def commands() -> None:
    """The NDIS 5.x WAN send/complete contract as software that runs."""
