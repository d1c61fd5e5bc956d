"""A campaign: known failures first, then tasks, until a budget is spent."""

from __future__ import annotations

import shlex
import tempfile
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ndiswan.campaign import died
from ndiswan.campaign.executors import (
    Processes,
    WorkerDiedError,
    open_executor,
    unless_told_to_stop,
)
from ndiswan.campaign.store import Store
from ndiswan.campaign.task import Found, Task, run_task
from ndiswan.campaign.work import Work
from ndiswan.exploring.execution import Settings, budget
from ndiswan.exploring.failure import ReplayError, from_json
from ndiswan.given import SEEDS, whole
from ndiswan.refused import refused
from ndiswan.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ndiswan.campaign.died import Died

T = TypeVar("T")

TASK_EXECUTIONS = 2000
ORDERLY = 30.0
"""So many seconds workers are waited for after Ctrl-C; one that makes a failure small takes some."""
NEVER = float("inf")
MOST_JOBS = 4096
MOST_DIED = 3
"""So many tasks that end their process, and none in between that does not, end the campaign."""


@dataclass
class Progress:
    """How far a campaign is.

    >>> from ndiswan.campaign import Progress
    >>> Progress(executions=20).failing
    0
    """

    executions: int = 0
    seconds: float = 0.0
    edges: int = 0
    pairs: int = 0
    last_new: float = 0.0
    """When the last new edge was reached, in seconds from the beginning."""
    tasks: int = 0
    points: int = 0
    """Where an explorer was asked; without any, nothing happened."""
    failing: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    """How many different failures there are of each rule."""


@dataclass
class Verdict(Shown):
    """What a campaign came to.

    >>> from ndiswan.campaign import Campaign, Store
    >>> mended = "ndiswan.zoo.scenarios:double_shared_list_mended"
    >>> verdict = Campaign(mended, Store("mended"), executions=20, executor="serial").run()
    >>> verdict.failed, verdict.progress.executions
    (False, 20)
    """

    progress: Progress
    known: list[Path] = field(default_factory=list)
    """Failures of earlier that still fail."""
    mended: list[Path] = field(default_factory=list)
    """Failures of earlier that fail no more."""
    unfit: list[Path] = field(default_factory=list)
    """Failures of earlier whose choices do not fit the drivers as they are now: nothing is known of them."""
    unsure: list[Path] = field(default_factory=list)
    """Failures of earlier that did not come again, of drivers that are not deterministic."""
    nondeterministic: list[str] = field(default_factory=list)
    """Who makes the same choices give other events."""
    new: list[Path] = field(default_factory=list)
    """Failures that were found now."""
    died: list[Died] = field(default_factory=list)
    """Tasks that ended the process that did them, one of those that are alike."""
    interrupted: bool = False
    exhausted: bool = False
    """Whether a task had nothing left to try."""
    certificate: str | None = None
    elsewhere: str | None = None
    """Why the campaign's folder took no more, and where the rest is kept."""

    def add_nondeterministic(self, why: Iterable[str]) -> None:
        """More of who does, each once."""
        self.nondeterministic = list(dict.fromkeys((*self.nondeterministic, *why)))

    @property
    def failed(self) -> bool:
        """Whether anything fails."""
        return bool(self.known or self.new or self.died or self.unsure)


@dataclass
class Campaign:
    """What to explore, how, how long, and where what is found is kept.

    Parameters
    ----------
    target:
        As of :func:`ndiswan.exploring.target.find`.
    store:
        Its folder.
    seed, shard, shards:
        Task ``i`` has the seed ``seed + i``. Of ``shards`` machines that have nothing in common but
        the command, machine ``shard`` (from 1) does each ``shards``-th task, so that no two do the same.
    executions, seconds, failures:
        The budget; the campaign ends when one of them is spent. The seconds count from :meth:`run`: starting workers,
        replaying what failed earlier and making failures small are in it. What may come on top: the execution that is
        at its end, two seconds to make small what fails there, and the end of the workers.
    task:
        How many executions a worker does at a time. With a budget of executions only, what is found
        does not depend on who does the tasks.
    executor, jobs:
        Who does the tasks, as of :func:`open_executor`; one that is given is used and left open.

    Raises
    ------
    TypeError, ValueError
        Something is of another type than it says, or a budget is less than can be spent.

    Examples
    --------
    >>> from ndiswan.campaign import Campaign, Store
    >>> target = "ndiswan.zoo.scenarios:double_shared_list"
    >>> campaign = Campaign(target, Store("found"), executions=500, executor="serial")
    >>> verdict = campaign.run()
    >>> verdict.failed
    True
    """

    target: str
    store: Store
    arguments: tuple[str, ...] = ()
    explorer: str = "portfolio"
    seed: int = 0
    shard: int = 1
    shards: int = 1
    executions: float = NEVER
    seconds: float = NEVER
    failures: float = NEVER
    task: int = TASK_EXECUTIONS
    shrinking: float = 10.0
    executor: str | Executor = "processes"
    jobs: int | None = None
    share_corpus: bool = False
    """Whether tasks begin with what earlier ones found interesting; then order matters."""
    settings: Settings = field(default_factory=Settings)
    _stale: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False)
    """What the replay files hold that did not fail: one that fails is kept in their place."""

    def __post_init__(self) -> None:
        for name, least in (("executions", 1), ("seconds", 0), ("failures", 1), ("task", 1)):
            budget(name, getattr(self, name), least)
        budget("shrinking", self.shrinking, 0)
        whole("seed", self.seed, 0, SEEDS)
        whole("shards", self.shards, 1)
        whole("shard", self.shard, 1, self.shards)
        for name, kind, what in (
            ("store", Store, "a Store"),
            ("settings", Settings, "Settings"),
            ("executor", str | Executor, "a name or a concurrent.futures.Executor"),
        ):
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(f"{name}: expected {what}, got {value!r:.60}")
        if self.jobs is not None:
            whole("jobs", self.jobs, 1, MOST_JOBS)

    def run(self, tell: Callable[[Progress], object] = lambda _: None) -> Verdict:
        """Run it. Ctrl-C ends it in order: what was found until then is kept and told."""
        begun = time.monotonic()
        verdict = Verdict(Progress())
        try:
            self._replay(verdict)
            if len(verdict.known) < self.failures:
                self._explore(verdict, begun, tell)
        except KeyboardInterrupt:
            verdict.interrupted = True
        progress = verdict.progress
        progress.seconds = time.monotonic() - begun
        counts = {
            "executions": progress.executions,
            "seconds": progress.seconds,
            "failing": progress.failing,
        }
        self._kept(verdict, lambda store: store.add_counts(**counts))
        return verdict

    def _kept(self, verdict: Verdict, keep: Callable[[Store], T]) -> T:
        """Keep something: what the folder has no room for, among the temporary files, so that nothing found is lost."""
        try:
            return keep(self.store)
        except OSError as error:
            self.store = Store(tempfile.mkdtemp(prefix="ndiswan-campaign-"))
            verdict.elsewhere = (
                f"{refused(error) or error}; what was found from there on is in {self.store.folder}"
            )
            return keep(self.store)

    def _replay(self, verdict: Verdict) -> None:
        """What failed earlier comes first."""
        for path in self.store.failures():
            content = self.store.failure(path)
            if content is None:
                continue
            try:
                failure = from_json(content, path)
            except ReplayError:
                self._stale.append(content)
                continue  # of a scenario that is no more
            again = failure.replay(record=False, patience=failure.settings.patience)
            if again.symptom is None:
                self._stale.append(content)
                why = failure.undetermined()
                verdict.add_nondeterministic(why)
                unfit = not why and failure.misfit(again) is not None
                (verdict.unsure if why else verdict.unfit if unfit else verdict.mended).append(path)
                continue
            verdict.known.append(path)  # another rule may be broken first today
            rules = verdict.progress.rules
            rules[again.symptom.rule] = rules.get(again.symptom.rule, 0) + 1

    @property
    def _is_here(self) -> bool:
        """Whether the workers are of this machine, as far as that is known: clocks of others are not ours."""
        if isinstance(self.executor, str):
            return not self.executor.startswith("dask:")
        return isinstance(self.executor, ThreadPoolExecutor | ProcessPoolExecutor)

    def _tasks(self, begun: float) -> Iterator[Task]:
        number, left = self.shard - 1, self.executions
        corpus = tuple(self.store.corpus(self.target))
        while left > 0:
            seconds = min(self.seconds - (time.monotonic() - begun), 1e6)
            if seconds <= 0:
                return
            if self.share_corpus:
                corpus = tuple(self.store.corpus(self.target))
            count = int(min(self.task, left))
            left -= count
            yield Task(
                number,
                self.target,
                self.arguments,
                self.explorer,
                self.seed + number,
                count,
                seconds,
                self.shrinking,
                self.settings,
                corpus,
                time.time() + seconds if self._is_here else None,
            )
            number += self.shards

    def _explore(self, verdict: Verdict, begun: float, tell: Callable[[Progress], object]) -> None:
        pool: list[Executor] = []
        in_a_row = 0

        def lost(task: Task) -> None:
            nonlocal in_a_row
            in_a_row += 1
            over = self._lost(task, pool[-1], verdict)
            if over or in_a_row >= MOST_DIED:
                work.cancel()

        work = Work(
            run_task,
            self._tasks(begun),
            died.command,
            last=lambda task: replace(task, careful=True),
            lost=lost,
        )
        while True:
            with open_executor(self.executor, self.jobs) as (executor, workers):
                pool.append(executor)
                try:
                    for found in work.done(executor, workers):
                        in_a_row = 0 if found else in_a_row
                        over = [self._take(one, verdict, begun) for _, one in found]
                        verdict.progress.seconds = time.monotonic() - begun
                        tell(verdict.progress)
                        unless_told_to_stop()
                        if any(over):
                            work.cancel()
                except KeyboardInterrupt:
                    self._gather(executor, work, verdict, begun)
                    raise
                except BrokenExecutor as error:
                    if isinstance(self.executor, Executor):
                        raise WorkerDiedError(
                            f"executor: a process of the given {type(self.executor).__name__} ended ({error}); what"
                            f" was found is in {self.store.folder}. executor='processes' goes on, and tells why"
                        ) from error
                    # A worker that died takes the pool with it, and nothing else.
                    work.put_back(list(work.running), error)
                else:
                    return

    def _gather(
        self, executor: Executor, work: Work[Task, Found], verdict: Verdict, begun: float
    ) -> None:
        """What was found until Ctrl-C, of workers that can be asked."""
        work.cancel()
        if isinstance(executor, Processes):
            executor.stop()
        elif not isinstance(executor, ThreadPoolExecutor):  # threads see it themselves
            return
        done, _ = wait(work.running, timeout=ORDERLY)
        for future in done:
            if not future.cancelled() and future.exception() is None:
                self._take(future.result(), verdict, begun)

    def _lost(self, task: Task, executor: Executor, verdict: Verdict) -> bool:
        """Keep what is known of a task whose processes ended; whether that is enough."""
        folder, begun = None, []
        if isinstance(executor, Processes):
            folder, begun = executor.folder, executor.begun
        last = died.of_task(task, folder, begun)
        if any(last.alike == one.alike for one in verdict.died):
            return False

        def keep(store: Store) -> Died:
            # A folder of its own, with what the task began with: there the command does the same again.
            own = Store(store.folder / "died" / str(task.seed))
            own.keep_corpus(task.target, task.corpus)
            command = f"{last.command} --folder {shlex.quote(str(own.folder))}"
            with_folder = replace(last, command=command)
            own.keep_words(str(with_folder))
            return with_folder

        verdict.died.append(self._kept(verdict, keep))
        rules = verdict.progress.rules
        rules["CRASH"] = rules.get("CRASH", 0) + 1
        return self._has_enough(verdict)

    def _has_enough(self, verdict: Verdict) -> bool:
        return len(verdict.died) + len(verdict.new) + len(verdict.known) >= self.failures

    def _take(self, found: Found, verdict: Verdict, begun: float) -> bool:
        """Keep what a task found; whether that is enough."""
        progress = verdict.progress
        progress.executions += found.executions
        progress.failing += found.failing
        progress.points += found.points
        progress.tasks += 1
        for content in found.failures:  # a task may find more than was asked for
            if not self._has_enough(verdict):
                self._keep(content, verdict)
        before = progress.edges, progress.pairs
        reached = self._kept(verdict, lambda store: store.keep_edges([found.edges]))
        progress.edges, progress.pairs = reached
        if reached != before:
            progress.last_new = time.monotonic() - begun
            self._kept(verdict, lambda store: store.keep_corpus(self.target, found.corpus))
        verdict.certificate = found.certificate or verdict.certificate
        verdict.interrupted |= found.interrupted
        verdict.exhausted |= found.exhausted
        verdict.add_nondeterministic(found.nondeterministic)
        exhausted = found.exhausted and self.explorer in ("bounded", "bounded-sleep")
        return verdict.interrupted or exhausted or self._has_enough(verdict)

    def _keep(self, content: dict[str, Any], verdict: Verdict) -> None:
        path, new = self._kept(verdict, lambda store: store.keep_failure(content, self._stale))
        if path in verdict.new or path in verdict.known:
            return
        # Another campaign with this folder may have kept it since this one looked: it fails all the same.
        (verdict.new if new else verdict.known).append(path)
        for earlier in (verdict.mended, verdict.unfit, verdict.unsure):
            earlier[:] = [other for other in earlier if other.name != path.name]
        rule = content["expect"]["rule"]
        rules = verdict.progress.rules
        rules[rule] = rules.get(rule, 0) + 1
