"""Who does the work: any `concurrent.futures.Executor`, some by name."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess
    from multiprocessing.synchronize import Event
    from types import FrameType

T = TypeVar("T")

OTHERS = 32
"""So many tasks are with an executor of which it is not known how many workers it has."""


class ExecutorError(ValueError):
    """There is no such executor, or it cannot be reached.

    >>> from ndiswan.campaign import ExecutorError, open_executor
    >>> try:
    ...     with open_executor("grid"):
    ...         pass
    ... except ExecutorError as error:
    ...     print(error)
    executor: expected processes, serial, dask:tcp://host:port or, in Python, a concurrent.futures.Executor, got 'grid'
    """


class WorkerDiedError(RuntimeError):
    """A task ends whatever process does it, each time.

    >>> from ndiswan.campaign import WorkerDiedError
    >>> issubclass(WorkerDiedError, RuntimeError)
    True
    """


class Serial(Executor):
    """Does each task at once, in this process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call it; the future is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 -- it is the future's
            future.set_exception(error)
        return future


class _Spawning(SpawnContext):
    """Starts workers anew, since what this process has loaded is not the scenario's business; and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[BaseProcess] = []

    def Process(self, *args: Any, **keywords: Any) -> BaseProcess:  # type: ignore[override]  # noqa: N802
        """As a pool asks for one."""
        process = SpawnContext.Process(*args, **keywords)
        self.begun.append(process)
        return process


#: Ctrl-C, and a terminal that is closed, come to each of its processes; who is asked to end says so to its workers.
_OF_THE_TERMINAL = {signal.SIGINT, signal.SIGHUP}


class Processes(ProcessPoolExecutor):
    """Processes that can be told to come to an end with what they do, and that leave last words."""

    def __init__(self, count: int) -> None:
        context = _Spawning()
        self.begun = context.begun
        """All that were started; those that are gone have an exit code."""
        self.folder = Path(tempfile.mkdtemp(prefix="ndiswan-workers-"))
        """Where each notes what it does: see `died`."""
        self._stop = context.Event()
        super().__init__(count, context, _begin_worker, (self._stop, str(self.folder)))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As every pool. A worker that this starts hears nothing of the terminal before it is ready not to listen."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_TERMINAL)
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As every pool; and what the workers noted goes."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """Tasks that run give what they have found until now; those that wait do nothing."""
        self._stop.set()


_told_to_stop: Event | threading.Event | None = None


@contextmanager
def _noting_ctrl_c() -> Iterator[None]:
    """Ctrl-C is noted as well as raised: what is raised inside of a destructor is lost."""
    global _told_to_stop  # noqa: PLW0603 -- a process does one campaign at a time
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not plain or threading.current_thread() is not threading.main_thread():
        yield
        return
    noted = _told_to_stop = threading.Event()

    def note(signum: int, frame: FrameType | None) -> None:
        noted.set()
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _told_to_stop = None


def told_to_stop() -> bool:
    """Whether the campaign of this process was interrupted."""
    return _told_to_stop is not None and _told_to_stop.is_set()


def unless_told_to_stop(_: object = None) -> None:
    """Ctrl-C once more, if what was raised for it is lost."""
    if told_to_stop():
        raise KeyboardInterrupt


def _begin_worker(stop: Event, folder: str) -> None:
    from ndiswan.campaign import died

    global _told_to_stop  # noqa: PLW0603 -- a worker is a process of its own
    _told_to_stop = stop
    for number in _OF_THE_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_THE_TERMINAL)
    died.begin(Path(folder))
    threading.Thread(target=_end_with_parent, name="ndiswan parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left who could be told anything


@contextmanager
def open_executor(
    wanted: str | Executor, jobs: int | None = None
) -> Iterator[tuple[Executor, int]]:
    """An executor and how many workers it has.

    ``processes`` (one a CPU, or ``jobs``) · ``serial`` · ``dask:tcp://host:port``, a scheduler of
    Dask's distributed · any ``concurrent.futures.Executor``, which may have ``jobs`` tasks at once, and is left open.

    Raises
    ------
    ExecutorError
        There is no such executor, Dask is not installed, or its scheduler does not answer.

    Examples
    --------
    >>> from ndiswan.campaign import open_executor
    >>> with open_executor("serial") as (executor, workers):
    ...     executor.submit(sum, [1, 2]).result(), workers
    (3, 1)
    """
    if isinstance(wanted, Executor):
        known = getattr(wanted, "_max_workers", None)  # of those in the standard library
        with _noting_ctrl_c():
            yield wanted, jobs or (known if isinstance(known, int) else OTHERS)
    elif wanted == "serial":
        # For all tasks: the one in which it is lost may be over before it asks.
        with _noting_ctrl_c():
            yield Serial(), 1
    elif wanted == "processes":
        count = jobs or os.cpu_count() or 1
        with _noting_ctrl_c(), Processes(count) as executor:
            yield executor, count
    elif str(wanted).startswith("dask:"):
        with _dask(wanted.removeprefix("dask:")) as (executor, count):
            yield executor, jobs or count
    else:
        raise ExecutorError(
            "executor: expected processes, serial, dask:tcp://host:port or, in Python, a"
            f" concurrent.futures.Executor, got {wanted!r:.60}"
        )


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ExecutorError(
            "executor: dask needs the package distributed: pip install 'ndiswan[dask]'"
        ) from error
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise ExecutorError(
            f"executor: expected a Dask scheduler at {address}, none answers: {error}"
        ) from error
    with client:
        # What one does must not be taken for what another does: tasks are pure, but their time is not.
        executor: Executor = client.get_executor(pure=False, retries=3)
        yield executor, max(1, sum(client.nthreads().values()))
