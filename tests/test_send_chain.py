"""Packets that go down together: ids to cancel by, several NET_BUFFERs in a list, what recordings have of them."""

import json

import pytest

import ndiswan as nw
from ndiswan import condis, lan, ndis6
from ndiswan._native import Trace, read_frames

S = nw.Status


class Peer(ndis6.Protocol):
    """Keeps how each list ended, by its data, and how many calls there were."""

    def __init__(self):
        self.back = {}
        self.calls = 0

    def send_net_buffer_lists_complete(self, nbls, flags):
        self.calls += 1
        for nbl in nbls:
            assert bytes(nbl) not in self.back
            self.back[bytes(nbl)] = nbl.status.name


class Card(ndis6.Miniport):
    """Keeps what comes, and what it saw of it."""

    def initialize(self):
        self.owed, self.seen = [], []

    def send_net_buffer_lists(self, nbls, flags):
        self.seen.append([[bytes(one) for one in nbl.net_buffers] for nbl in nbls])
        self.owed += nbls

    def cancel_send(self, cancel_id):
        self.finish([nbl for nbl in self.owed if nbl.cancel_id == cancel_id], S.SEND_ABORTED)

    def pause(self):
        self.finish(self.owed, S.PAUSED)

    def finish(self, nbls, status):
        nbls = list(nbls)
        self.owed = [nbl for nbl in self.owed if nbl not in nbls]
        for nbl in nbls:
            nbl.status = status
        self.adapter.send_net_buffer_lists_complete(nbls, 0)


def lists(link):
    """Three lists with ids of their own, and a frame."""
    return [
        ndis6.net_buffer_list(link, [b"a", b"bcd"], cancel_id=1),
        ndis6.net_buffer_list(link, [b"ef"], cancel_id=2),
        b"plain",
        ndis6.net_buffer_list(link, [b"g", b"h", b"i"], cancel_id=1),
    ]


def test_a_driver_sees_each_net_buffer_and_completes_the_list_once():
    """A chain comes by one call; each list has its own net buffers, and comes back once."""
    with nw.Ndis() as ndis:
        peer, card = Peer(), Card()
        link = ndis.bind(peer, card)
        batch = ndis6.send_net_buffer_lists(link, lists(link))
        assert card.seen == [[[b"a", b"bcd"], [b"ef"], [b"plain"], [b"g", b"h", b"i"]]]
        assert list(batch.sizes) == [4, 2, 5, 3]
        assert set(batch.statuses) == {nw.PENDING}
        assert list(batch.handles) == [nbl.handle for nbl in card.owed]
        card.finish(card.owed, nw.SUCCESS)
        assert peer.back == dict.fromkeys([b"abcd", b"ef", b"plain", b"ghi"], "SUCCESS")
        assert peer.calls == 1
        assert len(ndis.violations) == 0


def test_a_second_completion_of_a_list_with_several_net_buffers_is_double():
    """However many net buffers it has, a list is owed once."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card()
        link = ndis.bind(Peer(), card)
        link.send(ndis6.net_buffer_list(link, [b"one", b"two"]))
        (nbl,) = card.owed
        card.adapter.send_net_buffer_lists_complete([nbl], 0)
        card.adapter.send_net_buffer_lists_complete([nbl], 0)
        card.owed.clear()
    assert [found.rule for found in ndis.violations] == ["DOUBLE"]


def test_a_cancel_takes_the_lists_of_its_id_and_no_other():
    """The ids of a chain are those of its lists."""
    with nw.Ndis() as ndis:
        peer, card = Peer(), Card()
        link = ndis.bind(peer, card)
        ndis6.send_net_buffer_lists(link, lists(link))
        ndis6.cancel_send_net_buffer_lists(link, 1)
        assert peer.back == {b"abcd": "SEND_ABORTED", b"ghi": "SEND_ABORTED"}
        card.finish(card.owed, nw.SUCCESS)
        assert peer.back[b"ef"] == peer.back[b"plain"] == "SUCCESS"


def test_net_buffers_may_be_written_and_their_outer_ends_moved():
    """A view writes into its own net buffer; what is put before or behind belongs to the first or the last."""
    info = nw.WanInfo(header_padding=2, tail_padding=1)

    class Writes(Card):
        def send_net_buffer_lists(self, nbls, flags):
            (nbl,) = nbls
            nbl.net_buffers[1][:] = b"TWO"
            nbl.prepend(b"h")
            nbl.append(b"t")
            super().send_net_buffer_lists(nbls, flags)
            with pytest.raises(nw.AccessViolation, match="PADDING"):
                nbl.current_length = 3
            self.finish(nbls, nw.SUCCESS)

    with nw.Ndis() as ndis:
        peer, card = Peer(), Writes()
        card.info = info
        link = ndis.bind(peer, card)
        link.send(ndis6.net_buffer_list(link, [b"one", b"two", b"end"]))
        assert card.seen == [[[b"hone", b"TWO", b"endt"]]]
        again = ndis6.net_buffer_list(link, [b"one", b"two"])
        again.fill(b"whole")
        assert [bytes(one) for one in again.net_buffers] == [b"whole"]


def test_a_view_of_a_net_buffer_dies_with_ownership():
    """What is read through it after the completion is TOUCH, as through `data`."""
    with nw.Ndis() as ndis:
        card = Card()
        link = ndis.bind(Peer(), card)
        link.send(ndis6.net_buffer_list(link, [b"one", b"two"]))
        view = card.owed[0].net_buffers[1]
        card.finish(card.owed, nw.SUCCESS)
        with pytest.raises((nw.AccessViolation, nw.OwnershipViolation)):
            bytes(view)


@pytest.mark.parametrize("frames", [[], [b""], [b"one", b""], [b"x" * 800, b"x" * 800]])
def test_a_list_that_is_none_is_refused(frames):
    """Nothing, an empty net buffer, more than a packet has room for: nothing is in use afterwards."""
    with nw.Ndis() as ndis:
        card = Card()
        card.info = nw.WanInfo(max_frame_size=1500)
        link = ndis.bind(Peer(), card, packets=1)
        with pytest.raises(ValueError, match="expected a frame of 1 to 1532 bytes"):
            ndis6.net_buffer_list(link, frames)
        assert link.packet(b"there is one").owner == "protocol"


def test_a_recording_has_the_lengths_and_a_capture_each_net_buffer(tmp_path):
    """The trace says how long each is, in every way down; as pcapng each is a frame."""
    with nw.Ndis(record=True) as ndis:
        card = Card()
        link = ndis.bind(Peer(), card)
        ndis6.send_net_buffer_lists(link, lists(link))
        link.send(ndis6.net_buffer_list(link, [b"k", b"lm"]))
        card.finish(card.owed, nw.SUCCESS)
    ndis.save(tmp_path / "run.trace")
    events = [json.loads(line) for line in (tmp_path / "run.trace").read_text().splitlines()[1:]]
    sent = [event for event in events if event["what"] == "submit"]
    assert [event.get("net_buffers") for event in sent] == [[1, 3], None, None, [1, 1, 1], [1, 2]]
    again = Trace(tmp_path / "run.trace")
    assert "4 bytes in net buffers of 1, 3" in again.to_text()
    assert [json.loads(line) for line in again.to_jsonl().splitlines()[1:]] == events
    assert again.to_pcapng(tmp_path / "run.pcapng") == 9
    frames = [data for _, _, data in read_frames(tmp_path / "run.pcapng")]
    assert frames == [b"a", b"bcd", b"ef", b"plain", b"g", b"h", b"i", b"k", b"lm"]
    assert again.check() == []


class Once(nw.Protocol):
    """Keeps what came back, once each."""

    def __init__(self):
        self.back = {}

    def send_complete(self, packet, status):
        assert bytes(packet) not in self.back
        self.back[bytes(packet)] = status.name


class LanCard(lan.Miniport):
    """Keeps arrays."""

    serialized = False

    def initialize(self):
        self.owed, self.lengths = [], []

    def send_packets(self, packets):
        self.lengths.append(len(packets))
        self.owed += packets

    def give(self, packet, status):
        self.owed.remove(packet)
        self.adapter.send_complete(packet, status)

    def cancel_send_packets(self, cancel_id):
        for packet in [packet for packet in self.owed if packet.cancel_id == cancel_id]:
            self.give(packet, S.REQUEST_ABORTED)


def packets(link, count):
    """So many packets, with an id that is their number."""
    made = [link.packet(b"%d" % number) for number in range(count)]
    for number, packet in enumerate(made):
        packet.cancel_id = number
    return made


def test_the_packets_of_an_array_have_ids_of_their_own():
    """LAN: the array is one call, and a cancel takes one packet of it."""
    with nw.Ndis() as ndis:
        peer, card = Once(), LanCard()
        link = ndis.bind(peer, card)
        lan.send_packets(link, packets(link, 3))
        assert card.lengths == [3]
        lan.cancel_send_packets(link, 1)
        assert peer.back == {b"1": "REQUEST_ABORTED"}
        for packet in list(card.owed):
            card.give(packet, nw.SUCCESS)
    assert peer.back == {b"0": "SUCCESS", b"1": "REQUEST_ABORTED", b"2": "SUCCESS"}


def test_an_id_to_cancel_by_holds_for_one_send():
    """Sent again without one the packet has none, and stays with the miniport."""
    with nw.Ndis() as ndis:
        card = LanCard()
        link = ndis.bind(Once(), card)
        (packet,) = packets(link, 1)
        link.send(packet)
        assert packet.cancel_id == 0
        card.give(card.owed[0], nw.SUCCESS)
        packet.fill(b"again")
        link.send(packet)
        assert packet.cancel_id is None
        lan.cancel_send_packets(link, 0)
        assert len(card.owed) == 1
        card.give(card.owed[0], nw.FAILURE)


def test_what_the_window_keeps_back_can_be_cancelled_too():
    """CoNDIS: of an array longer than the window the rest waits in NDIS, and comes back from there."""

    class CoCard(condis.Miniport):
        def initialize(self):
            self.owed = []

        def co_send_packets(self, vc, packets):
            self.owed += packets

        def halt(self):
            for packet in self.owed:
                self.adapter.co_send_complete(nw.SUCCESS, packet.link, packet)

    class Client(condis.Protocol):
        back = ()

        def co_send_complete(self, status, vc, packet):
            self.back = (*self.back, (bytes(packet), status.name))

    with nw.Ndis() as ndis:
        client, card = Client(), CoCard()
        card.info = nw.WanInfo(max_transmit=2)
        vc = ndis.bind(client, card)
        batch = condis.co_send_packets(vc, packets(vc, 4))
        assert (len(card.owed), vc.queued, set(batch.statuses)) == (2, 2, {nw.PENDING})
        condis.cancel_send_packets(vc, 3)
        assert client.back == ((b"3", "REQUEST_ABORTED"),)


def test_a_view_that_is_left_is_told_and_the_packet_goes_down_all_the_same():
    """As by a single send: TOUCH is raised when all are sent, and what is written to the view is in no packet."""
    with nw.Ndis() as ndis:
        peer, card = Once(), LanCard()
        link = ndis.bind(peer, card)
        first, second = packets(link, 2)
        with memoryview(first.data) as view:
            with pytest.raises(nw.AccessViolation, match="TOUCH"):
                lan.send_packets(link, [first, second])
            view[:] = b"!"
        for packet in list(card.owed):
            card.give(packet, nw.SUCCESS)
    assert peer.back == {b"0": "SUCCESS", b"1": "SUCCESS"}
    assert [found.rule for found in ndis.violations] == ["TOUCH"]


def test_a_packet_that_breaks_a_rule_keeps_none_of_the_others():
    """Of another adapter, sent twice, of the miniport: each is reported, has no name, and the others go."""
    with nw.Ndis(on_violation="record") as ndis:
        peer, card = Once(), LanCard()
        link, other = ndis.bind(peer, card), ndis.bind(Once(), LanCard())
        one, two = packets(link, 2)
        batch = lan.send_packets(link, [one, other.packet(b"strange"), one, two])
        assert [name != 0 for name in batch.handles] == [True, False, False, True]
        assert list(batch.statuses) == [nw.PENDING, nw.FAILURE, nw.FAILURE, nw.PENDING]
        assert [bytes(packet) for packet in card.owed] == [b"0", b"1"]
        lan.send_packets(link, [card.owed[0], b"frame"])
        for packet in list(card.owed):
            card.give(packet, nw.SUCCESS)
    assert [found.rule for found in ndis.violations] == ["FOREIGN", "TOUCH", "TOUCH"]
    assert set(peer.back) == {b"0", b"1", b"frame"}


def test_a_final_status_by_return_gives_the_packet_back():
    """A serialized LAN miniport answers in the array; its packets are the protocol's again, without a call."""

    class Instant(lan.Miniport):
        def send_packets(self, packets):
            for number, packet in enumerate(packets):
                packet.status = nw.SUCCESS if number else nw.FAILURE

    with nw.Ndis() as ndis:
        peer = Once()
        link = ndis.bind(peer, Instant(), packets=2)
        for _ in range(3):
            mine = packets(link, 2)
            batch = lan.send_packets(link, mine)
            assert list(batch.statuses) == [nw.FAILURE, nw.SUCCESS]
            assert [packet.owner for packet in mine] == ["protocol"] * 2
            del mine
    assert peer.back == {}
