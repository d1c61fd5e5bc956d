"""The two kinds of time: the same driver runs on a simulated clock, and on the real one."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import ndiswan as nw
from drivers.timed import SerializedTimed
from rigs import Holding, Instant, Peer, bound


class Quiet(Instant):
    """Is never asked whether it hangs, so that nothing happens but what a test does."""

    check_for_hang_seconds = 0.0


def test_the_clocks_say_what_they_are():
    """Virtual time is the default."""
    assert (repr(nw.VirtualTime()), repr(nw.RealTime())) == ("VirtualTime()", "RealTime()")
    with nw.Ndis() as ndis:
        assert (ndis.now, ndis.now_ns) == (0.0, 0)


def test_virtual_time_stands_still_until_it_is_run():
    """It jumps from event to event; with `until` it goes there, work or not; it never goes back."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis, Quiet())[2].adapter
        times = []
        for seconds in (3600.0, 0.5, 86400.0):
            adapter.timer(lambda: times.append(ndis.now)).set(seconds)
        assert ndis.run(until=1.0) == 1
        assert (ndis.now, times) == (1.0, [0.5])
        assert ndis.run(until=0.5) == 0
        assert ndis.now == 1.0
        assert ndis.run() == 2
        assert times == [0.5, 3600.0, 86400.0]
        assert ndis.now_ns == 86_400_000_000_000


def test_a_run_can_be_limited():
    """`max_events` runs that many and no more."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis, Quiet())[2].adapter
        for seconds in range(1, 6):
            adapter.timer(lambda: None).set(seconds)
        assert (ndis.run(max_events=2), ndis.now) == (2, 2.0)
        assert (ndis.run(max_events=0), ndis.now) == (0, 2.0)
        assert (ndis.run(), ndis.now) == (3, 5.0)


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_the_same_run_gives_the_same_events(delivery):
    """Two runs of one driver in virtual time have the same events at the same nanoseconds."""

    def run():
        with nw.Ndis(record=True, delivery=delivery) as ndis:
            link = ndis.bind(Peer(), SerializedTimed(3))
            for number in range(20):
                link.send(bytes(1 + 37 * number))
            ndis.run(until=5.0)
        return [str(event) for event in ndis.events()]

    assert run() == run()


def test_virtual_time_is_fast():
    """An hour of a busy line takes a moment."""
    begin = time.perf_counter()
    with nw.Ndis() as ndis:
        link, peer, _ = bound(ndis, SerializedTimed(4))
        for second in range(3600):
            link.send(b"frame")
            ndis.run(until=float(second + 1))
    assert ndis.now == 3600.0
    assert peer.answers == [nw.SUCCESS] * 3600
    assert time.perf_counter() - begin < 10


def test_real_time_is_the_machine_s():
    """A timer fires on the dispatcher's thread when it is due, and `run` waits for it."""
    fired = []
    with nw.Ndis(time=nw.RealTime()) as ndis:
        adapter = bound(ndis, Instant())[2].adapter
        begin = time.perf_counter()
        adapter.timer(
            lambda: fired.append((time.perf_counter() - begin, threading.current_thread()))
        ).set(0.03)
        assert fired == []
        ndis.run()
        ((after, thread),) = fired
        assert 0.03 <= after < 5
        assert thread is not threading.current_thread()
        assert 0.03 <= ndis.now < 5


def test_run_waits_in_real_time_for_what_is_outstanding():
    """A packet that a driver's thread has is outstanding; when it is back, `run` returns."""
    with nw.Ndis(time=nw.RealTime()) as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        worker = threading.Timer(0.03, miniport.complete)
        worker.start()
        ndis.run()
        assert peer.answers == [nw.SUCCESS]
        worker.join()


@pytest.mark.parametrize("kind", [nw.VirtualTime, nw.RealTime, nw.AdversarialTime])
def test_run_waits_for_threads_that_were_spawned(kind):
    """They have come to their end, and so has what they sent; in real time it was over before they began."""
    with nw.Ndis(time=kind()) as ndis:
        link, _, _ = bound(ndis, Instant())

        def late(left):
            time.sleep(0.01)
            link.send(b"frame")
            if left:
                ndis.spawn(late, left - 1)

        ndis.spawn(late, 3)
        ndis.run()
        assert ndis.counters["answered"] == 4


def test_a_spawned_thread_that_runs_the_world_does_not_wait_for_itself():
    """Nor for others that do the same."""
    together, ended = threading.Barrier(2), []

    def runs():
        together.wait()
        ended.append(ndis.run())

    with nw.Ndis(time=nw.RealTime()) as ndis:
        bound(ndis, Instant())
        ndis.spawn(runs)
        ndis.spawn(runs)
        ndis.run()
    assert ended == [0, 0]


def test_run_until_waits_for_the_clock():
    """With `until` it waits for that time, also with nothing to do; background work goes on."""
    checks = []

    class Checks(Instant):
        check_for_hang_seconds = 0.02

        def check_for_hang(self):
            checks.append(self.adapter.now)
            return False

    with nw.Ndis(time=nw.RealTime()) as ndis:
        bound(ndis, Checks())
        ndis.run(until=0.1)
        assert 0.1 <= ndis.now < 5
        assert len(checks) >= 2


def test_events_are_not_counted_in_real_time():
    """A limit is refused; where an explorer decides, it says how far things go."""
    with (
        nw.Ndis(time=nw.RealTime()) as ndis,
        pytest.raises(ValueError, match="max_events: expected virtual time"),
    ):
        ndis.run(max_events=3)
    with nw.Ndis(time=nw.AdversarialTime()) as ndis:
        timer = bound(ndis, Instant())[2].adapter.timer(lambda: None)
        timer.set(0.1)
        assert ndis.run(max_events=0) > 0
        assert not timer.armed


def test_an_exception_on_the_dispatcher_s_thread_arrives_at_run():
    """In real time too; and the dispatcher lives on."""
    with nw.Ndis(time=nw.RealTime()) as ndis:
        adapter = bound(ndis, Instant())[2].adapter
        adapter.timer(lambda: 1 / 0).set(0.01)
        with pytest.raises(ZeroDivisionError):
            ndis.run(until=10.0)
        assert ndis.now < 9
        ran = []
        adapter.timer(lambda: ran.append(True)).set(0.001)
        ndis.run()
        assert ran == [True]
        assert [type(error) for error in ndis.errors] == [ZeroDivisionError]


@pytest.mark.parametrize("until", [None, 30.0])
def test_ctrl_c_ends_a_real_time_run(until):
    """KeyboardInterrupt arrives at `run` within a moment, and packets are back when the block ends."""
    with nw.Ndis(time=nw.RealTime()) as ndis:
        link, peer, _ = bound(ndis)
        link.send(b"frame")
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begin = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            ndis.run(until)
        assert time.perf_counter() - begin < 5
    assert peer.answers == [nw.Status.REQUEST_ABORTED]


def test_ctrl_c_ends_a_virtual_run_in_a_callback():
    """A timer for ever is ended by a signal: it is raised in the callback, and arrives at `run`."""
    with nw.Ndis() as ndis:
        miniport = bound(ndis, Instant())[2]

        def tick():
            ticks.append(True)
            if len(ticks) == 100:
                signal.raise_signal(signal.SIGINT)
            timer.set(0.001)

        ticks, timer = [], miniport.adapter.timer(tick)
        timer.set(0.001)
        with pytest.raises(KeyboardInterrupt):
            ndis.run(until=1e6)
        assert len(ticks) == 100
        timer.cancel()


def test_ctrl_c_ends_a_virtual_run_that_calls_nothing():
    """A run of checks for hang alone, for thirty years, is no longer than until the signal."""

    def alarm(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, alarm)
    with nw.Ndis() as ndis:
        bound(ndis, Holding())
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(KeyboardInterrupt):
                ndis.run(until=1e9)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert 0 < ndis.now < 1e9


def test_ctrl_c_ends_a_program():
    """A program in a real-time run ends on SIGINT as any Python program does, and its driver is halted."""
    program = (
        "import ndiswan as nw, sys\n"
        "class M(nw.Miniport):\n"
        "    def wan_send(self, link, packet): return nw.SUCCESS\n"
        "    def halt(self): print('halted', flush=True)\n"
        "with nw.Ndis(time=nw.RealTime()) as ndis:\n"
        "    ndis.bind(nw.Protocol(), M())\n"
        "    print('up', flush=True)\n"
        "    ndis.run(until=60.0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "up\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert out == "halted\n"
    assert "KeyboardInterrupt" in err
    assert running.returncode != 0


def test_a_late_driver_is_found_on_the_real_clock_too():
    """A serialized driver with a hang interval of 20 ms that keeps a packet is LATE, and NDIS resets it."""

    class Keeps(Holding):
        serialized = True
        check_for_hang_seconds = 0.02

        def reset(self):
            self.held.clear()
            return nw.SUCCESS

    with nw.Ndis(time=nw.RealTime(), on_violation="record") as ndis:
        link, peer, _ = bound(ndis, Keeps())
        link.send(b"frame")
        ndis.run()
        assert peer.answers == [nw.Status.REQUEST_ABORTED]  # by NDIS, after the reset
        assert [violation.rule for violation in ndis.violations] == ["LATE"]


class LoopsBack(nw.Miniport):
    """Indicates each frame that it is given as received."""

    serialized = False
    count = 0

    def wan_send(self, link, packet):
        self.count += 1
        self.adapter.indicate_receive(link, bytes(packet))
        return nw.SUCCESS


class Echoes(nw.Protocol):
    """Sends each frame that it receives."""

    def receive(self, link, data):
        link.send(data)


@pytest.mark.parametrize("trial", range(5))
def test_drivers_that_keep_each_other_busy_for_ever_end_on_ctrl_c(trial):
    """A loop of sends and receives on one stack is ended by one signal, wherever that falls; and it can go on."""
    with nw.Ndis() as ndis:
        miniport = LoopsBack()
        link = ndis.bind(Echoes(), miniport)
        for _ in range(2):
            timer = threading.Timer(0.05 + trial / 1000, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            before = miniport.count
            with pytest.raises(KeyboardInterrupt):
                link.send(b"round and round")
            assert miniport.count > before
            timer.join()
    assert ndis.violations == []
    counters = ndis.counters
    assert counters["sends"] == counters["delivered"]


def test_a_rule_that_a_driver_s_own_thread_breaks_ends_the_wait() -> None:
    """`run` in real time raises what another thread broke, at once, and not its consequence later."""

    class Eager(nw.Miniport):
        serialized = False

        def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
            def complete_twice() -> None:
                self.adapter.wan_send_complete(packet)
                with contextlib.suppress(nw.OwnershipViolation):
                    self.adapter.wan_send_complete(packet)

            threading.Thread(target=complete_twice).start()
            return nw.PENDING

    with nw.Ndis(time=nw.RealTime()) as ndis:
        ndis.bind(nw.Protocol(), Eager()).send(b"frame")
        with pytest.raises(nw.OwnershipViolation, match="DOUBLE"):
            ndis.run(until=ndis.now + 20.0)
        assert ndis.now < 10.0
