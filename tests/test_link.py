"""A link: its window, its queue, its life from line-up to the end of the call."""

from pathlib import Path

import numpy as np
import pytest

import ndiswan as nw
from ndiswan import Quality, Status
from ndiswan._native import Trace
from rigs import Holding, Instant, Peer, bound


class NoLine(Holding):
    """Brings its lines up when it is told."""

    line_up_at_bind = False
    info = nw.WanInfo(endpoints=3)


def test_a_line_up_says_what_the_link_is():
    """Speed, quality, window and handle are the driver's; the context is NDIS's."""
    with nw.Ndis() as ndis:
        _, peer, miniport = bound(ndis, NoLine())
        link = miniport.adapter.line_up(
            speed=128_000, quality=Quality.RELIABLE, window=7, handle=99
        )
        assert (link.up, link.closed, link.speed, link.window) == (True, False, 128_000, 7)
        assert link.quality is Quality.RELIABLE
        assert (link.handle, link.context != link.handle) == (99, True)
        assert link.adapter == miniport.adapter
        assert miniport.adapter.line_up(link, speed=64_000) == link
        assert (link.speed, link.window, link.quality) == (64_000, 4, Quality.RAW)
        assert repr(link) == '<Link 1 of "NoLine", up, 0 of 4 outstanding>'
        assert hash(link) == hash(miniport.adapter.links[1])
        assert link != miniport.adapter.links[0]
        assert peer.answers == []


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"window": 65536}, ValueError),
        ({"window": -1}, ValueError),
        ({"speed": -1}, ValueError),
        ({"quality": 7}, ValueError),
        ({"handle": "one"}, TypeError),
    ],
    ids=["window", "negative", "speed", "quality", "handle"],
)
def test_a_setting_that_cannot_be_is_refused(settings, error):
    """Nothing comes up then."""
    with nw.Ndis() as ndis:
        _, _, miniport = bound(ndis, NoLine())
        with pytest.raises(error):
            miniport.adapter.line_up(**settings)
        assert len(miniport.adapter.links) == 1


def test_nothing_is_sent_before_line_up():
    """A link that has not come up is LINE, at the send; the packet stays with the protocol."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, NoLine())
        packet = link.packet(b"frame")
        with pytest.raises(nw.FlowViolation, match="which is not up"):
            link.send(packet)
        assert packet.owner == "protocol"
        assert miniport.held == []


@pytest.mark.parametrize("window", [1, 2, 3, 10])
@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_the_window_is_never_overrun_and_always_used(window, delivery):
    """The miniport never has more than the window; what is beyond waits in order and follows at once."""
    miniport = NoLine()
    with nw.Ndis(delivery=delivery) as ndis:
        bound(ndis, miniport)
        link = miniport.adapter.line_up(window=window)
        for number in range(20):
            assert link.send(b"%d" % number) == nw.PENDING
        assert (link.outstanding, link.queued) == (window, 20 - window)
        order = []
        while miniport.held:
            assert len(miniport.held) == min(window, 20 - len(order))
            order.append(int(bytes(miniport.held[0])))
            miniport.adapter.wan_send_complete(miniport.held.pop(0))
            ndis.run()
        assert order == list(range(20))


def test_a_larger_window_lets_the_queue_down_at_once():
    """A later line-up with more room submits what waits, in order."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        for number in range(8):
            link.send(b"%d" % number)
        miniport.adapter.line_up(link, window=6)
        assert [bytes(packet) for packet in miniport.held] == [b"%d" % n for n in range(6)]
        assert (link.outstanding, link.queued) == (6, 2)


def test_an_answer_at_once_opens_the_window_as_well():
    """A queued send that the miniport answers with a final status comes back through send_complete."""

    class Moody(Holding):
        def wan_send(self, link, packet):
            if bytes(packet) == b"now":
                return Status.HARD_ERRORS
            return super().wan_send(link, packet)

    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis, Moody())
        for _ in range(4):
            link.send(b"later")
        assert link.send(b"now") == nw.PENDING
        assert link.send(b"now") == nw.PENDING
        miniport.adapter.wan_send_complete(miniport.held.pop(0))
        assert peer.answers == [nw.SUCCESS, Status.HARD_ERRORS, Status.HARD_ERRORS]
        assert link.outstanding == 3


def test_links_have_windows_of_their_own():
    """A full window on one link holds nothing back on another."""
    with nw.Ndis() as ndis:
        _, _, miniport = bound(ndis, NoLine())
        one, two = miniport.adapter.line_up(window=1), miniport.adapter.line_up(window=2)
        for link in (one, two, one, two, two):
            link.send(b"frame")
        assert [(x.outstanding, x.queued) for x in (one, two)] == [(1, 1), (2, 1)]
        assert [packet.link for packet in miniport.held] == [one, two, two]


def test_there_are_no_more_lines_than_endpoints():
    """One more is HANDLE; after a call is closed there is room again."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Holding())
        with pytest.raises(nw.AccessViolation, match=r"whose WanInfo.endpoints is 1"):
            miniport.adapter.line_up()
        link.close()
        second = miniport.adapter.line_up()
        assert (second.up, link.closed) == (True, True)
        assert second.send(b"frame") == nw.PENDING


def test_a_line_that_is_down_does_not_go_down():
    """Line-down, receive and fragment of a line that is down are LINE, at the call."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis)
        adapter = miniport.adapter
        adapter.line_down(link)
        for late in (
            lambda: adapter.line_down(link),
            lambda: adapter.indicate_receive(link, b"data"),
            lambda: adapter.fragment(link, 1),
            lambda: link.send(b"frame"),
        ):
            with pytest.raises(nw.FlowViolation, match=r"LINE: .* which is not up"):
                late()


def test_what_is_owed_at_line_down_is_still_owed():
    """Packets of a line that went down are completed as ever, and the window is theirs until then."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        miniport.adapter.line_down(link)
        assert (link.outstanding, peer.answers) == (1, [])
        miniport.complete(Status.FAILURE)
        assert (link.outstanding, peer.answers) == (0, [nw.FAILURE])


class InArrays(Holding):
    """Takes sends in arrays, of which a line's queue has enough."""

    info = nw.WanInfo(max_transmit=64)

    def wan_send_many(self, link, batch):
        self.held += [batch.packet(index) for index in range(len(batch))]
        return nw.PENDING


def test_what_is_queued_at_line_down_stays_queued_however_a_miniport_takes_it(tmp_path):
    """Sends in arrays keep to line and window as single ones do, also by the recording."""
    with nw.Ndis(record=True) as ndis:
        link, peer, miniport = bound(ndis, InArrays(), packets=200)
        for _ in range(200):
            link.send(b"frame")
        miniport.adapter.line_down(link)
        miniport.complete()
        assert (link.outstanding, link.queued, len(miniport.held)) == (0, 136, 0)
        miniport.adapter.line_up(link)
        assert (link.outstanding, link.queued, len(miniport.held)) == (64, 72, 64)
        assert len(peer.answers) == 64
    assert checked(ndis, tmp_path) == []


class Redials(Peer):
    """Has a line up again as soon as it is told that it went down."""

    def line_down(self, link):
        link.adapter.line_up(link)


@pytest.mark.parametrize("policy", ["keep", "return"])
def test_a_line_that_is_up_again_at_once_went_down_before(tmp_path, policy):
    """What happens inside of the protocol's line_down comes behind the line-down, and what is queued is sent."""
    policies = nw.Policy(queued_at_line_down=policy)
    with nw.Ndis(record=True, policy=policies) as ndis:
        link, peer, miniport = bound(ndis, peer=Redials())
        for _ in range(6):
            link.send(b"frame")
        miniport.adapter.line_down(link)
        assert (link.up, link.queued, len(miniport.held), peer.answers) == (True, 2, 4, [])
    assert checked(ndis, tmp_path) == []


def checked(ndis, folder):
    """What the check of the recording finds."""
    ndis.save(folder / "run.jsonl")
    return Trace(folder / "run.jsonl").check()


def test_a_call_is_closed_with_nothing_owed():
    """Queued sends go back with CLOSING; a packet that the miniport still has is LOST, and back with FAILURE."""
    with nw.Ndis() as ndis:
        link, peer, miniport = bound(ndis)
        for _ in range(5):
            link.send(b"frame")
        with pytest.raises(nw.OwnershipViolation, match="its call was closed"):
            link.close()
        assert peer.answers == [Status.CLOSING] + [nw.FAILURE] * 4
        assert [violation.rule for violation in ndis.violations] == ["LOST"] * 4
        miniport.held.clear()


def memory():
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_seventy_thousand_lines_may_come_up_and_be_closed():
    """An adapter's lines do not run out, memory is flat, and the object of a closed line stays closed."""
    miniport = Instant()
    miniport.info = nw.WanInfo(endpoints=2)
    with nw.Ndis() as ndis:
        bind, _, _ = bound(ndis, miniport)
        adapter = miniport.adapter
        kept, before = [], 0
        for count in range(72_000):
            link = adapter.line_up()
            assert link.send(b"frame") == nw.SUCCESS
            link.close()
            if count % 9_000 == 0:
                kept.append(link)
            if count == 2_000:
                before = memory()
        assert memory() - before < 2_000_000
        assert len(adapter.links) <= 3
        assert adapter.links[0] == bind
        assert ndis.counters["sends"] == ndis.counters["delivered"] == 72_000
        assert len({link.context for link in kept} | {link.handle for link in kept}) == 16
        fresh = adapter.line_up()
        assert fresh in adapter.links
        assert fresh not in kept
        for link in kept:
            assert (link.closed, link.up) == (True, False)
            with pytest.raises(nw.AccessViolation, match="HANDLE"):
                adapter.line_up(link)
            with pytest.raises(nw.AccessViolation, match="HANDLE"):
                link.send(b"frame")
        assert fresh.up
        assert bind.send(b"frame") == fresh.send(b"frame") == nw.SUCCESS


def test_a_driver_is_called_with_the_line_that_is_meant():
    """What `wan_send`, `receive` and `line_up` are given is the line of now, however many there were."""
    seen = []

    class Sees(Instant):
        info = nw.WanInfo(endpoints=2)

        def wan_send(self, link, packet):
            seen.append((link, link.handle, packet.link))
            return nw.SUCCESS

    class Hears(nw.Protocol):
        def send_complete(self, packet, status):
            pytest.fail("every send is answered at once")

        def line_up(self, link):
            seen.append((link, link.handle))

        def receive(self, link, data):
            seen.append((link, link.handle))

    miniport = Sees()
    with nw.Ndis() as ndis:
        ndis.bind(Hears(), miniport)
        for handle in range(1000, 1020):
            seen.clear()
            link = miniport.adapter.line_up(handle=handle)
            link.send(b"frame")
            miniport.adapter.indicate_receive(link, b"frame")
            assert seen == [(link, handle), (link, handle, link), (link, handle)]
            link.close()


def test_two_protocols_on_two_adapters_do_not_meet():
    """Each protocol gets its own packets back, also when the adapters work at the same time."""
    with nw.Ndis() as ndis:
        pairs = [bound(ndis, Holding()) for _ in range(3)]
        for count, (link, _, _) in enumerate(pairs, 1):
            for _ in range(count):
                link.send(b"frame")
        for _, _, miniport in reversed(pairs):
            miniport.complete()
        assert [len(peer.answers) for _, peer, _ in pairs] == [1, 2, 3]
        assert [adapter.links[0] for adapter in ndis.adapters] == [link for link, _, _ in pairs]


def test_bytes_arrive_as_they_were_sent():
    """Every kind of bytes-like object is copied into the packet, up to the 32 bytes beyond MaxFrameSize."""
    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Holding(), packets=8)
        frames = [b"bytes", bytearray(b"array"), memoryview(b"a view")[2:], bytes(range(256)) * 5]
        for frame in frames:
            link.send(frame)
        assert [bytes(packet) for packet in miniport.held] == [bytes(frame) for frame in frames]


def test_a_size_is_an_index_and_arrays_are_bytes():
    """What counts things is a size, a number of NumPy's too, although it has a buffer; an array is its bytes."""

    class Size:
        def __index__(self):
            return 9

    with nw.Ndis() as ndis:
        link, _, miniport = bound(ndis, Holding(), packets=8)
        for size in (7, np.uint8(7), np.int64(8), Size()):
            link.send(size)
        assert [len(packet) for packet in miniport.held] == [7, 7, 8, 9]
        miniport.complete()
        link.send(np.array([1, 2], np.uint8))
        link.send(np.array([3], np.uint8))
        assert [bytes(packet) for packet in miniport.held] == [b"\1\2", b"\3"]
        for wrong in (np.int64(-1), np.uint64(2**40), -1):
            with pytest.raises(OverflowError, match="data: expected an int of 0 to"):
                link.send(wrong)
        for wrong in (np.float32(1.5), np.array([1.5]), True):
            with pytest.raises(TypeError):
                link.send(wrong)
        miniport.complete()


def test_a_window_of_a_link_that_answers_at_once_is_never_used():
    """An inline miniport has nothing outstanding, however much is sent."""
    with nw.Ndis() as ndis:
        link = ndis.bind(Peer(), Instant(), packets=1)
        assert {link.send(b"frame") for _ in range(100)} == {nw.SUCCESS}
        assert (link.outstanding, link.queued) == (0, 0)
