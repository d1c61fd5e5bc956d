"""Tasks that workers do, in any order and, if one dies, again: what campaigns and sweeps have in common."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Generic, TypeVar

from ndiswan.campaign.executors import Serial, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

Task = TypeVar("Task")
Found = TypeVar("Found")

TRIES = 3


class Work(Generic[Task, Found]):
    """Tasks, those that run, and those whose worker died.

    ``do``: what a worker calls with a task; both travel. ``blame``: what a task is called if its workers die.
    ``last``: the task as it is tried for the last time. ``lost``: is told of one whose workers died each time; without
    it that is an error. For the last time a task is alone, so that no other one that dies is taken for it.
    """

    def __init__(
        self,
        do: Callable[[Task], Found],
        tasks: Iterator[Task],
        blame: Callable[[Task], str],
        *,
        last: Callable[[Task], Task] | None = None,
        lost: Callable[[Task], object] | None = None,
    ) -> None:
        self._do, self._tasks, self._blame = do, tasks, blame
        self._last, self._lost = last, lost
        self._again: list[tuple[Task, int]] = []
        self._over = False
        self.running: dict[Future[Found], tuple[Task, int]] = {}

    def done(
        self, executor: Executor, workers: int, patience: float = 1.0
    ) -> Iterator[list[tuple[Task, Found]]]:
        """What was done since the last time, each second at least; the end is when nothing is left to do.

        Raises BrokenExecutor if a worker took the executor with it: `put_back` and go on with another.
        """
        # One waits for the next worker; who does it at once does not look further than Ctrl-C.
        most = workers if isinstance(executor, Serial) else workers + 1
        while True:
            while not self._over and len(self.running) < most and self._submit(executor):
                pass
            if not self.running:
                return
            ended, _ = wait(self.running, timeout=patience, return_when=FIRST_COMPLETED)
            found = []
            failed: BaseException | None = None
            for future in ended:
                if (error := future.exception()) is None:
                    task, _ = self.running.pop(future)
                    found.append((task, future.result()))
                elif _died(error):
                    self.put_back([future], error)
                else:
                    failed = error
            yield found
            if failed is not None:
                raise failed

    def _submit(self, executor: Executor) -> bool:
        """Give the next task to a worker; false if there is none now."""
        if any(tries == TRIES - 1 for _, tries in self.running.values()):
            return False
        if not self._again:
            try:
                self._again.append((next(self._tasks), 0))
            except StopIteration:
                return False
        task, tries = self._again[-1]
        if tries == TRIES - 1:
            if self.running:
                return False
            task = self._last(task) if self._last is not None else task
        # One that is not taken, since a worker has died meanwhile, is the next one's.
        future = executor.submit(self._do, task)
        self._again.pop()
        self.running[future] = task, tries
        return True

    def put_back(self, futures: list[Future[Found]], error: BaseException) -> None:
        """Have these tasks done again; one that has had its tries is lost, or raises WorkerDiedError."""
        for future in futures:
            if future not in self.running:
                continue  # it was cancelled meanwhile
            task, tries = self.running.pop(future)
            if tries + 1 >= TRIES and self._lost is not None:
                self._lost(task)
                continue
            if tries + 1 >= TRIES:
                raise WorkerDiedError(
                    f"expected an answer, but {TRIES} processes ended in the middle of {self._blame(task)}"
                ) from error
            self._again.append((task, tries + 1))

    def cancel(self) -> None:
        """Begin nothing more; what runs goes on to its end."""
        self._over = True
        self._again.clear()
        self.running = {future: of for future, of in self.running.items() if not future.cancel()}


def _died(error: BaseException) -> bool:
    return isinstance(error, ConnectionError) or type(error).__name__ == "KilledWorker"
