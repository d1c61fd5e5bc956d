"""Who makes the same choices give other events: a driver that reads the real clock or a random generator."""

from __future__ import annotations

import pickle
import random
import secrets
import sys
import time
import uuid
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import BuiltinFunctionType, FrameType

_PACKAGE = str(Path(__file__).parents[1])
_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
_UUIDS = ("uuid1", "uuid4")
_NOW = ("now", "utcnow", "today")
_MODULES = {str(module.__file__): module.__name__ for module in (random, secrets, uuid)}
"""Of which Python functions are looked at, by file."""
_GLOBAL = random.random.__self__  # type: ignore[attr-defined]
"""The generator behind `random.random()`."""


@contextmanager
def watching(seen: dict[str, None]) -> Iterator[None]:
    """While this is open, what is asked from outside of this package for the time or for luck is noted in ``seen``.

    Each note says who, and what. A generator with a seed gives the same each time, and is not noted: one of one's own,
    or the global one after `random.seed(5)`. All calls of this thread are looked at, by whatever name, unless a
    profiler looks at them already.
    """
    if sys.getprofile() is not None:
        yield
        return
    before = _state_of_numpy()
    sys.setprofile(_Watch(seen).look)
    try:
        yield
    finally:
        sys.setprofile(None)
    if before != _state_of_numpy():  # no profile sees calls of its functions
        seen["somebody calls numpy.random"] = None


class _Watch:
    def __init__(self, seen: dict[str, None]) -> None:
        self.seen = seen
        self.seeded = False

    def look(self, frame: FrameType, event: str, called: Any) -> None:
        """Note a call, if it is one."""
        if event == "c_call":
            name, caller = self._of_builtin(called), frame
        elif event == "call" and frame.f_code.co_filename in _MODULES and frame.f_back:
            name, caller = self._of_function(frame), frame.f_back
        else:
            return
        if name is None:
            return
        file = caller.f_code.co_filename
        if not file.startswith((_PACKAGE, "<")) and "/lib/python" not in file:
            place = f"{Path(file).name}:{caller.f_lineno} in {caller.f_code.co_qualname}"
            self.seen[f"{place} calls {name}()"] = None

    def _of_builtin(self, called: BuiltinFunctionType) -> str | None:
        """What a function in C is called, if it gives another answer each time."""
        of, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
        if of is time:
            return f"time.{name}" if name.removesuffix("_ns") in _CLOCKS else None
        if of is _GLOBAL:
            return None if self.seeded else f"random.{name}"
        if name == "urandom":
            return "os.urandom"
        if name in _NOW and isinstance(of, type) and issubclass(of, date):
            return f"datetime.{of.__name__}.{name}"
        return None

    def _of_function(self, frame: FrameType) -> str | None:
        """The same for a function of a module in Python that is being called."""
        code, given = frame.f_code, frame.f_locals
        module, name = _MODULES[code.co_filename], code.co_name
        if module != "random":
            return f"{module}.{name}" if module == "secrets" or name in _UUIDS else None
        own = given.get("self")
        if own is _GLOBAL:
            self.seeded |= name == "setstate" or (name == "seed" and given.get("a") is not None)
            return None if self.seeded else f"random.{name}"
        if isinstance(own, random.SystemRandom):
            return f"random.{name}" if name != "__init__" else None
        return "random.Random" if name == "__init__" and given.get("x") is None else None


def _state_of_numpy() -> bytes:
    """What numpy's global generator is at, if there is one."""
    numpy = sys.modules.get("numpy.random")
    return b"" if numpy is None else pickle.dumps(numpy.get_state(legacy=False))
