"""What the machine refuses, and is nobody's mistake: no room, no right to write, no more files, processes or memory."""

from __future__ import annotations

import errno
import os

WRITABLE = "name a folder in which you may write"
WHAT_TO_DO = {
    errno.ENOSPC: "make room, or name a folder that has some",
    errno.EDQUOT: "make room, or name a folder that has some",
    errno.EROFS: WRITABLE,
    errno.EACCES: WRITABLE,
    errno.EPERM: WRITABLE,
    errno.EFBIG: "allow larger files: `ulimit -f`",
    errno.EMFILE: "allow more open files: `ulimit -n`",
    errno.ENFILE: "allow more open files, or close some programs",
    errno.EAGAIN: "allow more processes (`ulimit -u`), or start fewer",
    errno.ENOMEM: "give it more memory, or do less at the same time",
    errno.ENAMETOOLONG: "give a shorter one",
    errno.EIO: "look at the disk",
}
THREADS = "can't start new thread"
"""What CPython says in a RuntimeError."""


def refused(error: BaseException) -> str | None:
    """What was refused, and what to do; None if the error says nothing of that kind.

    >>> from ndiswan.refused import refused
    >>> refused(OSError(28, "No space left on device", "run.json"))
    'run.json: No space left on device; make room, or name a folder that has some'
    >>> refused(KeyError("run"))
    """
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return f"the memory is used up; {WHAT_TO_DO[errno.ENOMEM]}"
    if isinstance(error, RuntimeError) and str(error) == THREADS:
        return f"a thread cannot be started; {WHAT_TO_DO[errno.EAGAIN]}"
    return None


def _of_system(error: OSError) -> str | None:
    if error.errno is None:
        return str(error) or None  # one of ours, which says what to do
    if _nowhere():
        return "the folder in which this was started is no more; start it in one that is there"
    if error.errno not in WHAT_TO_DO:
        return None
    where = "" if error.filename is None else f"{os.fspath(error.filename)}: "
    return f"{where}{error.strerror}; {WHAT_TO_DO[error.errno]}"


def _nowhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 -- all that is asked is whether there is one
    except FileNotFoundError:
        return True
    return False
