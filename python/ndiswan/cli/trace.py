"""`ndiswan trace`: a recorded trace as text, as JSON lines, or as a capture for Wireshark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndiswan.checking.traces import read_trace
from ndiswan.cli.console import out

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--to",
    "form",
    type=click.Choice(["text", "jsonl", "pcapng"]),
    help="The form; without it, what the name of OUT ends with, or text.",
)
@click.option(
    "-o", "--output", "target", metavar="OUT", help="The file to write; without it, stdout."
)
def trace(file: str, form: str | None, target: str | None) -> None:
    """Turn a recorded trace (`ndis.save(FILE)`) into something to look at.

    pcapng is for Wireshark and tshark: an interface a link, and a comment at each frame with whose hands it went
    through.
    """
    if form is None:
        suffix = Path(target or "x.text").suffix[1:]
        form = {"txt": "text", "log": "text"}.get(suffix, suffix)
        if form not in {"text", "jsonl", "pcapng"}:
            raise click.UsageError(
                f"{target}: expected a name that ends with .txt, .jsonl or .pcapng, or --to FORM"
            )
    recorded = read_trace(file)
    if form == "pcapng":
        _write_capture(recorded.to_pcapng, target)
        return
    text = recorded.to_text() if form == "text" else recorded.to_jsonl()
    if target is None:
        out(text.rstrip("\n"))
        return
    try:
        Path(target).write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _write_capture(write: Callable[[str], int], target: str | None) -> None:
    try:
        if target is not None:
            frames = write(target)
            click.echo(f"{target}: {frames} frames", err=True)
            return
        if sys.stdout.isatty():
            raise click.UsageError("pcapng is no text: give a file with -o, or pipe it")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.pcapng"
            write(str(path))
            sys.stdout.flush()
            sys.stdout.buffer.write(path.read_bytes())
    except OSError as error:
        raise click.ClickException(str(error)) from error
