"""Timers and DPCs: when they fire, that they are cancelled, and that none outlives its adapter."""

import pytest

import ndiswan as nw
from ndiswan import Irql, models
from rigs import Instant, bound


@pytest.fixture
def world():
    """An Ndis, and an adapter to make timers of."""
    with nw.Ndis() as ndis:
        yield ndis, bound(ndis, Instant())[2].adapter


def test_a_timer_fires_once_at_its_time(world):
    """At DISPATCH, when it is due; then it is not armed any more."""
    ndis, adapter = world
    fired = []
    timer = adapter.timer(lambda: fired.append((adapter.now, adapter.irql, timer.armed)))
    assert not timer.armed
    timer.set(1.5)
    assert timer.armed
    assert ndis.run() == 1
    assert fired == [(1.5, Irql.DISPATCH, False)]
    assert ndis.run() == 0


def test_a_timer_that_is_set_again_counts_from_then(world):
    """Only the last setting counts; nanoseconds are exact."""
    ndis, adapter = world
    fired = []
    timer = adapter.timer(lambda: fired.append(adapter.now_ns))
    timer.set(1.0)
    timer.set(5.0)
    timer.set_ns(3_000_000_001)
    ndis.run()
    assert fired == [3_000_000_001]


def test_a_cancelled_timer_does_not_fire(world):
    """`cancel` says whether it was set."""
    ndis, adapter = world
    timer = adapter.timer(lambda: pytest.fail("it fired"))
    assert timer.cancel() is False
    timer.set(1.0)
    assert timer.cancel() is True
    assert (timer.armed, timer.cancel()) == (False, False)
    assert ndis.run() == 0


def test_a_timer_may_set_itself_again(world):
    """A periodic timer is one that does."""
    ndis, adapter = world
    fired = []

    def tick():
        fired.append(adapter.now)
        if len(fired) < 5:
            timer.set(0.25)

    timer = adapter.timer(tick)
    timer.set(0.25)
    ndis.run()
    assert fired == [0.25, 0.5, 0.75, 1.0, 1.25]


def test_events_of_one_moment_come_by_priority_and_age(world):
    """Interrupts before DPCs before timers; among equals the older first."""
    ndis, _ = world
    order = []

    class Card(Instant):
        def handle_interrupt(self):
            order.append("interrupt")

    adapter = bound(ndis, Card())[2].adapter
    timers = [adapter.timer(lambda n=n: order.append(f"timer {n}")) for n in range(3)]
    dpcs = [adapter.dpc(lambda n=n: order.append(f"dpc {n}")) for n in range(2)]
    for timer in reversed(timers):
        timer.set(0)
    for dpc in dpcs:
        dpc.queue()
    adapter.interrupt()
    ndis.run()
    assert order == ["interrupt", "dpc 0", "dpc 1", "timer 2", "timer 1", "timer 0"]


def test_a_dpc_is_queued_once(world):
    """A second queueing before it ran is none, and says so; after it ran it can be queued again."""
    ndis, adapter = world
    ran = []
    dpc = adapter.dpc(lambda: ran.append(adapter.irql))
    assert dpc.queue() is True
    assert dpc.queue() is False
    ndis.run()
    assert dpc.queue() is True
    ndis.run()
    assert ran == [Irql.DISPATCH] * 2
    assert repr(dpc).startswith("<Dpc 0 of")


@pytest.mark.parametrize("what", ["timer", "dpc"])
def test_nothing_is_set_after_halt(what):
    """Setting a timer or queueing a DPC on an adapter that is gone is TIMER, and nothing fires."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis, Instant())[2].adapter
        timer, dpc = adapter.timer(print), adapter.dpc(print)
    late = (lambda: timer.set(1.0)) if what == "timer" else dpc.queue
    with pytest.raises(nw.LifeCycleViolation, match="which is halted") as caught:
        late()
    assert caught.value.rule == "TIMER"
    assert timer.armed is False


@pytest.mark.parametrize("when", ["halt", "before"])
def test_a_timer_that_is_set_when_halt_returns_is_reported(when):
    """TIMER for each one, also if halt itself set it; cancelled by NDIS, it does not fire."""

    class Sets(Instant):
        def initialize(self):
            self.timer = self.adapter.timer(lambda: pytest.fail("it fired"))
            if when == "before":
                self.timer.set(1.0)

        def halt(self):
            if when == "halt":
                self.timer.set(1.0)

    ndis = nw.Ndis()
    bound(ndis, Sets())
    with pytest.raises(nw.LifeCycleViolation, match="timer 0 is still set"):
        ndis.close()


def test_an_exception_in_a_timer_arrives_at_run(world):
    """The run ends with it, at the timer's time; the next run goes on."""
    ndis, adapter = world
    adapter.timer(lambda: 1 / 0).set(1.0)
    adapter.timer(lambda: None).set(2.0)
    with pytest.raises(ZeroDivisionError):
        ndis.run()
    assert ndis.now == 1.0
    assert ndis.run() == 1


def test_a_timer_is_not_cancelled_above_dispatch(world):
    """NdisMCancelTimer at DIRQL is IRQL_CALL, as NdisMSetTimer is; it is cancelled all the same."""
    _, adapter = world
    timer = adapter.timer(print)
    timer.set(1.0)
    with (
        adapter.at(Irql.DIRQL),
        pytest.raises(
            nw.IrqlViolation, match="a timer was cancelled at DIRQL 3; expected DISPATCH"
        ) as e,
    ):
        timer.cancel()
    assert e.value.rule == "IRQL_CALL"
    assert not timer.armed
    assert timer.cancel() is False


@pytest.mark.parametrize("heard", [False, True])
def test_a_protocol_above_a_built_in_card_has_timers_dpcs_and_devices(heard):
    """Each routine is called, and the card's own events go on beside them: they were taken, and never called."""
    called, arrived = [], []
    hears = (lambda _, time_ns: arrived.append(time_ns)) if heard else None
    card = models.CardMiniport(models.Line(rate_bps=8_000), on_arrival=hears)
    with nw.Ndis() as ndis:
        link, peer, _ = bound(ndis, card)
        adapter = link.adapter

        def note(what):
            return lambda: called.append((what, ndis.now, adapter.irql))

        adapter.timer(note("timer")).set(0.25)
        adapter.device(note("device")).set(1.5)
        adapter.dpc(note("dpc")).queue()
        assert link.send(bytes(500)) == link.send(bytes(500)) == nw.PENDING
        ndis.run()
    assert called == [
        ("dpc", 0.0, Irql.DISPATCH),
        ("timer", 0.25, Irql.DISPATCH),
        ("device", 1.5, Irql.PASSIVE),
    ]
    assert (peer.answers, card.received) == ([nw.SUCCESS] * 2, 2)
    assert arrived == ([500_000_000, 1_000_000_000] if heard else [])


def test_what_a_routine_above_a_built_in_card_raises_comes_out_of_the_run():
    """As of any callback."""
    with nw.Ndis() as ndis:
        adapter = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=8_000))).adapter
        adapter.timer(lambda: 1 / 0).set(0.1)
        with pytest.raises(ZeroDivisionError):
            ndis.run()


def test_a_timer_that_a_halt_leaves_set_is_told_and_cancelled():
    """It breaks TIMER once, and is set no more: nothing calls the driver after its halt."""
    with nw.Ndis(on_violation="record") as ndis:
        adapter = bound(ndis)[2].adapter
        timer = adapter.timer(lambda: None)
        timer.set(1)
    assert [found.rule for found in ndis.violations] == ["TIMER"]
    assert not timer.armed


def test_a_hang_is_counted_from_the_oldest_send_that_is_owed():
    """However long nothing was sent before."""
    with nw.Ndis(on_violation="record") as ndis:
        link, _, card = bound(ndis)
        link.send(b"frame")
        card.complete()
        ndis.run(until=30)
        link.send(b"frame")
        ndis.run(until=50)
        assert ndis.violations == []
        ndis.run(until=55)
        assert [found.rule for found in ndis.violations] == ["HANG"]
        card.held.clear()
