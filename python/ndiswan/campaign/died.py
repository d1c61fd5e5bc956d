"""What a worker was doing when its process ended: it notes that as it goes, and who gave it the task reads it.

A worker that dies says nothing more, and takes the pool of workers with it. So each has a file with the task and the
execution that it is at, one for what the engine knows of drivers when a signal comes, and one for where Python was.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndiswan.checking.in_c import as_options
from ndiswan.drivers.isolation import last_words, leave_last_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.process import BaseProcess

    from ndiswan.campaign.task import Task

# As Python's faulthandler has them, indented.
_THREADS = ("  Thread 0x", "  Current thread 0x")
_BELOW = "/ndiswan/exploring/execution.py"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class _Notes:
    """In a worker: the open file in which it says what it is at."""

    file: int | None = None


def begin(folder: Path) -> None:
    """In a worker, first: from now on it notes what it does there."""
    name = folder / str(os.getpid())
    leave_last_words(name.with_suffix(".words"), name.with_suffix(".traceback"))
    _Notes.file = os.open(name.with_suffix(".doing"), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)


def doing(task: int, execution: int) -> None:
    """In a worker, before an execution: which one of which task. Elsewhere nothing."""
    if _Notes.file is not None:
        os.pwrite(_Notes.file, b"%20d %20d" % (task, execution), 0)


@dataclass(frozen=True)
class Died:
    """A task in the middle of which its process ended, each time that somebody tried.

    >>> from ndiswan.campaign import Died
    >>> died = Died("the process was killed by SIGSEGV", 4, 17, "ndiswan fuzz modem.py ...")
    >>> print(died)
    the process was killed by SIGSEGV in execution 17 of the task with seed 4
      to see it: ndiswan fuzz modem.py ...
    """

    how: str
    """What became of the process, as far as that is known."""
    seed: int
    """Of the task."""
    execution: int | None
    """In which execution of the task, from 1, if that is known."""
    command: str
    """Does the same in the process of the command itself."""
    words: str = ""
    """What it had left: the drivers' packets and last calls, where Python was. Lines that begin with two spaces."""

    def __str__(self) -> str:
        which = "" if self.execution is None else f"execution {self.execution} of "
        words = f"\n{self.words.strip(chr(10))}" if self.words else ""
        return f"{self.how} in {which}the task with seed {self.seed}{words}\n  to see it: {self.command}"

    @property
    def alike(self) -> tuple[str, str]:
        """The same for what is probably the same mistake: how it ended, and where Python was."""
        lines = self.words.strip("\n").splitlines()
        places = [line for number, line in enumerate(lines) if not number or ", line " in line]
        return self.how, _ADDRESS.sub("", "\n".join(places))


def of_task(task: Task, folder: Path | None, processes: Iterable[BaseProcess]) -> Died:
    """What is known of a task whose process is gone; without a folder only how to see it."""
    how, execution, words = "the process ended", None, ""
    for process in processes:
        name = (folder or Path()) / str(process.pid)
        said = name.with_suffix(".doing")
        if folder is None or not said.exists():
            continue
        number, _, at = said.read_text("ascii").strip().partition(" ")
        if not number or int(number) != task.number:
            continue
        status = exit_code(process)
        if status == -signal.SIGTERM:
            continue  # one that the pool ended, since another had died
        execution, how = int(at), _how(status)
        words = _of_the_driver(
            last_words(name.with_suffix(".words"), name.with_suffix(".traceback"))
        )
    return Died(how, task.seed, execution, command(task, execution), words)


def exit_code(process: BaseProcess) -> int | None:
    """As the pool's thread waits for it as well, who comes second sees none until the first has noted it."""
    end = time.monotonic() + 10
    process.join(10)
    while process.exitcode is None and time.monotonic() < end:
        time.sleep(0.001)
    return process.exitcode


def _of_the_driver(words: str) -> str:
    """Without other threads, and without what of a worker stands below the scenario."""
    kept, ours = [], False
    for line in words.splitlines():
        if line.startswith(_THREADS):
            ours = not line.startswith(_THREADS[1])
        elif _BELOW in line:
            ours = True
        if not ours:
            kept.append(line)
    return "\n".join(kept)


def _how(status: int | None) -> str:
    if status is None:
        return "the process ended"
    if status < 0:
        return f"the process was killed by {signal.Signals(-status).name}"
    return f"the process ended itself with exit status {status}"


def command(task: Task, execution: int | None = None) -> str:
    """The command that does a task in its own process, up to an execution."""
    target = shlex.join([task.target, *as_options(task.arguments)])
    settings = task.settings
    policies = " --policies" if settings.policies else ""
    delivery = f" --delivery {settings.delivery}" if settings.delivery != "inline" else ""
    return (
        f"ndiswan fuzz {target} --executor serial --explorer {task.explorer}"
        f" --seed {task.seed} --executions {execution or task.executions} --shrink {task.shrinking:g}"
        f" --cpus {settings.cpus}{policies}{delivery}"
    )
