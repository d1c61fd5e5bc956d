"""`ndiswan build`: a driver in C to a file that can be loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndiswan.cli.console import out
from ndiswan.cli.in_c import DEFINE, INCLUDE

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@INCLUDE
@DEFINE
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    show_default="NAME.so here",
    help="The file.",
    metavar="FILE",
)
@click.option("--sanitize", is_flag=True, help="With AddressSanitizer and UBSan.")
def build(
    sources: Sequence[Path],
    include: Sequence[str],
    define: Sequence[str],
    output: Path | None,
    *,
    sanitize: bool,
) -> int:
    """Compile SOURCES (C files, or a folder with a file `sources` or with *.c) with ndiswan's headers.

    The file can be checked, explored and loaded like the sources: ndiswan check NAME.so.
    """
    from ndiswan.drivers import BuildError
    from ndiswan.drivers import build as compile_driver

    macros: dict[str, object] = {}
    for text in define:
        name, equals, value = text.partition("=")
        macros[name] = value if equals else True
    target = output or Path(f"{Path(os.path.realpath(sources[0])).stem}.so")
    try:
        made = compile_driver(
            sources, include=include, define=macros, sanitize=sanitize, output=target
        )
    except BuildError as error:
        raise click.ClickException(str(error)) from error
    out(str(made))
    return 0
