"""NDIS 5 LAN on the same engine: MiniportSend, arrays, RESOURCES, cancel."""

from collections import deque

import pytest

import ndiswan as nw
from ndiswan import lan
from ndiswan._native import Trace

S = nw.Status


class Peer(lan.Protocol):
    """Keeps what came back."""

    def __init__(self):
        self.back = []

    def send_complete(self, packet, status):
        self.back.append((bytes(packet), status))


class Card(lan.Miniport):
    """Holds so many packets; answers RESOURCES beyond, or queues if it is deserialized."""

    def __init__(self, *, serialized, room=2):
        self.serialized, self.room = serialized, room

    def initialize(self):
        self.owed = deque()
        self.seen = []

    def send(self, packet, flags):
        self.seen.append(bytes(packet))
        if self.serialized and len(self.owed) >= self.room:
            return S.RESOURCES
        self.owed.append(packet)
        return nw.PENDING

    def finish(self, status=nw.SUCCESS):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.send_complete(self.owed.popleft(), status)

    def cancel_send_packets(self, cancel_id):
        for packet in [packet for packet in self.owed if packet.cancel_id == cancel_id]:
            self.owed.remove(packet)
            self.adapter.send_complete(packet, S.REQUEST_ABORTED)

    def halt(self):
        while self.owed:
            self.finish(S.CLOSING)


def frames(count):
    """So many frames that differ."""
    return [bytes([number]) * 20 for number in range(count)]


def test_a_serialized_miniport_that_answers_resources_gets_the_packet_again_in_order():
    """The refused packet, and what was sent after it, comes again in its order when there is room."""
    with nw.Ndis() as ndis:
        peer, card = Peer(), Card(serialized=True)
        link = ndis.bind(peer, card)
        assert [link.send(frame) for frame in frames(5)] == [nw.PENDING] * 5
        assert (link.outstanding, link.queued) == (2, 3)
        for _ in range(5):
            card.finish()
        assert [data for data, _ in peer.back] == frames(5)
        assert sorted(card.seen) != frames(5)  # some came twice
        assert ndis.counters["sends"] == ndis.counters["delivered"] == 5


def test_send_resources_available_has_the_packet_sent_again():
    """NDIS sends from its queue when the miniport says that it has room, without a completion."""
    with nw.Ndis() as ndis:
        card = Card(serialized=True, room=1)
        link = ndis.bind(Peer(), card)
        for frame in frames(2):
            link.send(frame)
        assert (link.outstanding, link.queued) == (1, 1)
        card.room = 2
        with card.adapter.at(nw.Irql.DISPATCH):
            card.adapter.send_resources_available()
        assert (link.outstanding, link.queued) == (2, 0)


class Both(lan.Miniport):
    """Completes a packet and says RESOURCES for it, or for the one before it in an array."""

    def send(self, packet, flags):
        self.adapter.send_complete(packet, nw.SUCCESS)
        return S.RESOURCES


class InArray(lan.Miniport):
    """Says RESOURCES for the first of an array whose others it has completed."""

    def send_packets(self, packets):
        for packet in packets[1:]:
            self.adapter.send_complete(packet, nw.SUCCESS)
        packets[0].status = S.RESOURCES


@pytest.mark.parametrize("delivery", ["inline", "queued"])
@pytest.mark.parametrize("card", [Both, InArray])
def test_a_recording_is_checked_as_it_was_seen_live(card, delivery, tmp_path):
    """What was completed inside of a call that is out of resources is EARLY, once; the call for more is no breach."""
    with nw.Ndis(record=True, on_violation="record", delivery=delivery) as ndis:
        miniport = card()
        link = ndis.bind(lan.Protocol(), miniport)
        lan.send_packets(link, frames(3)[: 3 if card is InArray else 1])
        with miniport.adapter.at(nw.Irql.DISPATCH):
            miniport.adapter.send_resources_available()
        ndis.run(until=0.1)
        live = [violation.rule for violation in ndis.violations]
    ndis.save(tmp_path / "run.jsonl")
    assert set(live) >= {"EARLY"}
    found = Trace(tmp_path / "run.jsonl").check()
    assert [(of["rule"], of["recorded"]) for of in found] == [
        (violation.rule, True) for violation in ndis.violations
    ]


def test_ndis_tries_again_when_a_completion_is_delivered(tmp_path):
    """With queued delivery a call for more behind a completion is no breach: live it is none, and of a recording."""
    with nw.Ndis(record=True, delivery="queued") as ndis:
        card = Card(serialized=True, room=1)
        link = ndis.bind(Peer(), card)
        lan.send_packets(link, frames(2))
        with card.adapter.at(nw.Irql.DISPATCH):
            card.adapter.send_complete(card.owed.pop(), nw.SUCCESS)
            card.adapter.send_resources_available()
    ndis.save(tmp_path / "run.jsonl")
    assert Trace(tmp_path / "run.jsonl").check() == ndis.violations == []


def test_a_deserialized_miniport_that_answers_resources_has_failed_the_send():
    """It breaks STATUS_RESOURCES, and the protocol has its packet back with that status."""

    class Full(Card):
        def send(self, packet, flags):
            return S.RESOURCES

    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(Peer(), Full(serialized=False))
        assert link.send(b"frame") == S.RESOURCES
        assert [found.rule for found in ndis.violations] == ["STATUS_RESOURCES"]
        assert "deserialized" in ndis.violations[0].detail


@pytest.mark.parametrize("serialized", [True, False])
def test_a_final_status_by_return_is_for_serialized_miniports(serialized):
    """Serialized it ends the send; deserialized it breaks SYNC, and the packet goes home all the same."""

    class Instant(Card):
        def send(self, packet, flags):
            return nw.SUCCESS

    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(Peer(), Instant(serialized=serialized))
        assert link.send(b"frame") == nw.SUCCESS
        assert [found.rule for found in ndis.violations] == ([] if serialized else ["SYNC"])


class Array(Card):
    """Takes arrays: refuses what has no room by the out-of-band status."""

    def initialize(self):
        super().initialize()
        self.lengths = []

    def send_packets(self, packets):
        self.lengths.append(len(packets))
        for packet in packets:
            if len(self.owed) >= self.room:
                packet.status = S.RESOURCES
                return
            self.owed.append(packet)


def test_an_array_comes_as_one_and_what_is_behind_resources_comes_again():
    """The miniport is called with all five; two are taken, three come again when there is room."""
    with nw.Ndis() as ndis:
        peer, card = Peer(), Array(serialized=True)
        link = ndis.bind(peer, card)
        sent = lan.send_packets(link, frames(5))
        assert list(sent.statuses) == [nw.PENDING] * 5
        assert (card.lengths, link.outstanding, link.queued) == ([5], 2, 3)
        while card.owed:
            card.finish()
        assert [data for data, _ in peer.back] == frames(5)
        assert card.lengths[1] == 3


def test_the_status_in_an_array_is_an_answer_only_if_serialized():
    """Serialized, SUCCESS in the out-of-band block ends a send; deserialized, nobody looks, and the packet is owed."""

    class Says(Array):
        def send_packets(self, packets):
            for packet in packets:
                self.owed.append(packet)
                packet.status = nw.SUCCESS

    for serialized in (True, False):
        with nw.Ndis(on_violation="record") as ndis:
            card = Says(serialized=serialized)
            link = ndis.bind(Peer(), card)
            lan.send_packets(link, frames(3))
            assert link.outstanding == (0 if serialized else 3)
            if serialized:
                card.owed.clear()


def test_a_cancel_takes_what_is_queued_in_ndis_and_asks_the_miniport_for_the_rest():
    """Packets of that id come back with REQUEST_ABORTED from both places; another id's stays."""
    with nw.Ndis() as ndis:
        peer, card = Peer(), Card(serialized=True)
        link = ndis.bind(peer, card)
        for number, frame in enumerate(frames(4)):
            packet = link.packet(frame)
            packet.cancel_id = number % 2
            link.send(packet)
        assert (link.outstanding, link.queued) == (2, 2)
        lan.cancel_send_packets(link, 1)
        assert peer.back == [(frames(4)[3], S.REQUEST_ABORTED), (frames(4)[1], S.REQUEST_ABORTED)]
        card.finish()
        card.finish()
        assert [status for _, status in peer.back[2:]] == [nw.SUCCESS] * 2


def test_a_miniport_without_a_send_function_says_what_it_needs():
    """The error names send and send_packets."""
    with pytest.raises(TypeError, match="neither send nor send_packets"), nw.Ndis() as ndis:
        ndis.bind(Peer(), lan.Miniport()).send(b"frame")


def test_a_wan_miniport_may_not_call_what_is_the_lan_s():
    """`send_complete` on a WAN adapter breaks FACE; the packet goes home all the same."""

    class Wan(nw.Miniport):
        def wan_send(self, link, packet):
            self.packet = packet
            return nw.PENDING

    with nw.Ndis(on_violation="record") as ndis:
        peer, card = Peer(), Wan()
        link = ndis.bind(peer, card)
        link.send(b"frame")
        with card.adapter.at(nw.Irql.DISPATCH):
            lan.Adapter(card.adapter).send_complete(card.packet)
        assert [found.rule for found in ndis.violations] == ["FACE"]
        assert len(peer.back) == 1


def test_a_report_has_the_lan_names():
    """History and detail of a broken rule name MiniportSend and NdisMSendComplete, not the WAN functions."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card(serialized=False)
        link = ndis.bind(Peer(), card)
        link.send(b"frame")
        packet = card.owed[0]
        card.finish()
        card.adapter.send_complete(packet)
        text = str(ndis.violations[0])
    assert "MiniportSend called (life 1)" in text
    assert "NdisMSendComplete(life 1" in text
    assert "WanSend" not in text.partition("the page")[0]


class NeverAgain(lan.Miniport):
    """Answers RESOURCES to its first send, and forgets that NDIS waits for its word."""

    serialized = True
    owes = polls = False

    def initialize(self):
        self.owed = []
        self.timer = self.adapter.timer(self.look)
        if self.polls:
            self.timer.set(1.0)

    def send(self, packet, flags):
        if self.owes and not self.owed:
            self.owed.append(packet)
            return nw.PENDING
        return nw.Status.RESOURCES

    def look(self):
        self.timer.set(1.0)

    def halt(self):
        self.timer.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            for packet in self.owed:
                self.adapter.send_complete(packet, nw.Status.REQUEST_ABORTED)


def stalled(ndis, miniport, seconds=0.0):
    """A world in which two sends wait for the miniport."""
    link = ndis.bind(lan.Protocol(), miniport)
    for frame in b"one", b"two":
        link.send(frame)
    ndis.run(until=seconds)


def test_resources_that_are_never_there_again_are_found_at_the_halt():
    """With nothing owed, no timer and no work left the sends wait for ever, and RESOURCES says for whom."""
    with nw.Ndis(on_violation="record") as ndis:
        stalled(ndis, NeverAgain())
    (violation,) = ndis.violations
    assert violation.rule == "RESOURCES"
    assert violation.packet == "packet 0.0 (life 1)"
    assert "2 send(s) wait and the miniport owes none" in violation.detail
    found = nw.explore(lambda ndis: stalled(ndis, NeverAgain()), seed=1, executions=50)
    assert [failure.rule for failure in found.failures] == ["RESOURCES"]


def test_a_miniport_that_may_still_say_so_is_left_alone():
    """One that owes a send, whose completion says the same, and one whose timer goes on: for 22 seconds."""
    for name, seconds, rules in (("owes", 0, []), ("polls", 20, []), ("polls", 23, ["RESOURCES"])):
        with nw.Ndis(on_violation="record") as ndis:
            miniport = NeverAgain()
            setattr(miniport, name, True)
            stalled(ndis, miniport, seconds)
        assert [violation.rule for violation in ndis.violations] == rules, (name, seconds)


class Again(Peer):
    """Sends one frame more when its first one is back."""

    link = None

    def send_complete(self, packet, status):
        super().send_complete(packet, status)
        link, self.link = self.link, None
        if link is not None:
            link.send(b"one more")


@pytest.mark.parametrize("in_callback", [False, True])
def test_a_completion_says_that_there_is_room_even_if_nothing_waits_for_it_then(in_callback):
    """What was refused may have been cancelled meanwhile: what is sent next comes to the miniport, and is not kept."""
    with nw.Ndis() as ndis:
        peer, card = Again(), Card(serialized=True, room=1)
        link = ndis.bind(peer, card)
        link.send(b"frame")
        packet = link.packet(b"refused")
        packet.cancel_id = 7
        link.send(packet)
        del packet
        lan.cancel_send_packets(link, 7)
        peer.link = link if in_callback else None
        assert (link.outstanding, link.queued) == (1, 0)
        card.finish()
        if not in_callback:
            link.send(b"one more")
        assert (link.outstanding, link.queued) == (1, 0)
        card.finish()
        assert [data for data, _ in peer.back] == [b"refused", b"frame", b"one more"]


def test_arrays_come_to_whichever_class_takes_them():
    """A `send_packets` of a mix-in, before or behind the interface's class, is the driver's own."""

    class Takes:
        def send_packets(self, packets):
            lengths.append([len(packet) for packet in packets])
            for packet in packets:
                packet.status = nw.SUCCESS

    class First(Takes, lan.Miniport):
        pass

    class Inherits(First):
        pass

    for card in First, Inherits:
        lengths = []
        with nw.Ndis() as ndis:
            link = ndis.bind(lan.Protocol(), card())
            lan.send_packets(link, [b"one", b"three"])
            link.send(b"x")
        assert lengths == [[3, 5], [1]]
