"""What commands print with: results on stdout, all else on stderr, colour and progress only for a person.

NO_COLOR (https://no-color.org) turns colour off, a stream that is no terminal as well.
"""

from __future__ import annotations

import ctypes
import errno
import json
import math
import os
import shutil
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ndiswan.refused import WHAT_TO_DO, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ndiswan.checking.runner import Progress

COLOURS: dict[str, dict[str, Any]] = {
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
    "warn": {"fg": "yellow"},
    "dim": {"dim": True},
    "bold": {"bold": True},
}
# Text is not wider than this on however wide a terminal.
WIDEST = 120


def painter(stream: TextIO) -> Callable[[str, str], str]:
    """What puts colour into text for that stream, if it takes any."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return lambda text, _style: text
    return lambda text, style: click.style(text, **COLOURS[style])


def width() -> int:
    """How wide text may be on stdout."""
    return max(60, min(WIDEST, shutil.get_terminal_size((110, 24)).columns))


class _Kept:
    """The stdout that this process was given, while drivers have stderr in its place."""

    stream: TextIO | None = None


def results() -> TextIO:
    """Where results go."""
    return _Kept.stream or sys.stdout


@contextmanager
def drivers_on_stderr() -> Iterator[None]:
    """While it lasts, what drivers and scenarios print goes to stderr, that of workers too: stdout is for results.

    A terminal shows both anyway, and a debugger in a driver needs it.
    """
    given = sys.stdout
    if _Kept.stream is not None or given.isatty():
        yield
        return
    with redirect_stdout(sys.stderr), _second_for_first(given) as stream:
        _Kept.stream = stream
        try:
            yield
        finally:
            _Kept.stream = None


@contextmanager
def _second_for_first(given: TextIO) -> Iterator[TextIO]:
    """What writes to the first descriptor, a worker or C, writes to stderr's; the stream that stdout has meanwhile."""
    given.flush()
    try:
        first, second = given.fileno(), sys.stderr.fileno()
    except OSError:  # in memory: of somebody who calls the command as a function
        yield given
        return
    copy = os.dup(first)
    os.dup2(second, first)
    try:
        with open(copy, "w", encoding=given.encoding, errors=given.errors, closefd=False) as stream:
            yield stream
    finally:
        ctypes.CDLL(None).fflush(None)  # what C printed and kept back
        os.dup2(copy, first)
        os.close(copy)


@contextmanager
def stdout_as_given() -> Iterator[None]:
    """For a program that takes the place of this one: `drivers_on_stderr` is undone meanwhile."""
    try:
        given = None if _Kept.stream is None else _Kept.stream.fileno()
    except OSError:  # in memory
        given = None
    if given is None:
        yield
        return
    first = os.dup(1)
    os.dup2(given, 1)
    try:
        yield
    finally:
        os.dup2(first, 1)
        os.close(first)


def out(text: str) -> None:
    """Print a result. Who reads only its head (`| head`) is not told of an error."""
    try:
        click.echo(text, file=results())
        results().flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), results().fileno())


def out_json(document: Any) -> None:
    """Print a result as one JSON document."""
    out(json.dumps(document, indent=2))


class Number(click.FloatRange):
    """A number in a range; nan, which click lets through, is in none."""

    name = "number"  # in click's own words about what is none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click asks for it."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"expected a number, got {value}.", param, ctx)
        return number


def cannot_write(option: str, error: OSError, path: object = "this") -> click.ClickException:
    """What is told when the file of an option, at `path` if the error does not say it, cannot be written."""
    told = refused(error) if error.errno in WHAT_TO_DO and error.filename else None
    if told is None:
        where = "" if error.errno is None else f"{error.filename or path}: "
        told = f"{where}{error.strerror or error}; give one in a folder that is there and has room"
    return click.ClickException(f"{option}: expected a file that can be written: {told}")


def expect_writable(option: str, path: str | None, made: Iterable[object] = ()) -> None:
    """Refuse a file that cannot be written before there is something to write; one that is there is left as it is.

    ``made``: folders that the command makes, if they are not there. Raises click.ClickException.
    """
    if path is None:
        return
    file = Path(path)
    if file.is_dir():
        wrong = errno.EISDIR
    elif file.exists():
        wrong = 0 if os.access(file, os.W_OK) else errno.EACCES
    elif not file.parent.exists():
        folder = file.parent.absolute()
        known = [Path(str(one)).absolute() for one in made if one]
        will_be = any(folder in (one, *one.parents) for one in known)
        wrong = 0 if will_be else errno.ENOENT
    elif not file.parent.is_dir():
        wrong = errno.ENOTDIR
    else:
        wrong = 0 if os.access(file.parent, os.W_OK | os.X_OK) else errno.EACCES
    if wrong:
        error = OSError(wrong, os.strerror(wrong), path)
        raise cannot_write(option, error, path)


def expect_apart(read: Iterable[str | Path], **written: str | Path | None) -> None:
    """Refuse an output, by the name of its option, that is one of the files that are read, or another output.

    Devices and pipes are left alone. Raises click.UsageError.
    """
    known = {_identity(path): "which is read" for path in read}
    for option, path in written.items():
        which = None if path is None else _identity(path)
        name = f"-{option}" if len(option) == 1 else f"--{option.replace('_', '-')}"
        if which is not None and which in known:
            raise click.UsageError(
                f"{name}: expected a file of its own, got {path}, {known[which]}"
            )
        if which is not None:
            known[which] = f"which {name} writes"


def _identity(path: str | Path) -> object:
    """What is the same of two names of one file; ``None`` of what is there and is none."""
    file = Path(path)
    if file.exists():
        found = file.stat()
        return (found.st_dev, found.st_ino) if file.is_file() else None
    return os.path.realpath(file)  # which of links in a circle says nothing either


def somebody_looks() -> bool:
    """Whether somebody watches stderr as it grows: it is a terminal, and not the one that a service keeps a log of."""
    return sys.stderr.isatty() and not os.environ.get("CI")


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on stderr, if somebody looks and rich is there; else nothing."""
    if not somebody_looks():
        yield lambda *_: None
        return
    try:
        from rich import console
        from rich import progress as bars
    except ModuleNotFoundError:
        yield lambda *_: None
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
        tasks = {}

        def show(driver: str, done: int, total: int) -> None:
            if driver not in tasks:
                tasks[driver] = bar.add_task(driver, total=total)
            bar.update(tasks[driver], completed=done)

        yield show
