"""A packet's memory: read and written while it is one's own, dead afterwards, and safe whatever is done."""

import gc
import struct

import pytest

import ndiswan as nw
from rigs import Holding, bound


@pytest.fixture
def world():
    """A link, the protocol and a miniport that holds its packets, with room for a header and a trailer."""
    miniport = Holding()
    miniport.info = nw.WanInfo(max_frame_size=100, header_padding=4, tail_padding=4)
    with nw.Ndis() as ndis:
        yield bound(ndis, miniport, packets=4)


def test_data_is_read_as_bytes_are(world):
    """Index, slice, length, iteration, comparison, hex and bytes; negative indices count from the end."""
    data = world[0].packet(b"hello").data
    assert (len(data), data[0], data[-1]) == (5, 104, 111)
    assert (bytes(data), data.tobytes(), data.hex()) == (b"hello", b"hello", b"hello".hex())
    assert data == b"hello"
    assert data == bytearray(b"hello")
    assert data != b"other"
    assert data != 7
    assert list(data) == list(b"hello")
    assert bytes(data[1:3]) == b"el"
    assert bytes(data[1:][1:]) == b"llo"
    assert bytes(data[3:1]) == b""
    assert b"hello"[0] in data


def test_data_is_written_in_place(world):
    """Index and slice assignment change the frame that the miniport gets."""
    link, _, miniport = world
    packet = link.packet(b"hello")
    packet.data[0] = ord("J")
    packet.data[1:3][0] = ord("3")
    packet.data[-2:] = b"!?"
    memoryview(packet.data)[2] = ord("L")
    link.send(packet)
    assert bytes(miniport.held[0]) == b"J3L!?"
    struct.pack_into("!H", miniport.held[0].data, 0, 0x4142)
    assert bytes(miniport.held[0].data) == b"ABL!?"


@pytest.mark.parametrize(
    ("use", "error", "words"),
    [
        (lambda d: d[5], IndexError, "index 5 is out of range: the view has 5 bytes"),
        (lambda d: d[-6], IndexError, "index -6 is out of range"),
        (lambda d: d["a"], TypeError, "str"),
        (lambda d: d[::2], ValueError, "step 1"),
        (lambda d: d.__setitem__(0, 256), TypeError, "an int of 0 to 255"),
        (lambda d: d.__setitem__(0, b"x"), TypeError, "an int of 0 to 255"),
        (lambda d: d.__setitem__(slice(0, 2), b"xyz"), ValueError, "expected 2 bytes .* got 3"),
        (lambda d: d.__setitem__(slice(0, 2), 7), TypeError, "bytes-like object, got int"),
    ],
    ids=["beyond", "before", "a name", "a step", "256", "bytes", "longer", "a number"],
)
def test_a_wrong_use_of_data_is_a_clear_error(world, use, error, words):
    """Errors are those of bytearray, say what was expected, and change nothing."""
    packet = world[0].packet(b"hello")
    with pytest.raises(error, match=words):
        use(packet.data)
    assert packet.data == b"hello"


def test_the_whole_buffer_is_there_too(world):
    """`buffer` is everything from StartBuffer to EndBuffer, the padding included."""
    packet = world[0].packet(b"hello")
    assert len(packet.buffer) == packet.end_buffer == 140
    packet.buffer[:4] = b"head"
    packet.current_buffer = 0
    packet.current_length = 9
    assert bytes(packet) == b"headhello"


def test_a_view_dies_with_ownership(world):
    """A view made while the packet was the miniport's raises TOUCH when it is used after the completion."""
    link, peer, miniport = world
    link.send(b"hello")
    data, part = miniport.held[0].data, miniport.held[0].data[1:3]
    miniport.complete()
    uses = [
        lambda: data[0],
        lambda: data[1:2],
        lambda: bytes(data),
        lambda: memoryview(part),
        lambda: data.__setitem__(0, 1),
        part.hex,
        lambda: data == b"hello",
    ]
    for use in uses:
        with pytest.raises(nw.AccessViolation, match="TOUCH") as caught:
            use()
        assert caught.value.packet
    assert "not yours any more" in repr(data)
    assert peer.answers == [nw.SUCCESS]


def test_a_view_of_an_earlier_life_stays_dead(world):
    """When the same packet is the miniport's again, a view of its first life is STALE."""
    link, _, miniport = world
    packet = link.packet(b"first")
    link.send(packet)
    data = miniport.held[0].data
    miniport.complete()
    packet.fill(b"other")
    link.send(packet)
    with pytest.raises(nw.ContractViolation) as caught:
        bytes(data)
    assert caught.value.rule == "STALE"


def test_the_sender_s_view_dies_when_it_sends(world):
    """A view that the protocol kept raises TOUCH while the packet is in flight."""
    link, _, _ = world
    packet = link.packet(b"hello")
    data = packet.data
    link.send(packet)
    with pytest.raises(nw.AccessViolation, match="the protocol used the data"):
        data[0] = 1


@pytest.mark.parametrize("mode", ["raise", "record"])
def test_an_exported_view_is_reported_at_the_completion(mode):
    """A memoryview that is still alive at the completion is TOUCH; what is written to it then hurts nobody."""
    miniport = Holding()
    with nw.Ndis(on_violation=mode) as ndis:
        link, _, _ = bound(ndis, miniport, packets=1)
        packet = link.packet(b"hello")
        link.send(packet)
        late = memoryview(miniport.held[0].data)
        if mode == "raise":
            with pytest.raises(
                nw.AccessViolation, match=r"1 view\(s\) of the data .* still exported"
            ):
                miniport.adapter.wan_send_complete(miniport.held.pop())
        else:
            miniport.adapter.wan_send_complete(miniport.held.pop())
        assert [violation.rule for violation in ndis.violations] == ["TOUCH"]
        assert bytes(packet) == b"hello"
        late[:] = b"xxxxx"
        assert bytes(packet) == b"hello"
        packet.fill(b"again")
        link.send(packet)
        assert bytes(late) == b"xxxxx"
        assert bytes(miniport.held[0]) == b"again"


def test_an_exported_view_is_reported_at_the_send_and_at_the_return():
    """The same when the protocol sends with a view alive, and when `wan_send` returns a final status with one."""
    views = []

    class Keeps(nw.Miniport):
        def wan_send(self, link, packet):
            views.append(memoryview(packet.data))
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, Holding())
        packet = link.packet(b"hello")
        view = memoryview(packet.data)
        with pytest.raises(nw.AccessViolation, match="still exported"):
            link.send(packet)
        view.release()
        link, _, _ = bound(ndis, Keeps())
        with pytest.raises(nw.AccessViolation, match="still exported"):
            link.send(b"hello")
        assert bytes(views[0]) == b"hello"


def test_a_view_that_was_released_is_no_violation(world):
    """A driver may export its data, to a socket or a C library, as long as it is its own."""
    link, peer, miniport = world
    link.send(b"hello")
    with memoryview(miniport.held[0].data) as view:
        assert bytes(view) == b"hello"
        assert (view.readonly, view.itemsize, view.format) == (False, 1, "B")
    assert int.from_bytes(miniport.held[0].data, "big") == int.from_bytes(b"hello", "big")
    miniport.complete()
    assert peer.answers == [nw.SUCCESS]


def test_a_view_outlives_everything_safely():
    """A memoryview keeps its memory when packet, link, adapter and Ndis are gone."""
    with nw.Ndis(on_violation="record") as ndis:
        link, _, miniport = bound(ndis)
        link.send(b"hello")
        view = memoryview(miniport.held[0].data)
    del ndis, link, miniport
    gc.collect()
    view[0] = ord("J")
    assert bytes(view) == b"Jello"
    view.release()


def test_many_views_of_many_lives_stay_apart():
    """Each life's memory lives as long as its views, and keeps what was in it."""
    views = []
    with nw.Ndis(on_violation="record") as ndis:
        link, _, miniport = bound(ndis, packets=1)
        for number in range(50):
            link.send(b"%05d" % number)
            views.append([memoryview(miniport.held[0].data) for _ in range(3)])
            miniport.complete()
        assert [bytes(view[0]) for view in views] == [b"%05d" % number for number in range(50)]
        assert {violation.rule for violation in ndis.violations} == {"TOUCH"}
        del views[:]
        link.send(b"clean")
        miniport.complete()
        assert len(ndis.violations) == 50


def test_an_iterator_dies_with_ownership(world):
    """What went through a part of the data goes no further once the packet is not that side's any more."""
    link, _, miniport = world
    link.send(b"hello")
    packet = miniport.held.pop()
    going = iter(packet.data)
    assert [next(going), next(going)] == [104, 101]
    miniport.adapter.wan_send_complete(packet, nw.SUCCESS)
    for _ in range(2):
        with pytest.raises(nw.AccessViolation, match="TOUCH"):
            next(going)
