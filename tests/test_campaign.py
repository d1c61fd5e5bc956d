"""Campaigns: what is found is kept, replayed first, and the same whoever does the work, one who dies included."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import ndiswan as nw
from clusters import cluster, free_port, wait_for_port
from commands import ndiswan
from ndiswan.campaign import Campaign, ExecutorError, Store, Task, merge, open_executor, run_task
from ndiswan.exploring import Settings
from test_c_kernel import HARNESS

TARGET = str(Path(__file__).with_name("exploring_targets.py"))
CARELESS = f"{TARGET}:careless"
CAREFUL = f"{TARGET}:careful"


def campaign(folder, target=CARELESS, **settings):
    """A small campaign, whose budget is executions: what it finds depends on nothing else."""
    wanted = {"explorer": "random", "seed": 5, "executions": 400, "task": 100, "shrinking": 30.0}
    return Campaign(target, Store(folder), **{**wanted, "executor": "serial", **settings})


def verdicts(folder):
    """What the folder says was found: rules, places and choices."""
    files = [json.loads(path.read_text()) for path in Store(folder).failures()]
    return sorted((f["expect"]["rule"], f["expect"]["place"], f["choices"]) for f in files)


def test_what_was_found_is_kept_and_replayed_first(tmp_path):
    """The second campaign tells what it knows before it explores, and finds nothing new."""
    first = campaign(tmp_path).run()
    assert first.new
    assert not first.known
    rules = {path.name.partition("-")[0] for path in first.new}
    assert "DOUBLE" in rules <= {"DOUBLE", "STALE"}
    second = campaign(tmp_path, failures=1).run()
    assert {path.name for path in second.known} == {path.name for path in first.new}
    assert second.progress.executions == 0
    counts = Store(tmp_path).counts()
    assert counts["executions"] == 400


def test_a_failure_that_fails_otherwise_today_is_not_mended(tmp_path):
    """Another rule is broken first, or another line raises: it is told as one that fails still."""
    (tmp_path / "d.py").write_text(DRIVERS)
    wanted = {"arguments": ("no card",), "executions": 5, "failures": 1}
    first = campaign(tmp_path, f"{tmp_path}/d.py:Raises", **wanted).run()
    content = json.loads(first.new[0].read_text())
    content["expect"]["rule"] = "STALE"
    first.new[0].write_text(json.dumps(content))
    second = campaign(tmp_path, f"{tmp_path}/d.py:Raises", **wanted).run()
    assert (second.known, second.mended, second.failed) == (first.new, [], True)


def test_processes_find_what_one_process_finds(tmp_path):
    """Tasks depend on their seed only, so the verdicts are the same however they are done."""
    campaign(tmp_path / "one").run()
    campaign(tmp_path / "two", executor="processes", jobs=2).run()
    assert verdicts(tmp_path / "one") == verdicts(tmp_path / "two") != []


def test_shards_together_find_what_one_machine_finds(tmp_path):
    """K/N does each N-th task; merged, the folders say what one machine's says."""
    campaign(tmp_path / "all").run()
    for shard in (1, 2):
        campaign(tmp_path / f"{shard}", shard=shard, shards=2, executions=200).run()
    has = merge(tmp_path / "merged", [tmp_path / "1", tmp_path / "2"])
    assert has["failures"] == len(verdicts(tmp_path / "all"))
    assert verdicts(tmp_path / "merged") == verdicts(tmp_path / "all")
    assert Store(tmp_path / "merged").counts()["executions"] == 400
    with pytest.raises(FileNotFoundError, match="expected the folder of a campaign"):
        merge(tmp_path / "x", [tmp_path / "nowhere"])


def test_a_worker_that_dies_loses_nothing(tmp_path):
    """A task that kills its process the first time is done again, and the verdict is as ever."""
    mark = tmp_path / "died"
    target = f"{TARGET}:dies_once"
    os.environ["NDISWAN_TEST_MARK"] = str(mark)
    try:
        campaign(tmp_path / "a", target, executor="processes", jobs=2, executions=300).run()
    finally:
        del os.environ["NDISWAN_TEST_MARK"]
    assert mark.exists()
    assert "DOUBLE" in {rule for rule, _, _ in verdicts(tmp_path / "a")}
    assert Store(tmp_path / "a").counts()["executions"] == 300


SLOW = """
import time
from pathlib import Path
import ndiswan as nw

class Swallows:
    def __del__(self):
        time.sleep(0.02)  # a Ctrl-C that comes now is not raised anywhere else

def slow(ndis):
    Swallows()
    if ndis.choose(4, "size") == 3:
        Path("failed").touch()
        raise KeyError("early")
"""


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_what_was_found_until_ctrl_c_is_kept(tmp_path, executor):
    """Ctrl-C ends it within seconds, tasks that ran tell what they have, and no worker is left."""
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "-m", "ndiswan", "fuzz", "slow.py:slow", "--executions", "100000"]
    process = subprocess.Popen(
        [*command, "--jobs", "2", "--executor", executor, "--folder", "kept", "--shrink", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Who runs the tests may have told their children to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        time.sleep(4)
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate(timeout=25)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()  # else a later test is told of it
    assert process.returncode == 2
    assert "found: EXCEPTION" in told
    assert [rule for rule, _, _ in verdicts(tmp_path / "kept")] == ["EXCEPTION"]


def test_a_ctrl_c_that_is_lost_in_the_last_execution_of_a_task_ends_the_next_one():
    """What is raised inside of a destructor is told to nobody, and that task asks no more."""

    class Swallows:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with raising_unheard(), open_executor("serial") as (executor, _):
        executor.submit(lambda: Swallows() and None).result()
        assert executor.submit(run_task, Task(0, CAREFUL)).result().interrupted
    assert not run_task(Task(0, CAREFUL, executions=2)).interrupted


@contextmanager
def raising_unheard():
    """Pytest tells of what is raised in destructors; here that is what is tried."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = hook


def test_two_campaigns_may_have_one_folder(tmp_path):
    """What both count is added up, and neither is disturbed by what the other writes meanwhile."""
    Store(tmp_path)

    def count(_):
        store = Store(tmp_path)
        for _ in range(40):
            store.add_counts(executions=1)
            store.keep_edges(())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    assert Store(tmp_path).counts() == {"executions": 160}
    assert not list(tmp_path.glob("*.part"))


def test_what_a_killed_campaign_was_writing_is_no_example(tmp_path):
    """A half-written file in the corpus is left alone, and the next campaign runs."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "0123.77.part").write_text("c1.2-")
    assert Store(tmp_path).corpus(CAREFUL) == []
    assert not campaign(tmp_path, CAREFUL, executions=20).run().failed


def test_a_good_driver_passes_and_its_edges_are_kept(tmp_path):
    """Nothing is found; the corpus and the coverage have something in them."""
    verdict = campaign(tmp_path, CAREFUL, executions=200).run()
    assert not verdict.failed
    store = Store(tmp_path)
    assert store.corpus(CAREFUL)
    assert json.loads(store.edges())
    assert verdict.progress.edges > 10


def test_a_task_travels():
    """A task and its answer are plain data; the corpus of one is where the next begins."""
    found = run_task(Task(0, CAREFUL, explorer="coverage", executions=50))
    assert found.executions == 50
    again = run_task(
        Task(1, CAREFUL, explorer="coverage", executions=50, corpus=tuple(found.corpus))
    )
    assert again.executions == 50


def test_an_executor_that_is_none_is_refused():
    """Each error says what there is."""
    with (
        pytest.raises(ExecutorError, match="expected processes, serial, dask"),
        open_executor("x"),
    ):
        pass


def test_a_cluster_of_which_a_worker_is_killed_half_way_finds_the_same(tmp_path):
    """A real Dask scheduler and two worker processes, one of which is killed: nothing is lost."""
    with cluster(tmp_path) as (address, workers):
        killed = []

        def tell(progress):
            if progress.tasks >= 2 and not killed:
                killed.append(progress.tasks)
                workers[-1].send_signal(signal.SIGKILL)

        there = campaign(tmp_path / "there", executor=f"dask:{address}", executions=1200, jobs=2)
        there.run(tell)
        assert killed
    campaign(tmp_path / "here", executions=1200).run()
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here") != []
    assert Store(tmp_path / "there").counts()["executions"] == 1200


def test_a_corpus_on_redis_is_shared(tmp_path):
    """Two campaigns with folders of their own and one database: what the first found, the second begins with."""
    server = shutil.which("redis-server")
    assert server, "redis-server is not there; make test installs it"
    port = free_port()
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        for folder in ("one", "two"):
            result = ndiswan(
                *("fuzz", CAREFUL, "--executions", "100", "--explorer", "coverage", "--seed", "1"),
                *("--folder", str(tmp_path / folder), "--executor", "serial"),
                *("--database", f"redis://127.0.0.1:{port}/0"),
            )
            assert result.returncode == 0, result.stderr
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import Redis

        with Redis(port=port) as redis:
            shared = Store(tmp_path / "three", RedisExampleDatabase(redis))
            assert shared.corpus(CAREFUL)
    finally:
        process.kill()
        process.wait()


def test_the_commands_say_what_they_found(tmp_path):
    """Fuzz finds, replay tells the story, minimize has nothing to do, campaign merge counts."""
    folder = str(tmp_path / "one")
    budget = ("--executions", "300", "--executor", "serial", "--seed", "5", "--explorer", "random")
    found = ndiswan("fuzz", CARELESS, *budget, "--folder", folder, "--json")
    assert found.returncode == 1, found.stderr
    new = json.loads(found.stdout)["failures"]["new"]
    path = next(path for path in new if "DOUBLE" in path)
    told = ndiswan("replay", path)
    assert told.returncode == 1
    assert "breaks DOUBLE" in told.stdout
    assert "decides" in told.stdout
    assert json.loads(ndiswan("replay", path, "--json").stdout)["identical"]
    assert ndiswan("replay", path, "--as", "mermaid").stdout.startswith("sequenceDiagram")
    assert ndiswan("replay", path, "--as", "svg").stdout.startswith("<svg")
    nowhere = ndiswan("replay", path, "--out", f"{path}/x")
    assert (nowhere.returncode, "--out" in nowhere.stderr) == (4, True)
    kept = json.loads(Path(path).read_text())
    Path(path).write_text(json.dumps({**kept, "detail": "the words of an earlier version"}))
    small = ndiswan("minimize", path, "--time", "20")
    assert small.returncode == 1
    assert "nothing smaller is left to try" in small.stdout
    untried = ndiswan("minimize", path, "--time", "0")
    assert (untried.returncode, "time is over" in untried.stdout) == (1, True)
    assert json.loads(Path(path).read_text())["detail"] == kept["detail"]
    merged = ndiswan("campaign", "merge", str(tmp_path / "two"), folder)
    assert merged.returncode == 1
    assert f"{len(new)} failures" in merged.stdout
    good = ndiswan(
        "fuzz", CAREFUL, "--executions", "50", "--executor", "serial", "--folder", folder + "x"
    )
    assert good.returncode == 0
    assert "seed " in good.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.py",), "there is no such file"),
        ((CARELESS, "--seed", str(2**64)), "--seed"),
        ((CARELESS, "--folder", TARGET), "--folder"),
        ((CARELESS, "--shard", "3/2"), "1 <= K <= N"),
        ((CARELESS, "--shard", "\u00b9/\u00b2"), "1 <= K <= N"),
        (
            (CARELESS, "--executor", "dask:tcp://127.0.0.1:1", "--executions", "1"),
            "expected a Dask scheduler",
        ),
        ((CARELESS, "--database", "redis://127.0.0.1:1/0"), "--database"),
        ((f"{TARGET}:nothing",), "nothing"),
        ((f"{TARGET}:two_of_them",), "expected a function of one argument, an Ndis"),
    ],
)
def test_bad_options_are_errors_of_usage(tmp_path, arguments, words):
    """Each ends with exit code 4 and says what was expected."""
    result = ndiswan("fuzz", "--folder", str(tmp_path), *arguments)
    assert result.returncode == 4, result.stderr
    assert words in result.stderr


DRIVERS = """
import ndiswan as nw

class Raises(nw.Miniport):
    info = nw.WanInfo(max_transmit=3)
    def __init__(self, why):
        self.why = why
    def wan_send(self, link, packet):
        raise OSError(self.why)

class Good(nw.Miniport):
    info = nw.WanInfo(max_transmit=3)
    def wan_send(self, link, packet):
        return nw.SUCCESS

class Endless(Good):
    def wan_send(self, link, packet):
        while True:
            pass
"""


def test_a_target_has_a_folder_of_its_own_and_its_arguments(tmp_path):
    """What one driver fails in is not held against another, nor with other arguments, which are in its replay file."""
    (tmp_path / "d.py").write_text(DRIVERS)
    budget = ("--executions", "5", "--executor", "serial")
    bad = ndiswan("fuzz", "d.py:Raises", "--arg", "no card", *budget, cwd=tmp_path)
    assert (bad.returncode, "no card" in bad.stdout) == (1, True)
    file = next((tmp_path / ".ndiswan" / "d.py-Raises-no-card" / "failures").iterdir())
    assert "no card" in ndiswan("replay", str(file), cwd=tmp_path).stdout
    long = ndiswan("fuzz", "d.py:Raises", "--arg", "x" * 300, *budget, cwd=tmp_path).stdout
    assert ("x" * 300 in long, "no card" in long) == (True, False)
    good = ndiswan("fuzz", "d.py:Good", *budget, cwd=tmp_path)
    assert good.returncode == 0, good.stdout


def test_an_endless_loop_is_told_in_a_few_patiences(tmp_path, monkeypatch):
    """It is not made smaller, which would take as long each time, and it says where it was cut off."""
    (tmp_path / "loops.py").write_text(DRIVERS)
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(patience=0.2)
    begun = time.monotonic()
    verdict = campaign(tmp_path, "loops:Endless", failures=1, task=1, settings=settings).run()
    assert time.monotonic() - begun < 15
    failure = json.loads(verdict.new[0].read_text())
    assert (failure["expect"]["rule"], "in wan_send" in failure["detail"]) == ("ENDLESS", True)
    again = campaign(tmp_path, "loops:Endless", failures=1, settings=settings).run()
    assert (again.known, again.progress.executions) == (verdict.new, 0)
    assert nw.replay(verdict.new[0]).symptom.rule == "ENDLESS"


@pytest.mark.parametrize("name", ["executions", "seconds", "failures", "task", "shrinking"])
def test_a_budget_that_is_none_is_refused(tmp_path, name):
    """A campaign says so before it begins."""
    with pytest.raises(ValueError, match=rf"{name}: expected . or more, got nan"):
        Campaign("modem.py:race", Store(tmp_path), **{name: float("nan")})


@pytest.mark.parametrize("answer", ["SUCCESS", "ADAPTER_NOT_FOUND"])
def test_a_driver_that_never_sends_is_told(tmp_path, answer):
    """It does not come up, or no line of it does, so that nothing was tried: that is no success."""
    source = tmp_path / "idle.c"
    up = "Run(context);\n    return NDIS_STATUS_SUCCESS;"
    assert up in HARNESS
    text = HARNESS.replace(up, f"Run(context);\n    return NDIS_STATUS_{answer};")
    for mark in ("@GLOBALS@", "@BODY@", "@HALT@"):
        text = text.replace(mark, "")
    source.write_text(text, encoding="utf-8")
    done = ndiswan("fuzz", "idle.c", "--executions", "200", "--executor", "serial", cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert "no packet was sent in any of them" in done.stdout
    assert "ndiswan check idle.c tells why" in done.stdout
