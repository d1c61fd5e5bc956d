"""CoNDIS on the same engine: virtual connections, arrays, completions with the connection."""

from collections import deque
from contextlib import nullcontext

import pytest

import ndiswan as nw
from ndiswan import condis

S = nw.Status


class Client(condis.Protocol):
    """Keeps what came back."""

    def __init__(self):
        self.back = []

    def co_send_complete(self, status, vc, packet):
        self.back.append((vc, bytes(packet), status))


class Card(condis.Miniport):
    """Keeps every packet with its connection."""

    def initialize(self):
        self.owed = deque()
        self.lengths = []

    def co_send_packets(self, vc, packets):
        self.lengths.append(len(packets))
        self.owed.extend((vc, packet) for packet in packets)

    def finish(self, status=nw.SUCCESS):
        vc, packet = self.owed.popleft()
        self.adapter.co_send_complete(status, vc, packet)

    def cancel_send_packets(self, cancel_id):
        for vc, packet in [one for one in self.owed if one[1].cancel_id == cancel_id]:
            self.owed.remove((vc, packet))
            self.adapter.co_send_complete(S.REQUEST_ABORTED, vc, packet)

    def halt(self):
        while self.owed:
            self.finish(S.CLOSING)


def test_an_array_of_a_connection_comes_as_one_and_each_packet_comes_back_with_its_connection():
    """Three packets go down by one call, and come back one by one in any order with the VC that they were sent on."""
    with nw.Ndis() as ndis:
        client, card = Client(), Card()
        vc = ndis.bind(client, card)
        assert (
            list(condis.co_send_packets(vc, [b"one", b"two", b"three"]).statuses)
            == [nw.PENDING] * 3
        )
        assert card.lengths == [3]
        card.owed.reverse()
        while card.owed:
            card.finish()
        assert client.back == [(vc, data, nw.SUCCESS) for data in (b"three", b"two", b"one")]


def test_a_send_window_of_zero_closes_the_connection():
    """Sends wait in NDIS until link parameters open the window; WAN means the opposite by 0."""
    with nw.Ndis() as ndis:
        card = Card()
        first = ndis.bind(Client(), card)
        assert first.window == card.info.max_transmit
        vc = card.adapter.activate_vc(send_window=0)
        assert vc.send(b"frame") == nw.PENDING
        assert (vc.outstanding, vc.queued) == (0, 1)
        card.adapter.link_parameters(vc, send_window=2)
        assert (vc.outstanding, vc.queued) == (1, 0)


def test_each_connection_has_a_window_of_its_own():
    """What is outstanding on one VC keeps nothing back on the other."""
    with nw.Ndis() as ndis:
        card = Card()
        ndis.bind(Client(), card)
        one, two = (card.adapter.activate_vc(send_window=1) for _ in range(2))
        for vc in (one, one, two):
            vc.send(b"frame")
        assert [(vc.outstanding, vc.queued) for vc in (one, two)] == [(1, 1), (1, 0)]


def test_a_completion_on_another_connection_is_found():
    """It breaks HANDLE, and the packet goes home all the same."""
    with nw.Ndis(on_violation="record") as ndis:
        client, card = Client(), Card()
        ndis.bind(client, card)
        one, two = (card.adapter.activate_vc(send_window=1) for _ in range(2))
        one.send(b"frame")
        card.adapter.co_send_complete(nw.SUCCESS, two, card.owed.popleft()[1])
        assert [found.rule for found in ndis.violations] == ["HANDLE"]
        assert client.back == [(one, b"frame", nw.SUCCESS)]


@pytest.mark.parametrize("mode", ["raise", "record", "bugcheck"])
@pytest.mark.parametrize("another", [False, True], ids=["none", "another"])
def test_whatever_is_given_for_the_connection_the_packet_goes_home(mode, another):
    """HANDLE is what is raised, where a broken rule is, and the packet is no longer the miniport's."""
    ndis, card = nw.Ndis(on_violation=mode), Card()
    vc = ndis.bind(Client(), card)
    given = card.adapter.activate_vc(send_window=1) if another else None
    vc.send(b"frame")
    packet = card.owed.popleft()[1]
    raises = (
        nullcontext() if mode == "record" else pytest.raises(nw.AccessViolation, match="HANDLE")
    )
    with raises:
        card.adapter.co_send_complete(nw.SUCCESS, given, packet)
    assert packet.owner == ("returning" if mode == "bugcheck" else "pool")
    ndis.close()
    assert [found.rule for found in ndis.violations] == ["HANDLE"]


def test_a_deactivated_connection_owes_what_it_has_and_takes_nothing_more():
    """Its packet is completed as ever; a send breaks LINE."""
    with nw.Ndis(on_violation="record") as ndis:
        client, card = Client(), Card()
        vc = ndis.bind(client, card)
        vc.send(b"frame")
        card.adapter.deactivate_vc(vc)
        card.finish(S.FAILURE)
        assert client.back == [(vc, b"frame", S.FAILURE)]
        vc.send(b"another")
        vc.close()
        assert [found.rule for found in ndis.violations] == ["LINE"]


@pytest.mark.parametrize("answer", [nw.SUCCESS, nw.FAILURE, S.RESOURCES])
def test_an_answer_by_return_is_none(answer):
    """MiniportCoSendPackets is VOID: a status that it returns breaks SYNC."""

    class Answers(Card):
        def co_send_packets(self, vc, packets):
            return answer

    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(Client(), Answers()).send(b"frame")
        assert [found.rule for found in ndis.violations] == ["SYNC"]


def test_resources_is_a_final_status_like_any_other():
    """It is no flow control in CoNDIS, and nothing is warned of."""
    with nw.Ndis(on_violation="record") as ndis:
        client, card = Client(), Card()
        ndis.bind(client, card).send(b"frame")
        card.finish(S.RESOURCES)
        assert client.back[0][2] == S.RESOURCES
        assert ndis.violations == []


def test_a_cancel_brings_back_what_has_the_id():
    """The miniport is asked, and its packet of that id comes back with REQUEST_ABORTED."""
    with nw.Ndis() as ndis:
        client, card = Client(), Card()
        vc = ndis.bind(client, card)
        for number in range(2):
            packet = vc.packet(b"frame %d" % number)
            packet.cancel_id = number
            vc.send(packet)
        condis.cancel_send_packets(vc, 1)
        assert client.back == [(vc, b"frame 1", S.REQUEST_ABORTED)]
        card.finish()


def test_a_serialized_one_cannot_be_bound():
    """CoNDIS miniports are deserialized: the error says so."""
    card = Card()
    card.serialized = True
    with nw.Ndis() as ndis, pytest.raises(ValueError, match="condis is deserialized"):
        ndis.bind(Client(), card)


def test_nothing_is_sent_on_a_connection_that_is_deactivated():
    """What its window held back waits until it is activated again, or is closed."""
    with nw.Ndis() as ndis:
        card, client = Card(), Client()
        ndis.bind(client, card)
        vc = card.adapter.activate_vc(send_window=1)
        condis.co_send_packets(vc, [b"a", b"b", b"c"])
        card.adapter.deactivate_vc(vc)
        card.finish(nw.FAILURE)
        assert (vc.up, vc.outstanding, vc.queued, len(card.owed)) == (False, 0, 2, 0)
        vc.close()
        assert [status for _, _, status in client.back] == [nw.FAILURE, S.CLOSING, S.CLOSING]
