"""Who does a campaign's tasks: an executor of somebody's own does what a named one does, and is left open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import pytest

from ndiswan.campaign import Campaign, ExecutorError, Store, WorkerDiedError, open_executor
from test_campaign import CAREFUL, CARELESS, campaign, raising_unheard, verdicts


class Plain(Executor):
    """An executor of which nothing is known but what every one has."""

    def __init__(self):
        self.given = []

    def submit(self, fn, /, *args, **kwargs):
        """Call it at once."""
        self.given += args
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(
    "make",
    [
        lambda: ThreadPoolExecutor(2),
        lambda: ProcessPoolExecutor(2, get_context("spawn")),
        Plain,
    ],
    ids=["threads", "processes", "another"],
)
def test_an_executor_of_ones_own_finds_what_one_process_finds(tmp_path, make):
    """The verdicts are those of a serial campaign, and it takes other work afterwards."""
    campaign(tmp_path / "one").run()
    with make() as executor:
        verdict = campaign(tmp_path / "two", executor=executor).run()
        assert executor.submit(sum, [1, 2]).result() == 3
    assert verdict.progress.executions == 400
    assert verdicts(tmp_path / "one") == verdicts(tmp_path / "two") != []


def test_a_task_knows_when_it_is_over_by_the_clock_of_this_machine_only(tmp_path):
    """Of an executor that may be of another machine it has its seconds."""
    plain = Plain()
    campaign(tmp_path / "one", executor=plain).run()
    assert {task.until for task in plain.given} == {None}
    asked = []
    with ThreadPoolExecutor(1) as threads:
        submit = threads.submit
        threads.submit = lambda do, task: asked.append(task) or submit(do, task)
        campaign(tmp_path / "two", executor=threads).run()
    assert len(asked) == len(plain.given) > 1
    assert all(abs(task.until - time.time()) < 1e6 + 60 for task in asked)


@pytest.mark.parametrize("shared", [False, True])
def test_tasks_begin_with_what_earlier_ones_found_if_they_share_it(tmp_path, shared):
    """Else each begins with what was there before, so that the order does not matter."""
    plain = Plain()
    campaign(tmp_path, executor=plain, share_corpus=shared, jobs=1).run()
    first, *others = (len(task.corpus) for task in plain.given)
    assert first == 0
    assert (others[-1] > 0) == shared


def test_as_many_tasks_are_with_it_as_it_has_workers():
    """It says so itself, `jobs` says otherwise; of one that does not say there are some."""
    counts = []
    with ThreadPoolExecutor(3) as threads:
        for executor, jobs in (threads, None), (threads, 2), (Plain(), None), (Plain(), 5):
            with open_executor(executor, jobs) as (given, count):
                assert given is executor
                counts.append(count)
    assert counts == [3, 2, 32, 5]


def test_a_process_of_ones_own_executor_that_ends_is_told(tmp_path):
    """Its pool takes no more: the error says where what was found is, and what would go on."""
    (tmp_path / "d.py").write_text("import os\n\ndef run(ndis):\n    os._exit(3)\n")
    died = pytest.raises(WorkerDiedError, match="a process of the given ProcessPoolExecutor")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, died:
        campaign(tmp_path / "kept", f"{tmp_path}/d.py:run", executor=pool).run()


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"executor": None}, TypeError, "executor: expected a name or a concurrent.futures.Exec"),
        ({"executor": "cluster"}, ExecutorError, "expected processes, serial, dask:"),
        ({"store": "found"}, TypeError, "store: expected a Store, got 'found'"),
        ({"settings": None}, TypeError, "settings: expected Settings, got None"),
        ({"shards": 0}, ValueError, "shards: expected 1 or more, got 0"),
        ({"shard": 3, "shards": 2}, ValueError, "shard: expected 1 to 2, got 3"),
        ({"shard": 0}, ValueError, "shard: expected 1 to 1, got 0"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_a_campaign_cannot_do_is_said_by_its_name(tmp_path, wrong, error, words):
    """Not by an attribute that something of another type does not have, nor by the seed that would come of it."""
    with pytest.raises(error, match=words):
        Campaign(CARELESS, **{"store": Store(tmp_path), "executions": 1, **wrong}).run()


THREADS = """
import time
from concurrent.futures import ThreadPoolExecutor
from ndiswan.campaign import Campaign, Store

def slow(ndis):
    time.sleep(0.01)
    if ndis.choose(4, "size") == 3:
        raise KeyError("early")

if __name__ == "__main__":
    with ThreadPoolExecutor(2) as threads:
        store = Store("kept")
        campaign = Campaign("slow.py:slow", store, executions=1e5, shrinking=0, executor=threads)
        print("begun", flush=True)
        print(campaign.run().interrupted, len(store.failures()))
"""


def test_threads_of_ones_own_tell_what_they_have_on_ctrl_c(tmp_path):
    """They end with the execution at hand, and not with their thousands."""
    (tmp_path / "slow.py").write_text(THREADS)
    process = subprocess.Popen(
        [sys.executable, "slow.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        assert process.stdout.readline() == "begun\n"
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=25)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert told == "True 1\n"


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_ctrl_c_that_is_raised_where_nobody_hears_it_ends_a_campaign(tmp_path, executor):
    """What is raised inside of a destructor is lost; here it is the one of who is told of the progress."""

    class Swallows:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    begun = time.monotonic()
    with raising_unheard():
        work = Campaign(CAREFUL, Store(tmp_path), seconds=60, task=50, executor=executor)
        verdict = work.run(lambda _: Swallows() and None)
    assert verdict.interrupted
    assert time.monotonic() - begun < 50
