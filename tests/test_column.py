"""Arrays that are handed to a `CompletionRing`: what fits, and what is said of what does not."""

import array

import numpy as np
import pytest

import ndiswan as nw


def held(ring):
    """What is in the ring, as tuples."""
    out = np.zeros(16, np.uint64), np.zeros(16, np.uint32), np.zeros(16, np.uint32)
    count = ring.drain_into(*out)
    return list(zip(*(column[:count].tolist() for column in out), strict=True))


def good(length=4):
    """Arguments that fit."""
    return {
        "handles": np.zeros(length, np.uint64),
        "statuses": np.zeros(length, np.uint32),
        "tags": np.zeros(length, np.uint32),
    }


WRONG = [
    ("handles", [1, 2, 3, 4], TypeError, r"handles: expected a one-dim.* uint64, got list; numpy\.as"),
    ("handles", np.zeros(4), TypeError, r"got an array of float64; handles\.astype\(numpy\.uint64\)"),
    ("handles", np.zeros(4, np.int64), TypeError, "got an array of int64"),
    ("handles", np.zeros(4, ">u8"), TypeError, "got an array of >u8"),
    ("handles", array.array("I", [1]), TypeError, 'got a buffer of items "I"'),
    ("handles", np.zeros((2, 2), np.uint64), ValueError, r"got shape \(2, 2\) with.*numpy\.ravel"),
    ("handles", np.zeros(8, np.uint64)[::2], ValueError, r"one piece of memory.*strides \(16,\)"),
    ("handles", np.zeros((), np.uint64), ValueError, r"got shape \(\)"),
    ("statuses", np.zeros(4, np.int32), TypeError, "statuses: expected an array of uint32, got an"),
    ("statuses", np.zeros(3, np.uint32), ValueError, "as many items as there are handles, 4, got 3"),
    ("tags", np.zeros(5, np.uint32), ValueError, "tags: expected as many items .* 4, got 5"),
    ("tags", np.zeros(4, np.uint16), TypeError, "tags: expected an array of uint32, got an array of u"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wrong", "error", "words"), WRONG)
@pytest.mark.parametrize("call", ["push_many", "drain_into"])
def test_an_array_that_does_not_fit_is_an_error_that_says_what_would(
    call, name, wrong, error, words
):
    """Another type, shape, order of bytes or length: what was expected, what came; nothing goes in or out."""
    ring = nw.CompletionRing(8)
    ring.push(1, 2, 3)
    with pytest.raises(error, match=words):
        getattr(ring, call)(**(good() | {name: wrong}))
    assert held(ring) == [(1, 2, 3)]


@pytest.mark.parametrize("name", ["handles", "statuses", "tags"])
def test_a_drain_does_not_write_to_what_is_read_only(name):
    """A read-only array to be drained into is a ValueError; it can be pushed."""
    arguments = good()
    arguments[name].flags.writeable = False
    ring = nw.CompletionRing(8)
    assert ring.push_many(**arguments) == 4
    with pytest.raises(
        ValueError, match=rf"{name}: expected an array that can be written to.*empty"
    ):
        ring.drain_into(**arguments)
    assert len(ring) == 4


def test_a_drain_does_not_mix_its_outputs():
    """Two outputs in the same memory are a ValueError."""
    ring, same = nw.CompletionRing(8), np.zeros(4, np.uint32)
    with pytest.raises(
        ValueError, match=r"handles, statuses, tags: .*two that share memory; numpy"
    ):
        ring.drain_into(np.zeros(4, np.uint64), same, same)
    memory = np.zeros(4, np.uint64)
    with pytest.raises(
        ValueError, match=r"handles, statuses, tags: .*two that share memory; numpy"
    ):
        ring.drain_into(memory[:2], memory.view(np.uint32)[3:5])


def test_pending_among_many_is_found_before_anything_is_put_in():
    """`push_many` with PENDING in the array, or for all, is a ValueError that says where."""
    ring, arguments = nw.CompletionRing(2), good()
    arguments["statuses"][3] = nw.PENDING
    with pytest.raises(ValueError, match=r"statuses\[3\]: expected a final status, got PENDING"):
        ring.push_many(**arguments)
    with pytest.raises(ValueError, match="status: expected a final status"):
        ring.push_many(arguments["handles"], nw.PENDING)
    assert len(ring) == 0


def test_no_room_is_no_wait():
    """A drain into arrays of length 0 takes nothing and does not wait; nothing is pushed from such either."""
    ring, empty = nw.CompletionRing(1), good(0)
    assert ring.drain_into(**empty, timeout=None) == 0
    assert ring.push_many(**empty) == 0


@pytest.mark.parametrize("call", ["push_many", "drain_into"])
def test_an_empty_array_is_one(call) -> None:
    """`array.array` says of an empty one that it is nowhere; items of another type are told even so."""
    ring = nw.CompletionRing(1)
    empty = array.array("Q"), array.array("I"), array.array("I")
    assert getattr(ring, call)(*empty) == 0
    with pytest.raises(
        TypeError,
        match=r'handles: .* got a buffer of items "I"; array\.array\(\'Q\', handles\) makes one',
    ):
        getattr(ring, call)(empty[1], *empty[1:])
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), nw.Miniport())
        assert len(link.send_many(array.array("I"))) == 0
