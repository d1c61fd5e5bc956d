"""NDIS 6: the lists that one call completes come home by one call, whatever happens to some of them."""

import pytest

import ndiswan as nw
from ndiswan import ndis6

S = nw.Status


class Peer(ndis6.Protocol):
    """Keeps each call: the flags, and each list's data and status."""

    def __init__(self):
        self.calls = []

    def send_net_buffer_lists_complete(self, nbls, flags):
        self.calls.append((flags, [(bytes(nbl).decode(), nbl.status.name) for nbl in nbls]))

    @property
    def chains(self):
        """The chains without the rest."""
        return ["".join(data for data, _ in nbls) for _, nbls in self.calls]

    @property
    def statuses(self):
        """How each list ended, by its data."""
        return {data: status for _, nbls in self.calls for data, status in nbls}


class Card(ndis6.Miniport):
    """Keeps every list; a test takes it by its data."""

    def initialize(self):
        self.owed = {}

    def send_net_buffer_lists(self, nbls, flags):
        self.owed |= {bytes(nbl).decode(): nbl for nbl in nbls}

    def take(self, names, status=nw.SUCCESS):
        """So many lists with this status."""
        nbls = [self.owed.pop(name) for name in names]
        for nbl in nbls:
            nbl.status = status
        return nbls

    def finish(self, names, status=nw.SUCCESS):
        """Complete them as one chain."""
        flags = ndis6.DISPATCH_LEVEL if self.adapter.irql == nw.Irql.DISPATCH else 0
        self.adapter.send_net_buffer_lists_complete(self.take(names, status), flags)

    def pause(self):
        self.finish(list(self.owed), S.PAUSED)

    def reset(self):
        self.finish(list(self.owed), S.RESET_IN_PROGRESS)
        return nw.SUCCESS

    def cancel_send(self, cancel_id):
        mine = [name for name, nbl in self.owed.items() if nbl.cancel_id == cancel_id]
        self.finish(mine, S.SEND_ABORTED)


def bound(ndis, *sends):
    """A peer, a card, their link, and what was sent: each word is a chain of one-letter frames."""
    peer, card = Peer(), Card()
    link = ndis.bind(peer, card)
    for word in sends:
        ndis6.send_net_buffer_lists(link, [letter.encode() for letter in word])
    return peer, card, link


def rules(ndis):
    """What was broken."""
    return [found.rule for found in ndis.violations]


def test_a_chain_comes_home_as_it_was_completed():
    """One call of the miniport is one call of the protocol: lists of two sends in one chain, a chain in two parts."""
    with nw.Ndis() as ndis:
        peer, card, _ = bound(ndis, "abc", "de")
        card.finish("dba")
        card.finish("ce")
        assert peer.chains == ["dba", "ce"]


def test_a_chain_of_several_links_comes_home_by_one_call():
    """The lists of a chain may be of two links; each is of its own still."""
    with nw.Ndis() as ndis:
        peer, card, link = bound(ndis, "ab")
        other = card.adapter.line_up()
        other.send(b"c")
        card.finish("acb")
        assert peer.chains == ["acb"]
        assert (link.outstanding, other.outstanding) == (0, 0)


def test_each_list_of_a_chain_has_its_own_status():
    """A failed list between good ones splits nothing."""
    with nw.Ndis() as ndis:
        peer, card, _ = bound(ndis, "abc")
        nbls = card.take("abc")
        nbls[1].status = S.INVALID_LENGTH
        card.adapter.send_net_buffer_lists_complete(nbls, 0)
        assert peer.calls == [(0, [("a", "SUCCESS"), ("b", "INVALID_LENGTH"), ("c", "SUCCESS")])]


@pytest.mark.parametrize("level", [nw.Irql.PASSIVE, nw.Irql.DISPATCH])
def test_the_protocol_is_called_at_the_level_of_the_completion(level):
    """NDIS 6 raises nothing: level and flag of the whole call are passed on."""
    levels = []

    class Looks(Peer):
        def send_net_buffer_lists_complete(self, nbls, flags):
            levels.append(nbls[0].link.adapter.irql)
            super().send_net_buffer_lists_complete(nbls, flags)

    with nw.Ndis() as ndis:
        peer, card = Looks(), Card()
        link = ndis.bind(peer, card)
        ndis6.send_net_buffer_lists(link, [b"a", b"b"])
        with card.adapter.at(level):
            card.finish("ab")
    assert levels == [level]
    assert [flags for flags, _ in peer.calls] == [int(level == nw.Irql.DISPATCH)]


def test_a_flag_that_lies_is_not_passed_on():
    """IRQL_FLAG is broken once for a chain of three, and the protocol is told where it is."""
    with nw.Ndis(on_violation="record") as ndis:
        peer, card, _ = bound(ndis, "abc")
        card.adapter.send_net_buffer_lists_complete(card.take("abc"), ndis6.DISPATCH_LEVEL)
        assert rules(ndis) == ["IRQL_FLAG"]
        assert (peer.chains, peer.calls[0][0]) == (["abc"], 0)


def test_a_list_that_breaks_a_rule_keeps_none_of_the_others():
    """The good ones come home together, and the bad one by itself."""
    with nw.Ndis(on_violation="record") as ndis:
        peer, card, _ = bound(ndis, "abc")
        nbls = card.take("abc")
        nbls[1].status = S.HARD_ERRORS
        card.adapter.send_net_buffer_lists_complete(nbls, 0)
        assert rules(ndis) == ["STATUS_LIST"]
        assert peer.chains == ["ac", "b"]


def test_a_list_that_is_twice_in_a_chain_is_found():
    """It breaks DOUBLE, and comes home once."""
    with nw.Ndis(on_violation="record") as ndis:
        peer, card, _ = bound(ndis, "ab")
        a, b = card.take("ab")
        card.adapter.send_net_buffer_lists_complete([a, b, a], 0)
        assert rules(ndis) == ["DOUBLE"]
        assert peer.chains == ["ab"]


def test_what_raises_has_completed_every_list():
    """With on_violation="raise" the call raises when all are home."""
    with nw.Ndis() as ndis:
        peer, card, _ = bound(ndis, "abc")
        nbls = card.take("abc")
        nbls[0].status = S.HARD_ERRORS
        with pytest.raises(nw.StatusViolation, match="STATUS_LIST"):
            card.adapter.send_net_buffer_lists_complete(nbls, 0)
        assert sorted(peer.chains) == ["a", "bc"]


def test_a_bug_check_in_a_chain_loses_none():
    """The lists before the bad one and after it come home, each once."""
    with nw.Ndis(on_violation="bugcheck") as ndis:
        peer, card, _ = bound(ndis, "abcd")
        nbls = card.take("abcd")
        nbls[1].status = S.HARD_ERRORS
        with pytest.raises(nw.ContractViolation):
            card.adapter.send_net_buffer_lists_complete(nbls, 0)
        ndis.run()
    assert sorted("".join(peer.chains)) == list("abcd")


def test_what_makes_the_chain_may_raise():
    """An iterable that raises half way has completed nothing, so nothing is lost."""
    with nw.Ndis() as ndis:
        peer, card, _ = bound(ndis, "ab")

        def chain():
            yield card.owed["a"]
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            card.adapter.send_net_buffer_lists_complete(chain(), 0)
        assert peer.chains == []
        card.finish("ab")
        assert peer.chains == ["ab"]


def test_a_protocol_may_keep_some_and_send_others_again():
    """All are the protocol's before it is called with any: it sends one again in there, and keeps another."""

    class Again(Peer):
        kept = None

        def send_net_buffer_lists_complete(self, nbls, flags):
            super().send_net_buffer_lists_complete(nbls, flags)
            if self.kept is None:
                self.kept = nbls[0]
                nbls[2].link.send(nbls[2])

    with nw.Ndis() as ndis:
        peer, card = Again(), Card()
        link = ndis.bind(peer, card, packets=3)
        ndis6.send_net_buffer_lists(link, [b"a", b"b", b"c"])
        card.finish("abc")
        assert list(card.owed) == ["c"]
        card.finish("c")
        assert (peer.chains, bytes(peer.kept)) == (["abc", "c"], b"a")
        held = [link.packet(b"x") for _ in range(2)]  # the third is kept
        with pytest.raises(RuntimeError):
            link.packet(b"x")
        del held, peer.kept


def test_an_exception_of_the_protocol_loses_none():
    """The lists are its own, and go back to the pool; who made the outermost call hears of it."""

    class Raises(ndis6.Protocol):
        def send_net_buffer_lists_complete(self, nbls, flags):
            raise ZeroDivisionError

    class AtOnce(ndis6.Miniport):
        def send_net_buffer_lists(self, nbls, flags):
            self.adapter.send_net_buffer_lists_complete(nbls, flags)

    with nw.Ndis() as ndis:
        link = ndis.bind(Raises(), AtOnce(), packets=2)
        with pytest.raises(ZeroDivisionError):
            ndis6.send_net_buffer_lists(link, [b"a", b"b"])
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                link.send(b"c")


def test_queued_delivery_brings_what_has_come_together():
    """Two completions that wait in the ring are one chain."""
    with nw.Ndis(delivery="queued") as ndis:
        peer, card, _ = bound(ndis, "abc")
        card.finish("b")
        card.finish("ac")
        assert peer.chains == []
        ndis.run()
        assert peer.chains == ["bac"]


def test_a_protocol_of_ndis_5_gets_each_list():
    """One that has only send_complete is called with each list of the chain, in its order."""

    class Old(nw.Protocol):
        back = ""

        def send_complete(self, packet, status):
            self.back += bytes(packet).decode()

    with nw.Ndis() as ndis:
        old, card = Old(), Card()
        ndis6.send_net_buffer_lists(ndis.bind(old, card), [b"a", b"b", b"c"])
        card.finish("cab")
        assert old.back == "cab"


# ── with some of them back already ──


def test_a_pause_gives_back_the_rest_of_a_chain():
    """What was completed before keeps its status; the rest has PAUSED, and comes as one chain."""
    with nw.Ndis() as ndis:
        peer, card, link = bound(ndis, "abc")
        card.finish("b")
        assert ndis6.pause(link) == nw.SUCCESS
        assert peer.chains == ["b", "ac"]
        assert peer.statuses == {"b": "SUCCESS", "a": "PAUSED", "c": "PAUSED"}
        assert ndis6.restart(link) == nw.SUCCESS
        ndis6.send_net_buffer_lists(link, [b"d", b"e"])
        card.finish("ed")
        assert peer.chains[-1] == "ed"
        assert rules(ndis) == []


def test_a_pause_that_forgets_half_a_chain_is_found():
    """It breaks PAUSE once, and NDIS gives the other half back."""

    class Half(Card):
        def pause(self):
            self.finish("a", S.PAUSED)

    with nw.Ndis(on_violation="record") as ndis:
        peer, card = Peer(), Half()
        link = ndis.bind(peer, card)
        ndis6.send_net_buffer_lists(link, [b"a", b"b", b"c"])
        ndis6.pause(link)
        assert rules(ndis) == ["PAUSE"]
        assert peer.statuses == {"a": "PAUSED", "b": "PAUSED", "c": "PAUSED"}
        card.owed.clear()


def test_a_chain_that_is_completed_after_the_pause_breaks_a_rule_for_each_list():
    """A list that NDIS took back is no longer the miniport's; one that came after the restart is."""

    class Forgets(Card):
        def pause(self):
            return nw.SUCCESS

    with nw.Ndis(on_violation="record") as ndis:
        peer, card = Peer(), Forgets()
        link = ndis.bind(peer, card)
        ndis6.send_net_buffer_lists(link, [b"a", b"b"])
        ndis6.pause(link)
        ndis6.restart(link)
        link.send(b"c")
        old = [card.owed.pop(name) for name in "ab"]
        card.adapter.send_net_buffer_lists_complete([*old, card.owed.pop("c")], 0)
        assert rules(ndis)[0] == "PAUSE"
        assert set(rules(ndis)[1:]) <= {"PAUSE", "STALE"}
        assert len(rules(ndis)) == 3
        assert "".join(sorted(peer.statuses)) == "abc"


def test_a_reset_gives_back_the_rest_of_a_chain():
    """What was completed before keeps its status; the rest has RESET_IN_PROGRESS."""
    with nw.Ndis() as ndis:
        peer, card, link = bound(ndis, "abc")
        card.finish("a")
        ndis.reset(link)
        assert peer.chains == ["a", "bc"]
        assert peer.statuses["c"] == "RESET_IN_PROGRESS"
        assert rules(ndis) == []


def test_a_cancel_takes_some_lists_out_of_a_chain():
    """Only those with the id come home aborted; the chain's others follow by their own call."""
    with nw.Ndis() as ndis:
        peer, card, link = bound(ndis)
        for name, cancel_id in (("a", 1), ("b", 2), ("c", 1)):
            nbl = link.packet(name.encode())
            nbl.cancel_id = cancel_id
            link.send(nbl)
        del nbl
        ndis6.cancel_send_net_buffer_lists(link, 1)
        assert peer.chains == ["ac"]
        card.finish("b")
        assert peer.statuses == {"a": "SEND_ABORTED", "b": "SUCCESS", "c": "SEND_ABORTED"}
        assert rules(ndis) == []
