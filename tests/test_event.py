"""Events: what a history and a recording are made of."""

import pickle

import pytest

import ndiswan as nw
from ndiswan import Irql
from rigs import bound


@pytest.fixture
def recorded():
    """The events of a send with a lock taken, a completion at DISPATCH after two seconds, and a halt."""
    with nw.Ndis(record=True, verify=4) as ndis:
        link, _, miniport = bound(ndis)
        link.send(b"frame")
        ndis.run(until=2.0)
        with miniport.adapter.spin_lock("mine"):
            pass
        miniport.complete()
    return ndis.events()


def one(events, what):
    """The first event of that name."""
    return next(event for event in events if event.what == what)


def test_an_event_says_when_where_and_what(recorded):
    """Time, CPU, level, locks, adapter, and the source line at verification level 4."""
    event = one(recorded, "complete")
    assert event.time_ns == 2_000_000_000
    assert event.irql is Irql.DISPATCH
    assert (event.locks, event.adapter) == (0, 0)
    assert event.cpu == recorded[0].cpu
    assert "rigs.py" in event.site
    assert "in Holding.complete" in event.site
    assert one(recorded, "release").locks == 1


def test_an_event_reads(recorded):
    """As a line of a history, with its time in milliseconds and its level by name."""
    text = str(one(recorded, "complete"))
    assert "2000.000000 ms" in text
    assert "DISPATCH_LEVEL" in text
    assert "NdisMWanSendComplete(life 1, NDIS_STATUS_SUCCESS" in text
    assert "rigs.py" in text
    assert repr(one(recorded, "complete")).startswith("<Event ")


def test_a_life_is_there_from_register_to_halted(recorded):
    """Everything that happened, in order: the ends of an adapter's life, and a packet's way between."""
    whats = [event.what for event in recorded]
    way = ["allocate", "send", "submit", "return", "complete", "deliver", "free"]
    assert [what for what in whats if what in way] == way
    assert whats[0] == "register"
    assert whats[-1] == "halted"
    for what in (
        "enter",
        "leave",
        "start",
        "line_up",
        "acquire",
        "release",
        "raise",
        "lower",
        "halt",
    ):
        assert what in whats
    assert [event.time_ns for event in recorded] == sorted(event.time_ns for event in recorded)


def test_events_compare_by_value(recorded):
    """Equal events are equal and hash the same; others are not."""
    with nw.Ndis(record=True) as ndis:
        bound(ndis)
        first, second = ndis.events(), ndis.events()
        assert first == second
        assert first[0] is not second[0]
        assert {hash(event) for event in first} == {hash(event) for event in second}
    assert recorded[0] != recorded[1]
    assert recorded[0] != "register"


def test_an_event_can_be_sent(recorded):
    """Pickled and back it is equal, and reads the same."""
    for event in recorded:
        again = pickle.loads(pickle.dumps(event))
        assert again == event
        assert str(again) == str(event)


def test_events_are_read_only(recorded):
    """What happened does not change."""
    with pytest.raises(AttributeError):
        recorded[0].time_ns = 7
