"""The completion ring: by itself with arrays, and between the threads that complete and the one that delivers."""

import array
import os
import queue
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import ndiswan as nw

FAILURE = int(nw.FAILURE)


def outputs(length):
    """Arrays to be drained into."""
    return (
        np.zeros(length, np.uint64),
        np.zeros(length, np.uint32),
        np.zeros(length, np.uint32),
    )


def drained(ring, most=4096, **settings):
    """What a drain takes out, as tuples."""
    arrays = outputs(most)
    count = ring.drain_into(*arrays, **settings)
    return list(zip(*(array[:count].tolist() for array in arrays), strict=True))


def test_every_bit_comes_through():
    """Handles of 64 bits, statuses and tags of 32 come out as they went in, one by one and as arrays."""
    entries = [(0, 0, 0), (2**64 - 1, 2**32 - 1, 2**32 - 1), (2**63, 0x80000000, 2**31), (1, 2, 3)]
    with nw.CompletionRing(8) as ring:
        for entry in entries:
            ring.push(*entry)
        handles, statuses, tags = zip(*entries, strict=True)
        arrays = np.array(handles, np.uint64), np.array(statuses, np.uint32), np.array(tags, "u4")
        assert ring.push_many(*arrays) == 4
        assert drained(ring) == entries * 2


def test_what_is_no_array_of_numpys_serves_too():
    """`array.array` and `memoryview` are taken in and filled."""
    with nw.CompletionRing(8) as ring:
        handles, statuses = array.array("Q", [5, 6, 7]), array.array("I", [0, 1, 2])
        assert ring.push_many(memoryview(handles)[1:], memoryview(statuses)[1:]) == 2
        out = array.array("Q", [0] * 4), memoryview(array.array("I", [9] * 4))
        assert ring.drain_into(*out) == 2
        assert (out[0].tolist(), out[1].tolist()) == ([6, 7, 0, 0], [1, 2, 9, 9])


def test_one_status_and_one_tag_serve_for_all():
    """`push_many` takes one number for all: an int, a Status, a scalar of NumPy's; without a tag it is 0."""
    handles = np.arange(2, dtype=np.uint64)
    with nw.CompletionRing(16) as ring:
        ring.push_many(handles, nw.FAILURE)
        ring.push_many(handles, np.uint32(FAILURE), np.uint32(7))
        ring.push_many(handles, FAILURE - 2**32, 8)
        tags = [0, 0, 7, 7, 8, 8]
        assert drained(ring) == [(n % 2, FAILURE, tag) for n, tag in enumerate(tags)]


def test_numbers_of_numpys_are_numbers():
    """`push` takes NumPy's integers."""
    with nw.CompletionRing(4) as ring:
        ring.push(np.uint64(2**64 - 1), np.uint32(FAILURE), np.int8(3))
        assert drained(ring) == [(2**64 - 1, FAILURE, 3)]


def test_the_capacity_is_the_rings_whatever_the_number_of_threads():
    """Many threads together put in exactly `capacity` entries, which need not be a power of two."""
    ring, taken = nw.CompletionRing(100), []
    gate = threading.Barrier(5)

    def fill():
        gate.wait()
        taken.append(sum(ring.try_push(1, 0) for _ in range(60)))

    threads = [threading.Thread(target=fill) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), len(ring), ring.capacity) == (100, 100, 100)
    assert len(drained(ring)) == 100
    assert len(ring) == 0


def test_a_full_ring_says_so():
    """A full ring: `try_push` is false, `push` raises queue.Full, `push_many` takes what there is room for."""
    ring = nw.CompletionRing(3)
    assert ring.push_many(np.arange(2, dtype=np.uint64), 0) == 2
    assert ring.push_many(np.arange(5, dtype=np.uint64), 0) == 1
    assert ring.push_many(np.arange(5, dtype=np.uint64), 0) == 0
    assert ring.try_push(9, 0) is False
    with pytest.raises(queue.Full, match="ring with 3 of 3; drain it"):
        ring.push(9, 0)
    assert [entry[0] for entry in drained(ring, 2)] == [0, 1]
    assert ring.try_push(9, 0) is True
    assert [entry[0] for entry in drained(ring)] == [0, 9]


def test_a_closed_ring_gives_what_it_has_and_takes_nothing():
    """After `close` a push is a RuntimeError; what is in it comes out, then 0 at once, however long one would wait."""
    with nw.CompletionRing(4) as ring:
        ring.push(1, 0)
        assert not ring.closed
    assert ring.closed
    ring.close()
    for put in lambda: ring.push(2, 0), lambda: ring.push_many(np.ones(1, np.uint64), 0):
        with pytest.raises(RuntimeError, match="ring is closed, nothing was put in"):
            put()
    assert "1 of 4, closed" in repr(ring)
    assert drained(ring, timeout=None) == [(1, 0, 0)]
    assert drained(ring, timeout=None) == []


def test_a_wait_ends_when_something_comes():
    """A drain that waits, with and without an end, has what another thread puts in, and a close wakes it."""
    ring, found = nw.CompletionRing(4), []

    def consume():
        while some := drained(ring, timeout=None):
            found.extend(some)
        found.append("closed")

    consumer = threading.Thread(target=consume)
    consumer.start()
    for number in range(3):
        time.sleep(0.03)
        ring.push(number, 0)
    time.sleep(0.03)
    ring.close()
    consumer.join(10)
    assert found == [(0, 0, 0), (1, 0, 0), (2, 0, 0), "closed"]


def test_a_wait_has_an_end():
    """A drain of an empty ring is over after its timeout, and at once without one."""
    ring = nw.CompletionRing(4)
    begin = time.monotonic()
    assert drained(ring, timeout=0.12) == []
    assert 0.12 <= time.monotonic() - begin < 5
    begin = time.monotonic()
    assert drained(ring) == []
    assert time.monotonic() - begin < 0.1


def test_ctrl_c_ends_a_wait():
    """A drain that waits for ever ends with KeyboardInterrupt, and the ring goes on."""
    program = """if True:
        import array, os, signal, threading, time
        import ndiswan as nw
        ring = nw.CompletionRing(4)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        out = array.array("Q", [0]), array.array("I", [0])
        try:
            ring.drain_into(*out, timeout=None)
        except KeyboardInterrupt:
            ring.push(7, 0)
            print(ring.drain_into(*out), out[0][0])
    """
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.stdout == "1 7\n", ran.stderr


def test_one_at_a_time_takes_out():
    """A drain while another one waits is a RuntimeError that says what to do."""
    ring = nw.CompletionRing(4)
    consumer = threading.Thread(target=drained, args=(ring,), kwargs={"timeout": None})
    consumer.start()
    time.sleep(0.1)
    with pytest.raises(RuntimeError, match="one at a time takes out"):
        drained(ring)
    ring.close()
    consumer.join()


def test_a_signals_handler_takes_out_nothing_meanwhile():
    """A drain from a signal's handler, while the thread that the signal came to waits in one, is the same error."""
    ring, raised = nw.CompletionRing(4), []

    def again(*_):
        try:
            drained(ring)
        except RuntimeError as error:
            raised.append(str(error))
            ring.close()

    before = signal.signal(signal.SIGUSR1, again)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        assert drained(ring, timeout=10) == []
    finally:
        signal.signal(signal.SIGUSR1, before)
    timer.join()
    assert len(raised) == 1


def test_four_threads_lose_nothing_and_keep_their_order():
    """40,000 entries of four threads through a small ring: each comes out once, those of a thread in its order."""
    each, ring, found = 10_000, nw.CompletionRing(300), []

    def produce(thread):
        handles = np.arange(each, dtype=np.uint64) + np.uint64(thread << 32)
        tags = np.arange(each, dtype=np.uint32)
        while len(handles):
            count = ring.push_many(handles[:64], thread, tags[:64])
            handles, tags = handles[count:], tags[count:]
            if not count:
                time.sleep(0.0001)

    threads = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(found) < 4 * each:
        found += drained(ring, 100, timeout=10)
    for thread in threads:
        thread.join()
    for number in range(4):
        mine = [entry for entry in found if entry[1] == number]
        assert mine == [((number << 32) + n, number, n) for n in range(each)]
    assert len(ring) == 0


def test_a_hundred_threads_come_and_go():
    """More threads than lanes, one after the other and at once: each entry comes out once."""
    ring = nw.CompletionRing(1000)
    gate = threading.Barrier(100)

    def once(number):
        gate.wait()
        ring.push(number, 0)
        ring.push(number + 1000, 0)

    threads = [threading.Thread(target=once, args=(n,)) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(100, 200):
        thread = threading.Thread(target=ring.push, args=(number, 0))
        thread.start()
        thread.join()
    found = [entry[0] for entry in drained(ring)]
    assert sorted(found) == [*range(200), *range(1000, 1100)]
    assert all(found.index(n) < found.index(n + 1000) for n in range(100))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((-1, 0), OverflowError, r"handle: expected an int of 0 to 2\*\*64 - 1, got -1"),
        ((2**64, 0), OverflowError, "handle: expected an int"),
        ((1.5, 0), TypeError, r"handle: .*got 1\.5 \(float\)"),
        ((True, 0), TypeError, r"handle: .*got True \(bool\)"),
        ((1, 2**32), OverflowError, r"status: expected an int of 0 to 2\*\*32 - 1, got 4294967296"),
        ((1, None), TypeError, "status: .*got None"),
        ((1, nw.PENDING), ValueError, r"status: expected a final status, got PENDING \(0x00000103\)"),
        ((1, 0x103), ValueError, "put the entry in when its status is known"),
        ((1, 0, -1), OverflowError, r"tag: expected an int of 0 to 2\*\*32 - 1, got -1"),
        ((1, 0, "a"), TypeError, "tag: .*got 'a'"),
    ],
)  # fmt: skip
def test_a_number_that_does_not_fit_is_an_error_that_says_what_would(arguments, error, words):
    """Handle, status and tag out of range, of another type, and PENDING: nothing is put in."""
    ring = nw.CompletionRing(8)
    for push in ring.push, ring.try_push:
        with pytest.raises(error, match=words):
            push(*arguments)
    assert len(ring) == 0


@pytest.mark.parametrize("capacity", [0, 2**20 + 1, 2**63])
def test_a_capacity_out_of_range_is_refused(capacity):
    """A ring has 1 to 1,048,576 entries."""
    with pytest.raises(ValueError, match=f"expected 1 to 1048576 entries, got {capacity}"):
        nw.CompletionRing(capacity)


@pytest.mark.parametrize("capacity", [1, 2**20])
def test_the_smallest_and_the_greatest_ring_work(capacity):
    """A ring of one entry, and one of a million, filled and drained twice."""
    ring, handles = nw.CompletionRing(capacity), np.arange(capacity + 1, dtype=np.uint64)
    out = outputs(capacity)
    for _ in range(2):
        assert ring.push_many(handles, 0) == capacity
        assert not ring.try_push(0, 0)
        assert ring.drain_into(*out) == capacity
        assert np.array_equal(out[0], handles[:-1])


@pytest.mark.parametrize("timeout", [-1, float("nan"), -float("inf")])
def test_a_timeout_is_none_or_seconds(timeout):
    """A negative timeout, or one that is no number, is a ValueError; infinity waits for ever."""
    ring = nw.CompletionRing(1)
    with pytest.raises(ValueError, match="timeout: expected None or seconds of 0 or more"):
        drained(ring, timeout=timeout)
    ring.push(1, 0)
    assert drained(ring, timeout=float("inf")) == [(1, 0, 0)]


class Model(RuleBasedStateMachine):
    """The ring beside a list: whatever is called in whatever order, both have the same."""

    columns = Bundle("columns")

    def __init__(self):
        super().__init__()
        self.ring = nw.CompletionRing(13)
        self.model = []
        self.closed = False

    @rule(
        target=columns,
        entries=st.lists(
            st.tuples(
                st.integers(0, 2**64 - 1),
                st.integers(0, 2**32 - 1).filter(lambda status: status != nw.PENDING),
                st.integers(0, 2**32 - 1),
            ),
            max_size=20,
        ),
    )
    def some(self, entries):
        return entries

    def refused(self, put):
        with pytest.raises(RuntimeError, match="closed"):
            put()

    @rule(entries=consumes(columns), in_thread=st.booleans())
    def push_many(self, entries, in_thread):
        handles = np.array([entry[0] for entry in entries], np.uint64)
        rest = (np.array([entry[n] for entry in entries], np.uint32) for n in (1, 2))
        arrays = (handles, *rest)
        if self.closed:
            self.refused(lambda: self.ring.push_many(*arrays))
            return
        if in_thread and not self.model:
            # Another thread's lane: its order among ours is open while there are others.
            taken = []
            thread = threading.Thread(target=lambda: taken.append(self.ring.push_many(*arrays)))
            thread.start()
            thread.join()
            assert taken == [min(len(entries), 13)]
            self.model += entries[:13]
            assert drained(self.ring) == self.model
            self.model.clear()
            return
        room = 13 - len(self.model)
        assert self.ring.push_many(*arrays) == min(len(entries), room)
        self.model += entries[:room]

    @rule(handle=st.integers(0, 2**64 - 1))
    def push(self, handle):
        if self.closed:
            self.refused(lambda: self.ring.try_push(handle, 5, 6))
        elif self.ring.try_push(handle, 5, 6):
            self.model.append((handle, 5, 6))
        else:
            assert len(self.model) == 13

    @rule(most=st.integers(0, 20), timeout=st.sampled_from([0, 0.0001]))
    def drain(self, most, timeout):
        assert drained(self.ring, most, timeout=timeout) == self.model[:most]
        del self.model[:most]

    @rule()
    def close(self):
        if len(self.model) > 9:  # else every run is soon closed
            self.ring.close()
            self.closed = True

    @invariant()
    def the_length_is_the_models(self):
        assert (len(self.ring), self.ring.closed) == (len(self.model), self.closed)


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class TestModel(Model.TestCase):
    """Any sequence of pushes, drains and closes does what a list does."""
