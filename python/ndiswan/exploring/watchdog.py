"""What ends a driver that goes on for ever without a call into the engine."""

from __future__ import annotations

import ctypes
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self


class Watchdog:
    """Raises ``error`` in the thread that made it, if what that does takes too long.

    An exception is given to another thread by ``PyThreadState_SetAsyncExc`` of the C API: it is
    raised where that thread's Python code is, a driver's endless loop for example.

    Parameters
    ----------
    patience:
        Seconds.
    error:
        The class of the exception.
    """

    def __init__(self, patience: float, error: type[BaseException]) -> None:
        self._patience = patience
        self._error = error
        self._patted: float | None = None
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ndiswan watchdog", daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """What is done inside of this has to be done in time."""
        self._patted = time.monotonic()
        try:
            yield
        finally:
            self._patted = None
            # One that was given and not raised yet would be raised somewhere else.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), None)

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._patience / 4)):
            patted = self._patted
            if patted is not None and time.monotonic() - patted > self._patience:
                self._patted = time.monotonic()
                watched = ctypes.c_ulong(self._watched)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(watched, ctypes.py_object(self._error))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
