"""The pytest plugin: its options, fixtures and marker, what a failure says, and that workers of xdist say it too."""

import re
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

DRIVERS = """
import pytest
import ndiswan as nw
from ndiswan.testing import MiniportConformance

class Good(nw.Miniport):
    serialized = True

    def initialize(self):
        self.queue = []
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        while self.queue:
            self.adapter.wan_send_complete(self.queue.pop(0))

    def reset(self):
        self.queue.clear()
        return nw.SUCCESS

    def halt(self):
        self.timer.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            self.sent()

class Forgets(Good):
    def halt(self):
        self.timer.cancel()

class Races(Good):
    serialized = False

    def sent(self):
        while self.queue:
            packet = self.queue[0]
            self.adapter.wan_send_complete(packet)
            self.queue.remove(packet)

def two_sends(ndis, driver):
    link = ndis.bind(nw.Protocol(), driver())
    link.send(b"one")
    link.send(b"two")
    ndis.run()
"""


@pytest.fixture
def room(pytester, monkeypatch):
    """A folder with the drivers, in which the environment says nothing of CI."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(drivers=DRIVERS)
    pytester.makeini("[pytest]\n")
    return pytester


def out(result):
    """What it printed."""
    return result.stdout.str()


def test_the_plugin_loads_nothing_of_the_package():
    """Importing the plugin imports pytest, and not ndiswan."""
    code = "import sys, ndiswan_pytest; assert 'ndiswan' not in sys.modules; assert 'pytest' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_run_without_drivers_loads_nothing_of_the_package(room):
    """A test run that does not ask for ndiswan does not import it; the header has seed and profile."""
    room.makepyfile("import sys\ndef test_nothing():\n    assert 'ndiswan' not in sys.modules\n")
    result = room.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    assert re.search(r"ndiswan: profile dev, --ndiswan-seed=\d+", out(result))
    assert "explorations" not in out(result)


def test_seed_and_profile_come_from_options_ini_and_ci(room, monkeypatch):
    """An option goes before the ini key, that before the default; with CI the seed is 0."""
    room.makepyfile("def test_nothing(): pass")
    assert "profile dev, --ndiswan-seed=7" in out(room.runpytest_subprocess("--ndiswan-seed=7"))
    monkeypatch.setenv("CI", "1")
    assert "profile ci, --ndiswan-seed=0" in out(room.runpytest_subprocess())
    room.makeini("[pytest]\nndiswan_profile = thorough\nndiswan_seed = 5\n")
    assert "profile thorough, --ndiswan-seed=5" in out(room.runpytest_subprocess())
    assert "profile dev, --ndiswan-seed=5" in out(
        room.runpytest_subprocess("--ndiswan-profile=dev")
    )
    for seed in ("-1", "lucky"):
        room.makeini(f"[pytest]\nndiswan_seed = {seed}\n")
        wrong = room.runpytest_subprocess()
        assert wrong.ret == pytest.ExitCode.USAGE_ERROR
        assert f"expected a number from 0 to 2**64 - 1, got '{seed}'" in wrong.stderr.str()
    room.makeini("[pytest]\nndiswan_profile = quick\n")
    wrong = room.runpytest_subprocess()
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    assert "expected one of ci, dev, thorough, got 'quick'" in wrong.stderr.str()


def test_worlds_are_closed_and_what_is_owed_then_fails_the_test(room):
    """`ndiswan_ndis` makes worlds; leaving the test halts them, and a lost packet is an error."""
    room.makepyfile(
        test_it="""
        from drivers import *
        def test_good(ndiswan_ndis):
            two_sends(ndiswan_ndis(), Good)
        def test_lost(ndiswan_ndis):
            ndiswan_ndis().bind(nw.Protocol(), Forgets()).send(b"one")
        def test_world(ndiswan_world):
            two_sends(ndiswan_world, Good)
        """
    )
    result = room.runpytest_subprocess()
    result.assert_outcomes(passed=3, errors=1)
    assert "OwnershipViolation: LOST" in out(result)


def test_a_failing_test_has_the_broken_rules_in_a_section_of_its_own(room):
    """What was recorded is told when a test fails for another reason, and leftovers are not."""
    room.makepyfile(
        test_it="""
        from drivers import *
        def test_counts(ndiswan_ndis):
            ndis = ndiswan_ndis(on_violation="record")
            link = ndis.bind(nw.Protocol(), Good())
            ndis.reset(link); link.close(); link.close()
            link.adapter.lower_irql(31)
            assert ndis.counters["sends"] == 1
        """
    )
    result = room.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert re.search(r"-+ ndiswan: IRQL_LEAK -+", out(result))
    assert "assert 0 == 1" in out(result)


MARKED = """
from drivers import *

@pytest.mark.ndiswan_explore(executions=400)
@pytest.mark.parametrize("driver", [Good, Races])
def test_resets(driver, ndiswan_world):
    link = ndiswan_world.bind(nw.Protocol(), driver())
    link.send(b"one")
    ndiswan_world.reset(link)
    ndiswan_world.run()
"""


def test_a_marked_test_is_explored_and_its_failure_replays(room):
    """The failure has the story, the seed and the line that replays it; that line fails in the same way at once."""
    room.makepyfile(test_it=MARKED)
    result = room.runpytest_subprocess("--ndiswan-seed=3")
    result.assert_outcomes(passed=1, failed=1)
    text = out(result)
    assert re.search(r"found by explorer 'portfolio', seed 3, in execution \d+", text)
    assert re.search(r"-+ ndiswan: the story of \w+ -+", text)
    assert re.search(r"2 explorations: \d+ executions in [\d.]+ s, 0 replayed; broken: \w+ 1", text)
    line = re.search(r"to replay it: pytest '?([^' ]+)'? --ndiswan-replay=(\S+)", text)
    assert line, text
    again = room.runpytest_subprocess(line[1], f"--ndiswan-replay={line[2]}")
    again.assert_outcomes(failed=1)
    assert f"replayed from {line[2]}" in out(again)
    assert "1 explorations: 1 executions" in out(again)
    other = room.runpytest_subprocess("test_it.py", f"--ndiswan-replay={line[2]}")
    other.assert_outcomes(failed=1, skipped=1)


def test_what_was_found_is_replayed_first(room):
    """The second run fails by the replay file, before it explores; when the driver is mended it explores again."""
    room.makepyfile(test_it=MARKED)
    room.runpytest_subprocess("--ndiswan-corpus=kept").assert_outcomes(passed=1, failed=1)
    assert len(list((room.path / "kept").glob("*.json"))) == 1
    second = room.runpytest_subprocess("--ndiswan-corpus=kept")
    assert "it is known, and was replayed first" in out(second)
    assert "1 replayed" in out(second)
    room.makepyfile(
        drivers=DRIVERS.replace(
            "class Races(Good):\n", "class Races(Good):\n    pass\nclass Old(Good):\n"
        )
    )
    third = room.runpytest_subprocess("--ndiswan-corpus=kept")
    third.assert_outcomes(passed=2)
    assert "1 replayed; broken: nothing" in out(third)


def test_a_corpus_that_takes_nothing_does_not_hide_what_was_found(room):
    """The summary has the rule; the replay file is among the temporary files, and it is said where and why."""
    room.makepyfile(test_it=MARKED)
    (room.path / "kept").write_text("a file, where a folder should be")
    ran = room.runpytest_subprocess("--ndiswan-corpus=kept")
    ran.assert_outcomes(passed=1, failed=1)
    text = ran.stdout.str()
    assert "FileExistsError" not in text
    assert re.search(r"kept in \S+ndiswan-pytest-\S+, since .*kept", text)
    assert re.search(r"to replay it: pytest \S+ --ndiswan-replay=\S+ndiswan-pytest-", text)


def test_a_scenario_is_explored_by_the_fixture(room):
    """`ndiswan_explore(scenario)` takes the settings of `explore`, and gives what it came to."""
    room.makepyfile(
        test_it="""
        from drivers import *
        def test_good(ndiswan_explore):
            found = ndiswan_explore(lambda ndis: two_sends(ndis, Good), executions=25, cpus=1)
            assert found.executions == 25 and found.seed == 9 and not found.failures
        """
    )
    room.runpytest_subprocess("--ndiswan-seed=9").assert_outcomes(passed=1)


def test_a_marked_test_needs_the_world(room):
    """A test with the marker and without the argument says which it needs."""
    room.makepyfile("import pytest\n@pytest.mark.ndiswan_explore()\ndef test_it(): pass\n")
    result = room.runpytest_subprocess("--strict-markers")
    result.assert_outcomes(failed=1)
    assert "needs the argument ndiswan_world" in out(result)


CONFORMANCE = """
from drivers import *

class TestGood(MiniportConformance):
    miniport = Good
    real_time = False

class TestForgets(MiniportConformance):
    miniport = Forgets
    real_time = False
"""


def test_conformance_is_the_whole_kit(room):
    """A good driver passes each test; one that forgets its packets at halt fails, and is told how to see it alone."""
    room.makepyfile(test_it=CONFORMANCE)
    good = room.runpytest_subprocess("-k", "TestGood", "--ndiswan-profile=ci")
    outcomes = good.parseoutcomes()
    assert "failed" not in outcomes, out(good)
    assert outcomes["passed"] == 28
    bad = room.runpytest_subprocess(
        "-k", "TestForgets and (halt or machine)", "--ndiswan-profile=ci"
    )
    text = out(bad)
    assert bad.parseoutcomes()["failed"] >= 3, text
    assert "LOST" in text
    assert "alone: ndiswan check test_it:Forgets --mode halt/inline" in text.replace(
        "drivers:", "test_it:"
    )


def test_a_folder_of_replay_files_is_replayed_for_ever(room):
    """`corpus` names the folder; each file is a test, which fails until its bug is mended."""
    source = CONFORMANCE.replace("miniport = Forgets", "miniport = Forgets\\n    corpus = 'corpus'")
    source = source.replace("\\\\n", "\\n").replace("\\n", "\n")
    room.makepyfile(test_it=source)
    found = room.runpytest_subprocess(
        "-k", "TestForgets and exploration", "--ndiswan-corpus=corpus"
    )
    found.assert_outcomes(failed=1)
    assert room.runpytest_subprocess("-k", "TestForgets and replay").parseoutcomes()["failed"] == 1
    room.makepyfile(
        drivers=DRIVERS.replace(
            "class Forgets(Good):\n    def halt", "class Forgets(Good):\n    def old"
        )
    )
    room.runpytest_subprocess("-k", "TestForgets and replay").assert_outcomes(passed=1)


def test_it_works_under_xdist(room):
    """With two workers the seed is one, the counts are those of all, stories and notes arrive."""
    room.makepyfile(test_it=MARKED, test_more=MARKED)
    result = room.runpytest_subprocess("-n", "2", "--ndiswan-seed=3")
    result.assert_outcomes(passed=2, failed=2)
    text = out(result)
    assert "--ndiswan-seed=3" in text
    assert re.search(r"4 explorations: \d+ executions in [\d.]+ s, 0 replayed; broken: \w+ 2", text)
    assert len(re.findall(r"-+ ndiswan: the story of \w+ -+", text)) == 2
    assert set(re.findall(r"seed (\d+), in execution", text)) == {"3"}
    assert text.count("to replay it: pytest") == 2


def test_a_random_seed_is_the_same_for_all_workers(room):
    """The controller draws it, and the workers are told."""
    body = "import os\ndef test_{}(request):\n    seed = request.config.option.ndiswan_seed\n"
    body += "    open('seed-{}', 'w').write(str(seed))\n"
    room.makepyfile(test_a=body.format("a", "a"), test_b=body.format("b", "b"))
    room.runpytest_subprocess("-n", "2").assert_outcomes(passed=2)
    seeds = {path.read_text() for path in room.path.glob("seed-*")}
    assert len(seeds) == 1


ODD = """
import unittest
import pytest
from drivers import *
from hypothesis import given, settings, strategies as st

@pytest.mark.ndiswan_explore(executions=5)
async def test_async(ndiswan_world):
    pass

class TestOld(unittest.TestCase):
    @pytest.mark.ndiswan_explore(executions=5)
    def test_method(self):
        pass

@pytest.mark.ndiswan_explore(executions=60, stop=False)
def test_several(ndiswan_world):
    which = ndiswan_world.choose(3, "which")
    assert which != 1
    assert which != 2

@settings(max_examples=8, database=None)
@given(n=st.integers(1, 5))
def test_worlds(ndiswan_ndis, n):
    with ndiswan_ndis() as ndis:
        two_sends(ndis, Good)

@settings(max_examples=8, database=None)
@given(n=st.integers(1, 5))
def test_exploration(ndiswan_explore, n):
    def scenario(ndis):
        assert ndis.choose(2, "what") == 0 or n < 3
    ndiswan_explore(scenario, executions=20)
"""


def test_a_test_that_cannot_be_explored_is_told(room):
    """An `async def` returns before it has run, and a method of unittest is not called by its arguments."""
    room.makepyfile(test_it=ODD)
    result = room.runpytest_subprocess("-k", "async or method")
    result.assert_outcomes(failed=1, errors=1)
    assert "expected a function that has done all when it returns, got a coroutine" in out(result)
    assert "TestOld::test_method: expected a function, or a method of a plain class" in out(result)


def test_all_that_was_found_is_kept_and_told(room):
    """With `stop=False` each failure has its story, its file, and the line that replays it; no other command can."""
    room.makepyfile(test_it=ODD)
    result = room.runpytest_subprocess("-k", "several")
    result.assert_outcomes(failed=1)
    text = out(result)
    assert text.count("ndiswan: the story of EXCEPTION") == 2
    assert text.count("found too: EXCEPTION at AssertionError at test_it.py") == 1
    files = set(re.findall(r"to replay it: pytest \S+ --ndiswan-replay=(\S+)", text))
    assert len(files) == 2
    assert "ndiswan replay" not in text
    for file in files:
        room.runpytest_subprocess(f"--ndiswan-replay={file}", "-k", "several").assert_outcomes(
            failed=1
        )
    kept = room.path / file
    kept.write_text(re.sub('"choices": "[^"]*"', '"choices": "c1.31-2"', kept.read_text()))
    unfit = room.runpytest_subprocess(f"--ndiswan-replay={file}", "-k", "several")
    unfit.assert_outcomes(failed=1)
    assert "expected choices that fit: choice 1 is one of 3 here, and one of 31" in out(unfit)
    told = room.run(sys.executable, "-m", "ndiswan", "replay", file)
    assert told.ret == 4
    assert "pytest test_it.py::test_several --ndiswan-replay=FILE" in told.stderr.str()


def test_examples_of_hypothesis_have_worlds_and_explorations(room):
    """The factories are no function-scoped fixtures; of what fails in each smaller example the last is told."""
    room.makepyfile(test_it=ODD)
    result = room.runpytest_subprocess("-k", "worlds or exploration")
    result.assert_outcomes(passed=1, failed=1)
    assert "FailedHealthCheck" not in out(result)
    assert "n=3," in out(result)
    assert out(result).count("ndiswan: the story of EXCEPTION") == 1
