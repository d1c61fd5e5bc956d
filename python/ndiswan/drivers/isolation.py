"""Running what has drivers in C in it in another process, which may die: `isolated`, and what it is made of.

    with Supervision() as supervision:
        pid = os.fork()
        if pid == 0:
            supervision.begin(...)      # the child: leaves last words, if a signal ends it
            ...
            supervision.answer(value)   # and ends
        value = supervision.answered(pid, ...)  # the parent: the value, or DriverCrash

A fork has all that its parent has, so what is run needs no name and its arguments do not travel; the answer does. A
process for AddressSanitizer has to be started anew, and what is run there is pickled.
"""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import pickle
import re
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import suppress
from itertools import takewhile
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard, TypeVar

from ndiswan._supervised import supervise
from ndiswan.drivers.crash import DriverCrash

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from typing import Self

Result = TypeVar("Result")

GRACE = 2.0
#: Seconds that a thread may stand still inside of the engine before its process is ended, unless it is said otherwise.
STANDSTILL = 60.0
#: So much later the process is ended from outside, if it did not do that itself.
AFTER = 10.0
_LAST_WORDS = 16.0  # what a process that is aborted has for its last words: it ends itself after 15
_STOOD_STILL = re.compile(r"for [\d.]+ s a thread was inside of the engine")
_PR_SET_PDEATHSIG = 1
_SLICE = 1.0
_MOST_LINES = 150
_OUTSIDE = ("/_pytest/", "/ndiswan/drivers/isolation.py", "/ndiswan/checking/")
_MISSED = 70  # an exit status of a child that could not even say that it failed

# The files for last words stay open as long as the process lives.
_open_files: list[io.BufferedWriter] = []


class RemoteError(Exception):
    """What was raised in another process and cannot travel; the text is its traceback.

    >>> from ndiswan.drivers import RemoteError, isolated
    >>> def broken():
    ...     class Local(Exception): ...
    ...     raise Local("in there")
    >>> try:
    ...     isolated(broken)
    ... except RemoteError as error:
    ...     print(str(error).splitlines()[-1].endswith("Local: in there"))
    True
    """


class Supervision:
    """A folder through which a child answers, and in which it leaves its last words."""

    def __init__(self, standstill: float | None = STANDSTILL, timeout: float | None = None) -> None:
        # Here, where nothing is forked yet: what a child raises before its work would go on in its caller's code.
        if standstill is not None and not (_is_number(standstill) and 1 <= standstill <= 1e9):
            raise ValueError(f"standstill: expected 1 to 1e9 seconds, or None, got {standstill!r}")
        if timeout is not None and not (_is_number(timeout) and 0 < timeout <= 1e9):
            raise ValueError(
                f"timeout: expected more than 0 seconds, up to 1e9, or None, got {timeout!r}"
            )
        self.standstill = standstill
        self._watchdog_stood_still = False
        self.folder = Path(tempfile.mkdtemp(prefix="ndiswan-isolated-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, timeout: float | None = None, *, tied: bool = True) -> None:
        """In the child, first: have it end with its parent, and tell what it knows if it dies."""
        if tied:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        words, tracebacks = self.folder / "words", self.folder / "traceback"
        leave_last_words(words, tracebacks, self.standstill, self._ticks)
        if timeout is not None:
            faulthandler.dump_traceback_later(timeout, file=_open_files[-1])

    def answer(self, value: object) -> NoReturn:
        """In the child, last: give it to the parent, and end without waiting for anybody."""
        with suppress(BaseException):
            data = pickle.dumps(value)
            part = self.folder / "part"
            part.write_bytes(data)
            part.rename(self.folder / "answer")
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        os._exit(_MISSED)

    def answered(
        self, pid: int, timeout: float | None, what: str, reap: Callable[[], int] | None = None
    ) -> Any:
        """In the parent: what the child answered. ``reap`` takes its exit status, where somebody else keeps it.

        Raises
        ------
        DriverCrash
            It died, did not come to an end in ``timeout`` seconds, or stood still.
        """
        taken = reap or (lambda: os.waitpid(pid, 0)[1])
        status = self._ended(pid, None if timeout is None else timeout + GRACE, taken)
        answer = self.folder / "answer"
        if answer.exists():
            return pickle.loads(answer.read_bytes())
        raise DriverCrash(self.told(status, timeout, what))

    def told(self, status: int | None, timeout: float | None, what: str) -> str:
        """What became of a child without an answer: the exit status of `os.waitpid`, None if it had to be ended."""
        words = last_words(self.folder / "words", self.folder / "traceback")
        if _STOOD_STILL.search(words) or self._watchdog_stood_still:
            text = f"{what} stood still; its process was ended (standstill={self.standstill:g} s; None waits for ever)"
            if self._watchdog_stood_still:
                text += "\n  its watching thread stood still as well: a driver may have written to its memory"
        elif status is None:
            text = f"{what} did not come to its end in {timeout:g} s; its process was ended"
        elif os.WIFSIGNALED(status):
            text = f"the process of {what} was killed by {signal.Signals(os.WTERMSIG(status)).name}"
        else:
            text = f"the process of {what} ended itself with exit status {os.WEXITSTATUS(status)}"
        return text + words

    @property
    def _ticks(self) -> Path | None:
        """Where the child's watchdog writes each second, as long as it can."""
        return None if self.standstill is None else self.folder / "ticks"

    def _ended(self, pid: int, patience: float | None, reap: Callable[[], int]) -> int | None:
        """The exit status of a child; None if it had to be ended. Whatever interrupts this ends the child."""
        try:
            if _waited(pid, patience, self._stands_still()):
                return reap()
            if self._watchdog_stood_still:
                os.kill(pid, signal.SIGABRT)  # it says what it knows
                _waited(pid, _LAST_WORDS, None)
        except BaseException:
            _kill(pid, reap)
            raise
        _kill(pid, reap)
        return None

    def _stands_still(self) -> Callable[[int], bool] | None:
        """To be asked each second: whether a child's watchdog has not written for too long."""
        if self.standstill is None:
            return None
        allowed = self.standstill + AFTER
        last, seconds = b"", 0.0

        def stands_still(pid: int) -> bool:
            nonlocal last, seconds
            written = self._ticks.read_bytes() if self._ticks and self._ticks.exists() else b""
            seconds = 0.0 if written != last or not _may_run(pid) else seconds + _SLICE
            last = written
            self._watchdog_stood_still = seconds > allowed
            return self._watchdog_stood_still

        return stands_still


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def leave_last_words(
    words: Path,
    tracebacks: Path,
    standstill: float | None = STANDSTILL,
    ticks: Path | None = None,
) -> None:
    """Have this process write there what it knows of its drivers, and where Python was, if a signal ends it.

    It ends itself if a thread stands still in the engine for so many seconds; it writes to ``ticks`` each second.
    """
    first, second = words.open("wb"), tracebacks.open("wb")
    third = ticks.open("wb") if ticks else None
    _open_files.extend(file for file in (third, first, second) if file)
    faulthandler.enable(second)
    supervise(first.fileno(), standstill, third.fileno() if third else None)


def last_words(words: Path, tracebacks: Path) -> str:
    """What a process left, as lines that follow a sentence."""
    text = ""
    for file in words, tracebacks:
        said = file.read_text("utf-8", "replace").strip() if file.exists() else ""
        lines = [line for line in said.splitlines() if line.strip()]
        # What runs the test, or the function, is no part of it.
        lines = list(takewhile(lambda line: not any(o in line for o in _OUTSIDE), lines))
        text += "".join(f"\n  {line}" for line in lines[:_MOST_LINES])
    return text


def _waited(pid: int, patience: float | None, stands_still: Callable[[int], bool] | None) -> bool:
    """Whether a process ended in so many seconds, and before it is found to stand still."""
    end = None if patience is None else time.monotonic() + patience
    with open(os.pidfd_open(pid), "rb", buffering=0) as ended:  # noqa: PTH123 -- a descriptor
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            asked = _SLICE if stands_still else None
            waits = min((one for one in (left, asked) if one is not None), default=None)
            if select.select([ended], [], [], waits)[0]:
                return True
            if left == 0.0 or (stands_still and waits == _SLICE and stands_still(pid)):
                return False


def _may_run(pid: int) -> bool:
    """Whether nobody has stopped a process, as a debugger does."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in {"T", "t"}


def _kill(pid: int, reap: Callable[[], int]) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        reap()


def fork() -> int:
    """A copy of this process, with what was printed until now printed once."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Threads of the engine are no part of the child, and have no lock that it takes.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def isolated(
    function: Callable[..., Result],
    *args: Any,
    timeout: float | None = None,
    standstill: float | None = STANDSTILL,
    sanitize: bool = False,
    **kwargs: Any,
) -> Result:
    """Call ``function(*args, **kwargs)`` in another process and give what it returns.

    Whatever a driver in C does there, this process goes on. The other one is a copy of this one, so nothing that the
    function changes is changed here. Worlds in real time that were made before have no clock in it: make them inside.

    >>> from ndiswan.drivers import isolated
    >>> isolated(sum, [1, 2])
    3

    Parameters
    ----------
    function:
        Anything that can be called. What it returns or raises has to be picklable.
    timeout:
        Seconds; without it there is no limit but ``standstill`` and those that the engine has for drivers.
    standstill:
        Seconds that a thread which ran a driver may stand still inside of the engine: it calls no driver, nothing
        happens, and it is in the engine each time that it is looked at. A driver that writes to a lock or to memory
        of the engine does that. Five times as long for one that computes. Waiting for the time that a world or a
        driver asks for, and whatever your own code does, is no standstill. None lets it wait.
    sanitize:
        Start the process anew, with the runtime of AddressSanitizer; function and arguments have to be picklable.

    Raises
    ------
    DriverCrash
        The process died, stood still or did not come to its end: how, which drivers were in the middle of what, which
        packets they had with their last events, and where Python was.
    RemoteError
        It raised something that cannot travel. What can is raised as it is, with the traceback as a note.
    ValueError
        ``standstill`` or ``timeout`` is no number of seconds.
    SanitizerError
        The compiler has no runtime of AddressSanitizer.
    """
    what = getattr(function, "__qualname__", repr(function))
    with Supervision(standstill, timeout) as supervision:
        if sanitize:
            answer = _started(supervision, function, args, kwargs, timeout, what)
        else:
            pid = fork()
            if pid == 0:
                _work(supervision, function, args, kwargs, timeout)
            answer = supervision.answered(pid, timeout, what)
    error, value, text = answer
    if error is None:
        result: Result = value
        return result
    error.add_note(f"raised in another process:\n{text}")
    raise error


def _work(
    supervision: Supervision,
    function: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    timeout: float | None,
) -> NoReturn:
    try:
        supervision.begin(timeout)
        value = function(*args, **kwargs)
        pickle.dumps(value)
    except BaseException as error:  # noqa: BLE001 -- the parent's to raise
        text = "".join(traceback.format_exception(error))
        supervision.answer((_travelling(error, text), None, text))
    supervision.answer((None, value, ""))


def _travelling(error: BaseException, text: str) -> BaseException:
    try:
        again = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 -- whatever its class does
        return RemoteError(text)
    return again if isinstance(again, BaseException) else RemoteError(text)


def _started(
    supervision: Supervision,
    function: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    timeout: float | None,
    what: str,
) -> Any:
    from ndiswan.drivers.sanitizing import environment

    kept = dict(os.environ)
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(supervision, function, args, kwargs, timeout), daemon=True
    )
    try:
        os.environ.update(environment())
        process.start()
    finally:
        for name in environment():
            os.environ.pop(name, None)
        os.environ.update(kept)

    def reap() -> int:
        process.join()
        code = process.exitcode or 0
        return -code if code < 0 else code << 8

    return supervision.answered(process.pid or 0, timeout, what, reap)
