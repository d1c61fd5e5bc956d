"""`ndiswan step`: go through an execution by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import drivers_on_stderr
from ndiswan.cli.in_c import options, with_options, with_runtime_for
from ndiswan.cli.prompt import Prompt
from ndiswan.exploring.failure import ReplayError
from ndiswan.exploring.stepping import Stepper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

FINE, VIOLATIONS, _, _, USAGE, _ = range(6)


@click.command()
@click.argument("target")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="VALUE",
    show_default="none",
    help="As of `ndiswan check`.",
)
@options
@click.option(
    "--cpus", type=click.IntRange(1, 32), metavar="N", show_default="2", help="Virtual CPUs."
)
@click.option(
    "--commands",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    show_default="the terminal",
    help="Take the commands from this file, one a line.",
)
@click.option("--json", "as_json", is_flag=True, help="Where it stands as one line of JSON each.")
@drivers_on_stderr()
def step(target: str, *, commands: TextIO | None, as_json: bool, **given: Any) -> int:
    """Go through an execution of TARGET by hand, question by question, forwards and back.

    TARGET is what `ndiswan fuzz` takes (file.py:function, file.py:Miniport, a driver in C), or a replay file. At
    each question that an explorer would be asked it shows what has happened, who owns which packet, who holds which
    lock, and what can be chosen. `help` at the prompt lists what can be said there.

    Exit code 1 if a rule is broken in the execution as it stands at the end. A command from a file or a pipe that
    cannot be done ends it with 4.
    """
    stepper = _stepper(target, with_options([target], given), given["cpus"])
    by_hand = commands is None and sys.stdin.isatty()
    prompt = Prompt(stepper, as_json=as_json)
    prompt.show()
    for number, line in enumerate(_typed(prompt) if by_hand else _read(commands), 1):
        if not by_hand and not as_json:
            prompt.echo(line)
        said = prompt.take(line)
        if said is None:
            break
        if said and as_json:
            prompt.refuse(said)
        elif said:
            click.echo(said if by_hand else f"line {number}: {said}", err=True)
            if not by_hand:
                return USAGE
    return FINE if stepper.symptom is None else VIOLATIONS


def _stepper(target: str, arguments: list[str], cpus: int | None) -> Stepper:
    settings = {} if cpus is None else {"cpus": cpus}
    if target.endswith(".json"):
        with_runtime_for(target)
    try:
        return Stepper(target, arguments=arguments, **settings)
    except (ReplayError, OSError) as error:
        raise click.UsageError(str(error)) from error
    except TypeError as error:
        if not target.endswith(".json"):
            raise
        raise click.UsageError(f"--cpus: {error}") from error


def _read(commands: TextIO | None) -> Iterator[str]:
    """The lines of a file or a pipe."""
    try:
        yield from commands or sys.stdin
    except UnicodeDecodeError as error:
        text = f"--commands: expected text in UTF-8: {error}"
        raise click.UsageError(text) from error


def _typed(prompt: Prompt) -> Iterator[str]:
    """The lines that somebody types, with history, editing and completion; Ctrl-C forgets a line, Ctrl-D ends."""
    import readline  # `input` edits with it once it is there

    found: list[str] = []

    def complete(typed: str, which: int) -> str | None:
        if which == 0:
            found[:] = prompt.completions(typed)
        return found[which] if which < len(found) else None

    readline.set_completer_delims("")  # an answer is several words
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    while True:
        try:
            yield input("step> ")
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
