"""What ends a driver that goes on for ever without a call into the engine."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Watchdog:
    """Raises ``error`` in the thread that made it, if that does not pat it in time.

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
        self._patted = time.monotonic()
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ndiswan watchdog", daemon=True)

    def pat(self) -> None:
        """All is well; an execution begins."""
        self._patted = time.monotonic()

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._patience / 4)):
            if time.monotonic() - self._patted > self._patience:
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
