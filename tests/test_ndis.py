"""The world of one run: its settings, its life, what it found, and that nothing outlives it."""

import gc
import subprocess
import sys
import threading
import warnings
import weakref

import pytest

import ndiswan as nw
from ndiswan import Status
from rigs import Holding, Instant, Peer, bound


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        (
            {"time": "real"},
            TypeError,
            r"time: expected VirtualTime\(\), RealTime\(\) or AdversarialTime\(\), got 'real'",
        ),
        ({"time": nw.RealTime}, TypeError, "time: expected"),
        ({"policy": {}}, TypeError, r"policy: expected a Policy, got {}"),
        ({"on_violation": "ignore"}, ValueError, '"raise", "record", "bugcheck", got "ignore"'),
        ({"delivery": "later"}, ValueError, 'delivery: expected "inline", "queued", got "later"'),
        ({"verify": 5}, ValueError, "verify: expected 0 .* got 5"),
        ({"verify": -1}, ValueError, "got -1"),
        ({"verify": None}, TypeError, "verify"),
        ({"fast": True}, TypeError, "fast"),
    ],
    ids=["str", "class", "policy", "mode", "delivery", "5", "-1", "None", "unknown"],
)
def test_a_setting_that_is_not_known_is_refused(settings, error, words):
    """The error names the setting, its values, and what came."""
    with pytest.raises(error, match=words):
        nw.Ndis(**settings)


def test_leaving_the_block_halts_and_reports_what_is_owed():
    """The driver's halt is called; what it still owes raises LOST, and the protocol has it back."""

    class Forgets(Holding):
        def halt(self):
            self.held.clear()

    ndis = nw.Ndis().__enter__()
    link, peer, _ = bound(ndis, Forgets())
    link.send(b"frame")
    with pytest.raises(nw.OwnershipViolation, match=r"LOST: .* still owed"):
        ndis.__exit__(None, None, None)
    assert ndis.closed
    assert peer.answers == [nw.FAILURE]


def test_an_exception_of_the_user_s_is_not_covered():
    """When the block ends with an exception, that arrives; what is owed then is on record only."""

    class Forgets(Holding):
        def halt(self):
            self.held.clear()

    def use(ndis):
        with ndis:
            bound(ndis, Forgets())[0].send(b"frame")
            raise ZeroDivisionError

    ndis = nw.Ndis()
    with pytest.raises(ZeroDivisionError):
        use(ndis)
    assert ndis.closed
    assert [violation.rule for violation in ndis.violations] == ["LOST"]


def test_closing_gives_back_what_waits():
    """Sends that NDIS has queued come back with CLOSING, those of the miniport with its own status."""
    with nw.Ndis() as ndis:
        link, peer, _ = bound(ndis)
        for _ in range(6):
            link.send(b"frame")
    assert peer.answers == [Status.CLOSING] * 2 + [Status.REQUEST_ABORTED] * 4
    assert ndis.counters["sends"] == ndis.counters["delivered"] == 6


@pytest.mark.parametrize("mode", ["raise", "record", "bugcheck"])
def test_what_happens_on_a_violation_is_a_setting(mode):
    """Raise: the call raises. Record: it goes on. Bug check: it raises, and the adapter does nothing more."""
    with nw.Ndis(on_violation=mode) as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"one")
        link.send(b"two")
        packet = miniport.held.pop(0)
        miniport.adapter.wan_send_complete(packet)
        if mode == "record":
            miniport.adapter.wan_send_complete(packet)
        else:
            with pytest.raises(nw.OwnershipViolation, match="DOUBLE"):
                miniport.adapter.wan_send_complete(packet)
        assert [violation.rule for violation in ndis.violations] == ["DOUBLE"]
        if mode == "bugcheck":
            ndis.run()
            assert miniport.adapter.life == "stopped"
            assert peer.answers == [nw.SUCCESS, nw.FAILURE]
            with pytest.raises(RuntimeError, match="was stopped by a bug check"):
                miniport.adapter.wan_send_complete(miniport.held.pop())
            with pytest.raises(nw.LifeCycleViolation, match="which is stopped by a bug check"):
                link.send(b"three")
        else:
            miniport.complete()
            assert peer.answers == [nw.SUCCESS, nw.SUCCESS]


def test_without_verification_ownership_is_still_exact():
    """Level 0 looks at no lock and no level, and counts nothing; a double completion is found all the same."""
    with nw.Ndis(verify=0) as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        packet = miniport.held.pop()
        with miniport.adapter.spin_lock("held"):
            miniport.adapter.wan_send_complete(packet)
        with pytest.raises(nw.OwnershipViolation, match="DOUBLE"):
            miniport.adapter.wan_send_complete(packet)
        ndis.run()
        assert peer.answers == [nw.SUCCESS]


def test_counters_add_up_over_adapters():
    """Each adapter counts what went through it, and the Ndis adds; sends are answered or completed."""
    with nw.Ndis() as ndis:
        link, _, holding = bound(ndis)
        other, _, _ = bound(ndis, Instant())
        for _ in range(6):
            link.send(b"frame")
            other.send(b"frame")
        holding.complete()
        counters = ndis.counters
        assert [adapter.counters["sends"] for adapter in ndis.adapters] == [6, 6]
        assert (counters["sends"], counters["submitted"], counters["delivered"]) == (12, 12, 12)
        assert (counters["answered"], counters["pended"], counters["completions"]) == (6, 6, 6)
        assert (counters["queued"], counters["taken_back"], counters["resets"]) == (2, 0, 0)


def test_queued_delivery_comes_when_it_is_drained():
    """With delivery="queued" the protocol hears of nothing inside of the completion, and of all afterwards."""
    with nw.Ndis(delivery="queued") as ndis:
        link, peer, miniport = bound(ndis)
        for _ in range(3):
            link.send(b"frame")
        miniport.complete()
        assert peer.answers == []
        assert ndis.drain() == 3
        assert peer.answers == [nw.SUCCESS] * 3
        assert ndis.drain() == 0


def test_a_recording_has_everything_in_order():
    """With record=True each event is kept; without it there are none, and none can be saved."""
    with nw.Ndis(record=True) as ndis:
        link, _, _ = bound(ndis, Instant())
        link.send(b"frame")
        whats = [event.what for event in ndis.events()]
    assert whats[:2] == ["register", "enter"]
    assert whats.index("send") < whats.index("submit") < whats.index("return")
    assert whats.index("return") < whats.index("deliver")
    with nw.Ndis() as ndis:
        bound(ndis, Instant())[0].send(b"frame")
        assert ndis.events() == []
        with pytest.raises(RuntimeError, match="record=True"):
            ndis.save("nowhere")


def test_a_forgotten_ndis_warns_and_is_closed():
    """`del ndis` without close is a ResourceWarning, and the driver's halt is called."""
    halted = []

    class Halts(Instant):
        def halt(self):
            halted.append(True)

    ndis = nw.Ndis()
    ndis.bind(Peer(), Halts())
    match = "<Ndis 1 adapters.* was not closed; use it in a with"
    with pytest.warns(ResourceWarning, match=match):
        del ndis
    assert halted == [True]


def test_what_ends_with_the_block_may_look_at_it():
    """A driver's object in a packet's word is let go of when the world ends, and sees its adapters then."""
    seen = []

    class Note:
        def __del__(self):
            seen.append(len(ndis.adapters))

    class Notes(nw.Miniport):
        def wan_send(self, link, packet):
            packet.mac_reserved[0] = Note()
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), Notes()).send(b"frame")
    assert seen == [1]


@pytest.mark.parametrize("time", [nw.VirtualTime, nw.RealTime])
@pytest.mark.parametrize("mode", ["raise", "record", "bugcheck"])
def test_nothing_outlives_the_block(time, mode):
    """Drivers, protocols, packets, callbacks and the Ndis itself can be collected after the end."""

    class Timed(Holding):
        def initialize(self):
            super().initialize()
            self.timer = self.adapter.timer(self.tick)
            self.dpc = self.adapter.dpc(self.tick)

        def tick(self):
            self.complete()

    gc.collect()
    before = sum(issubclass(type(thing), nw.Ndis | Timed | Peer) for thing in gc.get_objects())
    with nw.Ndis(time=time(), on_violation=mode) as ndis:
        link, peer, miniport = bound(ndis, Timed())
        packet = link.packet(b"frame")
        packet.protocol_reserved[0] = link
        link.send(packet)
        miniport.held[0].mac_reserved[0] = miniport
        miniport.held[0].wan_packet_queue = peer
        miniport.timer.set(0.001)
        ndis.run()
        if mode == "bugcheck":
            with pytest.raises(nw.OwnershipViolation):
                miniport.adapter.wan_send_complete(None)
    watched = [weakref.ref(thing) for thing in (ndis, link, peer, miniport, packet)]
    del ndis, link, peer, miniport, packet
    gc.collect()
    assert [ref() for ref in watched] == [None] * 5
    after = sum(issubclass(type(thing), nw.Ndis | Timed | Peer) for thing in gc.get_objects())
    assert after == before


def test_a_failed_bind_keeps_nothing_alive():
    """A driver whose initialize failed can be collected at once, although the Ndis lives."""

    class Fails(Instant):
        def initialize(self):
            return nw.FAILURE

    with nw.Ndis() as ndis:
        miniport, peer = Fails(), Peer()
        with pytest.raises(RuntimeError, match=r"initialize|Initialize"):
            ndis.bind(peer, miniport)
        watched = [weakref.ref(miniport), weakref.ref(peer)]
        del miniport, peer
        gc.collect()
        assert [ref() for ref in watched] == [None, None]
        assert bound(ndis, Instant())[0].send(b"frame") == nw.SUCCESS


def test_a_thread_s_level_does_not_leak_into_the_next_world():
    """A thread that closes an Ndis at a raised level, or with a lock, is reported and put right."""
    with pytest.raises(nw.IrqlViolation, match="closed at DISPATCH_LEVEL"), nw.Ndis() as ndis:
        bound(ndis, Instant())[2].adapter.raise_irql(nw.Irql.DISPATCH)
    with pytest.raises(nw.LockViolation, match="with 1 spin lock"), nw.Ndis() as ndis:
        bound(ndis, Instant())[2].adapter.spin_lock("forgotten").acquire()
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Instant())
        assert miniport.adapter.irql == nw.Irql.PASSIVE
        assert link.send(b"frame") == nw.SUCCESS


def test_a_violation_on_another_thread_arrives_at_the_end():
    """A rule that a driver's own thread broke, and whose exception died there, is raised by close."""

    def swallow():
        with pytest.raises(nw.OwnershipViolation):
            miniport.adapter.wan_send_complete(None)

    ndis = nw.Ndis()
    miniport = bound(ndis)[2]
    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()
    with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
        ndis.close()


def test_an_open_ndis_does_not_keep_the_interpreter_from_ending():
    """A program that forgets a real-time Ndis, with its dispatcher running and sends owed, ends by itself."""
    program = (
        "import ndiswan as nw\n"
        "class M(nw.Miniport):\n"
        "    serialized = False\n"
        "    def wan_send(self, link, packet): return nw.PENDING\n"
        "ndis = nw.Ndis(time=nw.RealTime())\n"
        "link = ndis.bind(nw.Protocol(), M())\n"
        "link.send(b'frame')\n"
        "print('end')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "end\n", "")


def test_a_good_run_warns_of_nothing():
    """A whole run, and its end, gives no Python warning."""
    with warnings.catch_warnings(), nw.Ndis() as ndis:
        warnings.simplefilter("error")
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        miniport.complete()
        ndis.run()
    assert peer.answers == [nw.SUCCESS]


def test_an_ndis_is_not_closed_from_inside_of_a_callback_whatever_its_state():
    """Also after a bug check has stopped its adapters it is SERIAL, and the callback's own delivery goes on."""
    came = []

    class Closes(nw.Protocol):
        def send_complete(self, packet, status):
            came.append(status)
            with pytest.raises(nw.FlowViolation, match="from inside of a callback"):
                ndis.close()

    miniport = Holding()
    with nw.Ndis(on_violation="bugcheck", delivery="queued") as ndis:
        link = ndis.bind(Closes(), miniport)
        link.send(b"one")
        link.send(b"two")
        with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
            miniport.adapter.wan_send_complete(None)
        ndis.drain()
        assert not ndis.closed
    assert came == [nw.FAILURE, nw.FAILURE]
    assert ndis.closed


@pytest.mark.parametrize("time", [nw.VirtualTime, nw.RealTime])
def test_two_threads_may_close(time):
    """The second waits for the first; the driver is halted once, and what it owed is back when either returns."""
    halts, backs = [], []

    class Slow(Holding):
        def halt(self):
            halts.append(True)
            threading.Event().wait(0.05)
            super().halt()

    ndis = nw.Ndis(time=time())
    link, peer, _ = bound(ndis, Slow())
    link.send(b"frame")

    def close():
        ndis.close()
        backs.append(list(peer.answers))

    threads = [threading.Thread(target=close) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert halts == [True]
    assert backs == [[Status.REQUEST_ABORTED]] * 3


def test_the_machine_goes_down_once():
    """MiniportShutdown is called by the first `shutdown` only."""

    class Counting(Holding):
        calls = 0

        def shutdown(self):
            self.calls += 1

    with nw.Ndis() as ndis:
        card = bound(ndis, Counting())[2]
        ndis.shutdown()
        ndis.shutdown()
    assert card.calls == 1
