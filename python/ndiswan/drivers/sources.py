"""Which C files are meant, and what a driver's own ``sources`` file says of them."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ndiswan.drivers.messages import header_of
from ndiswan.drivers.nmake import lines
from ndiswan.drivers.spelling import found_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class BuildError(Exception):
    """The driver does not compile, or needs a function that ndiswan does not have.

    >>> from ndiswan.drivers import BuildError, build
    >>> try:
    ...     build("nowhere.c")
    ... except BuildError as error:
    ...     print(error)
    nowhere.c: expected a C file or a folder of them; there is none of that name
    """


class Sources(NamedTuple):
    """C files, with the folders of headers and the macros that their ``sources`` files name."""

    files: list[Path]
    include: list[Path]
    define: dict[str, object]


def cache() -> Path:
    """Where built drivers are kept: ``$NDISWAN_CACHE``, else ``ndiswan`` in the user's cache folder."""
    own = os.environ.get("NDISWAN_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ndiswan"


def sources_of(given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Sources:
    """The C files that are meant: one, several, or a folder with a ``sources`` file, a ``dirs`` file or with ``*.c``.

    Raises
    ------
    BuildError
        A file is not there, or a folder has no C file.
    TypeError
        It is no name at all.
    """
    if isinstance(given, bytes) or not isinstance(given, str | os.PathLike | Iterable):
        raise TypeError(f"expected a C file, several, or a folder of them, got {given!r}")
    if not isinstance(given, str | os.PathLike):
        every = [sources_of(one) for one in given]
        if not every:
            raise BuildError("expected at least one C file, got none")
        return _together(every)
    if not os.fspath(given):
        raise BuildError(
            "expected a C file or a folder of them, got an empty name; . is this folder"
        )
    path = Path(given)
    if path.is_dir():
        return _of_folder(path, ())
    if not path.is_file():
        raise BuildError(
            f"{path}: expected a C file or a folder of them; there is none of that name"
        )
    return Sources([path], [], {})


def _together(every: list[Sources]) -> Sources:
    files = [file for one in every for file in one.files]
    include = [folder for one in every for folder in one.include]
    define = {name: value for one in every for name, value in one.define.items()}
    return Sources(files, list(dict.fromkeys(include)), define)


def _of_folder(folder: Path, passed: tuple[Path, ...]) -> Sources:
    if listing := found_in(folder, "sources"):
        return _of_listing(listing)
    below = found_in(folder, "dirs")
    if below is not None and folder.resolve() not in passed:
        names = [name for key, value in lines(below) if key == "DIRS" for name in value.split()]
        found = [place for name in names if (place := found_in(folder, name)) and place.is_dir()]
        if found:
            passed = (*passed, folder.resolve())
            return _together([_of_folder(place, passed) for place in found])
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".c")
    if not files:
        raise BuildError(f"{folder}: expected *.c or a file named sources; there is neither")
    return Sources(files, [], {})


def _of_listing(listing: Path) -> Sources:
    folder = listing.parent
    names: list[str] = []
    of_the_pc: list[str] = []
    messages: list[str] = []
    include: list[Path] = []
    define: dict[str, object] = {}
    for key, value in lines(listing):
        if key == "SOURCES":
            names = [name for name in value.split() if name.lower().endswith(".c")]
            messages = [name for name in value.split() if name.lower().endswith(".mc")]
        elif key == "I386_SOURCES":
            of_the_pc = [name for name in value.split() if name.lower().endswith(".c")]
        elif key == "INCLUDES":
            # Those that begin with a macro are the DDK's own folders.
            places = (found_in(folder, name) for name in re.split(r"[;\s]+", value) if name)
            include += [place for place in places if place is not None and place.is_dir()]
        elif key in {"C_DEFINES", "USER_C_FLAGS"}:
            define |= dict(_macros(value))
    names += of_the_pc
    found = {name: found_in(folder, name) for name in names}
    missing = [name for name, file in found.items() if file is None or not file.is_file()]
    if missing or not names:
        what = (
            f"names {', '.join(missing)}, which is not there"
            if names
            else "has no line SOURCES= with C files"
        )
        raise BuildError(f"{listing}: {what}")
    include += [made for name in messages if (made := _header_of(found_in(folder, name)))]
    return Sources([file for file in found.values() if file is not None], include, define)


def _header_of(messages: Path | None) -> Path | None:
    """The folder with the header of a message file, made if it is not beside it."""
    if (
        messages is None
        or not messages.is_file()
        or found_in(messages.parent, f"{messages.stem}.h")
    ):
        return None
    text = messages.read_text("latin-1")
    folder = cache() / "messages" / hashlib.sha256(text.encode()).hexdigest()[:16]
    header = folder / f"{messages.stem}.h"
    if not header.is_file():
        try:
            made = header_of(text)
        except ValueError as error:
            raise BuildError(f"{messages}: {error}") from None
        own = header.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            own.write_text(made, "latin-1")
            own.replace(header)
        except OSError as error:
            told = f"{header} cannot be written: {error.strerror or error}"
            raise BuildError(f"{told}; $NDISWAN_CACHE names the folder for built files") from error
    return folder


def _macros(value: str) -> Iterator[tuple[str, object]]:
    """``-DNAME=VALUE`` and ``/DNAME``, of the options of a compiler."""
    try:
        words = shlex.split(value)
    except ValueError:  # a quote that does not end
        words = value.split()
    for word in words:
        if word[:2] in {"-D", "/D"} and "$(" not in word:
            name, equals, meaning = word[2:].partition("=")
            yield name, meaning if equals else True
