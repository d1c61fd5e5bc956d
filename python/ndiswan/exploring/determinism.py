"""Who makes the same choices give other events: a driver that reads the real clock or a global random generator."""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, ModuleType

_PACKAGE = str(Path(__file__).parents[1])

WATCHED: list[tuple[ModuleType, str]] = [
    *(
        (time, name + unit)
        for name in ("time", "monotonic", "perf_counter", "process_time")
        for unit in ("", "_ns")
    ),
    *(
        (random, name)
        for name in (
            *("random", "randint", "randrange", "choice", "choices", "shuffle", "sample"),
            *("uniform", "expovariate", "gauss", "getrandbits", "randbytes"),
        )
    ),
    (os, "urandom"),
    (uuid, "uuid1"),
    (uuid, "uuid4"),
]
"""What gives another answer each time; a generator of one's own with a seed does not."""


@contextmanager
def watching(seen: dict[str, None]) -> Iterator[None]:
    """While this is open, calls from outside of this package are noted in ``seen``: who, and what."""
    with ExitStack() as stack:
        for module, name in WATCHED:
            original = getattr(module, name)
            setattr(module, name, _noting(original, f"{module.__name__}.{name}", seen))
            stack.callback(setattr, module, name, original)
        yield


def _noting(original: Callable[..., Any], name: str, seen: dict[str, None]) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        frame: FrameType = sys._getframe(1)  # noqa: SLF001  the documented way to the caller
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, "<")) and "/lib/python" not in file:
            place = f"{Path(file).name}:{frame.f_lineno} in {frame.f_code.co_qualname}"
            seen[f"{place} calls {name}()"] = None
        return original(*args, **kwargs)

    return noting
