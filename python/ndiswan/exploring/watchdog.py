"""What ends a driver that goes on for ever without a call into the engine."""

from __future__ import annotations

import _thread
import ctypes
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Self


class EndlessError(BaseException):
    """A driver goes on for ever: it was at more points than an execution may have, or ran too long.

    Not an ``Exception``, so that a driver that catches those ends all the same.

    >>> def scenario(ndis):
    ...     while True:
    ...         ndis.point()
    >>> nw.explore(scenario, executions=1, max_points=100).failures[0].rule
    'ENDLESS'
    """

    def __init__(self, text: str = "the drivers go on for ever; this execution is cut off") -> None:
        super().__init__(text)


@contextmanager
def watched(patience: float | None) -> Iterator[None]:
    """What is done inside of this is cut off by an ``EndlessError`` after ``patience`` seconds; never for None."""
    if patience is None:
        yield
        return
    with Watchdog(patience, EndlessError) as watchdog, watchdog.watching():
        yield


class Watchdog:
    """Raises ``error`` in the thread that made it, if what that does takes too long.

    An exception is given to another thread by ``PyThreadState_SetAsyncExc`` of the C API: it is
    raised where that thread's Python code is, a driver's endless loop for example. Where it waits
    in C, for a lock of ``threading`` or in ``time.sleep``, a signal that is otherwise ignored has it
    look; signals come to the main thread only, so another one that waits for ever is not ended.

    The time in which that thread could have run, and the machine ran something else, does not count, nor that in
    which the machine stood still.

    >>> from ndiswan.exploring.watchdog import Watchdog
    >>> with Watchdog(60.0, TimeoutError).watching():
    ...     print("done in time")
    done in time

    Parameters
    ----------
    patience:
        Seconds.
    error:
        The class of the exception.
    """

    def __init__(self, patience: float, error: type[BaseException]) -> None:
        self._patience = self._limit = patience
        self._error = error
        self._patted: float | None = None
        self._given = False
        self._lock = threading.Lock()
        self._watched = threading.get_ident()
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._over = False
        self._end = threading.Lock()
        self._wakes = False

    @contextmanager
    def watching(self, patience: float | None = None) -> Iterator[None]:
        """What is done inside of this has to be done in time; in less than usual, if that is said here."""
        self._given = False
        self._limit = self._patience if patience is None else min(patience, self._patience)
        self._patted = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._patted = None
            if self._given:
                self._take()

    def _take(self) -> None:
        """Let an exception that was given and not raised yet be raised here, and nowhere else.

        Taking it back, which ``PyThreadState_SetAsyncExc`` does for NULL, is no way: CPython 3.11
        and 3.12 then ask at every jump for one that is not there, and 3.11 asks for ever under a tracer.
        """
        try:
            for _ in range(100):  # It is raised at a jump back.
                pass
        except self._error:
            pass

    def _kept_waiting(self) -> float:
        """Seconds in which the thread could have run and did not, since it began; 0 where Linux does not say so."""
        try:
            return int(self._schedule.read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def _watch(self) -> None:
        step = min(1.0, self._patience / 4)
        since, before, lost = None, 0.0, 0.0
        last, asked = self._kept_waiting(), time.monotonic()
        while not self._end.acquire(timeout=step):
            with self._lock:
                patted, lost_before = self._patted, lost
                if self._over:
                    continue
                # Where this one is late itself nobody ran: the machine stood still, or was somebody else's.
                now, kept_waiting = time.monotonic(), self._kept_waiting()
                lost += max(kept_waiting - last, now - asked - step)
                last, asked = kept_waiting, now
                if patted is None:
                    continue
                if patted != since:  # the last look was before that, however late this one is
                    since, before = patted, lost_before
                if now - patted - (lost - before) <= self._limit:
                    continue
                self._patted = now
                self._given = True
                watched = ctypes.c_ulong(self._watched)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(watched, ctypes.py_object(self._error))
                if self._wakes:
                    signal.pthread_kill(self._watched, signal.SIGURG)

    def __enter__(self) -> Self:
        # Somebody's own handler stays; SIGURG is ignored by default, so one too many does no harm.
        main = threading.main_thread().ident == self._watched
        self._before = signal.getsignal(signal.SIGURG)
        self._wakes = main and self._before in {signal.SIG_DFL, _look}
        if self._wakes:
            signal.signal(signal.SIGURG, _look)
        # Neither is waited for: most searches are over in less time than it takes to begin and to join a `Thread`.
        self._end.acquire()
        _thread.start_new_thread(self._watch, ())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over = True  # from here on no exception is given
        self._end.release()
        if self._wakes:
            signal.signal(signal.SIGURG, self._before)


def _look(_number: int, _frame: FrameType | None) -> None:
    """An exception that was given is raised where this is called: it is Python code."""
