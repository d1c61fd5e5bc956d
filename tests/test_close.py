"""The end of a world: whoever closes it and however long a halt takes, everything comes home."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan._native import Trace
from rigs import Holding, Instant, Peer, bound


def test_a_halt_that_waits_for_the_other_thread_that_closes_loses_nothing():
    """The other one comes back after five seconds; what is completed then reaches the protocol, as what it sent."""
    halting, back = threading.Event(), threading.Event()
    came = []

    class Waits(Holding):
        def halt(self):
            halting.set()
            assert back.wait(60)
            super().halt()

    class Keeps(nw.Protocol):
        def send_complete(self, packet, status):
            came.append((packet, status))

    ndis = nw.Ndis(delivery="queued")
    link = ndis.bind(Keeps(), Waits())
    packets = [link.packet(b"frame") for _ in range(3)]
    for packet in packets:
        link.send(packet)
    first = threading.Thread(target=ndis.close)
    first.start()
    assert halting.wait(60)
    ndis.close()
    assert not ndis.closed
    back.set()
    first.join()
    assert ndis.closed
    assert came == [(packet, nw.Status.REQUEST_ABORTED) for packet in packets]
    assert ndis.violations == []


def test_nothing_is_bound_while_the_world_is_being_closed():
    """In a driver's halt that is an error that says so; the new driver is never called."""
    refused = []

    class Binds(Instant):
        def halt(self):
            with pytest.raises(RuntimeError, match="this Ndis is being closed") as caught:
                ndis.bind(Peer(), Instant())
            refused.append(caught.value)

    with nw.Ndis() as ndis:
        bound(ndis, Binds())
    assert len(refused) == 1
    assert len(ndis.adapters) == 1


def test_a_thread_that_never_ends_its_closing_does_not_keep_the_interpreter_from_ending():
    """A daemon thread hangs in a driver's halt; the process ends all the same."""
    program = """if True:
        import threading
        import ndiswan as nw
        from rigs import Instant, bound

        class Hangs(Instant):
            def halt(self):
                halting.set()
                threading.Event().wait()

        halting = threading.Event()
        ndis = nw.Ndis(time=nw.RealTime())
        bound(ndis, Hangs())
        threading.Thread(target=ndis.close, daemon=True).start()
        halting.wait()
    """
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=Path(__file__).parent, timeout=60, check=False)
    assert done.returncode == 0


def test_a_bug_check_before_the_halt_is_the_end(tmp_path):
    """What is broken while NDIS gives back what it has queued stops the adapter: MiniportHalt is not called then."""
    halts = []

    class Holds(nw.Miniport):
        info = nw.WanInfo(max_transmit=1)
        serialized = False

        def wan_send(self, link, packet):
            return nw.PENDING

        def halt(self):
            halts.append(self)

    class Again(nw.Protocol):
        def send_complete(self, packet, status):
            if not ndis.violations:
                link.send(b"again")

    ndis = nw.Ndis(on_violation="bugcheck", record=True)
    link = ndis.bind(Again(), Holds())
    for frame in (b"with the miniport", b"queued"):
        link.send(frame)
    with pytest.raises(nw.LifeCycleViolation, match="HALT"):
        ndis.close()
    assert halts == []
    assert ndis.counters["sends"] == ndis.counters["delivered"]
    ndis.save(tmp_path / "run.jsonl")
    found = [found["rule"] for found in Trace(tmp_path / "run.jsonl").check()]
    assert found == [violation.rule for violation in ndis.violations]


def test_a_copy_of_the_process_has_no_dispatcher():
    """To run a world in real time is refused there; to close it, to make another and to end the program is not."""
    program = """if True:
        import os, sys
        import ndiswan as nw
        from rigs import bound

        ndis = nw.Ndis(time=nw.RealTime())
        left = nw.Ndis(time=nw.RealTime())
        link, peer, _ = bound(ndis)
        link.send(b"frame")
        if (child := os.fork()) == 0:
            try:
                ndis.run()
            except RuntimeError as error:
                print(error)
            ndis.close()
            with nw.Ndis(time=nw.RealTime()) as own:
                bound(own)
                own.run()
            print(peer.answers[0].name, own.closed)
            sys.exit()  # and closes what is left
        assert os.waitpid(child, 0)[1] == 0
        ndis.close()
        left.close()
        print(peer.answers[0].name)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", program],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    refused, *rest = done.stdout.splitlines()
    assert "in the process that this one was forked from" in refused
    assert rest == ["REQUEST_ABORTED True", "REQUEST_ABORTED"]
