"""The parent's side of a check: a child process for every mode, a few at a time, and what becomes of those that fail.

check(target)
  ├─ child: import, list the drivers, make each once
  └─ child a mode: run it ─► answer.json, or a traceback, or nothing but an exit status
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ndiswan.checking.modes import Mode, choose, modes_of
from ndiswan.checking.place import frames_of_others, site_in
from ndiswan.checking.results import CheckResult, DriverResult, Finding, ModeResult
from ndiswan.checking.target import Driver, NothingToCheckError, TargetError, is_trace
from ndiswan.checking.traces import check_trace
from ndiswan.refused import refused

# The exit status of a child that could not write its answer, and left an empty `.ready`.
NO_ROOM = os.EX_IOERR
# What a child that was not ended by its own watchdog gets on top of its time.
GRACE = 4.0
# How much of what a driver prints is kept.
OUTPUT = 4000
# As many seconds a mode may have: threads and processes can be waited for so long.
LONGEST = 1e6
# The descriptor, for a child to write to.
STDERR = 2


@dataclass(slots=True)
class Options:
    """How a target is checked.

    `only` is a class's name, `arguments` are for its constructor, `frames` is a capture; `patterns` choose modes;
    `both` runs both serializations whatever the class says; `timeout` is a mode's, in seconds; `traces` is a folder
    that keeps the recordings; `show` lets through what the driver prints.

    >>> from ndiswan.checking import Options
    >>> Options(patterns=["reset", "halt"], timeout=5).patterns
    ['reset', 'halt']
    """

    only: str | None = None
    arguments: list[str] = field(default_factory=list)
    frames: str | None = None
    patterns: list[str] = field(default_factory=list)
    both: bool = False
    real_time: bool = True
    timeout: float = 20.0
    jobs: int = 0
    traces: str | None = None
    show: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.timeout, bool) or not isinstance(self.timeout, int | float):
            raise TypeError(f"timeout: expected seconds, got {self.timeout!r}")
        if not 0 < self.timeout <= LONGEST:
            raise ValueError(
                f"timeout: expected more than 0, up to {LONGEST:g}, got {self.timeout!r}"
            )


Progress = Callable[[str, int, int], None]


class ChildError(Exception):
    """A child failed by a mistake of ours."""


def check(
    target: str, options: Options | None = None, progress: Progress | None = None
) -> CheckResult:
    """Check a file of drivers, one `module:Class`, or a recorded trace.

    `progress` is called with a driver's name, how many of its modes are done, and how many there are.

    Raises TargetError if the target cannot be checked.

    >>> from ndiswan.checking import Options, check
    >>> from pathlib import Path
    >>> source = '''
    ... import ndiswan as nw
    ...
    ... class Owing(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.PENDING
    ... '''
    >>> written = Path("owing.py").write_text(source)
    >>> result = check("owing.py", Options(patterns=["send/inline"], jobs=1))
    >>> [state.rule for state in result.drivers[0].rules if state.state == "broken"]
    ['LOST']
    """
    options = options or Options()
    begin = time.monotonic()
    if is_trace(target):
        result = check_trace(target)
    else:
        with _Children(options) as children:
            result = _check_drivers(target, options, children, progress or (lambda *_: None))
    result.seconds = time.monotonic() - begin
    return result


def modes(target: str, options: Options) -> dict[str, list[Mode]]:
    """The modes of each driver of a target.

    Raises TargetError if the target cannot be checked.
    """
    with _Children(options) as children:
        described = _describe(target, children)
    return {d.name: _modes(d, options) for d in _drivers(described)}


def _modes(driver: Driver, options: Options) -> list[Mode]:
    applying = modes_of(driver, both=options.both, real_time=options.real_time)
    return choose(applying, options.patterns)


def _describe(target: str, children: _Children) -> dict[str, Any]:
    answer, trouble = children.run({"target": target}, "import")
    if trouble is not None:
        raise TargetError(f"{target}: expected a file that can be imported: {trouble.report}")
    return answer


def _drivers(described: dict[str, Any]) -> list[Driver]:
    return [Driver(**driver) for driver in described["drivers"]]


def _check_drivers(
    target: str, options: Options, children: _Children, progress: Progress
) -> CheckResult:
    described = _describe(target, children)
    drivers = _drivers(described)
    result = CheckResult(target, frames=str(described["frames"]))
    chosen = {driver.name: _modes(driver, options) for driver in drivers}
    for driver in drivers:
        result.drivers.append(
            DriverResult(driver.name, contracts=[driver.contract], defined=driver.defined)
        )
    # Driver by driver, so that the progress is that of one; what is checked is the same in any order.
    with ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) as pool:
        try:
            for driver, checked in zip(drivers, result.drivers, strict=True):
                todo = chosen[driver.name]
                progress(driver.name, 0, len(todo))
                job = {"target": target, "driver": driver.name}
                futures = [pool.submit(children.run_mode, job, mode) for mode in todo]
                for done, future in enumerate(futures, 1):
                    checked.modes.append(future.result())
                    progress(driver.name, done, len(todo))
        except BaseException:  # Ctrl-C too: no child outlives the check, and what it was goes on
            pool.shutdown(wait=False, cancel_futures=True)
            children.stop()
            raise
    return result


class _Children:
    """The child processes of one check, and the folder where they leave their answers."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="ndiswan-check-"))
        self.traces = Path(options.traces) if options.traces else self.folder
        try:
            self.traces.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise TargetError(
                f"--traces: expected a folder to write in: {refused(error) or error}"
            ) from error
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._number = 0
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """End every child that still runs, and what it started."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)

    def run_mode(self, job: dict[str, Any], mode: Mode) -> ModeResult:
        """One mode, whatever becomes of its child."""
        begin = time.monotonic()
        try:
            answer, trouble = self.run({**job, "mode": mode.to_json()}, mode.name)
        except ChildError as error:
            if self._stopped:
                raise
            # What the other modes found is worth telling all the same.
            text = "a mistake in ndiswan itself; please report it"
            answer, trouble = {}, Finding("internal", None, text, f"{text}: {error}")
        if trouble is not None:
            result = ModeResult(mode.name, findings=[trouble])
        else:
            output = answer.pop("said", "")
            result = ModeResult.from_json(answer)
            result.output = output
        result.seconds = round(time.monotonic() - begin, 3)
        return result

    def run(self, job: dict[str, Any], name: str) -> tuple[dict[str, Any], Finding | None]:
        """What a child answers, or what happened to it instead.

        Raises TargetError if it says that the target cannot be checked, ChildError if it failed by our mistake.
        """
        options = self.options
        job = {
            "only": options.only,
            "arguments": options.arguments,
            "frames": options.frames,
            "timeout": options.timeout,
            "traces": str(self.traces),
            "keep": options.traces is not None,
            "path": sys.path,
            **job,
        }
        with self._lock:
            self._number += 1
            place = self.folder / f"job{self._number}"
        place.with_suffix(".json").write_text(json.dumps(job), "utf-8")
        said = place.with_suffix(".output")
        with said.open("wb") as output, self._child(place, output) as process:
            ended = _wait(process, options.timeout + GRACE, place.with_suffix(".begins"))
            if not ended:
                _kill(process)
                process.wait()
        text = said.read_text("utf-8", "replace")[-OUTPUT:]
        answer_file = place.with_suffix(".answer")
        if process.returncode == NO_ROOM and place.with_suffix(".ready").exists():
            text = "expected to write its answer there, a child could not; make room, or name another folder in $TMPDIR"
            raise TargetError(f"{self.folder}: {text}")
        if not answer_file.is_file():
            status = process.returncode if ended else None
            return {}, self._trouble(place, status, name, text)
        answer: dict[str, Any] = json.loads(answer_file.read_text("utf-8"))
        if "internal" in answer:
            raise ChildError(f"in mode {name}:\n{answer['internal']}")
        if "error" in answer:
            raise (NothingToCheckError if answer.get("nothing") else TargetError)(answer["error"])
        if "drivers" not in answer and "mode" not in job:
            finding = Finding(**answer["findings"][-1])
            return {}, finding
        return {**answer, "said": text}, None

    @contextmanager
    def _child(self, place: Path, output: Any) -> Iterator[subprocess.Popen[bytes]]:
        # A session of its own: Ctrl-C is for the parent, which ends the child with all that it started.
        with self._lock:
            if self._stopped:
                raise ChildError("the check was interrupted")
            process = subprocess.Popen(
                [sys.executable, "-m", "ndiswan.checking.child", str(place.with_suffix(".json"))],
                stdin=subprocess.DEVNULL,
                stdout=STDERR if self.options.show else output,
                stderr=STDERR if self.options.show else output,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            yield process
        finally:
            _kill(process)  # what the driver started and left behind
            with self._lock:
                self._running.discard(process)

    def _trouble(self, place: Path, status: int | None, name: str, said: str) -> Finding:
        """What happened to a child that left no answer; `status` is None if it did not even end."""
        crash = place.with_suffix(".crash")
        traceback = crash.read_text("utf-8", "replace").strip() if crash.is_file() else ""
        site = site_in(traceback)
        words = place.with_suffix(".words")
        known = words.read_text("utf-8", "replace").strip() if words.is_file() else ""
        stack = traceback if status is not None and status < 0 else frames_of_others(traceback)
        tail = "".join(f"\n{text}" for text in (known, stack) if text)
        if said.strip():
            tail += f"\nit had printed:\n{said.strip()[-1000:]}"
        if status is None or traceback.startswith("Timeout"):
            text = (
                f"no answer in {self.options.timeout:g} s in mode {name}; --timeout gives it more"
            )
            return Finding("hang", "HANG", text, f"HANG: {text}{tail}", site=site)
        if status < 0:
            how = f"the process was killed by {signal.Signals(-status).name}"
        else:
            how = f"the process ended itself with exit status {status}"
        text = f"{how} in mode {name}"
        return Finding("crash", None, text, f"CRASH: {text}{tail}", site=site)


def _wait(process: subprocess.Popen[bytes], seconds: float, begins: Path) -> bool:
    """Whether it ends in so many seconds; they count anew from each time that it writes this file."""
    last = 0.0
    while True:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            began = begins.stat().st_mtime if begins.exists() else 0.0
            if began == last:
                return False
            last = began
        else:
            return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
