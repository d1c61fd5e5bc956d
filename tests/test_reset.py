"""Reset, of both kinds: answered at once or later, who completes what, and what asks for one."""

import threading

import pytest

import ndiswan as nw
from ndiswan import Irql, Status
from ndiswan.exploring.workload import workload
from rigs import Holding, Instant, bound


@pytest.mark.parametrize("serialized", [True, False])
def test_a_reset_that_pends_ends_later(serialized):
    """Sends made meanwhile are answered RESET_IN_PROGRESS; the protocol is told of the start and of the end."""
    told = []

    class Resets(nw.Miniport):
        def wan_send(self, link, packet):
            return nw.SUCCESS

        def initialize(self):
            self.timer = self.adapter.timer(lambda: self.adapter.reset_complete(nw.SUCCESS))

        def reset(self):
            self.timer.set(1.0)
            return nw.PENDING

    class Listens(nw.Protocol):
        def status(self, status):
            told.append(status)

        def reset_complete(self, status):
            told.append(("complete", status))

    miniport = Resets()
    miniport.serialized = serialized
    with nw.Ndis() as ndis:
        link = ndis.bind(Listens(), miniport)
        assert ndis.reset(link) == nw.PENDING
        assert miniport.adapter.life == "resetting"
        assert link.send(b"frame") == Status.RESET_IN_PROGRESS
        assert ndis.reset(link) == Status.RESET_IN_PROGRESS
        ndis.run()
        assert link.send(b"frame") == nw.SUCCESS
    assert told == [Status.RESET_START, Status.RESET_END, ("complete", nw.SUCCESS)]


class EndsAfter(Instant):
    """Its reset ends so many seconds later, or never."""

    check_for_hang_seconds = 2.0
    seconds = None

    def initialize(self):
        self.timer = self.adapter.timer(lambda: self.adapter.reset_complete(nw.SUCCESS))

    def reset(self):
        if self.seconds:
            self.timer.set(self.seconds)
        return nw.PENDING


def test_a_reset_that_never_ends_is_a_hang():
    """HANG once when 22 seconds are over, however long nothing happens after it."""
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), EndsAfter())
        ndis.reset(link)
        ndis.run(until=21.0)
        assert ndis.violations == []
        ndis.run(until=100.0)
        assert [broken.rule for broken in ndis.violations] == ["HANG"]
        assert "NdisMResetComplete was never called" in str(ndis.violations[0])


def test_a_reset_that_ends_in_time_is_none():
    """A second reset counts from its own beginning."""
    with nw.Ndis() as ndis:
        miniport = EndsAfter()
        miniport.seconds = 15.0
        link = ndis.bind(nw.Protocol(), miniport)
        for end in (18.0, 36.0):
            ndis.reset(link)
            ndis.run(until=end)
            assert miniport.adapter.life == "running"


def test_an_explorer_finds_a_reset_that_never_ends():
    """`explore` with no scenario of one's own tells it as HANG, and a driver whose reset ends is good."""

    def ends():
        miniport = EndsAfter()
        miniport.seconds = 15.0
        return miniport

    found = nw.explore(workload(EndsAfter), executions=300, seed=1)
    assert [failure.symptom.rule for failure in found.failures] == ["HANG"]
    assert not nw.explore(workload(ends), executions=300, seed=1).failures


def test_a_reset_completes_what_ndis_has_queued_first():
    """Sends that waited for the window come back with REQUEST_ABORTED before the miniport is reset."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis)
        for _ in range(6):
            link.send(b"frame")
        assert (link.outstanding, link.queued) == (4, 2)
        ndis.reset(link)
        assert peer.answers == [Status.REQUEST_ABORTED] * 6
        assert (link.outstanding, link.queued, miniport.held) == (0, 0, [])


def test_a_reset_complete_that_nobody_waits_for_is_reported():
    """`reset_complete` without a pending reset is RESET, at the call."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis, Instant())[2].adapter
        with (
            adapter.at(Irql.DISPATCH),
            pytest.raises(nw.LifeCycleViolation, match="no reset is pending"),
        ):
            adapter.reset_complete(nw.SUCCESS)


def test_a_reset_leaves_nothing_with_a_deserialized_miniport():
    """A packet that it still has when its reset ends is RESET, and goes back with REQUEST_ABORTED."""

    class Keeps(Holding):
        def reset(self):
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis, Keeps())
        link.send(b"frame")
        with pytest.raises(nw.LifeCycleViolation, match="still has 1 packet"):
            ndis.reset(link)
        assert peer.answers == [Status.REQUEST_ABORTED]
        miniport.held.clear()


def test_check_for_hang_asks_for_a_reset():
    """True makes NDIS reset the adapter, at the interval that the driver declared."""
    resets = []

    class Hangs(Instant):
        check_for_hang_seconds = 5.0

        def check_for_hang(self):
            return self.adapter.now > 9.0

        def reset(self):
            resets.append(self.adapter.now)
            return nw.SUCCESS, True

    with nw.Ndis() as ndis:
        bound(ndis, Hangs())
        ndis.run(until=12.0)
    assert resets == [10.0]


def test_a_reset_that_raises_is_not_told_what_it_returned():
    """It ended its reset and raised: the exception is what is told, and not the status that stands for it."""

    class Raises(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            return nw.SUCCESS

        def reset(self):
            self.adapter.reset_complete(nw.SUCCESS)
            raise LookupError("of the driver's own")

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Raises())
        with pytest.raises(LookupError, match="of the driver's own"):
            ndis.reset(link)
        assert ndis.violations == []


class Slow(Holding):
    """A line that needs ten seconds for a packet, and a reset that gives back what is held."""

    serialized = True

    def initialize(self):
        super().initialize()
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        self.timer.set(10.0)
        return super().wan_send(link, packet)

    def sent(self, status=nw.SUCCESS):
        while self.held:
            self.adapter.wan_send_complete(self.held.pop(0), status)

    def reset(self):
        self.timer.cancel()
        self.sent(Status.REQUEST_ABORTED)
        return nw.SUCCESS


class Judges(Slow):
    """The same, with a check for hang of its own that knows the line to be slow."""

    def check_for_hang(self):
        return False


class Refuses(Slow):
    """The same, with a reset that is none."""

    def reset(self):
        return Status.NOT_RESETTABLE


@pytest.mark.parametrize(
    ("driver", "told", "answer"),
    [
        (Slow, ["LATE"], Status.REQUEST_ABORTED),
        (Judges, [], nw.SUCCESS),
        (Refuses, ["LATE", "LATE"], nw.FAILURE),
    ],
)
def test_a_reset_for_a_late_packet_may_complete_it(driver, told, answer):
    """NDIS takes what a reset leaves, and not before; one that judges itself whether its card hangs is not reset."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, miniport = bound(ndis, driver())
        link.send(b"frame")
        ndis.run(until=20.0)
        assert peer.answers == [answer]
        assert [violation.rule for violation in ndis.violations] == told
        assert miniport.held == []


@pytest.mark.parametrize("later", [False, True])
def test_the_status_of_a_reset_is_a_published_one(later):
    """Another number is warned of, whether `reset` returned it or NdisMResetComplete was given it; it is passed on."""
    told = []

    class Odd(Instant):
        serialized = False

        def reset(self):
            return nw.PENDING if later else 5

    class Listens(nw.Protocol):
        def reset_complete(self, status):
            told.append(status)

    with nw.Ndis() as ndis:
        miniport = Odd()
        link = ndis.bind(Listens(), miniport)
        if later:
            assert ndis.reset(link) is nw.PENDING
            with (
                miniport.adapter.at(Irql.DISPATCH),
                pytest.warns(nw.ContractWarning, match="0x00000005"),
            ):
                miniport.adapter.reset_complete(5)
        else:
            with pytest.warns(nw.ContractWarning, match="0x00000005"):
                ndis.reset(link)
        assert [(v.rule, v.warning) for v in ndis.violations] == [("STATUS_UNKNOWN", True)]
    assert told == [5]


def test_a_reset_that_returns_nothing_is_a_success():
    """A `reset` without a return statement is over with SUCCESS."""

    class Plain(Instant):
        def reset(self):
            pass

    with nw.Ndis() as ndis:
        assert ndis.reset(ndis.bind(nw.Protocol(), Plain())) is nw.SUCCESS


def test_a_packet_that_is_in_its_call_when_a_reset_ends_is_not_left_over():
    """Its deserialized driver could not complete it yet: another thread is on the way down with it."""

    class Slow(Instant):
        def wan_send(self, link, packet):
            inside.set()
            go_on.wait(10)
            return nw.SUCCESS

    inside, go_on, answers = threading.Event(), threading.Event(), []
    with nw.Ndis(time=nw.RealTime(), on_violation="record") as ndis:
        link, _, _ = bound(ndis, Slow())
        thread = threading.Thread(target=lambda: answers.append(link.send(b"frame")))
        thread.start()
        inside.wait(10)
        assert ndis.reset(link) is nw.SUCCESS
        go_on.set()
        thread.join()
    assert (answers, ndis.violations) == ([nw.SUCCESS], [])
