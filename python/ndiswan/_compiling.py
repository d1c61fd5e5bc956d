"""Who compiles: nobody who looks for a driver that takes too long holds that against it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS: set[int] = set()
"""The threads that do, by `threading.get_ident`."""


@contextmanager
def compiling() -> Iterator[None]:
    """This thread does; to whom waits for this process, ``$NDISWAN_BUILDING`` names a file that is there meanwhile."""
    place = os.environ.get("NDISWAN_BUILDING")
    if place:
        Path(place).touch()
    THREADS.add(threading.get_ident())
    try:
        yield
    finally:
        THREADS.discard(threading.get_ident())
        if place:
            Path(place).unlink(missing_ok=True)
