"""The kit for tests of drivers: it finds bugs that were seeded, and says nothing of good drivers."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test

import ndiswan as nw
from drivers import GOOD
from ndiswan import condis, lan, ndis6
from ndiswan.checking.modes import Mode
from ndiswan.exploring import EndlessError
from ndiswan.exploring.workload import workload
from ndiswan.strategies import choices
from ndiswan.testing import (
    ConformanceError,
    MiniportConformance,
    MiniportMachine,
    fuzz_one_input,
    play,
)
from ndiswan.testing.peer import Peer

VIRTUAL = [driver for driver in GOOD if driver.virtual]
# Without shrinking: that a bug is found is asked here, not how small.
FINDS = settings(
    max_examples=400,
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=(Phase.generate,),
)
QUIET = settings(FINDS, max_examples=15)


class Base(nw.Miniport):
    """Finishes each frame a millisecond later, in order; its bugs are in subclasses."""

    serialized = False

    def initialize(self):
        self.queue = []
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        for packet in self.take():
            self.adapter.wan_send_complete(packet)

    def take(self):
        taken, self.queue = self.queue, []
        return taken

    def abort(self):
        self.timer.cancel()
        for packet in self.take():
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.abort()
        return nw.SUCCESS

    def halt(self):
        self.abort()


class LosesAtReset(Base):
    def reset(self):
        self.timer.cancel()
        return nw.SUCCESS


class DoubleAfterReset(Base):
    def reset(self):
        for packet in self.queue:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS


class LosesBeyondThree(Base):
    def wan_send(self, link, packet):
        if len(self.queue) < 3:
            self.queue.append(packet)
        self.timer.set(0.001)
        return nw.PENDING


class AnswersPending(Base):
    def take(self):
        return super().take()

    def sent(self):
        for packet in self.take():
            self.adapter.wan_send_complete(packet, nw.PENDING)


class RaisesWhenShort(Base):
    def wan_send(self, link, packet):
        if len(packet) < 2:
            raise IndexError("no protocol field")
        return super().wan_send(link, packet)


class NeedsInterrupt(Base):
    """An interrupt without a reason completes what is not there."""

    def handle_interrupt(self):
        self.adapter.wan_send_complete(self.queue[-1])
        self.queue.pop()


SEEDED = {
    LosesAtReset: nw.ContractViolation,
    DoubleAfterReset: nw.ContractViolation,
    LosesBeyondThree: nw.ContractViolation,
    AnswersPending: nw.StatusViolation,
    RaisesWhenShort: IndexError,
    NeedsInterrupt: IndexError,
}


def machine(driver, **attributes):
    """A machine for a driver."""
    return type("Machine", (MiniportMachine,), {"miniport": driver, **attributes})


@pytest.mark.parametrize("adversarial", [False, True], ids=["virtual", "adversarial"])
@pytest.mark.parametrize("driver", VIRTUAL, ids=lambda driver: driver.__name__)
def test_the_machine_is_silent_on_good_drivers(driver, adversarial):
    """Whatever a machine does to a good driver, nothing is reported."""
    run_state_machine_as_test(machine(driver, adversarial=adversarial), settings=QUIET)


@pytest.mark.parametrize("driver", SEEDED, ids=lambda driver: driver.__name__)
def test_the_machine_finds_a_seeded_bug(driver):
    """Each bug is raised as what it is, with the steps that lead to it."""
    with pytest.raises(SEEDED[driver]) as raised:
        run_state_machine_as_test(machine(driver), settings=FINDS)
    notes = "\n".join(raised.value.__notes__)
    assert any(f"state.{step}(" in notes for step in ("send", "burst", "interrupt"))
    assert "state.teardown()" in notes


class RacesWithReset(Base):
    """Takes the packets in its timer, and completes them when a reset may have come in between."""

    def sent(self):
        taken = self.take()
        self.adapter.irql  # noqa: B018 -- a call into the engine, as a real driver makes many
        for packet in taken:
            self.adapter.wan_send_complete(packet)


def reset_in_flight(ndis):
    """A driver with that race is sent to, and reset."""
    link = ndis.bind(nw.Protocol(), RacesWithReset())
    link.send(b"abc")
    ndis.reset(link)
    ndis.run()


def test_an_adversary_finds_what_virtual_time_does_not():
    """A race is silent in virtual time, and found when Hypothesis's answers decide who goes on."""
    run_state_machine_as_test(machine(RacesWithReset, lines=False), settings=QUIET)
    adversarial = machine(RacesWithReset, adversarial=True, lines=False)
    with pytest.raises(nw.ContractViolation) as raised:
        run_state_machine_as_test(adversarial, settings=settings(FINDS, max_examples=2000))
    assert any(note.startswith("choices c1") for note in raised.value.__notes__)


def test_a_driver_that_never_comes_back_ends_all_the_same():
    """A loop without an end in a driver is cut off after the machine's patience, and said to be one."""

    class Waits(Base):
        def halt(self):
            while True:
                pass

    with pytest.raises(EndlessError, match="go on for ever"):
        run_state_machine_as_test(machine(Waits, patience=0.3), settings=QUIET)


def test_a_machine_needs_a_miniport():
    """Without a miniport of its own a machine says what is missing."""
    with pytest.raises(TypeError, match="has no wan_send"):
        run_state_machine_as_test(machine(nw.Miniport), settings=QUIET)


def test_a_packet_that_comes_back_twice_is_seen_by_the_protocol_too():
    """The machine's protocol does not rely on the engine: a packet that is not out may not come back."""

    class Packet:
        protocol_reserved = (1, None, None, None)

    peer = Peer()
    peer.out.add(1)
    peer.send_complete(Packet(), nw.SUCCESS)
    with pytest.raises(AssertionError, match=r"send 1 came back with .*; expected one of those"):
        peer.send_complete(Packet(), nw.SUCCESS)


def test_play_is_one_execution_and_raises_what_it_finds():
    """With plain answers a race is silent; Hypothesis finds answers that break it, and the note replays them."""
    scenario = reset_in_flight
    play(scenario)

    @given(answers=choices())
    @settings(FINDS, max_examples=3000)
    def search(answers):
        play(scenario, answers)

    with pytest.raises(nw.ContractViolation) as raised:
        search()
    (note,) = [note for note in raised.value.__notes__ if "choices c1" in note]
    token = note.rpartition("choices ")[2]
    with pytest.raises(nw.ContractViolation) as again:
        play(scenario, token)
    assert again.value.rule == raised.value.rule


def test_play_tells_hypothesis_of_rules_and_edges():
    """Events and a target are in Hypothesis's statistics."""
    from hypothesis.statistics import collector, describe_statistics

    texts = []

    @given(answers=choices())
    @settings(QUIET, phases=(Phase.generate,))
    def plays(answers):
        play(workload(Base), answers, cpus=1)

    with collector.with_value(lambda statistics: texts.append(describe_statistics(statistics))):
        plays()
    assert "rule broken: none" in texts[0]
    assert "ownership edges: " in texts[0]
    assert "ownership edges" in texts[0].partition("Highest target score")[2]


def test_any_scenario_is_a_target_for_a_fuzzer(tmp_path):
    """Bytes are answers: some break the driver, are told with a replay file, and replay without the fuzzer."""
    import random

    target = fuzz_one_input(workload(DoubleAfterReset), save=tmp_path)
    target(b"")
    dice = random.Random(1)

    def fuzz():
        for _ in range(2000):
            target(dice.randbytes(40))

    with pytest.raises(nw.ContractViolation) as raised:
        fuzz()
    (file,) = tmp_path.iterdir()
    notes = raised.value.__notes__
    assert notes[-1] == f"to replay it: ndiswan replay {file}"
    data = eval(next(note for note in notes if note.startswith("bytes: "))[7:])
    with pytest.raises(type(raised.value), match=raised.value.rule):
        target(data)


def test_a_fuzzers_target_needs_no_hypothesis():
    """`ndiswan.testing.fuzz_one_input` loads neither Hypothesis nor pytest."""
    code = (
        "import sys; from ndiswan.testing import fuzz_one_input;"
        " assert not {'hypothesis', 'pytest', '_pytest'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("given", [{}, {"miniport": nw.Miniport()}], ids=["nothing", "instance"])
def test_a_conformance_test_without_a_class_says_what_it_needs(given) -> None:
    """An instance would be shared by all tests; without anything there is nothing to test."""
    made = type("TestIt", (MiniportConformance,), given)
    with pytest.raises(TypeError, match=r"TestIt\.miniport: expected the class of a driver, got "):
        made().make_miniport()


def test_a_kit_has_each_mode_of_a_check() -> None:
    """Also those of a sister contract and of a driver with a shutdown: what `check` plays, the kit plays."""

    class Sudden(nw.Miniport):
        wan_send = Base.wan_send

        def shutdown(self):
            pass

    def scenarios(driver):
        found = set()
        kit = type("TestIt", (MiniportConformance,), {"miniport": driver})
        kit().pytest_generate_tests(
            SimpleNamespace(
                fixturenames=["ndiswan_mode"],
                parametrize=lambda _name, modes, **_: found.update(mode.scenario for mode in modes),
            )
        )
        return found

    wan = scenarios(Base)
    assert scenarios(Sudden) == wan | {"shutdown"}
    twins = [type("Twin", (kind.Miniport,), {}) for kind in (lan, condis, ndis6)]
    assert [scenarios(twin) - wan for twin in twins] == [
        {"together", "cancel"},
        {"together", "cancel"},
        {"together", "cancel", "pause"},
    ]


def test_a_kit_finds_what_a_shutdown_breaks(tmp_path) -> None:
    """A line that goes down in MiniportShutdown breaks INDICATE in the kit, too."""

    class Hasty(Base):
        def shutdown(self):
            self.adapter.line_down(self.adapter.links[0])

    class TestHasty(MiniportConformance):
        miniport = Hasty

    with pytest.raises(ConformanceError) as raised:
        TestHasty().test_scenario(Mode("shutdown", "inline"), tmp_path)
    assert raised.value.rule == "INDICATE"


@pytest.mark.parametrize("adversarial", [False, True])
def test_a_driver_in_c_has_a_state_machine(adversarial):
    """It is no class of Python, and may refuse to come up where an explorer gives it no memory."""
    queued = Path(__file__).parents[1] / "examples" / "c" / "queued" / "queued.c"

    class Machine(MiniportMachine):
        def make_miniport(self):
            return nw.load(queued)

    Machine.adversarial = adversarial
    run_state_machine_as_test(Machine, settings=settings(QUIET, max_examples=60))
