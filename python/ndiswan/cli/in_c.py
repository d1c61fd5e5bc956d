"""The options of commands that take drivers in C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from ndiswan.checking.in_c import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

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


def options(command: Command) -> Command:
    """Adds ``-I``, ``-D`` and ``--config``."""
    return INCLUDE(DEFINE(CONFIG(command)))


def with_options(given: dict[str, Any]) -> list[str]:
    """The arguments for the driver: those of ``--arg``, and what the options say."""
    try:
        more = arguments(given.pop("include"), given.pop("define"), given.pop("config"))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return [*given["arguments"], *more]
