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
import select
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ndiswan._native import supervise
from ndiswan.drivers.crash import DriverCrash

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from typing import Self

Result = TypeVar("Result")

GRACE = 2.0
_PR_SET_PDEATHSIG = 1
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

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ndiswan-isolated-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, timeout: float | None = None, *, tied: bool = True) -> None:
        """In the child, first: have it end with its parent, and tell what it knows if it dies."""
        if tied:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        leave_last_words(self.folder / "words", self.folder / "traceback")
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

    def answered(self, pid: int, timeout: float | None, what: str) -> Any:
        """In the parent: what the child answered.

        Raises
        ------
        DriverCrash
            It died, or did not come to an end in ``timeout`` seconds.
        """
        status = _ended(pid, None if timeout is None else timeout + GRACE)
        answer = self.folder / "answer"
        if answer.exists():
            return pickle.loads(answer.read_bytes())
        raise DriverCrash(self.told(status, timeout, what))

    def told(self, status: int | None, timeout: float | None, what: str) -> str:
        """What became of a child without an answer: the exit status of `os.waitpid`, None if it had to be ended."""
        if status is None:
            text = f"{what} did not come to its end in {timeout:g} s; its process was ended"
        elif os.WIFSIGNALED(status):
            text = f"the process of {what} was killed by {signal.Signals(os.WTERMSIG(status)).name}"
        else:
            text = f"the process of {what} ended itself with exit status {os.WEXITSTATUS(status)}"
        return text + last_words(self.folder / "words", self.folder / "traceback")


def leave_last_words(words: Path, tracebacks: Path) -> None:
    """Have this process write there what it knows of its drivers, and where Python was, if a signal ends it."""
    first, second = words.open("wb"), tracebacks.open("wb")
    _open_files.extend((first, second))
    faulthandler.enable(second)
    supervise(first.fileno())


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


def _ended(pid: int, patience: float | None) -> int | None:
    """The exit status of a child; None if it had to be ended. Whatever interrupts this ends the child."""
    try:
        with open(os.pidfd_open(pid), "rb", buffering=0) as end:  # noqa: PTH123 -- a descriptor
            ready, _, _ = select.select([end], [], [], patience)
        if ready:
            return os.waitpid(pid, 0)[1]
    except BaseException:
        _kill(pid)
        raise
    _kill(pid)
    return None


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


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
        Seconds; without it there is no limit, apart from those that the engine has for drivers.
    sanitize:
        Start the process anew, with the runtime of AddressSanitizer; function and arguments have to be picklable.

    Raises
    ------
    DriverCrash
        The process died or did not come to its end: how, which drivers were in the middle of what, which packets they
        had with their last events, and where Python was.
    RemoteError
        It raised something that cannot travel. What can is raised as it is, with the traceback as a note.
    SanitizerError
        The compiler has no runtime of AddressSanitizer.
    """
    what = getattr(function, "__qualname__", repr(function))
    with Supervision() as supervision:
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
    supervision.begin(timeout)
    try:
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
    process.join(None if timeout is None else timeout + GRACE)
    if process.is_alive():
        process.kill()
        process.join()
        status = None
    else:
        code = process.exitcode or 0
        status = -code if code < 0 else code << 8
    answer = supervision.folder / "answer"
    if answer.exists():
        return pickle.loads(answer.read_bytes())
    raise DriverCrash(supervision.told(status, timeout, what))
