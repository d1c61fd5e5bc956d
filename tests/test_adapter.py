"""The adapter handle: what it knows of itself, and from where a miniport may call NDIS."""

import threading

import pytest

import ndiswan as nw
from ndiswan import Irql, models
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
        assert link.up is (entry != "shutdown")  # nothing goes down to a machine that is down
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


def stopped(ndis):
    """A link and an adapter that a bug check has stopped, with a lock, a timer, a DPC and a level block of before."""
    link, _, miniport = bound(ndis)
    adapter = miniport.adapter
    link.send(b"frame")
    packet = miniport.held[0]
    made = {
        "lock": adapter.spin_lock("queue"),
        "timer": adapter.timer(print),
        "dpc": adapter.dpc(print),
        "block": adapter.at(Irql.DISPATCH),
    }
    with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
        adapter.wan_send_complete(None)
    ndis.drain()
    return {"ndis": ndis, "link": link, "adapter": adapter, "packet": packet, **made}


STOPPED_CALLS = [
    "adapter.wan_send_complete(packet)",
    "adapter.wan_send_complete_many([packet])",
    "adapter.allocate_memory(1)",
    "adapter.spin_lock()",
    "adapter.timer(print)",
    "adapter.dpc(print)",
    "adapter.line_up()",
    "adapter.line_up(link)",
    "adapter.line_down(link)",
    "adapter.fragment(link, 1)",
    "adapter.indicate_receive(link, b'frame')",
    "adapter.indicate_receive_complete(link)",
    "adapter.reset_complete(0)",
    "adapter.send_resources_available()",
    "adapter.interrupt()",
    "adapter.raise_irql(2)",
    "adapter.at(2)",
    "block.__enter__()",
    "lock.acquire()",
    "lock.dpr_acquire()",
    "lock.__enter__()",
    "lock.dpr.__enter__()",
    "lock.release()",
    "lock.dpr_release()",
    "timer.set(1)",
    "timer.set_ns(1)",
    "dpc.queue()",
    "ndis.reset(link)",
    "ndis.reset(adapter)",
    "link.query(0x04010107)",
    "link.set(0x04010108, b'123456')",
]


@pytest.mark.parametrize("call", STOPPED_CALLS)
def test_after_a_bug_check_every_call_refuses_in_the_same_way(call):
    """It is RuntimeError and no second violation, whatever the call is about."""
    with nw.Ndis(on_violation="bugcheck") as ndis:
        names = stopped(ndis)
        with pytest.raises(RuntimeError, match='"Holding" was stopped by a bug check') as caught:
            eval(call, names)
        assert not isinstance(caught.value, nw.ContractViolation)
        assert [violation.rule for violation in ndis.violations] == ["FOREIGN"]
        assert names["adapter"].irql == Irql.PASSIVE


def test_after_a_bug_check_every_method_of_an_adapter_is_in_the_list_or_only_looks():
    """A call that is new has to be one of those that refuse, give back, or only tell something."""
    kinds = {"adapter": nw.Adapter, "lock": nw.SpinLock, "timer": nw.Timer, "dpc": nw.Dpc}
    gives_back = {
        "adapter.lower_irql",
        "adapter.flush_dpcs",
        "adapter.device",
        "adapter.sleep",
        "timer.cancel",
        "dpc.cancel",
    }
    for name, kind in kinds.items():
        for method in vars(kind):
            if callable(getattr(kind, method)) and method[0] != "_":
                call = f"{name}.{method}"
                assert call in gives_back or any(c.startswith(call) for c in STOPPED_CALLS), call


def test_what_was_taken_before_a_bug_check_can_be_given_back_after_it():
    """Level and lock come back to what they were, and the ends of blocks do not hide what broke the rule."""
    with nw.Ndis(on_violation="bugcheck") as ndis:
        adapter = bound(ndis)[2].adapter
        lock, timer = adapter.spin_lock(), adapter.timer(print)
        with pytest.raises(nw.LockViolation, match="LOCK_RECURSION"), adapter.at(Irql.APC), lock:
            lock.acquire()
        assert (adapter.life, lock.held, adapter.irql) == ("stopped", False, Irql.PASSIVE)
        assert timer.cancel() is False
    with nw.Ndis(on_violation="bugcheck") as ndis:
        adapter = bound(ndis)[2].adapter
        lock = adapter.spin_lock()
        with pytest.raises(nw.AccessViolation, match="HANDLE"), lock:
            (lock.release(), adapter.wan_send_complete(adapter))
        assert (adapter.life, adapter.irql) == ("stopped", Irql.PASSIVE)
    with nw.Ndis(on_violation="bugcheck") as ndis:
        adapter = bound(ndis)[2].adapter
        lock = adapter.spin_lock()
        old = adapter.raise_irql(Irql.APC)
        lock.acquire()
        with pytest.raises(nw.LockViolation, match="LOCK_RECURSION"):
            lock.acquire()
        lock.release()
        adapter.lower_irql(old)
        assert (lock.held, adapter.irql) == (False, Irql.PASSIVE)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"speed": -1}, ValueError, "speed: expected 0 bit/s or more, got -1"),
        ({"speed": 1.5}, TypeError, r"speed: expected an int of 64 bits, got 1.5 "),
        ({"speed": 2**70}, OverflowError, r"speed: expected an int of 64 bits, got "),
        ({"window": -1}, ValueError, r"window: expected 0 .* to 65535, got -1"),
        ({"window": 2**40}, ValueError, r"window: expected 0 .* to 65535, got 1099511627776"),
    ],
)
def test_a_line_that_cannot_be_is_refused_in_words(settings, error, words):
    """Its speed and its window: what is expected and what came."""
    with nw.Ndis() as ndis:
        adapter = ndis.bind(
            nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000))
        ).adapter
        with pytest.raises(error, match=words):
            adapter.line_up(**settings)
