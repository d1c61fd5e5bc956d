"""A worker whose process ends, and the time that a campaign takes: each is a report, and neither ends the campaign."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from commands import ndiswan
from exploring_targets import careless
from ndiswan.campaign import Campaign, Store, Task, died, run_task
from ndiswan.exploring import Search

# One execution in some dozens kills its process; all the others are good.
DEADLY = """
import ctypes, os

def deadly(ndis):
    if all(ndis.choose(2) for _ in range(5)):
        ctypes.string_at(8)

def deadly_each_time(ndis):
    os._exit(9)
"""
SLOW = "import time\n\ndef slow(ndis):\n    ndis.choose(2)\n    time.sleep(0.001)\n"


def test_a_task_that_kills_its_process_is_a_report_and_the_others_are_done(tmp_path):
    """How it ended, in which execution, where Python was, a command that does the same; the other tasks are done."""
    (tmp_path / "k.py").write_text(DEADLY)
    common = {"explorer": "random", "seed": 1, "task": 20, "executions": 160, "jobs": 2}
    verdict = Campaign(f"{tmp_path}/k.py:deadly", Store(tmp_path / "kept"), **common).run()
    assert verdict.failed
    assert 0 < verdict.progress.executions < 160
    assert verdict.progress.executions % 20 == 0
    (died,) = verdict.died  # others that ended there in the same way are no other mistake
    assert died.how == "the process was killed by SIGSEGV"
    assert 1 <= died.execution <= 20
    assert "in deadly" in died.words
    kept = tmp_path / "kept" / "died" / str(died.seed) / "last-words.txt"
    assert kept.read_text() == f"{died}\n"
    command = died.command.replace("ndiswan", f"{sys.executable} -m ndiswan", 1).split()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == -signal.SIGSEGV
    assert "in deadly" in again.stderr
    one_less = [*command, "--executions", str(died.execution - 1)]
    if died.execution > 1:
        assert subprocess.run(one_less, capture_output=True, check=False).returncode == 0


def test_a_campaign_of_which_each_task_kills_its_process_ends(tmp_path):
    """Told once on stdout, in --json and in SARIF, with the command; the exit code is that of a failure."""
    (tmp_path / "k.py").write_text(DEADLY)
    fuzz = ("fuzz", "k.py:deadly_each_time", "--task", "5", "--jobs", "1", "--seed", "4")
    told = ndiswan(*fuzz, "--executions", "50", "--json", "--sarif", "out.sarif", cwd=tmp_path)
    assert told.returncode == 1, told.stderr
    (died,) = json.loads(told.stdout)["died"]
    assert died["how"] == "the process ended itself with exit status 9"
    assert (died["seed"], died["execution"]) == (4, 1)
    (result,) = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "CRASH"
    assert died["command"] in result["message"]["text"]
    shown = ndiswan(*fuzz, "--executions", "5", cwd=tmp_path)
    assert "died: the process ended itself with exit status 9 in execution 1" in shown.stdout
    assert "no execution came to its end: each that began ended its process" in shown.stdout
    assert "ndiswan fuzz k.py:deadly_each_time --executor serial --explorer portfolio --seed 4" in (
        shown.stdout
    )


def test_a_task_that_waited_for_a_worker_has_no_time_of_its_own(tmp_path):
    """One more task than workers is given away; the time of the campaign is over for it, too."""
    (tmp_path / "s.py").write_text(SLOW)
    campaign = Campaign(
        f"{tmp_path}/s.py:slow", Store(tmp_path / "kept"), seconds=4, task=10**6, jobs=1
    )
    progress = campaign.run().progress
    assert progress.executions > 0
    assert progress.seconds < 7
    late = Task(0, f"{tmp_path}/s.py:slow", until=time.time() - 1)
    assert run_task(late).executions == 0


def test_a_failure_is_made_small_in_the_time_that_is_left_and_two_seconds():
    """However long shrinking may take: a search of no time at all takes two seconds for its only failure."""

    def scenario(ndis):
        time.sleep(0.05)
        careless(ndis)

    search = Search(scenario, seed=1, shrinking=60)
    begun = time.monotonic()
    found = search.run(10_000, 1.0, stop=True)
    assert time.monotonic() - begun < 8
    if found.failures:
        assert found.failures[0].rule == "DOUBLE"


def test_ctrl_c_while_a_failure_is_made_small_keeps_it():
    """What was the smallest until then is in what was found, and replays."""

    def scenario(ndis):
        time.sleep(0.02)
        careless(ndis)

    search = Search(scenario, seed=1, shrinking=60)

    def progress(found):
        if found.failing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(10_000, 60, stop=False, progress=progress)
    (failure,) = search.found.failures
    assert failure.replay().symptom == failure.symptom


def test_an_exit_code_that_the_pool_takes_first_is_waited_for():
    """As of a process for which another thread has waited and has not yet noted what it got."""

    class Taken:
        begun = time.monotonic()

        def join(self, timeout):
            return None

        @property
        def exitcode(self):
            return -signal.SIGSEGV if time.monotonic() - self.begun > 0.2 else None

    assert died.exit_code(Taken()) == -signal.SIGSEGV
