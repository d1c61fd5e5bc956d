"""Drivers that poll: a timer that sets itself again for ever does not keep a run from its end."""

import subprocess
import sys
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.drivers import load
from ndiswan.exploring import Search
from ndiswan.exploring.workload import workload
from test_c_kernel import HARNESS

PERIOD = 0.005


class Polls(nw.Miniport):
    """Looks every five milliseconds whether its card is done with a packet, which it is at the look of that number."""

    serialized = False

    def __init__(self, done=3):
        self.done = done
        self.looks, self.owed, self.stopped = 0, [], False

    def initialize(self):
        self.lock = self.adapter.spin_lock("owed")
        self.timer = self.adapter.timer(self.look)
        self.timer.set(PERIOD)

    def look(self):
        self.looks += 1
        with self.lock:
            done = self.owed[:] if self.looks % self.done == 0 else []
            del self.owed[: len(done)]
        for packet in done:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
        with self.lock:
            if not self.stopped:
                self.timer.set(PERIOD)

    def wan_send(self, link, packet):
        with self.lock:
            self.owed.append(packet)
        return nw.PENDING

    def reset(self):
        self.give_back()
        return nw.SUCCESS

    def halt(self):
        with self.lock:
            self.stopped = True
        self.timer.cancel()
        self.adapter.flush_dpcs()
        self.give_back()

    def give_back(self):
        with self.lock:
            owed = self.owed[:]
            self.owed.clear()
        for packet in owed:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)


def test_a_run_ends_that_a_timer_would_keep_up_for_ever():
    """After some rounds of nothing but polling; the timer stays set and goes on when the clock does."""
    driver = Polls()
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run()
        looks = driver.looks
        assert 3 <= looks < 1000
        ndis.run(until=ndis.now + 1)
        assert driver.looks >= looks + 1 / PERIOD - 1


@pytest.mark.parametrize("done", [3, 200])
def test_a_packet_that_the_polling_brings_back_is_waited_for(done):
    """However many looks that takes, if it is no longer than an adapter may hang."""
    driver = Polls(done=done)
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        for _ in range(3):
            assert link.send(b"frame") == nw.PENDING
            ndis.run()
            assert link.outstanding == 0
            assert driver.owed == []


def test_a_packet_that_never_comes_back_ends_the_run_too():
    """It is owed for too long, and taken back; or it is waited for as long as an adapter may hang."""
    for serialized in (True, False):
        driver = Polls(done=10**9)
        driver.serialized = serialized
        driver.give_back = lambda: None
        with nw.Ndis(on_violation="record") as ndis:
            ndis.bind(nw.Protocol(), driver).send(b"frame")
            ndis.run()
            assert 1 < ndis.now < 60
        assert {"LATE", "LOST", "HANG"} & {found.rule for found in ndis.violations}


def test_what_is_waited_for_may_be_what_the_driver_polls_for():
    """`wait` gives the card time to come up, and says no after its seconds of the clock."""
    driver = Polls()
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
        assert ndis.wait(lambda: driver.looks >= 1000)
        before = ndis.now
        assert not ndis.wait(lambda: driver.looks < 0, 2)
        assert 1.9 < ndis.now - before < 2.1


def test_in_real_time_a_driver_that_polls_is_idle():
    """The run ends as soon as the packet is back."""
    driver = Polls()
    with nw.Ndis(time=nw.RealTime()) as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        link.send(b"frame")
        ndis.run()
        assert link.outstanding == 0


def test_an_explorer_does_not_take_polling_for_a_driver_that_is_endless():
    """It was told as ENDLESS. What it may find is a reset beside a look that has just taken packets out."""
    found = Search(workload(Polls), seed=1).run(300, 60, stop=False)
    assert {failure.rule for failure in found.failures} <= {"RESET"}
    assert found.executions == 300
    assert found.points < 300 * 2000


POLL = """
static NDIS_MINIPORT_TIMER Poll;
static ULONG Looks;
static VOID Look(PVOID a, PVOID Context, PVOID b, PVOID d) {
    if (++Looks == 30) DbgPrint("thirty\\n");
    @AGAIN@
}
"""
BEGIN = """
    NdisMInitializeTimer(&Poll, Adapter, (PNDIS_TIMER_FUNCTION)Look, NULL);
    @BEGIN@
"""
CANCEL = "BOOLEAN Was; NdisMCancelTimer(&Poll, &Was);"


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        ("NdisMSetTimer(&Poll, 5);", "NdisMSetTimer(&Poll, 5);"),
        ("NdisMSetPeriodicTimer(&Poll, 5);", ""),
    ],
)
def test_a_driver_in_c_that_polls_is_checked_and_explored(tmp_path, begin, again):
    """With a timer that it sets again, and with a periodic one; without Python too."""
    source = tmp_path / "polls.c"
    text = HARNESS.replace("@GLOBALS@", POLL.replace("@AGAIN@", again)).replace("@HALT@", CANCEL)
    source.write_text(text.replace("@BODY@", BEGIN.replace("@BEGIN@", begin)))
    driver = load(source)
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run()
    assert driver.printed == ["thirty\n"]
    for in_python in (False, True):
        scenario = workload(lambda: load(source), in_python=in_python)
        found = nw.explore(scenario, executions=100, seed=2)
        assert {failure.rule for failure in found.failures} <= {"TIMER"}  # its halt does not wait


def test_the_first_driver_of_a_command_line_that_polls_is_no_endless_one(tmp_path):
    """`ndiswan fuzz` of a driver in Python."""
    file = tmp_path / "polls.py"
    file.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_polls import Polls\n"
    )
    words = [sys.executable, "-m", "ndiswan", "fuzz", f"{file}:Polls", "--executions", "50"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "50 executions" in done.stdout
    assert "ENDLESS" not in done.stdout


class Beats(nw.Miniport):
    """Its card counts ten times a second, with nothing else to do; it completes at once."""

    def initialize(self):
        self.beats = 0
        self.clock = self.adapter.device(self.beat)
        self.clock.set(0.1)

    def beat(self):
        self.beats += 1
        self.clock.set(0.1)

    def wan_send(self, link, packet):
        return nw.SUCCESS


def test_a_device_with_a_clock_of_its_own_does_not_keep_a_run_from_its_end():
    """It goes on with the world, and a run with an end has all of its beats."""
    miniport = Beats()
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), miniport)
        ndis.run()
        assert 1 <= miniport.beats <= 100
        before = miniport.beats
        ndis.run(until=ndis.now + 50)
        assert miniport.beats == before + 500
        assert link.send(b"frame") == nw.SUCCESS
    found = nw.explore(workload(Beats), seed=1, executions=30)
    assert (found.failures, found.executions) == ([], 30)


class Forgets(nw.Miniport):
    """Keeps each third packet until the next one comes, or an interrupt."""

    def __init__(self, interrupts: bool = False) -> None:
        self.interrupts = interrupts
        self.kept: list[nw.Packet] = []
        self.count = 0

    def initialize(self) -> None:
        """Work is done in a DPC."""
        self.work = self.adapter.dpc(self.complete)

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        """PENDING, and a DPC for most."""
        self.kept.append(packet)
        self.count += 1
        if self.count % 3:
            self.work.queue()
        return nw.PENDING

    def isr(self) -> bool:
        """The DPC looks what there is."""
        return self.interrupts

    def handle_interrupt(self) -> None:
        """All that there is."""
        self.complete()

    def complete(self) -> None:
        """All that there is."""
        kept, self.kept = self.kept, []
        for packet in kept:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def reset(self) -> nw.Status:
        """All of them come back."""
        self.complete()
        return nw.SUCCESS

    def halt(self) -> None:
        """All of them come back."""
        with self.adapter.at(nw.Irql.DISPATCH):
            self.complete()


def test_a_packet_that_nothing_will_bring_back_is_a_hang() -> None:
    """Its halt completes it, so nothing is lost; but nobody waits for a halt. An interrupt of the card may bring it."""
    found = nw.explore(workload(Forgets), seed=1, executions=300)
    assert {failure.rule for failure in found.failures} <= {"HANG", "LATE"}
    assert found.failures
    found = nw.explore(workload(lambda: Forgets(interrupts=True)), seed=1, executions=300)
    assert found.failures == []


class Stuck(nw.Miniport):
    """Keeps what it gets until it is reset; says that it hangs if it is one that knows."""

    serialized = False

    def __init__(self, knows=True):
        self.knows, self.owed, self.asked = knows, [], 0

    def wan_send(self, link, packet):
        self.owed.append(packet)
        return nw.PENDING

    def check_for_hang(self):
        self.asked += 1
        return self.knows and bool(self.owed)

    def reset(self):
        while self.owed:
            self.adapter.wan_send_complete(self.owed.pop(), nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS

    def halt(self):
        self.reset()


class Unasked(Stuck):
    """The same without a check for hang of its own."""

    check_for_hang = nw.Miniport.check_for_hang


@pytest.mark.parametrize("verify", [0, 2])
def test_a_run_goes_on_for_the_check_for_hang_that_brings_a_packet_back(verify):
    """The checks of an adapter that owes nothing are none of what a run goes on for."""
    driver, idle = Stuck(), Stuck()
    with nw.Ndis(verify=verify) as ndis:
        ndis.bind(nw.Protocol(), idle)
        link = ndis.bind(nw.Protocol(), driver)
        assert ndis.run() == 0
        link.send(b"x")
        assert ndis.run() > 0
        assert (ndis.now, link.outstanding, driver.asked) == (2.0, 0, 1)
        assert ndis.run() == 0


def test_a_check_that_never_says_so_ends_with_what_ndis_calls_a_hang():
    """HANG, and the packet is taken back, a step at a time as well; where nothing is verified the run just ends."""
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), Stuck(knows=False))
        link.send(b"x")
        while ndis.run(max_events=1):
            pass
        assert [str(v.rule) for v in ndis.violations] == ["HANG"]
        assert (ndis.now, link.outstanding) == (22.0, 0)
    with nw.Ndis(verify=0) as ndis:
        link = ndis.bind(nw.Protocol(), Stuck(knows=False))
        link.send(b"x")
        ndis.run()
        assert (ndis.now, link.outstanding) == (24.0, 1)


def test_a_run_ends_where_no_check_of_the_drivers_own_can_bring_anything_back():
    """So a packet that is forgotten is LOST at the halt, and not LATE in a run."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Unasked())
        link.send(b"x")
        assert (ndis.run(), ndis.now, link.outstanding) == (0, 0.0, 1)


def test_built_in_traffic_outlives_the_death_of_a_built_in_card():
    """A window dies with the card; the reset gives it back, and the traffic goes on to its end, as `simulate` says."""
    traffic = models.ClosedLoop(window=8, size=500, packets=1000)
    line, card = (
        models.Line(1_000_000),
        models.Card(dies=models.Death(at_ns=[10**9], reset_ns=10**8)),
    )
    expected = models.simulate(models.Link(traffic=traffic, line=line, card=card)).columns
    sender = models.TrafficProtocol(traffic)
    with nw.Ndis() as ndis:
        link = ndis.bind(sender, models.CardMiniport(line, card))
        ndis.run()
        assert (link.outstanding, ndis.counters["resets"]) == (0, 1)
    for name in "offered", "succeeded", "aborted":
        assert sender.counters[name] == int(expected[name][0]), name
