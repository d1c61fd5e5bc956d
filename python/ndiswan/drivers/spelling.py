"""What ``#include`` names is found as on Windows, where case and the direction of slashes do not matter."""

from __future__ import annotations

import os
import re
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\r\n]+)[>"]', re.MULTILINE)


def _named(file: Path) -> set[str]:
    return {name.decode("latin-1") for name in _INCLUDE.findall(file.read_bytes())}


def found_in(folder: Path, name: str) -> Path | None:
    """The file or folder of that name from `folder` on, in any case, with either slash."""
    here = folder
    for part in name.replace("\\", "/").split("/"):
        if not here.is_dir():
            return None
        if part in {"", ".", ".."}:
            here = here / part
            continue
        low = part.lower()
        exact = here / part
        found = exact if exact.exists() else None
        found = found or next((file for file in here.iterdir() if file.name.lower() == low), None)
        if found is None:
            return None
        here = found
    return here


def _find(name: str, folders: Iterable[Path]) -> Path | None:
    """The file of that name in any case, looked for from each folder."""
    found = (found_in(folder, name) for folder in folders)
    return next((file for file in found if file is not None and file.is_file()), None)


def overlay(sources: list[Path], include: list[Path], own: Path, into: Path) -> Path:
    """A folder in which every include that is spelled otherwise than its file is there as it is spelled."""
    root = into
    # Deep, so that what begins with `..` is inside too: clang makes a backslash a slash before it looks.
    into = root.joinpath("up", "up", "up", "up", "up", "up")
    into.mkdir(parents=True, exist_ok=True)
    folders = [*dict.fromkeys(file.parent for file in sources), *include, own]
    waiting, seen = list(sources), set(sources)
    while waiting:
        file = waiting.pop()
        for name in _named(file):
            found = _find(name, [file.parent, *folders])
            if found is None:
                continue
            exact = any((folder / name).is_file() for folder in [file.parent, *folders])
            for spelling in [] if exact else dict.fromkeys([name, name.replace("\\", "/")]):
                spelled = Path(os.path.normpath(into / spelling))
                if spelled.is_relative_to(root) and not spelled.exists():
                    spelled.parent.mkdir(parents=True, exist_ok=True)
                    spelled.write_text(f'#include "{found.resolve()}"\n', encoding="utf-8")
            resolved = found.resolve()
            if resolved not in seen:
                seen.add(resolved)
                waiting.append(resolved)
    return into
