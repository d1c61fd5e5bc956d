"""Many packets by one call, down and up: as if each had been sent and completed alone."""

import gc
import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndiswan as nw
from rigs import Holding, Peer, bound

FEW = 48
FLUSH = nw.Status.REQUEST_ABORTED


class Many(nw.Miniport):
    """Keeps the names of what it gets; `halt` completes what is left."""

    serialized = False
    info = nw.WanInfo(max_transmit=4096)

    def __init__(self, answer=nw.PENDING, serialized=False):
        self.answer, self.serialized = answer, serialized

    def initialize(self):
        self.batches, self.owed = [], np.empty(0, np.uint64)

    def wan_send_many(self, link, batch):
        self.batches.append(batch)
        self.owed = np.concatenate([self.owed, batch.handles])
        return self.answer(batch) if callable(self.answer) else self.answer

    def complete(self, count=None, status=nw.SUCCESS):
        done, self.owed = np.split(self.owed, [len(self.owed) if count is None else count])
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete_many(done, status)

    def halt(self):
        if self.adapter.counters["delivered"] < self.adapter.counters["sends"]:
            self.complete(status=FLUSH)


class Both(Many):
    """Takes packets one by one, too."""

    def wan_send(self, link, packet):
        self.batches.append(packet)
        self.owed = np.append(self.owed, np.uint64(packet.handle))
        return nw.PENDING


class Listening(nw.Protocol):
    """Keeps the batches that come back."""

    def __init__(self):
        self.batches = []

    def send_complete_many(self, batch):
        self.batches.append(batch)

    @property
    def answers(self):
        return [int(status) for batch in self.batches for status in batch.statuses]


class BothWays(Listening):
    """Listens to single completions, too."""

    def send_complete(self, packet, status):
        self.batches.append(status)


def sizes(count, first=64):
    """So many sizes, each one more than the last."""
    return np.arange(first, first + count, dtype=np.uint32)


def together(ndis, card=None, peer=None, packets=256):
    """A link between drivers that take many."""
    card, peer = card or Many(), peer or Listening()
    return ndis.bind(peer, card, packets=packets), peer, card


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
            assert len(set(batch.slots.tolist())) == 100 and batch.slots.max() < 256
            assert batch.link == link
            types = [a.dtype.name for a in (batch.handles, batch.sizes, batch.times, batch.statuses)]
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


def test_data_is_not_read_once_the_packets_are_gone():
    """`data` is copied when it is asked for, which only the owner may."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis)
        link.send_many(sizes(50))
        card.complete()
        with pytest.raises(nw.ContractViolation, match="TOUCH|STALE"):
            _ = card.batches[0].data
        with pytest.raises(RuntimeError, match="the miniport's"):
            _ = peer.batches[0].data
        with pytest.raises(IndexError):
            card.batches[0].packet(50)


@pytest.mark.parametrize("many", [1, FEW - 1, FEW, FEW + 1])
def test_fewer_than_48_go_one_by_one_where_a_driver_takes_both(many):
    """Drivers that have both functions are called for many from 48 packets on."""
    with nw.Ndis() as ndis:
        link, peer, card = together(ndis, Both(), BothWays())
        link.send_many(sizes(many))
        card.complete()
        assert [isinstance(got, nw.Batch) for got in card.batches] == ([True] if many >= FEW else [False] * many)
        assert [isinstance(got, nw.Batch) for got in peer.batches] == ([True] if many >= FEW else [False] * many)
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
    """Completed twice, of an old life, never sent, of another adapter: each is told with its packet, the rest goes home."""
    with nw.Ndis(on_violation="record") as ndis:
        link, peer, card = together(ndis, packets=64)
        other_link, other_peer, other = together(ndis, packets=64)
        link.send_many(sizes(2))
        old = card.owed
        card.complete()
        link.send_many(sizes(60))
        other_link.send_many(sizes(60))
        fresh, card.owed = card.owed, card.owed[:0]
        never = np.uint64((7 << 32) | 63)
        wrong = [fresh[0], old[1], never, other.owed[0]]
        mixed = np.concatenate([fresh[:30], np.array(wrong, np.uint64), fresh[30:]])
        card.adapter.wan_send_complete_many(mixed)
        assert rules(ndis) == ["DOUBLE", "STALE", "STALE", "FOREIGN"] or rules(ndis)[0] == "DOUBLE"
        assert rules(ndis)[-1] == "FOREIGN"
        assert len(rules(ndis)) == 4
        assert all(v.history for v in ndis.violations[:2])
        assert len(peer.answers) == 62 and link.outstanding == 0
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
        assert peer.answers.count(nw.FAILURE) == 2 and len(peer.answers) == 60


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
        assert sent.handles[50:].tolist() == [0, 0, 0] or (sent.handles[50:] >> np.uint64(32)).tolist() == [0] * 3
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


class Plan(nw.Miniport):
    """Answers by size; interrupts after given delays, and completes so many of what it has with a status by size."""

    serialized = False

    def __init__(self, window, interrupts):
        self.info = nw.WanInfo(max_transmit=window)
        self.interrupts = list(interrupts)

    def initialize(self):
        self.held = []
        self.timer = self.adapter.timer(self.interrupt)
        self.next()

    def next(self):
        if self.interrupts:
            self.timer.set_ns(self.interrupts[0][0])

    @staticmethod
    def answer(size):
        return nw.FAILURE if size % 7 == 0 else nw.PENDING

    @staticmethod
    def final(size):
        return nw.SUCCESS if size % 5 else nw.Status.HARD_ERRORS

    def interrupt(self):
        _, many = self.interrupts.pop(0)
        done, self.held = self.held[:many], self.held[many:]
        self.next()
        self.finish(done)

    def halt(self):
        self.finish(self.held)


class ScalarPlan(Plan):
    """Packet by packet."""

    def wan_send(self, link, packet):
        size = packet.current_length
        if self.answer(size) == nw.PENDING:
            self.held.append((packet, size))
        return self.answer(size)

    def finish(self, done):
        for packet, size in done:
            self.adapter.wan_send_complete(packet, self.final(size))


class ManyPlan(Plan):
    """By batches."""

    def wan_send_many(self, link, batch):
        answers = [self.answer(int(size)) for size in batch.sizes]
        took = zip(batch.handles.tolist(), batch.sizes.tolist(), answers, strict=True)
        self.held += [(handle, size) for handle, size, answer in took if answer == nw.PENDING]
        return np.array(answers, np.uint32)

    def finish(self, done):
        statuses = np.array([self.final(size) for _, size in done], np.uint32)
        self.adapter.wan_send_complete_many(np.array([h for h, _ in done], np.uint64), statuses)


class BothPlan(ManyPlan):
    """By batches, and packet by packet where they are few."""

    def wan_send(self, link, packet):
        size = packet.current_length
        if self.answer(size) == nw.PENDING:
            self.held.append((packet.handle, size))
        return self.answer(size)


def story(protocol, card, bursts, many, delivery):
    """What happened to each packet, in the order of sends: kind, time and number of each event; and the counts."""
    with nw.Ndis(record=True, delivery=delivery) as ndis:
        link = ndis.bind(protocol, card, packets=1024)
        alarm = iter(bursts)
        now = 0
        for gap, burst in alarm:
            now += gap
            ndis.run(until=now / 1e9)
            if many:
                link.send_many(np.array(burst, np.uint32))
            else:
                for size in burst:
                    link.send(bytes(size))
        ndis.run()
    packets, at = [], {}
    for event in ndis.events():
        told = json.loads(repr_json(event))
        packet = told.get("packet")
        if packet is None:
            continue
        if event.what == "allocate":
            at[packet["slot"]] = []
            packets.append(at[packet["slot"]])
        detail = (told.get("status"), told.get("length"))
        at[packet["slot"]].append((event.what, event.time_ns, *detail))
    assert ndis.violations == []
    return packets, ndis.counters


def repr_json(event):
    """An event as its line in a trace."""
    return event.__reduce__()[1][0]


BURSTS = st.lists(
    st.tuples(st.integers(0, 3000), st.lists(st.integers(1, 60), min_size=1, max_size=90)),
    min_size=1,
    max_size=4,
)
INTERRUPTS = st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 120)), max_size=6)


@given(BURSTS, INTERRUPTS, st.integers(1, 100), st.sampled_from(["inline", "queued"]))
def test_batches_are_event_by_event_what_single_calls_are(bursts, interrupts, window, delivery):
    """Random bursts, windows, interrupts and statuses: each packet has the same events at the same times, however
    its drivers take packets."""
    plain = story(Peer(), ScalarPlan(window, interrupts), bursts, False, delivery)
    for card in ManyPlan, BothPlan:
        for protocol in Listening, BothWays, Peer:
            got = story(protocol(), card(window, interrupts), bursts, True, delivery)
            assert got == plain
    assert story(Listening(), ScalarPlan(window, interrupts), bursts, True, delivery) == plain
