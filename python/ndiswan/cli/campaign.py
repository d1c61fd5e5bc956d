"""`ndiswan campaign`: the folders that campaigns leave."""

from __future__ import annotations

from pathlib import Path

import click

from ndiswan.campaign import merge as merge_folders
from ndiswan.cli.console import out


@click.group()
def campaign() -> None:
    """Work with the folders of campaigns."""


@campaign.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
def merge(target: Path, sources: tuple[Path, ...]) -> int:
    """Merge the folders SOURCES, shards for example, into TARGET."""
    try:
        has = merge_folders(target, sources)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    out(", ".join(f"{count} {name}" for name, count in has.items()))
    return 1 if has["failures"] else 0
