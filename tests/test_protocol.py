"""The protocol's entry points: what it is told, at which level, and what it may do there."""

import pytest

import ndiswan as nw
from ndiswan import Irql, Status
from rigs import Holding, Instant, bound


class Everything(nw.Protocol):
    """Writes down every call, with its arguments and the level at which it came."""

    def __init__(self):
        self.calls = []

    def note(self, link, name, *arguments):
        self.calls.append((name, *arguments))
        self.irql = link.adapter.irql
        assert self.irql == Irql.DISPATCH

    def send_complete(self, packet, status):
        self.note(packet.link, "send_complete", bytes(packet), status)

    def receive(self, link, data):
        self.note(link, "receive", data)

    def receive_complete(self, link):
        self.note(link, "receive_complete")

    def line_up(self, link):
        self.note(link, "line_up", link.window, link.speed)

    def line_down(self, link):
        self.note(link, "line_down")

    def fragment(self, link, errors):
        self.note(link, "fragment", errors)

    def status(self, status):
        self.calls.append(("status", status))

    def reset_complete(self, status):
        self.calls.append(("reset_complete", status))


def test_each_entry_point_is_called_with_what_happened():
    """In the order in which it happened, at DISPATCH, bytes as `bytes`."""
    protocol, miniport = Everything(), Holding()
    with nw.Ndis() as ndis:
        link = ndis.bind(protocol, miniport)
        adapter = miniport.adapter
        link.send(b"out")
        miniport.complete(Status.HARD_ERRORS)
        assert adapter.indicate_receive(link, bytearray(b"in")) == nw.SUCCESS
        adapter.indicate_receive_complete(link)
        adapter.fragment(link, 0x21)
        adapter.line_up(link, speed=128_000, window=7)
        ndis.reset(link)
        adapter.line_down(link)
    assert protocol.calls == [
        ("line_up", 4, 64_000),
        ("send_complete", b"out", Status.HARD_ERRORS),
        ("receive", b"in"),
        ("receive_complete",),
        ("fragment", 0x21),
        ("line_up", 7, 128_000),
        ("status", Status.RESET_START),
        ("status", Status.RESET_END),
        ("reset_complete", nw.SUCCESS),
        ("line_down",),
    ]


def test_a_protocol_that_does_not_listen_is_a_protocol():
    """None of the entry points has to be written; a frame that nobody receives is NOT_ACCEPTED."""
    miniport = Holding()
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), miniport)
        link.send(b"out")
        miniport.complete()
        assert miniport.adapter.indicate_receive(link, b"in") == Status.NOT_ACCEPTED
        miniport.adapter.indicate_receive_complete(link)
        miniport.adapter.line_down(link)
        ndis.reset(link)
    assert ndis.violations == []
    assert nw.Protocol().receive(link, b"") == Status.NOT_ACCEPTED


@pytest.mark.parametrize(
    ("answer", "status"),
    [(None, nw.SUCCESS), (nw.SUCCESS, nw.SUCCESS), (Status.NOT_ACCEPTED, Status.NOT_ACCEPTED)],
)
def test_the_answer_of_receive_is_the_miniport_s(answer, status):
    """None takes the frame; a status is passed on; only what is taken is counted as received."""
    protocol, miniport = nw.Protocol(), Instant()
    protocol.receive = lambda *_: answer
    with nw.Ndis() as ndis:
        link = ndis.bind(protocol, miniport)
        assert miniport.adapter.indicate_receive(link, b"in") == status
        stats = link.query(nw.Oid.WAN_GET_STATS_INFO)
        assert (stats.frames_rcvd, stats.bytes_rcvd) == ((1, 2) if status == nw.SUCCESS else (0, 0))


def test_an_odd_answer_of_receive_is_an_error():
    """What no status is fails the receive, and the TypeError arrives at the user's call."""
    protocol, miniport = nw.Protocol(), Instant()
    protocol.receive = lambda *_: "taken"
    with nw.Ndis() as ndis:
        link = ndis.bind(protocol, miniport)
        assert miniport.adapter.indicate_receive(link, b"in") == nw.FAILURE
        with pytest.raises(TypeError, match="receive returned 'taken'"):
            ndis.run()


def test_received_data_is_the_protocol_s_own():
    """The bytes are a copy: the miniport's buffer can change at once."""
    buffer = bytearray(b"hello")
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis, Instant())
        miniport.adapter.indicate_receive(link, buffer)
        buffer[:] = b"xxxxx"
        miniport.adapter.indicate_receive(link, memoryview(b"a long frame")[2:6])
    assert peer.frames == [b"hello", b"long"]


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_a_protocol_may_send_from_every_callback(delivery):
    """A send from line_up, receive and send_complete is a send like any other."""

    class Talkative(nw.Protocol):
        budget = 20

        def talk(self, link):
            if self.budget:
                self.budget -= 1
                link.send(b"more")

        def line_up(self, link):
            self.talk(link)

        def send_complete(self, packet, status):
            self.talk(packet.link)

        def receive(self, link, data):
            self.talk(link)
            self.talk(link)

    class Deferred(Holding):
        def initialize(self):
            super().initialize()
            self.dpc = self.adapter.dpc(self.complete)

        def wan_send(self, link, packet):
            self.dpc.queue()
            return super().wan_send(link, packet)

    protocol, miniport = Talkative(), Deferred()
    with nw.Ndis(delivery=delivery) as ndis:
        link = ndis.bind(protocol, miniport)
        miniport.adapter.indicate_receive(link, b"in")
        ndis.run()
        assert protocol.budget == 0
        assert ndis.counters["sends"] == ndis.counters["delivered"] == 20


def test_a_completion_below_dispatch_is_raised_for_the_callback():
    """A deserialized miniport completes at PASSIVE; the protocol is called at DISPATCH, or by policy at PASSIVE."""
    seen = []

    class Looks(nw.Protocol):
        def send_complete(self, packet, status):
            seen.append(packet.link.adapter.irql)

    for policy in (nw.Policy(), nw.Policy(callback_at_dispatch=False)):
        miniport = Holding()
        with nw.Ndis(policy=policy) as ndis:
            ndis.bind(Looks(), miniport).send(b"frame")
            miniport.adapter.wan_send_complete(miniport.held.pop())
            assert miniport.adapter.irql == Irql.PASSIVE
    assert seen == [Irql.DISPATCH, Irql.PASSIVE]


def test_a_completion_that_breaks_a_rule_is_not_brought_on_top_of_it():
    """With a lock held the packet is the protocol's when the lock has been let go."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = bound(ndis)
        link.send(b"frame")
        with card.adapter.spin_lock():
            card.adapter.wan_send_complete(card.held.pop())
            assert peer.answers == []
        ndis.run()
        assert peer.answers == [Status.SUCCESS]
    assert [found.rule for found in ndis.violations] == ["LOCK_HELD"]


def test_what_was_given_up_and_sent_again_is_late_and_not_stale():
    """Its driver could not know that the packet which it completes has a new life."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = bound(ndis, packets=1)
        link.send(b"frame")
        owed = card.held.pop()
        ndis.run(until=40)
        assert peer.answers == [Status.FAILURE]
        link.send(b"frame")
        card.adapter.wan_send_complete(owed)
        assert [found.rule for found in ndis.violations] == ["HANG", "LATE"]
        card.complete()
        card.adapter.wan_send_complete(owed)
    assert [found.rule for found in ndis.violations] == ["HANG", "LATE", "LATE"]


def test_statuses_come_as_members():
    """`send_complete` gets a `Status`, published or not."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, miniport = bound(ndis)
        for status in (0, -1073741823, 0xC0010015, Status.NO_CABLE):
            link.send(b"frame")
            miniport.adapter.wan_send_complete(miniport.held.pop(), status)
    assert peer.answers == [nw.SUCCESS, nw.FAILURE, Status.INVALID_DATA, Status.NO_CABLE]
    assert all(isinstance(answer, Status) for answer in peer.answers)


def test_what_a_protocol_sends_while_it_is_told_of_a_line_down_waits():
    """It cannot know before: the miniport is not called with it, and it is not sent before the line is up again."""

    class Sending(nw.Protocol):
        def line_down(self, link):
            answers.append(link.send(b"frame"))

    answers = []
    with nw.Ndis() as ndis:
        link, _, card = bound(ndis, peer=Sending())
        card.adapter.line_down(link)
        assert (answers, card.held, link.queued) == ([Status.PENDING], [], 1)
        card.adapter.line_up(link)
        assert (len(card.held), link.queued) == (1, 0)
        card.complete()
