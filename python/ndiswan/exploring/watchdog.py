"""What ends a driver that goes on for ever without a call into the engine."""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ndiswan._compiling import THREADS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Self


LONGEST_STEP = 1.0
"""Seconds between two looks at most."""


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
        self.place: str | None = None

    @classmethod
    def of_call(cls) -> Self:
        """What each call of the engine raises from then on. The first is in the loop: it says where for all of them."""
        error = cls()
        error.place = _LOOP.place = _LOOP.place or _caller()
        return error


class _Loop(threading.local):
    place: str | None = None


_LOOP = _Loop()
_PACKAGE = str(Path(__file__).parents[1])


def begin() -> None:
    """An execution of this thread begins."""
    _LOOP.place = None


def _caller() -> str | None:
    """The line that calls the engine."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  (there is no other way)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return None
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"


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
    which the machine stood still or the thread compiled a driver, nor that up to the first look, a second or a quarter
    of the patience at most.

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
        self.step = min(LONGEST_STEP, patience / 4)
        self._patience = self._limit = patience
        self._error = error
        self._patted: float | None = None
        self._given = False
        self._lock = threading.Lock()
        self._watched = threading.get_ident()
        self._schedule = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        self._over = False
        self._wakes = False
        # As of the last look: the beginning that it saw, what was lost before that, and what was lost in all.
        self._since: float | None = None
        self._before = self._lost = 0.0
        # Reading it takes as long as many an execution, and most searches are over before the first look.
        self._waited: float | None = None

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
            file = os.open(self._schedule, os.O_RDONLY)
            try:
                return int(os.read(file, 100).split()[1]) / 1e9
            finally:
                os.close(file)
        except (OSError, IndexError, ValueError):
            return 0.0

    def look(self, late: float) -> None:
        """See whether it has been too long; who looks comes so many seconds late, in which nobody ran.

        Then the machine stood still, or was somebody else's.
        """
        with self._lock:
            if self._over:
                return
            patted, lost_before = self._patted, self._lost
            now, waited = time.monotonic(), self._kept_waiting()
            if self._waited is None:
                self._lost += now - (patted or now)
            else:
                self._lost += max(waited - self._waited, late)
            self._waited = waited
            if patted is None:
                return
            if self._watched in THREADS:
                self._patted = now
                return
            if patted != self._since:  # the last look was before that, however late this one is
                self._since, self._before = patted, lost_before
            if now - patted - (self._lost - self._before) <= self._limit:
                return
            self._patted = now
            self._given = True
            watched = ctypes.c_ulong(self._watched)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(watched, ctypes.py_object(self._error))
            if self._wakes:
                signal.pthread_kill(self._watched, signal.SIGURG)

    def __enter__(self) -> Self:
        # Somebody's own handler stays; SIGURG is ignored by default, so one too many does no harm.
        main = threading.main_thread().ident == self._watched
        self._handler = signal.getsignal(signal.SIGURG)
        self._wakes = main and self._handler in {signal.SIG_DFL, _look}
        if self._wakes:
            signal.signal(signal.SIGURG, _look)
        _WATCHER.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over = True  # from here on no exception is given
        _WATCHER.remove(self)
        if self._wakes:
            signal.signal(signal.SIGURG, self._handler)

    def after_fork(self) -> None:
        """Nobody holds its lock in the new process, in which nobody watches either."""
        self._lock = threading.Lock()


class _Watcher:
    """The one thread that looks after every watchdog.

    To begin one for each would take longer than most searches. It ends when it finds nothing to do, and before this
    process is forked.
    """

    def __init__(self) -> None:
        self._dogs: list[Watchdog] = []
        self.begin_anew()

    def begin_anew(self) -> None:
        """In a process that was forked: there is no thread, and nobody has a lock."""
        for dog in self._dogs:
            dog.after_fork()
        self._guard = threading.Lock()
        self._bell, self._ended = threading.Lock(), threading.Lock()
        self._bell.acquire()
        self._step = 0.0
        """How long it sleeps at a time; 0 if there is no thread."""
        self._task = Path("/proc/none")

    def add(self, dog: Watchdog) -> None:
        with self._guard:
            if not self._step:
                _thread.start_new_thread(self._run, ())
                self._ended.acquire()
                self._step = dog.step
            elif dog.step < self._step:
                self._ring()
            self._dogs.append(dog)

    def remove(self, dog: Watchdog) -> None:
        with self._guard:
            self._dogs.remove(dog)

    def end(self) -> None:
        """Let the thread end and wait for it, if it has nothing to do."""
        with self._guard:
            if self._dogs:
                return
            if self._step:
                self._ring()
        if self._ended.acquire(timeout=LONGEST_STEP):
            self._ended.release()
        for _ in range(100):  # it has ended for Python, and for the system in a moment
            if not self._task.exists():
                break
            time.sleep(0.001)

    def _ring(self) -> None:
        if self._bell.locked():
            self._bell.release()

    def _run(self) -> None:
        self._task = Path(f"/proc/self/task/{threading.get_native_id()}")
        while True:
            with self._guard:
                if not self._dogs:
                    self._step = 0.0
                    self._ended.release()
                    return
                self._step = step = min(dog.step for dog in self._dogs)
            asked = time.monotonic()
            rung = self._bell.acquire(timeout=step)
            late = 0.0 if rung else time.monotonic() - asked - step
            with self._guard:
                dogs = list(self._dogs)
            for dog in dogs:
                dog.look(late)


_WATCHER = _Watcher()
os.register_at_fork(before=_WATCHER.end, after_in_child=_WATCHER.begin_anew)


def _look(_number: int, _frame: FrameType | None) -> None:
    """An exception that was given is raised where this is called: it is Python code."""
