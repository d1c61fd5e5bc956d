"""`--help` of each command: what an option does, in which unit it is given, and what happens without it."""

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from ndiswan.cli import commands

# What the place of a value says: a unit, or what it names.
UNITS = {"SECONDS", "TIME", "PERCENT", "BYTES", "N", "NS", "COLUMNS", "K/N"}
# So many times as much CPU time as the import of click, at most.
MOST = 2.5


def every(
    command: click.Command, above: click.Context | None, name: str
) -> Iterator[click.Context]:
    """A command and those below it."""
    context = click.Context(command, parent=above, info_name=name)
    yield context
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from every(found, context, sub)


def options() -> Iterator[tuple[str, click.Option, click.Context]]:
    """Each option of each command, with its name on the command line."""
    for context in every(commands, None, "ndiswan"):
        for option in context.command.params:
            if isinstance(option, click.Option):
                yield f"{context.command_path} {option.opts[-1]}", option, context


OPTIONS = {name: (option, context) for name, option, context in options()}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_says_what_it_does_its_unit_and_its_default(name: str) -> None:
    """An option has help; a number has a unit; what takes a value says what holds without it."""
    option, context = OPTIONS[name]
    record = option.get_help_record(context)
    assert option.help, f"{name}: expected help"
    assert record is not None
    if option.is_flag:
        assert "[default:" in record[1] or "(default)" in record[1] or option.default is not True
        return
    if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType):
        assert option.metavar in UNITS, (
            f"{name}: expected a metavar of {UNITS}, got {option.metavar}"
        )
    assert option.metavar or isinstance(option.type, click.Choice), f"{name}: expected a metavar"
    assert "[default:" in record[1] or option.required, f"{name}: expected show_default="


@pytest.mark.parametrize("path", [c.command_path for c in every(commands, None, "ndiswan")])
def test_a_command_says_what_its_arguments_are(path: str) -> None:
    """The help of a command has a sentence, and each of its arguments by name."""
    context = next(c for c in every(commands, None, "ndiswan") if c.command_path == path)
    text = context.command.help or ""
    assert text
    for argument in context.command.params:
        if isinstance(argument, click.Argument):
            for shown in re.findall(r"[A-Z]+", argument.make_metavar(context)):
                assert shown in text, f"{path}: expected {shown} in its help"


def test_an_option_without_words_is_seen() -> None:
    """The check fails for an option without help, without a unit, and without a default."""
    bad = click.Option(["--speed"], type=int)
    OPTIONS["bad"] = (bad, click.Context(click.Command("bad"), info_name="bad"))
    try:
        with pytest.raises(AssertionError, match="expected help"):
            test_an_option_says_what_it_does_its_unit_and_its_default("bad")
        bad.help = "How fast."
        with pytest.raises(AssertionError, match="expected a metavar"):
            test_an_option_says_what_it_does_its_unit_and_its_default("bad")
        bad.metavar = "BYTES"
        with pytest.raises(AssertionError, match="expected show_default"):
            test_an_option_says_what_it_does_its_unit_and_its_default("bad")
    finally:
        del OPTIONS["bad"]


def cpu_of(*arguments: str) -> float:
    """The CPU time of `python ARGUMENTS`, user and system."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_help_starts_quickly() -> None:
    """`ndiswan --help` takes at most 2.5 times the CPU time of `python -c "import click"`, the median of 15 pairs."""
    help_, click_ = ("-m", "ndiswan", "--help"), ("-c", "import click")
    cpu_of(*help_), cpu_of(*click_)  # what is compiled at the first run is compiled
    ratios = [cpu_of(*help_) / cpu_of(*click_) for _ in range(15)]
    assert statistics.median(ratios) <= MOST, ratios
