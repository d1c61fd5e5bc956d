"""`ndiswan trace`: a recorded trace as text, JSON lines, a capture for Wireshark, or the story of a failure."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndiswan.checking.traces import read_trace
from ndiswan.cli.console import cannot_write, expect_apart, out

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan._native import Trace

# By the form: what the name of a file in it ends with.
FORMS = {
    "text": ("txt", "log", "text"),
    "jsonl": ("jsonl",),
    "pcapng": ("pcapng",),
    "story": ("story",),
    "mermaid": ("mmd", "mermaid"),
    "svg": ("svg",),
}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--to",
    "--as",
    "form",
    type=click.Choice(list(FORMS)),
    show_default="what the name of OUT ends with, or text",
    help="The form.",
)
@click.option(
    "-o", "--output", "target", metavar="OUT", show_default="stdout", help="The file to write."
)
@click.option("--full", is_flag=True, help="A story of every event, not only of what matters.")
@click.option(
    "--number",
    type=click.IntRange(min=0),
    metavar="N",
    show_default="the first that is no warning",
    help="The story of the Nth thing that went wrong, counted from 0.",
)
def trace(file: str, form: str | None, target: str | None, full: bool, number: int | None) -> None:
    """Turn a recorded trace (`ndis.save(FILE)`) into something to look at.

    pcapng is for Wireshark and tshark: an interface a link, and a comment at each frame with whose hands it went
    through. story, mermaid and svg tell what led to the rule that was broken, as a sequence diagram: text for a
    terminal, text that pages render, a picture.
    """
    form = form or _form(target)
    expect_apart([file], o=target)
    recorded = read_trace(file)
    if form == "pcapng":
        _write_capture(recorded.to_pcapng, target)
        return
    text = _text(recorded, form, full, number)
    if target is None:
        out(text.rstrip("\n"))
        return
    try:
        Path(target).write_text(text, "utf-8", "replace")
    except OSError as error:
        raise cannot_write("-o", error, target) from error


def _form(target: str | None) -> str:
    suffix = Path(target or "x.text").suffix[1:]
    for form, suffixes in FORMS.items():
        if suffix in suffixes:
            return form
    raise click.UsageError(
        f"{target}: expected a name that ends with .txt, .jsonl, .pcapng, .story, .mmd or .svg, or --to FORM"
    )


def _text(recorded: Trace, form: str, full: bool, number: int | None) -> str:
    if form == "text":
        return recorded.to_text()
    if form == "jsonl":
        return recorded.to_jsonl()
    try:
        story = recorded.story(number, full=full)
    except IndexError as error:
        raise click.UsageError(f"--number: {error}") from error
    match form:
        case "mermaid":
            return story.to_mermaid()
        case "svg":
            return story.to_svg()
        case _:
            return story.to_text()


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
        raise cannot_write("-o", error, target) from error
