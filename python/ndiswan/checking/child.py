"""The process in which a driver is imported and run: `python -m ndiswan.checking.child JOB.json`.

It writes its answer beside the job. A watchdog answers in its place when the driver does not come back: with what was
found until then and where every thread stood. If even that cannot run, because the interpreter's lock is never let
go, faulthandler ends the process, and the parent finds its traceback and no answer.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
import traceback
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._supervised import supervise
from ndiswan.checking import target as target_of
from ndiswan.checking.bench import Bench
from ndiswan.checking.frames import built_in, from_capture
from ndiswan.checking.modes import Mode
from ndiswan.checking.place import NOWHERE, is_ours, site_in
from ndiswan.checking.results import Finding, ModeResult
from ndiswan.checking.scenarios import FUNCTIONS
from ndiswan.refused import refused

if TYPE_CHECKING:
    import io

# Seconds that may be spent on what was found, when the time is over; its giver waits for a little longer.
LAST_WORDS = 3.0
# The file for tracebacks stays open as long as the process lives.
_open_files: list[io.TextIOWrapper] = []


def main(job_file: str) -> None:
    """Do the job, write the answer, and end without waiting for the driver's threads."""
    job: dict[str, Any] = json.loads(Path(job_file).read_text("utf-8"))
    work = _Work(job, Path(job_file).with_suffix(""))
    work.watch()
    try:
        answer = work.do()
    except target_of.NothingToCheckError as error:
        answer = {"error": str(error), "nothing": True}
    except target_of.TargetError as error:
        answer = {"error": str(error)}
    except BaseException as error:  # noqa: BLE001 -- a bug of ours, or the machine: the parent tells it
        told = refused(error)
        answer = {"internal": traceback.format_exc()} if told is None else {"error": told}
    work.answer(answer)


class _Work:
    def __init__(self, job: dict[str, Any], place: Path) -> None:
        self.job = job
        self.place = place
        self.bench: Bench | None = None
        self.lock = threading.Lock()

    def watch(self) -> None:
        warnings.simplefilter("ignore")  # what only warns is on record as well
        os.environ["NDISWAN_BUILDING"] = str(self.place.with_suffix(".building"))
        crash = self.place.with_suffix(".crash").open("w", encoding="utf-8")
        _open_files.append(crash)
        faulthandler.enable(crash)
        words = self.place.with_suffix(".words").open("w", encoding="utf-8")
        _open_files.append(words)
        supervise(words.fileno())
        self.begin()

    def begin(self) -> None:
        """The time of the job runs from now on."""
        timeout = float(self.job["timeout"])
        faulthandler.dump_traceback_later(timeout + 1.0, exit=True, file=_open_files[0])
        timer = threading.Timer(timeout, self.late)
        timer.daemon = True
        timer.start()

    def late(self) -> None:
        """The driver did not come back in time, if it is not the compiler that it waits for."""
        if self.place.with_suffix(".building").exists():
            self.place.with_suffix(".begins").touch()
            self.begin()
            return
        text = (
            f"no answer in {self.job['timeout']:g} s in mode {self.name}; --timeout gives it more"
        )
        # The interpreter is to be had, so there is some time for what was found until now.
        faulthandler.dump_traceback_later(LAST_WORDS, exit=True, file=_open_files[0])
        threads = _where_threads_are()
        report = f"HANG: {text}\n{threads}"
        result = ModeResult(self.name)
        if self.bench is not None:
            result = self.bench.cut()
        result.findings.append(Finding("hang", "HANG", text, report, site=site_in(threads)))
        self.answer(asdict(result))

    @property
    def name(self) -> str:
        mode = self.job.get("mode")
        return Mode(**mode).name if mode else "import"

    def do(self) -> dict[str, Any]:
        """What the job asks for. What its giver can import, this can as well."""
        job = self.job
        sys.path += [place for place in job["path"] if place not in sys.path]
        if "mode" not in job:
            drivers = target_of.describe(job["target"], job["only"], job["arguments"])
            frames, text = self.frames()
            return {"drivers": [d.to_json() for d in drivers], "frames": text, "count": len(frames)}
        frames, _ = self.frames()
        factory = target_of.factories(job["target"], job["driver"])[job["driver"]]
        bench = self.bench = Bench(
            Mode(**job["mode"]),
            lambda: target_of.make(job["driver"], factory, job["arguments"]),
            frames,
            Path(job["traces"]),
            only=bool(job["frames"]),
            keep=job["keep"],
            timeout=job["timeout"],
        )
        return asdict(bench.run(FUNCTIONS[bench.mode.scenario]))

    def frames(self) -> tuple[list[bytes], str]:
        if self.job["frames"]:
            return from_capture(Path(self.job["frames"]))
        frames = built_in()
        return frames, f"{len(frames)} built-in frames"

    def answer(self, answer: dict[str, Any]) -> None:
        """Write the answer and end; the first to come is the one that counts."""
        self.lock.acquire()
        ready = self.place.with_suffix(".ready")
        ready.touch()
        try:
            ready.write_text(json.dumps(answer), "utf-8")
        except OSError:
            os._exit(os.EX_IOERR)  # the parent says why
        ready.rename(self.place.with_suffix(".answer"))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _where_threads_are() -> str:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    lines = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 -- its only way
        if ident == threading.get_ident():
            continue
        own = [f for f in traceback.extract_stack(frame) if not is_ours(f.filename)]
        name = names.get(ident, ident)
        if not own:
            lines.append(f"  thread {name}, {NOWHERE}")
            continue
        lines.append(f"  thread {name}, most recent call last:")
        lines += [line.rstrip() for line in traceback.format_list(own)]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1])
