"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

# What has a name here is no file of its own, or somebody's stdout.
STREAMS = {Path(name) for name in ("/dev", "/dev/fd", "/proc/self/fd")}


def write_whole(path: Path, data: bytes) -> None:
    """Have the file there at once: others may look for it meanwhile, and this program may be killed.

    A link stays one, and leads to what is new; to a device or a pipe is written.
    """
    if (path.exists() and not path.is_file()) or path.absolute().parent in STREAMS:
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
