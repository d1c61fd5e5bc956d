"""Many completions in one call, and completions of many threads on their way through the ring."""

import threading
from array import array
from collections import Counter

import pytest

import ndiswan as nw
from rigs import Holding, Peer, bound

BOTH = pytest.mark.parametrize("delivery", ["inline", "queued"])
WIDE = nw.WanInfo(max_transmit=256)


class Card(Holding):
    """Keeps up to 256 packets."""

    info = WIDE


def owing(ndis, packets, **settings):
    """A protocol and a card that owes so many packets."""
    link, peer, card = bound(ndis, Card(), packets=256, **settings)
    for _ in range(packets):
        link.send(b"frame")
    return peer, card


@BOTH
@pytest.mark.parametrize("make", [list, tuple, iter, dict.fromkeys])
def test_any_iterable_of_packets_is_completed(delivery, make):
    """A list, a tuple, an iterator, the keys of a dict: all come home, with SUCCESS if nothing else is said."""
    with nw.Ndis(delivery=delivery) as ndis:
        peer, card = owing(ndis, 70)
        card.adapter.wan_send_complete_many(make(card.held))
        ndis.drain()
        assert peer.answers == [nw.SUCCESS] * 70
        card.held.clear()
        card.adapter.wan_send_complete_many([])
    assert ndis.violations == []


@BOTH
def test_one_status_for_all_or_one_for_each(delivery):
    """`status` is one for all, or as many as there are packets, in their order."""
    with nw.Ndis(delivery=delivery) as ndis:
        peer, card = owing(ndis, 4)
        statuses = [nw.SUCCESS, nw.FAILURE, nw.Status.HARD_ERRORS, int(nw.FAILURE)]
        card.adapter.wan_send_complete_many(card.held, statuses)
        ndis.drain()
        assert peer.answers == statuses
        card.held.clear()
        other, card = owing(ndis, 3)
        card.adapter.wan_send_complete_many(card.held, nw.FAILURE)
        ndis.drain()
        assert other.answers == [nw.FAILURE] * 3
        card.held.clear()


def test_queued_they_are_delivered_together():
    """With delivery="queued" nothing is delivered inside of the call, and one `run` delivers all in order."""
    with nw.Ndis(delivery="queued") as ndis:
        peer, card = owing(ndis, 100)
        statuses = [nw.FAILURE, nw.SUCCESS] * 50
        card.adapter.wan_send_complete_many(card.held, statuses)
        assert peer.answers == []
        assert ndis.run() == 1
        assert peer.answers == statuses
        card.held.clear()


def test_a_packet_that_breaks_a_rule_keeps_none_of_the_others():
    """The first broken rule is raised when all are done, with a note of the others; each is on record."""
    with nw.Ndis(delivery="queued") as ndis:
        peer, card = owing(ndis, 6)
        twice, strange = card.held[1], object()
        packets = [*card.held[:3], twice, strange, *card.held[3:]]
        statuses = [nw.SUCCESS] * 7 + [nw.PENDING]
        with pytest.raises(nw.OwnershipViolation, match="DOUBLE") as raised:
            card.adapter.wan_send_complete_many(packets, statuses)
        assert raised.value.__notes__ == [
            "2 more packet(s) of this call broke a rule: see ndis.violations"
        ]
        assert ndis.drain() == 6
        assert peer.answers == [nw.SUCCESS] * 5 + [nw.FAILURE]
        rules = [violation.rule for violation in ndis.violations]
        assert rules == ["DOUBLE", "FOREIGN", "STATUS_PENDING"]
        card.held.clear()


@BOTH
@pytest.mark.parametrize("status", ["bad", 1.5, b"00", True, object()])
def test_a_status_that_is_none_is_reported_for_each(delivery, status):
    """What is no status and no sequence breaks STATUS_UNKNOWN at each packet, and all go home with FAILURE."""
    with nw.Ndis(delivery=delivery, on_violation="record") as ndis:
        peer, card = owing(ndis, 3)
        card.adapter.wan_send_complete_many(card.held, status)
        ndis.drain()
        assert peer.answers == [nw.FAILURE] * 3
        card.held.clear()
    assert [violation.rule for violation in ndis.violations] == ["STATUS_UNKNOWN"] * 3


def test_it_says_the_same_as_one_by_one():
    """Each wrong use breaks the same rules, in the same words, as in a call for one packet."""

    def found(complete):
        with nw.Ndis(on_violation="record") as ndis:
            peer, card = owing(ndis, 5)
            other = owing(ndis, 1)[1]
            lock = card.adapter.spin_lock("mine")
            view = memoryview(card.held[3].data)
            complete(card, [card.held[0], other.held[0], None, ndis.adapters[0]], nw.SUCCESS)
            complete(card, [card.held[0]], nw.Status.RESOURCES)
            with lock:
                complete(card, [card.held[1]], nw.SUCCESS)
            with card.adapter.at(nw.Irql(3)):
                complete(card, [card.held[2]], "bad")
            complete(card, [card.held[3]], nw.PENDING)
            complete(card, [card.held[4]], nw.Status.RESOURCES)
            view.release()
            ndis.drain()
            card.held.clear()
            other.complete()
        answers = peer.answers
        return [(v.rule, v.detail, v.warning) for v in ndis.violations], answers

    def one_by_one(card, packets, status):
        for packet in packets:
            card.adapter.wan_send_complete(packet, status)

    def together(card, packets, status):
        card.adapter.wan_send_complete_many(packets, status)

    with pytest.warns(nw.ContractWarning):
        expected = found(one_by_one)
    with pytest.warns(nw.ContractWarning):
        assert found(together) == expected
    assert len(expected[0]) >= 9


@pytest.mark.parametrize(
    ("packets", "status", "error", "words"),
    [
        (lambda held: held[0], None, TypeError, "iterable of packets, got .*wan_send_complete comp"),
        (lambda held: held, [nw.SUCCESS], ValueError, "or 3 statuses for 3 packets, got 1; nothing"),
        (lambda held: (1 // 0 for _ in held), None, ZeroDivisionError, "zero"),
    ],
)  # fmt: skip
def test_what_cannot_be_gone_through_completes_nothing(packets, status, error, words):
    """One packet instead of several, another number of statuses, an iterator that raises: nothing is completed."""
    with nw.Ndis(delivery="queued") as ndis:
        _, card = owing(ndis, 3)
        with pytest.raises(error, match=words):
            card.adapter.wan_send_complete_many(packets(card.held), status)
        assert ndis.drain() == 0
        assert [packet.owner for packet in card.held] == ["miniport"] * 3
        card.complete()
    assert ndis.violations == []


@BOTH
@pytest.mark.parametrize(
    "given",
    [list, lambda all_: array("Q", [packet.handle for packet in all_]), lambda all_: [*all_, 7]],
    ids=["packets", "names", "something else"],
)
def test_a_bug_check_in_the_middle_brings_all_home(delivery, given):
    """With "bugcheck" the first broken rule ends the call: the rest has been taken back, and breaks no rule."""
    with nw.Ndis(delivery=delivery, on_violation="bugcheck") as ndis:
        peer, card = owing(ndis, 6)
        held, card.held = card.held, []
        with pytest.raises(nw.OwnershipViolation, match="DOUBLE") as raised:
            card.adapter.wan_send_complete_many(given([*held[:3], held[0], *held[3:]]))
        assert not hasattr(raised.value, "__notes__")
        ndis.drain()
        assert Counter(peer.answers) == {nw.SUCCESS: 3, nw.FAILURE: 3}
        with pytest.raises(RuntimeError, match="bug check"):
            card.adapter.wan_send_complete_many(held)
    assert [found.rule for found in ndis.violations] == ["DOUBLE"]


def test_a_bug_check_of_the_protocols_ends_the_call_of_the_miniports():
    """What a completion brings about is not told once more for each packet behind it."""

    class Breaking(Peer):
        def send_complete(self, packet, status):
            super().send_complete(packet, status)
            if len(self.answers) == 2:
                packet.link.adapter.wan_send_complete(packet)

    ndis, card = nw.Ndis(on_violation="bugcheck"), Card()
    link = ndis.bind(Breaking(), card, packets=256)
    for _ in range(6):
        link.send(b"frame")
    card.adapter.wan_send_complete_many(card.held)
    with pytest.raises(nw.OwnershipViolation, match="FOREIGN"):
        ndis.close()
    assert [found.rule for found in ndis.violations] == ["FOREIGN"]


@pytest.mark.parametrize("status", [nw.SUCCESS, None])
def test_what_is_looked_at_by_itself_comes_in_its_turn(status):
    """Queued, a packet of which a view is left goes behind those before it: they come home in the order of the call."""

    class Numbered(Peer):
        def send_complete(self, packet, status):
            super().send_complete(packet, status)
            numbers.append(packet.protocol_reserved[0])

    numbers = []
    with nw.Ndis(delivery="queued", on_violation="record") as ndis:
        card = Card()
        link = ndis.bind(Numbered(), card, packets=256)
        for number in range(4):
            packet = link.packet(b"frame")
            packet.protocol_reserved[0] = number
            link.send(packet)
            del packet
        held, card.held = card.held, []
        with memoryview(held[2].data):
            card.adapter.wan_send_complete_many(held, *([] if status is None else [[status] * 4]))
        ndis.drain()
    assert numbers == [0, 1, 2, 3]
    assert [found.rule for found in ndis.violations] == ["TOUCH"]


def test_completions_of_several_threads_are_drained_by_one():
    """Packets that eight threads complete, in one call or many, wait in the ring until `drain` delivers all of them."""
    seen = []

    class Watching(Peer):
        def send_complete(self, packet, status):
            seen.append((threading.get_ident(), packet.protocol_reserved[0]))

    with nw.Ndis(delivery="queued") as ndis:
        card = Card()
        link = ndis.bind(Watching(), card, packets=256)
        for number in range(240):
            packet = link.packet(b"frame")
            packet.protocol_reserved[0] = number
            link.send(packet)
            del packet
        held, card.held = card.held, []

        def complete(thread):
            mine = held[thread * 30 : thread * 30 + 30]
            if thread % 2:
                card.adapter.wan_send_complete_many(mine)
            else:
                for packet in mine:
                    card.adapter.wan_send_complete(packet)

        threads = [threading.Thread(target=complete, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == []
        assert ndis.drain() == 240
        assert {where for where, _ in seen} == {threading.get_ident()}
        numbers = [number for _, number in seen]
        assert sorted(numbers) == [*range(240)]
        for thread in range(8):
            mine = [number for number in numbers if number // 30 == thread]
            assert mine == sorted(mine), "the order of a thread is kept"
        assert ndis.drain() == 0
    assert ndis.violations == []


def test_threads_complete_while_another_drains():
    """In real time four threads complete in batches while this one drains: each send comes back once."""
    with nw.Ndis(time=nw.RealTime(), delivery="queued") as ndis:
        peer, card = owing(ndis, 256)
        link = ndis.adapters[0].links[0]
        lock = threading.Lock()
        left = [2_000]

        def work():
            while True:
                with lock:
                    if left[0] <= 0:
                        return
                    mine = card.held[:16]
                    del card.held[: len(mine)]  # one may have come behind them meanwhile
                    left[0] -= len(mine)
                card.adapter.wan_send_complete_many(mine)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        sent = 256
        while any(thread.is_alive() for thread in threads):
            ndis.drain()
            try:
                link.send(b"frame")
                sent += 1
            except RuntimeError:
                pass  # the pool is exhausted until something is delivered
        card.adapter.wan_send_complete_many(card.held)
        card.held.clear()
        ndis.run()
        assert len(peer.answers) == sent
    assert ndis.violations == []
