"""Places in source files, as continuous integration wants them: relative to the repository that is checked out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_SITE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?: in (?P<function>.+))?")
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+),? in (?P<function>.+)')
_PACKAGE = f"{Path(__file__).resolve().parents[1]}{os.sep}"
# How the frames of a thread begin that faulthandler writes, and what is said where none is left.
_NEWEST = "(most recent call first):"
NOWHERE = "in no function of the driver: ndiswan calls one after the other, and that does not come to an end"
# Drivers that come with us are drivers like any other.
_DRIVERS = tuple(f"{_PACKAGE}{name}" for name in ("zoo", "miniports"))
# Where a service says that it put the repository.
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a source file, and the function that it is in.

    >>> from ndiswan.outputs import Place
    >>> print(Place.of("/src/modem.py:12 in Modem.sent").function)
    Modem.sent
    >>> Place.of("somewhere") is None
    True
    """

    file: str
    line: int
    function: str = ""

    @classmethod
    def of(cls, site: str | None) -> Place | None:
        """The place of a call site, ``/a/modem.py:31 in Modem.sent``; None if it is none."""
        found = _SITE.fullmatch(site or "")
        if found is None:
            return None
        line = max(1, int(found["line"]))
        return cls(_absolute(found["file"]), line, found["function"] or "")

    @classmethod
    def in_traceback(cls, text: str) -> Place | None:
        """The place in a traceback that is nearest to the mistake and not the engine's; None if there is none.

        Python says the newest call last, its faulthandler first.
        """
        frames = [
            cls(_absolute(found["file"]), max(1, int(found["line"])), found["function"])
            for found in _FRAME.finditer(text)
            if not found["file"].startswith("<")
        ]
        own = [frame for frame in frames if not frame.file.startswith(_PACKAGE)]
        if not own:
            return None
        return own[0] if _NEWEST in text else own[-1]

    def text(self) -> str | None:
        """The line itself; None if the file cannot be read or is shorter."""
        try:
            lines = Path(self.file).read_text("utf-8", "replace").splitlines()
        except OSError:
            return None
        return lines[self.line - 1] if self.line <= len(lines) else None

    def __str__(self) -> str:
        inside = f" in {self.function}" if self.function else ""
        return f"{self.file}:{self.line}{inside}"


def site_in(traceback: str) -> str | None:
    """The place in a traceback, as the text of a call site."""
    place = Place.in_traceback(traceback)
    return None if place is None else str(place)


def is_ours(file: str) -> bool:
    """Whether a frame in that file tells nothing of a driver: it is ours, or the interpreter's own."""
    return file.startswith("<frozen") or (
        file.startswith(_PACKAGE) and not file.startswith(_DRIVERS)
    )


def frames_of_others(dump: str) -> str:
    """What faulthandler wrote, without the frames that tell nothing of a driver."""
    lines: list[str] = []
    for line in [*dump.splitlines(), ""]:
        frame = _FRAME.search(line)
        if frame is not None and is_ours(frame["file"]):
            continue
        if frame is None and lines and lines[-1].endswith(_NEWEST):
            lines.append(f"  {NOWHERE}")
        lines.append(line)
    return "\n".join(lines).rstrip()


def _absolute(file: str) -> str:
    return str(Path(file).absolute())


def repository() -> Path:
    """The folder that paths are relative to.

    What the service says (GITHUB_WORKSPACE, CI_PROJECT_DIR) if this folder is inside; else the repository of Git that
    this folder is in; else this folder.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import repository
    >>> Path(".git").mkdir()
    >>> repository() == Path.cwd().resolve()
    True
    """
    here = Path.cwd().resolve()
    for name in _ROOTS:
        said = os.environ.get(name)
        if said and here.is_relative_to(Path(said).resolve()):
            return Path(said).resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    return here


def relative(file: str, root: Path) -> str | None:
    """The path of a file below the root, with slashes; None if it is not below it."""
    try:
        return Path(file).resolve().relative_to(root).as_posix()
    except ValueError:
        return None
