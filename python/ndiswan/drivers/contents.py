"""What is in files, read once for as long as they stay as they are."""

from __future__ import annotations

import hashlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A file that was changed just now may be changed again without a sign of it: its dates are some milliseconds wide.
_SETTLED_NS = 100_000_000

_known: dict[Path, tuple[tuple[int, ...], bytes]] = {}


def digest(files: Iterable[Path]) -> bytes:
    """Of the files' names and of what is in them, in that order; a file that nobody has changed is not read again.

    An explorer makes the driver anew for each execution, and is not to wait for a hundred headers each time.
    """
    every = hashlib.sha256()
    for file in files:
        every.update(os.fsencode(file) + b"\0" + _of(file))
    return every.digest()


def _of(file: Path) -> bytes:
    found = file.stat()
    seen = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)
    known = _known.get(file)
    if known is not None and known[0] == seen:
        return known[1]
    content = hashlib.sha256(file.read_bytes()).digest()
    _known.pop(file, None)
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED_NS:
        _known[file] = seen, content
    return content
