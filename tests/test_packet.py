"""A packet as both sides see it: its descriptor, its owner, its lives, and that it is the same object."""

import gc
import weakref

import pytest

import ndiswan as nw
from rigs import Holding, Instant, Peer, bound


def test_a_descriptor_has_its_data_between_its_padding():
    """CurrentBuffer is behind the header padding, EndBuffer behind data, spare room and tail padding."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_frame_size=100, header_padding=8, tail_padding=4)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        packet = link.packet(b"0123456789")
        assert (packet.start_buffer, packet.current_buffer, packet.current_length) == (0, 8, 10)
        assert packet.end_buffer == 8 + 100 + 32 + 4
        assert (len(packet), bytes(packet), bool(packet)) == (10, b"0123456789", True)
        link.send(packet)
        held = miniport.held[0]
        assert (held.current_buffer, held.current_length, held.end_buffer) == (8, 10, 144)


def test_data_moves_inside_the_buffer():
    """The miniport prepends, appends, shortens and moves; everything inside of the buffer is allowed."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_frame_size=10, header_padding=2, tail_padding=2)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        link.send(b"data")
        packet = miniport.held[0]
        packet.prepend(b"h1")
        packet.append(bytearray(b"t1"))
        assert bytes(packet) == b"h1datat1"
        packet.current_buffer = 2
        packet.current_length = 4
        assert bytes(packet) == b"data"
        packet.current_length = 0
        packet.current_buffer = packet.end_buffer
        packet.current_buffer = 0
        packet.current_length = packet.end_buffer
        assert bytes(packet)[:8] == b"h1datat1"


@pytest.mark.parametrize(
    "move",
    [
        lambda p: p.prepend(bytes(3)),
        lambda p: p.append(bytes(p.end_buffer)),
        lambda p: setattr(p, "current_buffer", -1),
        lambda p: setattr(p, "current_buffer", p.end_buffer),
        lambda p: setattr(p, "current_length", p.end_buffer),
        lambda p: setattr(p, "current_length", 2**62),
        lambda p: setattr(p, "current_length", -1),
    ],
    ids=["prepend", "append", "before", "behind", "long", "huge", "negative"],
)
def test_data_does_not_leave_the_buffer(move):
    """A move out of the buffer is PADDING, says what room there is, and changes nothing."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_frame_size=10, header_padding=2, tail_padding=2)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        link.send(b"data")
        packet = miniport.held[0]
        with pytest.raises(nw.AccessViolation, match=r"PADDING: .* a buffer of 46 bytes") as caught:
            move(packet)
        assert caught.value.rule == "PADDING"
        assert bytes(packet) == b"data"


def test_the_protocol_leaves_the_padding_free():
    """A protocol that sends a packet without the padding that was asked for breaks PADDING."""
    miniport = Holding()
    miniport.info = nw.WanInfo(header_padding=4)
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        packet = link.packet(b"data")
        packet.prepend(b"h")
        with pytest.raises(nw.AccessViolation, match="expected at least 4 bytes free before"):
            link.send(packet)
        packet.fill(b"again")
        assert link.send(packet) == nw.PENDING


def test_the_owner_goes_the_way_of_the_packet():
    """Protocol, NDIS while it waits for the window, miniport, NDIS on the way up, protocol."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_transmit=1)
    with nw.Ndis(delivery="queued") as ndis:
        link, _, _ = bound(ndis, miniport)
        first, second = link.packet(b"1"), link.packet(b"2")
        assert (first.owner, second.owner) == ("protocol", "protocol")
        link.send(first)
        link.send(second)
        assert (first.owner, second.owner) == ("miniport", "ndis")
        assert (link.outstanding, link.queued) == (1, 1)
        miniport.adapter.wan_send_complete(miniport.held.pop())
        assert first.owner == "returning"
        ndis.drain()
        assert (first.owner, second.owner) == ("protocol", "miniport")
        assert (first.link, first.generation) == (link, 1)


def test_each_side_has_its_own_reserved_fields():
    """The protocol finds its four words again when the packet is back; the miniport's are its own meanwhile."""

    class Remembers(Peer):
        def send_complete(self, packet, status):
            self.answers.append(packet.protocol_reserved[:2])
            with pytest.raises(nw.AccessViolation, match="RESERVED"):
                packet.mac_reserved  # noqa: B018

    miniport = Holding()
    with nw.Ndis() as ndis:
        link = ndis.bind(Remembers(), miniport)
        packet = link.packet(b"frame")
        assert packet.protocol_reserved == [None] * 4
        packet.protocol_reserved[:2] = ["mine", 7]
        for name in ("mac_reserved", "wan_packet_queue"):
            with pytest.raises(nw.AccessViolation, match="RESERVED"):
                getattr(packet, name)
        link.send(packet)
        held = miniport.held[0]
        held.mac_reserved[3] = held.wan_packet_queue = miniport
        assert held.mac_reserved == [None, None, None, miniport]
        assert held.wan_packet_queue is miniport
        miniport.complete()
        assert packet.protocol_reserved[:2] == ["mine", 7]


def test_the_protocol_gets_the_object_that_it_sent():
    """`send_complete` is called with the very object that was given to `send`."""
    came = []

    class Compares(nw.Protocol):
        def send_complete(self, packet, status):
            came.append(packet)

    miniport = Holding()
    with nw.Ndis() as ndis:
        link = ndis.bind(Compares(), miniport)
        for _ in range(3):
            packet = link.packet(b"frame")
            link.send(packet)
            miniport.complete()
            assert came.pop() is packet


def test_a_packet_that_was_answered_at_once_stays_with_its_sender():
    """After a final status the same object can be filled and sent again."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Instant(), packets=1)
        packet = link.packet(b"frame")
        for life in range(1, 6):
            packet.fill(b"frame %d" % life)
            assert link.send(packet) == nw.SUCCESS
            assert (packet.owner, packet.generation) == ("protocol", life)


def test_a_packet_in_flight_is_not_its_sender_s():
    """Reading, filling and sending a packet that the miniport has is TOUCH, and changes nothing."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        packet = link.packet(b"frame")
        link.send(packet)
        for use in (
            lambda: bytes(packet),
            lambda: len(packet),
            lambda: packet.data,
            lambda: packet.fill(b"new"),
            lambda: packet.protocol_reserved,
            lambda: link.send(packet),
        ):
            with pytest.raises(nw.AccessViolation, match="TOUCH"):
                use()
        assert bytes(miniport.held[0]) == b"frame"
        assert "owned by miniport" in repr(packet)


def test_an_old_reference_does_not_complete_the_new_send():
    """The miniport's reference of the first send is STALE after the second, which it leaves alone."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis, packets=1)
        packet = link.packet(b"first")
        link.send(packet)
        old = miniport.held[0]
        miniport.complete()
        packet.fill(b"second")
        link.send(packet)
        new = miniport.held[0]
        assert old is not new
        for use in (lambda: miniport.adapter.wan_send_complete(old), lambda: bytes(old)):
            with pytest.raises(nw.ContractViolation) as caught:
                use()
            assert caught.value.rule == "STALE"
        assert packet.owner == "miniport"
        assert bytes(new) == b"second"
        miniport.complete()
        assert peer.answers == [nw.SUCCESS, nw.SUCCESS]


@pytest.mark.parametrize("side", ["miniport", "protocol"])
def test_a_weak_reference_is_of_one_send(side):
    """An object that somebody refers to weakly is not used for another send, so it names no other."""

    class Looks(nw.Protocol):
        def send_complete(self, packet, status):
            seen.append(weakref.ref(packet))

    seen = []
    miniport = Holding()
    with nw.Ndis() as ndis:
        link = ndis.bind(Looks(), miniport, packets=1)
        link.send(b"first")
        if side == "miniport":
            seen.append(weakref.ref(miniport.held[0]))
        miniport.complete()
        first = seen[0]
        link.send(b"second")
        assert first() is None
        miniport.complete()


def test_the_miniport_does_not_send_what_it_was_given():
    """A layered driver sends a packet of its own: sending the one it got is TOUCH."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        link.send(b"frame")
        with pytest.raises(nw.AccessViolation, match="a layered driver sends a packet of its own"):
            link.send(miniport.held[0])


def test_a_packet_that_is_let_go_is_free():
    """Packets that the protocol does not keep go back to the pool; those that it keeps do not."""
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Instant(), packets=4)
        kept = [link.packet(b"kept") for _ in range(3)]
        for _ in range(20):
            assert link.send(b"frame") == nw.SUCCESS
        kept.append(link.packet(b"last"))
        with pytest.raises(RuntimeError, match="in use"):
            link.packet(b"one more")
        del kept
        gc.collect()
        assert len([link.packet(b"x") for _ in range(4)]) == 4


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_a_packet_kept_by_send_complete_is_kept(delivery):
    """What the protocol stores is its own until it lets go; what it does not store can be had again."""

    class Keeps(nw.Protocol):
        def __init__(self):
            self.kept = []

        def send_complete(self, packet, status):
            if len(self.kept) < 2:
                self.kept.append(packet)

    protocol, miniport = Keeps(), Holding()
    with nw.Ndis(delivery=delivery) as ndis:
        link = ndis.bind(protocol, miniport, packets=4)
        for _ in range(4):
            link.send(b"frame")
        miniport.complete()
        ndis.run()
        assert [packet.owner for packet in protocol.kept] == ["protocol"] * 2
        assert len([link.packet(b"x") for _ in range(2)]) == 2
        assert link.send(protocol.kept.pop()) == nw.PENDING


def test_a_history_tells_the_way_of_the_packet():
    """Allocated, sent, submitted, returned, completed, delivered, with times, levels and text."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        packet = link.packet(b"frame")
        link.send(packet)
        miniport.complete()
        whats = [event.what for event in packet.history]
        assert whats == ["allocate", "send", "submit", "return", "complete", "deliver"]
        assert {event.adapter for event in packet.history} == {0}
        assert all("cpu" in str(event) and event.time_ns == 0 for event in packet.history)
        assert packet.history[0] == packet.history[0]
        assert len(set(packet.history)) == 6


@pytest.mark.parametrize(("verify", "events"), [(0, 0), (1, 0), (2, 1), (3, 6), (4, 6)])
def test_how_much_history_is_kept_is_a_setting(verify, events):
    """Nothing, nothing, the last event, all, all with the driver's source lines."""
    with nw.Ndis(verify=verify) as ndis:
        link, _, miniport = bound(ndis)
        packet = link.packet(b"frame")
        link.send(packet)
        miniport.complete()
        assert len(packet.history) == events
        sites = [event.site for event in packet.history if event.site]
        assert bool(sites) == (verify == 4)
        assert all(__file__.rpartition("/")[2] in site or "rigs.py" in site for site in sites)
