"""Many packets by one call, down and up: as if each had been sent and completed alone."""

import gc
import threading

import numpy as np
import pytest

import ndiswan as nw
from batching import FEW, Both, BothWays, Listening, Many, sizes, together
from rigs import Holding, bound


@pytest.mark.parametrize("verify", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("serialized", [False, True])
@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_a_batch_goes_down_by_one_call_and_comes_home_by_one(verify, serialized, delivery):
    """100 frames: one call of each driver, at every level and in both modes, and every packet is in the pool again."""
    with nw.Ndis(verify=verify, delivery=delivery) as ndis:
        link, peer, card = together(ndis, Many(serialized=serialized), packets=100)
        for _ in range(3):
            sent = link.send_many(sizes(100))
            assert sent.statuses.tolist() == [nw.PENDING] * 100
            assert link.outstanding == 100
            card.complete()
            ndis.drain()
        assert [len(batch) for batch in card.batches] == [100] * 3
        assert [len(batch) for batch in peer.batches] == [100] * 3
        assert peer.answers == [nw.SUCCESS] * 300
    assert ndis.violations == []


def test_the_columns_are_what_was_sent():
    """Names, sizes, times, slots, offsets, data and statuses, each of its type, the same in both calls."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis)
        ndis.run(until=1e-6)
        data = np.arange(sum(range(1, 101)), dtype=np.uint32).astype(np.uint8)
        sent = link.send_many(sizes(100, first=1), data)
        (down,) = card.batches
        assert bytes(down.data) == data.tobytes()
        assert down.offsets.tolist() == np.cumsum([0, *range(1, 101)]).tolist()
        assert down.statuses.tolist() == [nw.PENDING] * 100
        ndis.run(until=3e-6)
        card.complete(status=nw.FAILURE)
        (up,) = peer.batches
        assert up.statuses.tolist() == [nw.FAILURE] * 100
        for batch in sent, down, up:
            assert batch.handles.tolist() == sent.handles.tolist()
            assert batch.sizes.tolist() == list(range(1, 101))
            assert batch.times.tolist() == [1000] * 100
            assert len(set(batch.slots.tolist())) == 100
            assert batch.slots.max() < 256
            assert batch.link == link
            types = [
                a.dtype.name for a in (batch.handles, batch.sizes, batch.times, batch.statuses)
            ]
            assert types == ["uint64", "uint32", "int64", "uint32"]


def test_an_array_cannot_be_written_to_and_outlives_everything():
    """What was kept of a batch is the same when its packets have been sent again, and when the world is gone."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(64))
        kept = card.batches[0].handles
        known = kept.tolist()
        assert kept is card.batches[0].handles
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 1
        card.complete()
        for _ in range(5):
            link.send_many(sizes(64, first=500))
            card.complete()
        assert kept.tolist() == known
        sizes_of_first = peer.batches[0].sizes
    del ndis, link, peer, card
    gc.collect()
    assert kept.tolist() == known
    assert sizes_of_first.tolist() == list(range(64, 128))


def test_data_is_zeros_where_none_was_given():
    """Frames of sizes alone are zeros, even in a packet that had other data before."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis, packets=50)
        for _ in range(2):
            link.send_many(sizes(50), b"\xff" * int(sizes(50).sum()))
            card.complete()
            link.send_many(sizes(50))
            assert not card.batches[-1].data.any()
            card.complete()


@pytest.mark.parametrize("kind", [list, tuple])
def test_frames_that_are_there_one_by_one_are_sent_together(kind):
    """A list of bytes-like objects is sizes and data in one; nothing is sent if one of them is none."""
    with nw.Ndis() as ndis:
        link, _, card = together(ndis)
        frames = kind([b"one", bytearray(b"and two"), memoryview(b"three")] * 20)
        assert link.send_many(frames).sizes.tolist() == [3, 7, 5] * 20
        assert bytes(card.batches[0].data) == b"oneand twothree" * 20
        card.complete()
        for wrong, match in (
            ((b"x", 3), "got int"),
            ((b"x", "y"), "got str"),
            ((b"x", b""), "empty"),
        ):
            with pytest.raises((TypeError, ValueError), match=match):
                link.send_many(kind(wrong))
        with pytest.raises(TypeError, match="sizes: expected"):
            link.send_many(kind([b"x"]), b"x")
        assert len(link.send_many(kind())) == 0
        assert ndis.counters["sends"] == 60


def test_data_is_not_read_once_the_packets_are_gone():
    """`data` is copied when it is asked for, which only the owner may."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis)
        link.send_many(sizes(50))
        card.complete()
        with pytest.raises(nw.ContractViolation, match=r"TOUCH|STALE"):
            _ = card.batches[0].data
        with pytest.raises(RuntimeError, match="the miniport's"):
            _ = peer.batches[0].data
        for index in (50, -51):
            with pytest.raises(IndexError, match=f"one of 50 packets, 0 to 50 - 1, got {index}"):
                card.batches[0].packet(index)


def test_a_batch_is_gone_through_and_completed_as_it_is():
    """Its packets are the miniport's, in order; a protocol has names only."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis)
        sent = link.send_many(sizes(50))
        (batch,) = card.batches
        assert [packet.handle for packet in batch] == batch.handles.tolist()
        assert (batch[-50].handle, batch[-1].handle) == (batch.handles[0], batch.handles[49])
        with pytest.raises(RuntimeError, match="the miniport's"):
            list(sent)
        with pytest.raises(ValueError, match="for all, or 50 of them"):
            card.adapter.wan_send_complete_many(batch, [nw.SUCCESS] * 49)
        card.adapter.wan_send_complete_many(batch, nw.FAILURE)
        assert peer.batches[0].statuses.tolist() == [nw.FAILURE] * 50


@pytest.mark.parametrize("many", [1, FEW - 1, FEW, FEW + 1])
def test_fewer_than_48_go_one_by_one_where_a_driver_takes_both(many):
    """Drivers that have both functions are called for many from 48 packets on."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, Both(), BothWays())
        link.send_many(sizes(many))
        card.complete()
        assert [isinstance(got, nw.Batch) for got in card.batches] == (
            [True] if many >= FEW else [False] * many
        )
        assert [isinstance(got, nw.Batch) for got in peer.batches] == (
            [True] if many >= FEW else [False] * many
        )
    assert ndis.violations == []


def test_a_scalar_protocol_and_a_miniport_that_only_takes_many():
    """A send of one frame or one packet is a batch of one; what comes home comes one by one."""
    with nw.Ndis() as ndis:
        link, peer, card = bound(ndis, Many(), packets=8)
        link.send(b"frame")
        link.send(link.packet(b"packet"))
        assert [bytes(batch.data) for batch in card.batches] == [b"frame", b"packet"]
        card.complete()
        assert peer.answers == [nw.SUCCESS] * 2
    assert ndis.violations == []


def test_a_scalar_miniport_and_a_protocol_that_only_takes_many():
    """The miniport is called for each; single completions are batches of one, and packets go to the pool."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, Holding(), packets=4)
        for _ in range(3):
            link.send_many(sizes(4))
            assert len(card.held) == 4
            card.complete()
        packet = link.packet(b"one of its own")
        link.send(packet)
        card.complete()
        assert [len(batch) for batch in peer.batches] == [1] * 13
        assert len(packet) == 14  # it was kept, so it is the protocol's still
    assert ndis.violations == []


def test_beyond_the_window_ndis_queues_and_sends_together_later():
    """A window of 60 and 200 frames: 60 go down, 140 wait, and go down as many at once as come home."""
    card = Many()
    card.info = nw.WanInfo(max_transmit=60)
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, card)
        link.send_many(sizes(200))
        assert (link.outstanding, link.queued) == (60, 140)
        while len(card.owed):
            card.complete()
        assert [len(batch) for batch in card.batches] == [60, 60, 60, 20]
        assert np.concatenate([b.sizes for b in peer.batches]).tolist() == sizes(200).tolist()
    assert ndis.violations == []


def test_a_protocol_may_send_the_next_batch_from_its_callback():
    """The packets are in the pool before the protocol is called, so a pool of one batch is enough."""

    class Again(Listening):
        rounds = 5

        def send_complete_many(self, batch):
            super().send_complete_many(batch)
            self.rounds -= 1
            if self.rounds:
                self.link.send_many(sizes(64))

    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, peer=Again(), packets=64)
        peer.link = link
        link.send_many(sizes(64))
        while len(card.owed):
            card.complete()
        assert [len(batch) for batch in peer.batches] == [64] * 5
    assert ndis.violations == []


def test_each_packet_has_its_own_answer():
    """An array of statuses: what is final is back when `send_many` returns, and the protocol is not called for it."""

    def odd_fail(batch):
        return np.where(batch.sizes % 2, nw.FAILURE, nw.PENDING).astype(np.uint32)

    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, Many(odd_fail), packets=100)
        sent = link.send_many(sizes(100))
        assert sent.statuses.tolist() == [nw.PENDING, nw.FAILURE] * 50
        card.owed = card.owed[::2].copy()
        card.complete()
        assert len(peer.answers) == 50
        link.send_many(sizes(100))  # the whole pool is free again
        card.owed = card.owed[::2].copy()
    assert ndis.violations == []


def test_adversarial_time_calls_one_by_one():
    """Every call by itself, so that an explorer may choose what is between."""
    with nw.Ndis(time=nw.AdversarialTime(3)) as ndis:
        link, peer, card = together(ndis, packets=64)
        link.send_many(sizes(50))
        card.complete()
        ndis.run()
        assert [len(batch) for batch in card.batches] == [1] * 50
        assert sum(map(len, peer.batches)) == 50
    assert ndis.violations == []


@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_in_real_time_threads_send_and_complete_batches(delivery):
    """Two threads send, one completes, in real time: each packet comes home once."""
    rounds, size = 30, 64
    with nw.Ndis(time=nw.RealTime(), delivery=delivery) as ndis:
        ready, ended = threading.Semaphore(0), threading.Event()
        lock = threading.Lock()

        class Queueing(Many):
            def wan_send_many(self, link, batch):
                with lock:
                    self.batches.append(batch)
                ready.release()
                return nw.PENDING

            def halt(self):
                pass

        link, peer, card = together(ndis, Queueing(), packets=4096)

        def complete():
            done = 0
            while done < 2 * rounds * size:
                ready.acquire()
                with lock:
                    batch = card.batches.pop(0)
                card.adapter.wan_send_complete_many(batch.handles)
                done += len(batch)
            ended.set()

        def send():
            for _ in range(rounds):
                link.send_many(sizes(size))

        threads = [threading.Thread(target=work) for work in (complete, send, send)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert ended.wait(10)
        while link.outstanding or sum(map(len, peer.batches)) < 2 * rounds * size:
            ndis.drain()
        assert len(peer.answers) == 2 * rounds * size
        assert ndis.counters["completions"] == 2 * rounds * size
    assert ndis.violations == []
