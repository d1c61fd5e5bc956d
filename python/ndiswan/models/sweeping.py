"""Sweeps: the same model at many points, several replications each, by any number of workers."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from ndiswan.models import engine
from ndiswan.models._parameters import whole
from ndiswan.models.kept import Kept
from ndiswan.models.links import Link
from ndiswan.models.pace import Progress, print_progress
from ndiswan.models.points import described, expect_own_names, points_of
from ndiswan.models.seeds import entropy_of, seed_sequence
from ndiswan.models.statistics import checked_confidence
from ndiswan.models.sweep_task import Done, Piece, Settings, SweepTask, run_sweep_task
from ndiswan.models.swept import Sweep
from ndiswan.models.swept_point import Place

# Those who do not sweep do not load the campaigns, which share their workers with sweeps.

TASK_SECONDS = 0.5
"""How long a task should take: long beside what it costs to send, short beside the sweep."""
PIECES = 8
"""At least so many pieces a worker, if there are as many replications."""


def sweep(  # noqa: PLR0913 -- all but the first have names
    make: Callable[..., Link | Sequence[Link]],
    points: Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]],
    *,
    until: float | None = None,
    warmup: float = 0.0,
    replications: int = 1,
    seed: int | np.random.SeedSequence = 0,
    confidence: float = 0.95,
    executor: str | Executor = "processes",
    jobs: int | None = None,
    directory: str | Path | None = None,
    progress: Callable[[Progress], object] | bool = False,
) -> Sweep:
    """Run ``make(**point)`` at each point, and return the results of all as one table.

    ``make`` returns a `Link` or several. ``points``: lists by name, of which every combination is a point, or a list of
    points. ``until``, ``warmup``, ``replications``, ``seed`` and ``confidence`` are those of `simulate`; replication
    ``r`` has the same luck at every point (common random numbers), so that what differs is the points' doing.

    ``executor``: "processes" (one a core, or ``jobs``), "threads", "serial", "dask:tcp://host:port", or any
    ``concurrent.futures.Executor``, which may have ``jobs`` tasks at once. ``make`` is called here and its links travel
    as data, so that it may be a lambda. The results are the same to the bit, whoever computes them.

    ``directory``: what was computed is kept there, and is not computed again when the sweep is begun again; a file that
    is damaged, or another point's, is computed again, with a `DamagedFileWarning`. ``progress`` is called with a
    `Progress` about every second; ``True`` prints it.

    Raises ``ValueError`` and ``TypeError`` for points and parameters that cannot be, with a note of the point, before
    anything runs; ``WorkerDiedError`` if a worker ends at the same place each time.

    >>> def office(rate):
    ...     return models.Link(
    ...         traffic=models.Cbr(rate_pps=rate, size=500), line=models.Line(rate_bps=512_000)
    ...     )
    >>> table = models.sweep(office, {"rate": [50, 100]}, until=10, executor="serial")
    >>> table.columns["utilisation"].round(2).tolist()
    [0.39, 0.78]
    """
    if not callable(make):
        raise TypeError(f"make: expected a function that makes links, got {make!r:.60}")
    checked_confidence(confidence)
    whole("replications", replications, 1)
    root = seed_sequence(seed)
    until_ns, warmup_ns = engine.times(until, warmup)
    settings = Settings(entropy_of(root), root.spawn_key, root.pool_size, until_ns, warmup_ns)
    places = [Place(n, point, make) for n, point in enumerate(points_of(points))]
    expect_own_names(places[0].point, places[0].known)
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(
            f"progress: expected a function of a Progress, or True, got {progress!r:.60}"
        )
    tell = print_progress if progress is True else progress or (lambda _: None)
    kept = Kept(directory, settings) if directory is not None else None
    _Sweeping(settings, places, replications, kept, tell).run(executor, jobs)
    return Sweep(
        tuple(place.point for place in places),
        tuple(place.names for place in places),
        tuple(place.windows for place in places),
        tuple(place.together() for place in places),
        replications,
        confidence,
    )


class _Sweeping:
    """A sweep at work."""

    def __init__(
        self,
        settings: Settings,
        places: list[Place],
        replications: int,
        kept: Kept | None,
        tell: Callable[[Progress], object],
    ) -> None:
        self._settings, self._places, self._kept, self._tell = settings, places, kept, tell
        self._begun = time.monotonic()
        self._total = len(places) * replications
        self._replications = replications
        self._there = 0
        if kept is not None:
            for place in places:
                for first, measured in kept.load(place.plain, replications):
                    self._there += place.add(first, measured)
        self._done = self._there
        self._pace = 0.0  # seconds of a worker for a replication, lately

    def run(self, executor: str | Executor, jobs: int | None) -> None:
        """Do what is missing."""
        from ndiswan.campaign.executors import Processes, WorkerDiedError
        from ndiswan.campaign.work import Work

        self._report()
        if self._done == self._total:
            return
        work: Work[SweepTask, Done] | None = None
        while True:
            with _open(executor, jobs) as (workers, count):
                work = work or Work(run_sweep_task, self._tasks(count), _blame)
                try:
                    for found in work.done(workers, count):
                        for task, done in found:
                            self._take(task, done)
                        self._report()
                except BrokenExecutor as error:
                    if isinstance(executor, Executor):
                        raise WorkerDiedError(
                            f"executor: a process of the given {type(executor).__name__} ended ({error});"
                            " what was kept in the directory is not lost"
                        ) from error
                    # A worker that died takes the pool with it, and nothing else.
                    work.put_back(list(work.running), error)
                except BaseException:
                    # Whatever it is, nobody waits for what runs.
                    work.cancel()
                    if isinstance(workers, Processes | _Threads):
                        workers.stop()
                    raise
                else:
                    return

    def _tasks(self, workers: int) -> Iterator[SweepTask]:
        """Pieces, several to a task if they are short; how they are put together changes no result."""
        pieces = [*self._pieces(max(1, (self._total - self._done) // (PIECES * workers)))]
        pieces.reverse()
        while pieces:
            pace = self._pace * (pieces[-1].end - pieces[-1].first)
            some = int(TASK_SECONDS / pace) if pace else 1
            some = max(1, min(some, len(pieces) // (2 * workers)))
            task = [pieces.pop() for _ in range(some)]
            yield SweepTask(self._settings, tuple(task))

    def _pieces(self, most: int) -> Iterator[Piece]:
        for place in self._places:
            for first, end in place.missing(self._replications):
                for begin in range(first, end, most):
                    stop = min(begin + most, end)
                    words = described(place.point)
                    yield Piece(place.number, words, place.plain, place.size, begin, stop)

    def _take(self, task: SweepTask, done: Done) -> None:
        replications = 0
        for piece, measured in zip(task.pieces, done.measured, strict=True):
            replications += self._places[piece.point].add(piece.first, measured)
            if self._kept is not None:
                self._kept.keep(piece.links, piece.first, piece.end, measured)
        self._done += replications
        self._pace = done.seconds / replications

    def _report(self) -> None:
        seconds = time.monotonic() - self._begun
        computed = self._done - self._there
        left = seconds / computed * (self._total - self._done) if computed else math.nan
        self._tell(Progress(self._done, self._total, self._there, seconds, left))


class _Threads(ThreadPoolExecutor):
    """Threads that can be told to come to an end with what they do; the engine runs without the interpreter."""

    def __init__(self, count: int) -> None:
        self._stopped = Event()
        super().__init__(count, "ndiswan sweep")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it with a way to ask whether to stop."""
        return super().submit(fn, *args, **kwargs, told=self._stopped.is_set)

    def stop(self) -> None:
        """What runs ends within a tenth of a second."""
        self._stopped.set()


@contextmanager
def _open(executor: str | Executor, jobs: int | None) -> Iterator[tuple[Executor, int]]:
    from ndiswan.campaign.executors import ExecutorError, open_executor

    if executor == "threads":
        count = engine.cores(None) if jobs is None else whole("jobs", jobs, 1, 4096)
        with _Threads(count) as threads:
            yield threads, count
    elif (
        not isinstance(executor, Executor)
        and executor not in {"processes", "serial"}
        and not str(executor).startswith("dask:")
    ):
        raise ExecutorError(
            "executor: expected processes, threads, serial, dask:tcp://host:port or a"
            f" concurrent.futures.Executor, got {executor!r:.60}"
        )
    else:
        at_most = None if jobs is None else whole("jobs", jobs, 1)
        with open_executor(executor, at_most) as opened:
            yield opened


def _blame(task: SweepTask) -> str:
    points = " or ".join(dict.fromkeys(piece.words for piece in task.pieces))
    return (
        f"the sweep at {points:.300}. A script that is run by its name needs"
        " `if __name__ == '__main__':` around the call, since its processes read it too;"
        " executor='threads' needs none"
    )
