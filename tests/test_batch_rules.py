"""What is wrong inside of a batch: told for each packet, while the others go on; and what is no batch."""

import threading

import numpy as np
import pytest

import ndiswan as nw
from batching import Listening, Many, sizes, together


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "without a return statement"),
        ("PENDING", "expected an NDIS_STATUS for all"),
        (np.zeros(3, np.uint32), "3 statuses"),
        (np.zeros(64, np.float64), "array of uint32"),
        ([0] * 63 + ["x"], "expected an NDIS_STATUS for all"),
    ],
)
def test_an_answer_that_is_none_gives_every_packet_back(answer, words):
    """Nothing is lost: each packet of the batch goes back with FAILURE, and the mistake is told."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis, Many(lambda _: answer), packets=64)
        with pytest.raises(nw.StatusViolation, match=words):
            link.send_many(sizes(64))
        assert link.outstanding == 0
        card.owed = card.owed[:0]
        card.answer = nw.PENDING
        link.send_many(sizes(64))
        card.complete()


def test_an_exception_in_wan_send_many_loses_nothing():
    """What was completed before it stays completed; the rest goes back with FAILURE."""

    def half(batch):
        card.adapter.wan_send_complete_many(batch.handles[:32])
        raise KeyError("half way")

    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, Many(half), packets=64)
        with pytest.raises(KeyError, match="half way"):
            link.send_many(sizes(64))
        card.owed = card.owed[:0]
        assert peer.answers == [nw.SUCCESS] * 32
        assert link.outstanding == 0
        card.answer = nw.PENDING
        link.send_many(sizes(64))
        card.complete()
    assert ndis.violations == []


def test_an_exception_in_send_complete_many_is_raised_outside():
    """The packets are home; the outermost call raises."""

    class Bad(Listening):
        def send_complete_many(self, batch):
            raise KeyError("above")

    with nw.Ndis() as ndis:
        link, _, card = together(ndis, peer=Bad(), packets=64)
        link.send_many(sizes(64))
        timer = card.adapter.timer(card.complete)
        timer.set_ns(5)
        with pytest.raises(KeyError, match="above"):
            ndis.run()
        assert link.outstanding == 0
    assert ndis.violations == []


def rules(ndis):
    """What was found, in order."""
    return [violation.rule for violation in ndis.violations]


def test_a_broken_rule_inside_of_a_batch_keeps_none_of_the_others():
    """Completed twice, of an old life, never sent, of another adapter: each is told, the rest goes home."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, packets=64)
        other_link, _other_peer, other = together(ndis, packets=64)
        link.send_many(sizes(2))
        old = card.owed
        card.complete()
        link.send_many(sizes(60))
        other_link.send_many(sizes(60))
        fresh, card.owed = card.owed, card.owed[:0]
        never = np.uint64((1 << 32) | 63)
        wrong = [fresh[0], old[1], never, other.owed[0]]
        mixed = np.concatenate([fresh[:30], np.array(wrong, np.uint64), fresh[30:]])
        card.adapter.wan_send_complete_many(mixed)
        assert rules(ndis) == ["DOUBLE", "STALE", "FOREIGN", "FOREIGN"]
        assert all(v.history for v in ndis.violations[:2])
        assert len(peer.answers) == 62
        assert link.outstanding == 0
        assert other_link.outstanding == 60
        other.complete()


def test_the_first_broken_rule_is_raised_when_all_are_done():
    """The exception is the first packet's, with a note on the others."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(60))
        owed, card.owed = card.owed, card.owed[:0]
        with pytest.raises(nw.OwnershipViolation, match="DOUBLE") as caught:
            card.adapter.wan_send_complete_many(np.concatenate([owed, owed[:3]]))
        assert "2 more packet(s)" in caught.value.__notes__[0]
        assert len(peer.answers) == 60


def test_pending_as_a_final_status_is_told_for_each_and_the_packet_goes_home():
    """STATUS_PENDING inside of a batch of good ones."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(60))
        statuses = np.zeros(60, np.uint32)
        statuses[[5, 7]] = nw.PENDING
        card.complete(status=statuses)
        assert rules(ndis) == ["STATUS_PENDING"] * 2
        assert peer.answers.count(nw.FAILURE) == 2
        assert len(peer.answers) == 60


def test_what_was_completed_inside_and_answered_with_a_final_status_is_early():
    """EARLY for each such packet of the batch, and for no other."""

    def early(batch):
        card.adapter.wan_send_complete_many(batch.handles[:2])
        return np.array([0, 0] + [nw.PENDING] * 58, np.uint32)

    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, Many(early), packets=64)
        link.send_many(sizes(60))
        assert rules(ndis) == ["EARLY"] * 2
        card.owed = card.owed[2:]
        card.complete()
        assert len(peer.answers) == 60


def test_a_window_that_is_reported_is_reported_for_each_packet_beyond_it():
    """Policy `beyond_window="report"`: 50 go down, the others stay with the protocol."""
    card = Many()
    card.info = nw.WanInfo(max_transmit=50)
    policy = nw.Policy(beyond_window="report")
    with nw.Ndis(on_violation="record", policy=policy) as ndis:
        link, _, card = together(ndis, card, packets=64)
        sent = link.send_many(sizes(53))
        assert rules(ndis) == ["WINDOW"] * 3
        assert sent.statuses.tolist() == [nw.PENDING] * 50 + [nw.FAILURE] * 3
        assert sent.handles[50:].tolist() == [0, 0, 0]
        card.complete()


def test_a_lock_that_is_held_is_told_of_for_each_completion():
    """LOCK_HELD: not together then, but one by one, as each completion with a lock held."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(50))
        with card.adapter.spin_lock("L"):
            card.complete()
        ndis.drain()
        assert rules(ndis) == ["LOCK_HELD"] * 50
        assert len(peer.answers) == 50


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (np.arange(1, 5), "astype"),
        (np.ones((2, 2), np.uint32), "one dimension"),
        (np.ones(8, np.uint32)[::2], "one piece"),
        ([64, 65], "expected a one-dimensional array of uint32"),
        (np.array([64, 0], np.uint32), "frame 1: .*empty"),
        (np.array([64, 9999], np.uint32), "frame 1: .*9999"),
    ],
)
def test_sizes_that_are_none_send_nothing(given, error):
    """Another type, another shape, an empty frame, one that is too long."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis)
        with pytest.raises((TypeError, ValueError), match=error):
            link.send_many(given)
        with pytest.raises(ValueError, match="expected 128 bytes of data"):
            link.send_many(np.array([64, 64], np.uint32), b"x")
        assert card.batches == []
        assert len(link.send_many(np.empty(0, np.uint32))) == 0


@pytest.mark.parametrize(
    ("handles", "status", "error"),
    [
        (lambda owed: owed.astype(np.int64), nw.SUCCESS, "array of uint64"),
        (lambda owed: owed.reshape(2, -1), nw.SUCCESS, "one dimension"),
        (lambda owed: owed, np.zeros(3, np.uint32), "60 of them"),
        (lambda owed: owed, np.zeros(60, np.int64), "array of uint32"),
        (lambda owed: owed, "SUCCESS", "one NDIS_STATUS for all"),
    ],
)
def test_handles_or_statuses_that_are_none_complete_nothing(handles, status, error):
    """Another type, another shape, another number of them."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis)
        link.send_many(sizes(60))
        with pytest.raises((TypeError, ValueError), match=error):
            card.adapter.wan_send_complete_many(handles(card.owed), status)
        assert link.outstanding == 60
        card.complete()


def test_a_pool_without_packets_ends_the_call():
    """The frames before it are sent; the error says how many."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, packets=64)
        with pytest.raises(RuntimeError, match="64 of 70 frames were sent"):
            link.send_many(sizes(70))
        card.complete()
        assert len(peer.answers) == 64


def test_a_view_of_a_packet_that_is_exported_is_told_of():
    """A packet of a batch is an object when it is asked for; its views count as those of `wan_send`'s."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(50), b"\x07" * int(sizes(50).sum()))
        view = memoryview(card.batches[0].packet(3).data)
        card.complete()
        assert rules(ndis) == ["TOUCH"]
        assert bytes(view) == b"\x07" * 67
        assert len(peer.answers) == 50


def test_a_view_that_a_batch_leaves_behind_is_told():
    """Of packets that are answered by the return: TOUCH for the one with the view, which is of no packet any more."""

    class Keeping(nw.Miniport):
        def wan_send_many(self, link, batch):
            self.view = memoryview(batch.packet(1).data)
            return nw.SUCCESS

    with nw.Ndis(on_violation="record") as ndis:
        card = Keeping()
        link = ndis.bind(nw.Protocol(), card, packets=3)
        link.send_many(np.full(3, 5, np.uint32))
        found = [(found.rule, found.packet) for found in ndis.violations]
        assert found == [("TOUCH", "packet 0.1 (life 1)")]
        packets = [link.packet(b"fresh") for _ in range(3)]
        card.view[:] = b"stale"
        assert {bytes(packet) for packet in packets} == {b"fresh"}
        card.view.release()


def test_what_did_not_go_out_is_not_counted_as_sent():
    """Of packets that come home together those with SUCCESS are, with their bytes."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis, packets=64)
        link.send_many(np.full(64, 10, np.uint32))
        statuses = np.where(np.arange(64) % 4, nw.SUCCESS, nw.FAILURE).astype(np.uint32)
        card.adapter.wan_send_complete_many(card.owed, statuses)
        card.owed = card.owed[:0]
        stats = link.query(nw.Oid.WAN_GET_STATS_INFO)
    assert (stats.frames_sent, stats.bytes_sent) == (48, 480)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with another thread"])
def test_packets_of_two_lines_come_home_by_a_call_each(alone):
    """A batch is of one link, whoever else is in the world."""
    with nw.Ndis() as ndis:
        card = Many()
        card.info = nw.WanInfo(max_transmit=4096, endpoints=2)
        link, peer, _ = together(ndis, card, packets=128)
        other = card.adapter.line_up()
        if not alone:
            thread = threading.Thread(target=link.send, args=(b"frame",))
            thread.start()
            thread.join()
            card.complete()
            peer.batches.clear()
        for line in link, other, link:
            line.send_many(sizes(30))
        card.complete()
    found = [(batch.link == other, len(batch)) for batch in peer.batches]
    assert found == [(False, 30), (True, 30), (False, 30)]
