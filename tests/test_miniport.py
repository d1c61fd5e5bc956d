"""The miniport's entry points: when they are called, at which level, with what, and what their answers do."""

import pytest

import ndiswan as nw
from ndiswan import Irql, Status
from rigs import Holding, Instant, Peer, bound


class Everything(nw.Miniport):
    """Writes down every call, with the level at which it came."""

    def __init__(self, serialized):
        self.serialized, self.calls = serialized, []

    def note(self, name):
        self.calls.append((name, self.adapter.irql))

    def initialize(self):
        self.note("initialize")
        self.timer = self.adapter.timer(lambda: self.note("timer"))
        self.dpc = self.adapter.dpc(lambda: self.note("dpc"))

    def wan_send(self, link, packet):
        self.note("wan_send")
        return nw.SUCCESS

    def reset(self):
        self.note("reset")
        return nw.SUCCESS

    def check_for_hang(self):
        self.note("check_for_hang")
        return False

    def query_information(self, oid):
        self.note("query_information")
        return NotImplemented

    def set_information(self, oid, value):
        self.note("set_information")
        return NotImplemented

    def isr(self):
        self.note("isr")
        return True

    def handle_interrupt(self):
        self.note("handle_interrupt")

    def shutdown(self):
        self.note("shutdown")

    def halt(self):
        self.note("halt")


def test_nothing_goes_down_once_the_machine_has():
    """MiniportShutdown is called once, and what is sent after it comes back at the halt without the miniport."""
    miniport = Everything(serialized=False)
    with nw.Ndis() as ndis:
        link, peer, _ = bound(ndis, miniport)
        for _ in range(2):
            ndis.shutdown()
        assert link.send(b"late") is nw.PENDING
        ndis.run()
    names = [name for name, _ in miniport.calls]
    assert (names.count("shutdown"), "wan_send" in names) == (1, False)
    assert peer.answers == [Status.CLOSING]


@pytest.mark.parametrize("serialized", [True, False])
def test_each_entry_point_is_called_at_its_level(serialized):
    """The levels are those of the contract's table; a deserialized `wan_send` has its caller's level."""
    miniport = Everything(serialized)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        link.send(b"frame")
        miniport.timer.set(0.5)
        miniport.dpc.queue()
        miniport.adapter.interrupt()
        link.query(nw.Oid.WAN_GET_INFO)
        link.set(nw.Oid.WAN_CURRENT_ADDRESS, b"\x02abcde")
        ndis.reset(link)
        ndis.run(until=2.5)
        ndis.shutdown()
    assert miniport.calls == [
        ("initialize", Irql.PASSIVE),
        ("wan_send", Irql.DISPATCH if serialized else Irql.PASSIVE),
        ("isr", Irql.DIRQL),
        ("query_information", Irql.DISPATCH),
        ("set_information", Irql.DISPATCH),
        ("reset", Irql.DISPATCH),
        ("handle_interrupt", Irql.DISPATCH),
        ("dpc", Irql.DISPATCH),
        ("timer", Irql.DISPATCH),
        ("check_for_hang", Irql.DISPATCH),
        ("shutdown", Irql.PASSIVE),
        ("halt", Irql.PASSIVE),
    ]
    assert nw.Ndis is type(ndis)


@pytest.mark.parametrize("serialized", [True, False])
def test_a_dpc_that_is_taken_from_the_queue_does_not_run(serialized):
    """Whether it was there is said; queued again it runs once, as if it had not been there before."""
    miniport = Everything(serialized)
    with nw.Ndis() as ndis:
        bound(ndis, miniport)
        dpc = miniport.dpc
        assert [dpc.cancel(), dpc.queue(), dpc.cancel(), dpc.cancel()] == [False, True, True, False]
        ndis.run()
        assert ("dpc", Irql.DISPATCH) not in miniport.calls
        assert [dpc.queue(), dpc.cancel(), dpc.queue()] == [True, True, True]
        ndis.run()
        assert miniport.calls.count(("dpc", Irql.DISPATCH)) == 1


def test_under_an_explorer_a_dpc_runs_as_often_as_it_was_queued_and_not_taken_away():
    """It may run before it is cancelled, which the answer says."""
    cancelled = set()

    def scenario(ndis):
        miniport = Everything(serialized=False)
        bound(ndis, miniport)
        queued = sum(miniport.dpc.queue() - miniport.dpc.cancel() for _ in range(3))
        cancelled.add(3 - queued)
        ndis.run()
        assert miniport.calls.count(("dpc", Irql.DISPATCH)) == queued

    assert not nw.explore(scenario, executions=200, seconds=20).failures
    assert len(cancelled) > 1


def test_an_entry_point_that_is_not_written_has_a_meaning():
    """Without them: initialize succeeds, reset succeeds, nothing hangs, the interrupt is the card's, NDIS answers."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Instant())
        assert ndis.reset(link) == nw.SUCCESS
        miniport.adapter.interrupt()
        ndis.run(until=10.0)
        assert isinstance(link.query(nw.Oid.WAN_GET_INFO), nw.WanInfo)
        ndis.shutdown()
    assert ndis.violations == []
    assert nw.Miniport().initialize() is None
    assert nw.Miniport().reset() == nw.SUCCESS
    assert nw.Miniport().check_for_hang() is False
    assert nw.Miniport().isr() is True


@pytest.mark.parametrize("answer", [None, nw.SUCCESS])
def test_an_initialize_that_succeeds(answer):
    """None and SUCCESS bind, and the line comes up with MaxTransmit as its window."""

    class Answers(Instant):
        def initialize(self):
            return answer

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Answers())
        assert (link.up, link.window, link.speed) == (True, 4, 64_000)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (nw.FAILURE, nw.InitializeError, "failed with NDIS_STATUS_FAILURE"),
        (Status.ADAPTER_NOT_FOUND, nw.InitializeError, "ADAPTER_NOT_FOUND"),
        ("yes", TypeError, r"initialize returned 'yes' \(str\); expected None or an NDIS_STATUS"),
    ],
)
def test_an_initialize_that_fails_fails_the_bind(answer, error, words):
    """The error says which status came; nothing else of the driver is called."""
    calls = []

    class Fails(Instant):
        def initialize(self):
            return answer

        def halt(self):
            calls.append("halt")

    with nw.Ndis() as ndis, pytest.raises(error, match=words):
        bound(ndis, Fails())
    assert calls == []


def test_a_serialized_miniport_is_not_entered_twice():
    """A send made inside of a completion waits until the miniport has returned."""
    order = []

    class Early(nw.Miniport):
        def wan_send(self, link, packet):
            order.append("in")
            self.adapter.wan_send_complete(packet)
            order.append("out")
            return nw.PENDING

    class Again(Peer):
        def send_complete(self, packet, status):
            super().send_complete(packet, status)
            if len(self.answers) < 3:
                order.append(packet.link.send(b"again"))

    with nw.Ndis() as ndis:
        ndis.bind(Again(), Early()).send(b"first")
    assert order == ["in", nw.PENDING, "out"] * 2 + ["in", "out"]


def test_a_serialized_miniport_is_entered_twice_if_policy_says_so():
    """With `serialized_reentry="recursive"` the same send enters it on the same stack."""
    order = []

    class Early(nw.Miniport):
        def wan_send(self, link, packet):
            order.append("in")
            if len(order) == 1:
                self.adapter.wan_send_complete(packet)
                order.append("out")
                return nw.PENDING
            return nw.SUCCESS

    class Again(Peer):
        def send_complete(self, packet, status):
            order.append(packet.link.send(b"again"))

    with nw.Ndis(policy=nw.Policy(serialized_reentry="recursive")) as ndis:
        ndis.bind(Again(), Early()).send(b"first")
    assert order == ["in", "in", nw.SUCCESS, "out"]


@pytest.mark.parametrize(
    ("entry", "answer", "words"),
    [
        ("reset", "yes", "reset returned 'yes'"),
        ("set_information", "yes", "set_information returned 'yes'"),
        ("query_information", object, "expected a LinkInfo, a WanInfo"),
    ],
)
def test_an_odd_answer_of_another_entry_point_is_an_error(entry, answer, words):
    """What no status or value is raises TypeError from the call of the user's that led to it."""
    miniport = Instant()
    setattr(miniport, entry, lambda *_: answer)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        calls = {
            "reset": lambda: ndis.reset(link),
            "set_information": lambda: link.set(nw.Oid.WAN_CURRENT_ADDRESS, b"\x02abcde"),
            "query_information": lambda: link.query(nw.Oid.WAN_GET_INFO),
        }
        with pytest.raises(TypeError, match=words):
            calls[entry]()


def test_an_interrupt_of_somebody_else_is_not_handled():
    """`isr` says whose the interrupt is; False ends it there, and no return statement means True."""
    handled = []

    class Shares(Instant):
        mine = False

        def isr(self):
            return self.mine

        def handle_interrupt(self):
            handled.append(self.mine)

    with nw.Ndis() as ndis:
        _, _, miniport = bound(ndis, Shares())
        for miniport.mine in (False, True, None):
            miniport.adapter.interrupt()
            ndis.run()
    assert handled == [True, None]


def nested(name, ndis, link):
    """What a driver should not call from inside of a callback."""
    return {
        "run": ndis.run,
        "close": ndis.close,
        "reset": lambda: ndis.reset(link),
        "query": lambda: link.query(nw.Oid.WAN_GET_INFO),
        "bind": lambda: ndis.bind(Peer(), Instant()),
    }[name]


@pytest.mark.parametrize("name", ["run", "close", "reset", "query"])
def test_a_serialized_entry_point_does_not_wait_for_another(name):
    """Running the clock, closing, resetting and asking from inside of a serialized miniport are SERIAL."""

    class Nests(nw.Miniport):
        def wan_send(self, link, packet):
            nested(name, ndis, link)()
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Nests())
        with pytest.raises(nw.FlowViolation) as caught:
            link.send(b"frame")
        assert caught.value.rule == "SERIAL"
        assert caught.value.inside == ["MiniportWanSend"]
        assert not ndis.closed
        assert [violation.rule for violation in ndis.violations] == ["SERIAL"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("run", RuntimeError, "from inside of a callback"),
        ("close", nw.FlowViolation, "halted from inside of a callback"),
        ("bind", RuntimeError, "bind outside of callbacks"),
    ],
)
@pytest.mark.parametrize("where", ["timer", "send_complete"])
def test_a_callback_does_not_run_close_or_bind(name, error, words, where):
    """From a deserialized driver's timer and from a protocol's callback they are errors that say so."""

    class Nests(Holding):
        def initialize(self):
            super().initialize()
            self.timer = self.adapter.timer(self.tick)

        def tick(self):
            if where == "timer":
                nested(name, ndis, link)()
            self.complete()

    class Nosy(Peer):
        def send_complete(self, packet, status):
            if where == "send_complete":
                nested(name, ndis, link)()

    miniport = Nests()
    with nw.Ndis() as ndis:
        link = ndis.bind(Nosy(), miniport)
        link.send(b"frame")
        miniport.timer.set(1.0)
        with pytest.raises(error, match=words):
            ndis.run()
        assert not ndis.closed
    assert ndis.closed


def test_a_completion_from_a_finalizer_is_a_completion():
    """A driver whose object of a packet completes it in `__del__` gives it back, and is reported if it was done."""

    class Frame:
        def __init__(self, adapter, packet):
            self.adapter, self.packet = adapter, packet

        def __del__(self):
            self.adapter.wan_send_complete(self.packet)

    class Finalizes(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            self.frame = Frame(self.adapter, packet)
            return nw.PENDING

    with nw.Ndis(on_violation="record") as ndis:
        link, peer, miniport = bound(ndis, Finalizes())
        link.send(b"first")
        link.send(b"second")
        assert peer.answers == [nw.SUCCESS]
        miniport.adapter.wan_send_complete(miniport.frame.packet)
        miniport.frame = None
        assert peer.answers == [nw.SUCCESS, nw.SUCCESS]
        assert [violation.rule for violation in ndis.violations] == ["DOUBLE"]


def test_a_driver_and_a_protocol_may_call_each_other_for_ever():
    """A protocol that sends from every completion, a miniport that completes in the call: 100,000 deep is no depth."""
    count = 100_000

    class Early(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            self.adapter.wan_send_complete(packet)
            return nw.PENDING

    class Again(nw.Protocol):
        left = count

        def send_complete(self, packet, status):
            self.left -= 1
            if self.left:
                packet.link.send(packet)

    with nw.Ndis(verify=1) as ndis:
        protocol = Again()
        ndis.bind(protocol, Early(), packets=2).send(b"frame")
        ndis.run()
        assert protocol.left == 0
        assert ndis.counters["delivered"] == count
    assert ndis.violations == []
