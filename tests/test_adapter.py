"""The adapter handle: what it knows of itself, and from where a miniport may call NDIS."""

import threading

import pytest

import ndiswan as nw
from ndiswan import Irql
from rigs import Holding, Instant, bound


def test_an_adapter_knows_itself():
    """Name, mode, info, clock, links and life; every handle of it is equal."""
    miniport = Instant()
    miniport.info = nw.WanInfo(max_frame_size=999)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport, name="COM1")
        adapter = miniport.adapter
        assert (adapter.name, adapter.serialized, adapter.life) == ("COM1", False, "running")
        assert adapter.info == nw.WanInfo(max_frame_size=999)
        assert (adapter.now, adapter.now_ns, adapter.links) == (0.0, 0, [link])
        assert adapter == link.adapter == ndis.adapters[0]
        assert len({adapter, link.adapter, ndis.adapters[0]}) == 1
        other = bound(ndis, Holding())[2].adapter
        assert other != adapter
        assert other.name == "Holding"
        assert repr(adapter) == '<Adapter "COM1", running>'
        ndis.run(until=2.5)
        assert (adapter.now, adapter.now_ns) == (2.5, 2_500_000_000)
    assert adapter.life == "halted"


def test_a_life_goes_from_initializing_to_halted():
    """Each part of it is seen from the entry point that runs in it."""
    lives = []

    class Looks(Instant):
        def initialize(self):
            lives.append(self.adapter.life)

        def reset(self):
            lives.append(self.adapter.life)
            return nw.SUCCESS

        def halt(self):
            lives.append(self.adapter.life)

    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Looks())
        lives.append(miniport.adapter.life)
        ndis.reset(link)
    lives.append(miniport.adapter.life)
    assert lives == ["initializing", "running", "resetting", "halting", "halted"]


@pytest.mark.parametrize("call", ["line_up", "line_down", "receive", "fragment"])
@pytest.mark.parametrize("entry", ["halt", "isr", "shutdown"])
def test_nothing_is_indicated_where_nobody_can_hear_it(entry, call):
    """From halt, isr and shutdown each indication is INDICATE, at the call, whatever the mode."""

    class Indicates(Holding):
        def indicate(self):
            link = self.adapter.links[0]
            {
                "line_up": lambda: self.adapter.line_up(link),
                "line_down": lambda: self.adapter.line_down(link),
                "receive": lambda: self.adapter.indicate_receive(link, b"data"),
                "fragment": lambda: self.adapter.fragment(link, 1),
            }[call]()

    setattr(Indicates, entry, Indicates.indicate)
    with nw.Ndis(on_violation="record") as ndis:
        link, _, miniport = bound(ndis, Indicates())
        if entry == "isr":
            miniport.adapter.interrupt()
        if entry == "shutdown":
            ndis.shutdown()
        assert link.up
    assert [violation.rule for violation in ndis.violations] == ["INDICATE"]


@pytest.mark.parametrize("serialized", [True, False])
def test_a_line_comes_up_in_initialize_only_if_deserialized(serialized):
    """A serialized driver's initialize may not indicate; a deserialized one's may."""

    class Early(Instant):
        line_up_at_bind = False

        def initialize(self):
            self.link = self.adapter.line_up(window=3)

    miniport = Early()
    miniport.serialized = serialized
    with nw.Ndis() as ndis:
        if serialized:
            with pytest.raises(nw.LifeCycleViolation, match="INDICATE"):
                bound(ndis, miniport)
        else:
            link, _, _ = bound(ndis, miniport)
            assert (link, link.up, link.window) == (miniport.link, True, 3)


@pytest.mark.parametrize(
    ("serialized", "level", "allowed"),
    [
        (True, Irql.PASSIVE, False),
        (True, Irql.DISPATCH, True),
        (True, Irql.DIRQL, False),
        (False, Irql.PASSIVE, True),
        (False, Irql.APC, True),
        (False, Irql.DISPATCH, True),
        (False, Irql.DIRQL, False),
    ],
)
@pytest.mark.parametrize("call", ["complete", "receive", "line_up"])
def test_calls_have_their_level(serialized, level, allowed, call):
    """A serialized miniport completes and indicates at DISPATCH exactly, a deserialized one at DISPATCH or below."""
    miniport = Holding()
    miniport.serialized = serialized
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, _ = bound(ndis, miniport)
        link.send(b"frame")
        with miniport.adapter.at(level):
            if call == "complete":
                miniport.adapter.wan_send_complete(miniport.held.pop())
            elif call == "receive":
                miniport.adapter.indicate_receive(link, b"data")
            else:
                miniport.adapter.line_up(link, window=9)
        found = [violation.rule for violation in ndis.violations]
        assert found == ([] if allowed else ["IRQL_COMPLETE"])
        if call == "complete":
            ndis.run()
            assert peer.answers == [nw.SUCCESS]
        elif call == "receive":
            assert peer.frames == ([b"data"] if allowed else [])
        else:
            assert link.window == (9 if allowed else 4)


@pytest.mark.parametrize("call", ["complete", "receive", "line_up", "reset_complete"])
def test_no_lock_is_held_in_a_call(call):
    """Completing, indicating and ending a reset with a spin lock held is LOCK_HELD, with the lock's name."""

    class Resets(Holding):
        def reset(self):
            self.complete(nw.Status.REQUEST_ABORTED)
            return nw.PENDING

    with nw.Ndis(on_violation="record") as ndis:
        link, peer, miniport = bound(ndis, Resets())
        adapter, lock = miniport.adapter, miniport.adapter.spin_lock("mine")
        link.send(b"frame")
        if call == "reset_complete":
            ndis.reset(link)
        with lock:
            if call == "complete":
                adapter.wan_send_complete(miniport.held.pop())
            elif call == "receive":
                adapter.indicate_receive(link, b"data")
            elif call == "line_up":
                adapter.line_up(link)
            else:
                adapter.reset_complete(nw.SUCCESS)
            assert lock.held
        (violation,) = ndis.violations
        assert (violation.rule, violation.locks) == ("LOCK_HELD", ['spin lock "mine"'])
        ndis.run()
        if call == "complete":
            assert peer.answers == [nw.SUCCESS]
        assert adapter.life == "running"


def test_a_wan_miniport_never_speaks_of_resources():
    """`send_resources_available` is there to be found out: always STATUS_RESOURCES."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis)[2].adapter
        with pytest.raises(nw.StatusViolation, match="NdisMSendResourcesAvailable was called"):
            adapter.send_resources_available()


def test_a_completion_may_come_from_any_thread():
    """A thread of the driver's own completes while another sends; the protocol is called on the completing one."""
    names = []

    class Looks(nw.Protocol):
        def send_complete(self, packet, status):
            names.append(threading.current_thread().name)

    miniport = Holding()
    with nw.Ndis() as ndis:
        ndis.bind(Looks(), miniport).send(b"frame")
        worker = threading.Thread(target=miniport.complete, name="worker")
        worker.start()
        worker.join()
    assert names == ["worker"]


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_an_early_completion_from_another_thread_is_legal(delivery):
    """A packet may be completed before `wan_send` has returned PENDING, by whatever thread."""

    class Fast(Holding):
        def wan_send(self, link, packet):
            super().wan_send(link, packet)
            worker = threading.Thread(target=self.complete)
            worker.start()
            worker.join()
            return nw.PENDING

    with nw.Ndis(delivery=delivery) as ndis:
        link, peer, _ = bound(ndis, Fast())
        for _ in range(5):
            assert link.send(b"frame") == nw.PENDING
        ndis.run()
        assert peer.answers == [nw.SUCCESS] * 5
    assert ndis.violations == []
