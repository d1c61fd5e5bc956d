"""NDIS 6 on the same engine: chains, statuses, the DISPATCH flag, pause and restart, cancel."""

from collections import deque

import pytest

import ndiswan as nw
from ndiswan import ndis6
from ndiswan._native import Trace

S = nw.Status


class Peer(ndis6.Protocol):
    """Keeps what came back."""

    def __init__(self):
        self.back = []

    def send_net_buffer_lists_complete(self, nbls, flags):
        level = nbls[0].link.adapter.irql  # the completer's
        assert flags == (ndis6.DISPATCH_LEVEL if level == nw.Irql.DISPATCH else 0)
        self.back += [(bytes(nbl), nbl.status) for nbl in nbls]


class Card(ndis6.Miniport):
    """Keeps every list until it is told to finish some; pauses and cancels as the page says."""

    def __init__(self, *, slow=False):
        self.slow, self.pends = slow, False

    def initialize(self):
        self.owed = deque()
        self.lengths = []
        self.told = []

    def send_net_buffer_lists(self, nbls, flags):
        self.lengths.append(len(nbls))
        self.told.append(flags)
        self.owed.extend(nbls)

    def finish(self, *which, status=nw.SUCCESS):
        nbls = [self.owed[at] for at in which] if which else list(self.owed)
        for nbl in nbls:
            self.owed.remove(nbl)
            nbl.status = status
        self.adapter.send_net_buffer_lists_complete(nbls, 0)
        if self.adapter.life == "pausing" and self.pends and not self.owed:
            self.adapter.pause_complete()

    def pause(self):
        if self.slow and self.owed:
            self.pends = True
            return nw.PENDING
        self.finish(status=S.PAUSED)
        return nw.SUCCESS

    def cancel_send(self, cancel_id):
        mine = [at for at, nbl in enumerate(self.owed) if nbl.cancel_id == cancel_id]
        self.finish(*mine, status=S.SEND_ABORTED)


def bound(ndis, card):
    """A peer and its link."""
    peer = Peer()
    return peer, ndis.bind(peer, card)


def rules(ndis):
    """What was broken."""
    return [found.rule for found in ndis.violations]


def test_a_chain_comes_as_one_and_comes_back_split_and_in_another_order():
    """Four lists go down by one call; two calls bring them back, each with its own status."""
    with nw.Ndis() as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        ndis6.send_net_buffer_lists(link, [b"0", b"1", b"2", b"3"])
        assert card.lengths == [4]
        card.finish(3, 1, status=S.FAILURE)
        card.finish()
        failed, well = (S.FAILURE, nw.SUCCESS)
        assert peer.back == [(b"3", failed), (b"1", failed), (b"0", well), (b"2", well)]


def test_the_flag_of_a_send_says_the_level():
    """DISPATCH_LEVEL is set if the protocol sends at DISPATCH, and not at PASSIVE."""
    with nw.Ndis() as ndis:
        card = Card()
        _, link = bound(ndis, card)
        link.send(b"frame")
        with card.adapter.at(nw.Irql.DISPATCH):
            link.send(b"frame")
        assert card.told == [0, ndis6.DISPATCH_LEVEL]
        card.finish()


@pytest.mark.parametrize("level", [nw.Irql.PASSIVE, nw.Irql.DISPATCH])
@pytest.mark.parametrize("flags", [0, ndis6.DISPATCH_LEVEL])
def test_the_flag_of_a_completion_tells_the_truth(level, flags):
    """Each level with the other's flag breaks IRQL_FLAG, and the list is back all the same."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        link.send(b"frame")
        with card.adapter.at(level):
            card.adapter.send_net_buffer_lists_complete([card.owed.popleft()], flags)
        truth = (level == nw.Irql.DISPATCH) == (flags == ndis6.DISPATCH_LEVEL)
        assert rules(ndis) == ([] if truth else ["IRQL_FLAG"])
        assert len(peer.back) == 1


FINAL = ["SUCCESS", "INVALID_LENGTH", "RESOURCES", "PAUSED", "RESET_IN_PROGRESS", "FAILURE"]


@pytest.mark.parametrize(
    "name", [*FINAL, "REQUEST_ABORTED", "HARD_ERRORS", "PENDING", "SEND_ABORTED"]
)
def test_a_final_status_is_one_of_the_list(name):
    """The listed ones are taken; PENDING, SEND_ABORTED without a cancel and others break three rules."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card()
        _, link = bound(ndis, card)
        link.send(b"frame")
        card.finish(status=S[name])
        others = {"PENDING": ["STATUS_PENDING"], "SEND_ABORTED": ["CANCEL"]}
        assert rules(ndis) == ([] if name in FINAL else others.get(name, ["STATUS_LIST"]))


def test_a_paused_miniport_gets_no_send():
    """What is sent is answered with PAUSED, until the miniport is restarted."""
    with nw.Ndis() as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        link.send(b"frame")
        assert ndis6.pause(link) == nw.SUCCESS
        assert peer.back == [(b"frame", S.PAUSED)]
        assert link.send(b"another") == S.PAUSED
        assert list(ndis6.send_net_buffer_lists(link, [b"a", b"b"]).statuses) == [S.PAUSED] * 2
        assert card.adapter.life == "paused"
        assert ndis6.pause(link) == S.INVALID_STATE
        assert ndis6.restart(link) == nw.SUCCESS
        assert link.send(b"again") == nw.PENDING
        card.finish()
        assert rules(ndis) == []


def test_a_pending_pause_completes_when_the_last_send_is_back():
    """Until then the adapter is pausing and takes no send."""
    with nw.Ndis() as ndis:
        card = Card(slow=True)
        _, link = bound(ndis, card)
        link.send(b"frame")
        assert ndis6.pause(link) == nw.PENDING
        assert (card.adapter.life, link.send(b"another")) == ("pausing", S.PAUSED)
        card.finish()
        assert card.adapter.life == "paused"


def test_a_pause_that_completes_with_a_send_owed_is_found():
    """It breaks PAUSE, the list goes back with PAUSED, and its completion later is too late."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card(slow=True)
        peer, link = bound(ndis, card)
        link.send(b"frame")
        nbl = card.owed.popleft()
        ndis6.pause(link)
        assert card.adapter.life == "paused"
        assert peer.back == [(b"frame", S.PAUSED)]
        card.adapter.send_net_buffer_lists_complete([nbl], 0)
        assert rules(ndis) == ["PAUSE", "PAUSE"]


def test_pause_complete_without_a_pause_is_found():
    """It breaks PAUSE."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card()
        bound(ndis, card)
        card.adapter.pause_complete()
        assert rules(ndis) == ["PAUSE"]


def test_a_pause_answers_success_or_pending():
    """Another status breaks PAUSE; the adapter is paused all the same."""

    class Fails(Card):
        def pause(self):
            return nw.FAILURE

    with nw.Ndis(on_violation="record") as ndis:
        card = Fails()
        _, link = bound(ndis, card)
        ndis6.pause(link)
        assert rules(ndis) == ["PAUSE"]
        assert card.adapter.life == "paused"


def test_a_halt_pauses_first_and_waits_for_what_is_owed():
    """The sends that a timer will finish are finished before the halt is called."""

    class Timed(Card):
        def initialize(self):
            super().initialize()
            self.halted = False
            self.timer = self.adapter.timer(self.sent)

        def send_net_buffer_lists(self, nbls, flags):
            super().send_net_buffer_lists(nbls, flags)
            self.timer.set(0.5)

        def sent(self):
            nbls = list(self.owed)
            self.owed.clear()
            self.adapter.send_net_buffer_lists_complete(nbls, ndis6.DISPATCH_LEVEL)
            if self.adapter.life == "pausing":
                self.adapter.pause_complete()

        def halt(self):
            self.halted = not self.owed

    with nw.Ndis() as ndis:
        card = Timed(slow=True)
        peer, link = bound(ndis, card)
        link.send(b"frame")
    assert peer.back == [(b"frame", nw.SUCCESS)]
    assert card.halted
    assert rules(ndis) == []


def test_a_pause_that_never_completes_is_found_at_the_halt():
    """It breaks PAUSE once, and the list goes back with PAUSED."""
    with nw.Ndis(on_violation="record") as ndis:
        peer, link = bound(ndis, Card(slow=True))
        link.send(b"frame")
    assert rules(ndis) == ["PAUSE"]
    assert peer.back == [(b"frame", S.PAUSED)]


def test_a_cancelled_list_comes_back_aborted():
    """Only the one with the id; the other goes on."""
    with nw.Ndis() as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        for number in range(2):
            nbl = link.packet(b"%d" % number)
            nbl.cancel_id = number
            link.send(nbl)
        ndis6.cancel_send_net_buffer_lists(link, 1)
        assert peer.back == [(b"1", S.SEND_ABORTED)]
        card.finish()
        assert peer.back[1] == (b"0", nw.SUCCESS)


def test_a_cancel_that_is_not_answered_is_found_after_ten_seconds():
    """A cancelled list that stays breaks CANCEL, and NDIS takes it back."""

    class Deaf(Card):
        def cancel_send(self, cancel_id):
            pass

    with nw.Ndis(on_violation="record") as ndis:
        card = Deaf()
        peer, link = bound(ndis, card)
        nbl = link.packet(b"frame")
        nbl.cancel_id = 7
        link.send(nbl)
        del nbl
        ndis.run(until=8.0)
        ndis6.cancel_send_net_buffer_lists(link, 7)
        ndis.run(until=17.0)
        assert rules(ndis) == []
        ndis.run(until=23.0)
        assert rules(ndis) == ["CANCEL"]
        assert len(peer.back) == 1
        card.owed.clear()


def test_an_id_to_cancel_by_holds_for_one_send():
    """When the packet is sent again without one, the old id means nothing."""
    with nw.Ndis() as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        nbl = link.packet(b"frame")
        nbl.cancel_id = 7
        assert nbl.cancel_id == 7
        link.send(nbl)
        card.finish()
        link.send(nbl)
        assert card.owed[0].cancel_id is None
        ndis6.cancel_send_net_buffer_lists(link, 7)
        assert len(peer.back) == 1
        card.finish()


def test_a_reset_takes_back_with_reset_in_progress():
    """What a miniport leaves at a reset breaks RESET and comes back with the status of NDIS 6."""
    with nw.Ndis(on_violation="record") as ndis:
        card = Card()
        peer, link = bound(ndis, card)
        link.send(b"frame")
        ndis.reset(link)
        card.owed.clear()
        assert rules(ndis) == ["RESET"]
        assert peer.back == [(b"frame", S.RESET_IN_PROGRESS)]


class RestartsLater(Card):
    """Answers its restarts with PENDING; a timer says what came of each."""

    ended = S.SUCCESS
    wait = 0.5

    def initialize(self):
        super().initialize()
        self.timer = self.adapter.timer(self.restarted)

    def restart(self):
        if self.wait is not None:
            self.timer.set(self.wait)
        return nw.PENDING

    def restarted(self):
        self.adapter.restart_complete(self.ended)

    def halt(self):
        super().halt()
        self.timer.cancel()


def test_a_restart_may_end_later():
    """Binding waits for the first one; after a pause nothing is sent until it has ended, and a second one is none."""
    with nw.Ndis() as ndis:
        card = RestartsLater()
        _, link = bound(ndis, card)
        assert (ndis.now, card.adapter.life) == (0.5, "running")
        assert ndis6.pause(link) == nw.SUCCESS
        assert ndis6.restart(link) == nw.PENDING
        assert ndis6.restart(link) == S.INVALID_STATE
        assert (card.adapter.life, link.send(b"early")) == ("paused", S.PAUSED)
        ndis.run()
        assert (card.adapter.life, link.send(b"again")) == ("running", nw.PENDING)
        card.finish()
        assert rules(ndis) == []


def test_a_restart_that_fails_later_leaves_it_paused():
    """The status of restart_complete counts as that of the return would."""
    with nw.Ndis() as ndis:
        card = RestartsLater()
        _, link = bound(ndis, card)
        ndis6.pause(link)
        card.ended = S.FAILURE
        assert ndis6.restart(link) == nw.PENDING
        ndis.run()
        assert card.adapter.life == "paused"
        card.ended = S.SUCCESS
        assert ndis6.restart(link) == nw.PENDING
        ndis.run()
        assert card.adapter.life == "running"


def test_restart_complete_without_a_restart_is_found():
    """It breaks PAUSE; so does PENDING, which ends nothing, and a restart that never ends, at the halt."""
    with nw.Ndis(on_violation="record") as ndis:
        card = RestartsLater()
        _, link = bound(ndis, card)
        card.adapter.restart_complete()
        assert rules(ndis) == ["PAUSE"]
        ndis6.pause(link)
        card.wait = None
        assert ndis6.restart(link) == nw.PENDING
        card.adapter.restart_complete(nw.PENDING)
        assert rules(ndis) == ["PAUSE", "PAUSE"]
    assert rules(ndis) == ["PAUSE", "PAUSE", "PAUSE"]
    assert "within 10 s" in ndis.violations[-1].detail


def test_a_restart_that_fails_is_no_initialize_that_failed(tmp_path):
    """What a driver does in the restart that follows MiniportInitialize breaks nothing in a recording either."""

    class Late(Card):
        def restart(self):
            self.ready = self.adapter.timer(lambda: self.adapter.restart_complete(S.FAILURE))
            self.ready.set(0.01)
            return nw.PENDING

    with (
        nw.Ndis(record=True) as ndis,
        pytest.raises(RuntimeError, match=r"MiniportRestart of .* failed with NDIS_STATUS_F"),
    ):
        ndis.bind(Peer(), Late())
    ndis.save(tmp_path / "run.jsonl")
    assert Trace(tmp_path / "run.jsonl").check() == ndis.violations == []
