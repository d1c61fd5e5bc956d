"""The options of commands that take drivers in C."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ndiswan.checking.in_c import arguments
from ndiswan.cli.console import stdout_as_given
from ndiswan.drivers import BuildError
from ndiswan.drivers.sanitizing import SanitizerError, needs_runtime, restart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Command = TypeVar("Command", bound="Callable[..., Any]")

INCLUDE = click.option(
    "-I",
    "--include",
    multiple=True,
    metavar="FOLDER",
    help="Headers of a driver in C.",
    show_default="none",
)
DEFINE = click.option(
    "-D",
    "--define",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A macro for a driver in C.",
    show_default="none",
)
CONFIG = click.option(
    "--config",
    multiple=True,
    metavar="KEYWORD=VALUE",
    help="Of the adapter's registry: a Python literal or a string, for NdisReadConfiguration.",
    show_default="none",
)
SANITIZE = click.option(
    "--sanitize", is_flag=True, help="A driver in C with AddressSanitizer and UBSan."
)


def options(command: Command) -> Command:
    """Adds ``-I``, ``-D``, ``--config`` and ``--sanitize``."""
    return INCLUDE(DEFINE(CONFIG(SANITIZE(command))))


def with_options(
    targets: Iterable[str], given: dict[str, Any], kinds: str = "address,undefined"
) -> list[str]:
    """The arguments for the drivers: those of ``--arg``, and what the options say; ``kinds`` of sanitizers.

    With ``--sanitize`` the command begins again, in a process that has what such a driver needs.
    """
    for target in targets:
        _expect_sources(target, given)
    sanitize = [f"sanitize={kinds}"] if given.pop("sanitize") else []
    with_runtime(sanitize)
    try:
        more = arguments(given.pop("include"), given.pop("define"), given.pop("config"))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return [*given["arguments"], *more, *sanitize]


def _expect_sources(target: str, given: dict[str, Any]) -> None:
    """Refuse for a built driver what would have been said to the compiler."""
    built = Path(target)
    if built.suffix != ".so" or not built.is_file():
        return
    if given["define"] or given["include"]:
        raise click.UsageError(
            f"-D, -I: expected a driver's C files, got {target}, which is compiled already; `ndiswan build` takes them"
        )
    if given["sanitize"] and not needs_runtime(built):
        raise click.UsageError(
            f"--sanitize: expected a driver's C files, got {target}, which is compiled without;"
            " `ndiswan build --sanitize` makes one with them"
        )


def with_runtime(arguments: Iterable[str]) -> None:
    """If these arguments of a driver ask for AddressSanitizer, begin the command again in a process that has it."""
    if any(re.match(r"sanitize=.*(address|True)", argument) for argument in arguments):
        try:
            with stdout_as_given():
                restart()
        except (SanitizerError, BuildError) as error:
            raise click.UsageError(f"--sanitize: {error}") from error


def with_runtime_for(file: str | Path) -> None:
    """The same for the driver whose failure a replay file holds; what is none is left to who reads it."""
    try:
        content = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(content, dict) and "ndiswan-replay" in content:
        with_runtime(arguments_in(content))


def arguments_in(content: dict[str, Any]) -> list[str]:
    """The arguments for the driver in what a replay file holds; none if they are no list."""
    found = content.get("arguments")
    return [str(argument) for argument in found] if isinstance(found, list) else []
