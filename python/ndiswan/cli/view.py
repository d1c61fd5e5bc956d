"""`ndiswan view`: a run as a page to look at, or two beside each other."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndiswan.cli.console import cannot_write, drivers_on_stderr, expect_apart, out
from ndiswan.cli.in_c import with_runtime_for
from ndiswan.cli.outputs import file_of
from ndiswan.cli.replayed import TARGET

if TYPE_CHECKING:
    from ndiswan.viewer import Run


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.argument("other", required=False, type=click.Path(dir_okay=False))
@click.option(
    "--html",
    "out_file",
    metavar="OUT",
    type=click.Path(dir_okay=False),
    show_default="a browser opens it",
    help="Write the page there and open nothing.",
)
@click.option(
    "--good/--no-good",
    "beside",
    default=True,
    show_default=True,
    help="Of a replay file, show beside it the run with the plain answer at the choice that matters.",
)
@TARGET
@drivers_on_stderr()
def view(
    file: str, other: str | None, out_file: str | None, target: str | None, *, beside: bool
) -> None:
    """Show the run in FILE as one HTML page: who owns each packet, locks and levels, and where a rule is broken.

    FILE is a replay file (`ndiswan fuzz`), a recorded trace (`ndis.save`) or a simulation's trace in JSON
    (`ndiswan simulate --trace run.json`). With OTHER, the two runs stand beside each other, and the first event in
    which they differ is marked. The scenario of a replay file is where it says, or below this folder, or --target; with
    OTHER that is for those of the two that are replay files. The page asks for nothing from elsewhere: it can be
    sent, or kept.
    """
    from ndiswan.viewer import ViewError, to_html

    expect_apart(map(file_of, filter(None, (file, other, target))), html=out_file)
    try:
        for one in (file, other):
            if one is not None:
                with_runtime_for(one)
        runs = _runs(file, other, target, beside=beside)
        page = to_html(runs)
    except ViewError as error:
        raise click.UsageError(str(error)) from error
    events = " and ".join(f"{len(run):,} events" for run in runs)
    if out_file is None:
        _open(page)
        return
    try:
        Path(out_file).write_text(page, "utf-8", "replace")
    except OSError as error:
        raise cannot_write("--html", error, out_file) from error
    click.echo(f"{out_file}: {events}, {len(page) / 1e6:.1f} MB", err=True)


def _runs(file: str, other: str | None, target: str | None, *, beside: bool) -> list[Run]:
    from ndiswan.viewer import read

    if other is not None:
        return [read(one, target=target)[0] for one in (file, other)]
    runs = read(file, target=target)
    return runs if beside else runs[:1]


def _open(page: str) -> None:
    """Open the page in a browser. It reads the file after this command has ended, so the file stays."""
    handle, name = tempfile.mkstemp(prefix="ndiswan-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    if webbrowser.open(Path(name).as_uri()):
        out(name)
        return
    raise click.ClickException(
        f"there is no browser to open the page with; it is {name}. With --html OUT it is written where you say"
    )
