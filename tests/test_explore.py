"""Exploring: what a scenario's drivers break under some schedule is found, made small, and replayed."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis.errors import UnsatisfiedAssumption

import ndiswan as nw
from exploring_targets import Modem, Peer, careful, careless
from ndiswan._native import Explorer
from ndiswan.exploring import EndlessError, Search
from ndiswan.exploring.target import name_of
from ndiswan.exploring.watchdog import Watchdog


def test_a_race_that_the_plain_schedule_does_not_have_is_found_small_and_replays(tmp_path):
    """The driver is clean in virtual time; the explorer's failure replays from its file."""
    with nw.Ndis() as ndis:
        careless(ndis)
    found = nw.explore(careless, explorer="random", seed=3, executions=5000)
    (failure,) = found.failures
    assert failure.rule == "DOUBLE"
    assert failure.deterministic
    assert failure.switches <= 4
    path = failure.save(tmp_path)
    assert path.name == f"{failure.name}.json"
    again = nw.replay(path)
    assert again.symptom == failure.symptom
    assert again.ndis.digest() == failure.digest == json.loads(path.read_text())["digest"]


def test_a_careful_driver_is_left_alone():
    """Two thousand schedules of a good driver break nothing."""
    found = nw.explore(careful, explorer="random", executions=2000)
    assert not found.failures
    assert found.executions == 2000
    found.raise_if_failed()


def test_the_same_choices_give_the_same_events():
    """An execution is a function of its choices."""

    def once(explorer):
        time = nw.AdversarialTime(explorer=explorer)
        with nw.Ndis(time=time, on_violation="record", record=True) as ndis:
            careful(ndis)
        return ndis.choices(), ndis.digest()

    explorer = Explorer("random", 5)
    for _ in range(50):
        choices, digest = once(explorer)
        assert once(Explorer.replay(choices)) == (choices, digest)


def test_a_failure_is_raised_with_the_way_to_find_it_again():
    """`raise_if_failed` raises the broken rule, and its note names explorer, seed and execution."""
    found = nw.explore(careless, explorer="random", seed=1, executions=5000)
    with pytest.raises(nw.OwnershipViolation) as raised:
        found.raise_if_failed()
    assert any("seed 1" in note for note in raised.value.__notes__)


def test_two_locks_in_two_orders_are_found_also_as_a_deadlock():
    """CPUs that wait for each other are a HANG that names the circle, and not a hang."""

    class Locks(Modem):
        def initialize(self):
            super().initialize()
            self.other = self.adapter.spin_lock("other")

    def scenario(ndis):
        modem = Locks()
        ndis.bind(Peer(), modem)

        def one():
            with modem.lock, modem.other:
                pass

        def two():
            with modem.other, modem.lock:
                pass

        ndis.spawn(one)
        ndis.spawn(two)
        ndis.run()

    found = nw.explore(scenario, explorer="random", executions=3000, stop=False)
    assert {failure.rule for failure in found.failures} >= {"LOCK_ORDER"}


def test_a_driver_that_goes_on_for_ever_is_cut_off():
    """With calls into the engine it is cut off after so many points; without, after so many seconds."""

    def calls(ndis):
        modem = Modem()
        ndis.bind(Peer(), modem)
        while True:
            with modem.lock:
                pass

    def computes(ndis):
        ndis.bind(Peer(), Modem())
        while True:
            pass

    found = nw.explore(calls, explorer="random", executions=1, max_points=500, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["ENDLESS"]
    begun = time.monotonic()
    found = nw.explore(computes, explorer="random", executions=1, patience=0.3, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["ENDLESS"]
    assert time.monotonic() - begun < 30
    assert not issubclass(EndlessError, Exception)


def test_an_exception_of_a_driver_is_a_failure_with_its_line():
    """What a driver raises is found like a broken rule, and is no rule."""

    def scenario(ndis):
        ndis.bind(Peer(), Modem())
        if ndis.choose(3, "size") == 2:
            raise KeyError("size")

    (failure,) = nw.explore(scenario, explorer="random", executions=500).failures
    assert failure.rule == "EXCEPTION"
    assert failure.choices[-1][1] == 2
    assert Path(__file__).name in failure.place


def test_a_driver_that_ends_the_program_is_a_failure():
    """`sys.exit` in a driver is found, and ends neither the search nor the program."""

    class Ends(Modem):
        def wan_send(self, link, packet):
            sys.exit(0)

    def scenario(ndis):
        ndis.bind(Peer(), Ends()).send(b"frame")

    (failure,) = nw.explore(scenario, explorer="random", executions=5).failures
    assert (failure.rule, failure.place.partition(" ")[0]) == ("EXCEPTION", "SystemExit")


def test_what_a_callback_raised_is_told_with_what_is_lost_by_it():
    """A packet is lost because its timer's function raised: the exception is in the failure's detail."""

    class Raises(Modem):
        def sent(self):
            if self.queue:
                raise KeyError("no such card")

    def scenario(ndis):
        ndis.bind(Peer(), Raises()).send(b"frame")
        ndis.run()

    (failure,) = nw.explore(scenario, explorer="random", executions=5).failures
    assert failure.rule == "LOST"
    assert "KeyError at test_explore.py" in failure.detail
    assert "no such card" in failure.detail


def test_a_scenario_that_skips_its_test_is_no_failure():
    """A skip of pytest's and what Hypothesis's `assume` raises go on to who called them."""

    def skips(_):
        pytest.skip("no card")

    def assumes(_):
        raise UnsatisfiedAssumption

    with pytest.raises(pytest.skip.Exception, match="no card"):
        nw.explore(skips, executions=1)
    with pytest.raises(UnsatisfiedAssumption):
        nw.explore(assumes, executions=1)


def test_a_device_and_a_thread_are_in_all_kinds_of_time():
    """`adapter.device`, `ndis.spawn` and `ndis.choose` work in virtual, real and adversarial time."""
    for kind in (nw.VirtualTime(), nw.RealTime(), nw.AdversarialTime(2)):
        happened = []
        with nw.Ndis(time=kind) as ndis:
            modem = Modem()
            ndis.bind(Peer(), modem)
            device = modem.adapter.device(lambda happened=happened: happened.append("device"))
            device.set(0.001)
            assert device.armed
            ndis.spawn(happened.append, "thread")
            ndis.run()
            assert ndis.choose(1) == 0
            end = time.monotonic() + 10
            while len(happened) < 2 and time.monotonic() < end:
                time.sleep(0.001)
        assert sorted(happened) == ["device", "thread"]


def test_a_driver_that_reads_a_global_generator_is_told_so():
    """The same choices gave other events, and the line that is to blame is named."""

    def scenario(ndis):
        link = ndis.bind(Peer(), Modem())
        for _ in range(random.randrange(1, 1000) % 8):
            link.send(b"frame")
        ndis.run()

    for _ in range(5):  # two executions may be alike by chance
        found = nw.explore(scenario, explorer="random", executions=3)
        if found.nondeterministic:
            break
    assert any("calls random.randrange()" in line for line in found.nondeterministic)
    assert not nw.explore(careful, explorer="random", executions=3).nondeterministic


def test_what_fails_once_and_is_good_twice_is_not_determined(monkeypatch):
    """Made small by luck, it does not fail with the smaller answers; who is to blame is looked for all the same."""
    executions = []

    def scenario(ndis):
        ndis.choose(2)
        executions.append(random.random())
        if len(executions) == 1:
            raise ValueError("once")

    module = sys.modules[Search.__module__]
    monkeypatch.setattr(module, "small", lambda *_: ([(2, 1), (2, 1)], None))
    found = nw.explore(scenario, explorer="random", executions=3)
    assert not found.failures[0].deterministic
    assert any("calls random.random()" in line for line in found.nondeterministic)


def test_switches_of_the_policy_are_choices_too():
    """With `policies=True` each execution has a policy of its own, and the choices say which."""

    def scenario(ndis):
        link = ndis.bind(Peer(), Modem())
        link.send(b"frame")
        ndis.run()

    found = nw.explore(scenario, explorer="random", executions=50, policies=True)
    assert not found.failures
    with nw.Ndis(time=nw.AdversarialTime(policies=True)) as ndis:
        assert len(ndis.choices()) >= 8


@pytest.mark.parametrize("trace", [sys.settrace, sys.setprofile])
def test_under_a_tracer_exploring_is_the_same(trace):
    """A debugger, coverage, Hypothesis's explain phase: they see each call and change nothing."""
    plain = nw.explore(careless, explorer="random", executions=200, stop=False, shrinking=0)
    seen = []
    trace(lambda frame, *_: seen.append(frame.f_code.co_name))
    try:
        traced = nw.explore(careless, explorer="random", executions=200, stop=False, shrinking=0)
    finally:
        trace(None)
    assert seen.count("wan_send") >= traced.executions
    assert plain.failures
    assert [f.choices for f in traced.failures] == [f.choices for f in plain.failures]


@pytest.mark.parametrize("waits", ["lock", "sleep"])
def test_a_driver_that_waits_in_a_way_of_its_own_is_cut_off(waits):
    """A lock of `threading` that a suspended CPU holds, a sleep of an hour: they are told as ENDLESS, and no hang."""

    class Waits(Modem):
        def initialize(self):
            super().initialize()
            self.own = threading.Lock()

        def sent(self):
            if waits == "sleep":
                time.sleep(3600)
            with self.own:
                super().sent()

    def scenario(ndis):
        link = ndis.bind(Peer(), Waits())
        for _ in range(3):
            link.send(b"frame")
        ndis.run()

    before = signal.getsignal(signal.SIGURG)
    begun = time.monotonic()
    found = nw.explore(scenario, explorer="random", executions=200, patience=0.2, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["ENDLESS"]
    assert "test_explore.py" in found.failures[0].detail
    assert time.monotonic() - begun < 30
    assert signal.getsignal(signal.SIGURG) is before


def test_nothing_is_left_to_be_raised_by_the_watchdog():
    """An execution that was cut off is over: what comes after it is not disturbed, by a tracer least of all."""

    def endless(_):
        while True:
            pass

    found = nw.explore(endless, explorer="random", executions=1, patience=0.05, shrinking=0)
    assert [failure.symptom.rule for failure in found.failures] == ["ENDLESS"]
    sys.setprofile(lambda *_: None)
    try:
        assert sum(number % 7 for number in range(1000)) > 0
    finally:
        sys.setprofile(None)


def test_a_scenario_that_is_no_function_has_the_same_name_in_each_run():
    """A partial is called as its function, an object as its class: no address is in the name."""

    class Callable:
        def __call__(self, ndis):
            careful(ndis)

    assert name_of(functools.partial(careful)) == "exploring_targets:careful"
    assert name_of(Callable()) == name_of(Callable())
    assert "0x" not in name_of(Callable())


def test_bad_settings_are_refused():
    """An explorer that there is not, too many CPUs, a negative number of answers."""
    with pytest.raises(
        ValueError,
        match=r"explorer: expected one of .*portfolio, pct1 to pct9, or bounded-sleep, got",
    ):
        nw.explore(careful, explorer="luck")
    with pytest.raises(ValueError, match="cpus: expected 1 to 32"):
        nw.explore(careful, explorer="random", cpus=0, executions=1)
    for name, value in [("latency", -1.0), ("max_points", 0), ("patience", None), ("seed", -1)]:
        with pytest.raises(ValueError, match=f"{name}: expected"):
            nw.explore(careful, explorer="random", executions=1, **{name: value})
    with nw.Ndis() as ndis, pytest.raises(ValueError, match="n: expected 1"):
        ndis.choose(0)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", [careful, careless])
def test_memory_is_flat_over_half_a_million_executions(scenario):
    """Whether each is good or many fail, nothing is kept of an execution that is over."""
    count = int(os.environ.get("NDISWAN_SOAK_EXECUTIONS", "1000000")) // 2
    search, memory = Search(scenario, seed=1, shrinking=0), []
    with Watchdog(60.0, EndlessError) as watchdog:
        for done in range(1, count + 1):
            search.once(watchdog)
            if done % (count // 10) == 0:
                pages = Path("/proc/self/statm").read_text().split()[1]
                memory.append(int(pages) * 4096)
                print(f"{done} executions: {memory[-1] >> 10} KiB")
    assert bool(search.found.failing) == (scenario is careless)
    # What the explorers learn, they learn at the beginning.
    assert memory[-1] - memory[0] < 4 << 20


def test_a_thread_of_a_drivers_own_is_a_failure_that_says_what_to_do():
    """All of a world runs on one thread; that another one called in is told, and what it did is done."""

    class Own(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            thread = threading.Thread(target=self.adapter.wan_send_complete, args=(packet,))
            thread.start()
            thread.join()
            return nw.PENDING

    def scenario(ndis):
        ndis.bind(nw.Protocol(), Own()).send(b"frame")
        ndis.run()

    found = nw.explore(scenario, explorer="random", executions=3, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["EXCEPTION"]
    assert "threads of a driver are begun by spawn" in found.failures[0].detail


@pytest.mark.parametrize("wrong", [0, -1, float("nan")])
@pytest.mark.parametrize("name", ["executions", "seconds"])
def test_a_budget_with_which_nothing_runs_is_refused(name, wrong):
    """No failure in no execution is no verdict."""
    with pytest.raises(ValueError, match=rf"{name}: expected .* or more, got {wrong}"):
        nw.explore(careful, **{name: wrong})


@pytest.mark.parametrize("name", ["executions", "seconds", "shrinking"])
def test_a_budget_that_is_no_number_is_refused(name):
    """Words are none."""
    with pytest.raises(TypeError, match=rf"{name}: expected a number of .* or more, got 'many'"):
        nw.explore(careful, **{name: "many"})


def test_what_is_no_scenario_is_refused() -> None:
    """It was a failure of the scenario that nobody gave."""
    with pytest.raises(TypeError, match="scenario: expected a function of an Ndis, got None"):
        nw.explore(None)
