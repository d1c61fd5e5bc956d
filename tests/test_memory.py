"""Memory that a driver asks for: always there, unless an explorer says that it is not."""

from __future__ import annotations

import pytest

import ndiswan as nw
from ndiswan._native import Explorer
from rigs import Peer, bound

FRAMES = 4


class Copies(nw.Miniport):
    """Copies each frame; one for which there is no memory fails."""

    serialized = False

    def __init__(self):
        self.failed = []

    def wan_send(self, link, packet):
        copy = self.adapter.allocate_memory(len(packet))
        self.failed.append(copy is None)
        if copy is None:
            return self.without(packet)
        copy[:] = packet.data
        return nw.SUCCESS

    def without(self, packet):
        return nw.FAILURE


class Forgets(Copies):
    """Says PENDING of such a frame, and has no record of it."""

    def without(self, packet):
        return nw.PENDING


class AnswersTwice(Copies):
    """Completes such a frame, and returns FAILURE as well."""

    def without(self, packet):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(packet, nw.FAILURE)
        return nw.FAILURE


class ForgetsTheSecond(Copies):
    """Says PENDING of the second of two such frames in a row."""

    def without(self, packet):
        return nw.PENDING if self.failed[-2:] == [True, True] else nw.FAILURE


def sends(driver, miniports=None):
    """A scenario that sends some frames; `miniports` gets the drivers."""

    def scenario(ndis):
        miniport = driver()
        if miniports is not None:
            miniports.append(miniport)
        link = ndis.bind(Peer(), miniport, packets=8)
        for _ in range(FRAMES):
            link.send(b"frame")
        ndis.run()

    return scenario


def answers(*fail):
    """What is chosen when allocations fail or do not, one after the other."""
    return [(2, int(one)) for one in fail]


def played(scenario, choices):
    """The world in which these choices are made, closed."""
    time = nw.AdversarialTime(explorer=Explorer.replay(choices))
    with nw.Ndis(time=time, on_violation="record", record=True) as ndis:
        scenario(ndis)
    return ndis


@pytest.mark.parametrize("kind", [nw.VirtualTime, nw.RealTime])
def test_in_virtual_and_in_real_time_an_allocation_succeeds(kind):
    """A driver that does not look after a failure breaks nothing, and nothing was chosen."""
    with nw.Ndis(time=kind()) as ndis:
        _, _, miniport = bound(ndis)
        for length in range(1000):
            assert miniport.adapter.allocate_memory(length) == bytearray(length)
        sends(Forgets)(ndis)
        assert ndis.choices() == []


def test_what_is_got_is_the_driver_s_own():
    """It is a bytearray of zeros which nobody else has, with no view of anything."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis)[2].adapter
        one, two = adapter.allocate_memory(4), adapter.allocate_memory(4)
        one[:] = b"mine"
        one += b" and more"
        assert type(one) is bytearray
        assert two == bytes(4)


def test_each_allocation_is_one_choice_of_two():
    """1 is a failure, 0 the plain answer; they are recorded, and with nothing to say all succeed."""
    for fail in ([False] * 4, [True] * 4, [False, True, False, True]):
        miniports = []
        ndis = played(sends(Copies, miniports), answers(*fail))
        assert [miniport.failed for miniport in miniports] == [fail]
        assert ndis.choices() == answers(*fail)
        words = [f'"the allocation fails" is {int(one)} of 0 to 1' for one in fail]
        assert ndis.choice_words() == words
    assert played(sends(Forgets), []).violations == []


def test_something_else_may_happen_before_it_and_after_it():
    """An allocation is a point on both sides, as each call of a driver's."""

    def points(allocations):
        def scenario(ndis):
            adapter = bound(ndis)[2].adapter
            for _ in range(allocations):
                adapter.allocate_memory(1)

        return played(scenario, []).points

    assert points(5) == points(0) + 10


def test_an_explorer_leaves_a_driver_alone_that_answers_a_failure():
    """Frames fail in some executions, more of them do not, and no rule is broken."""
    miniports = []
    found = nw.explore(sends(Copies, miniports), explorer="random", executions=1000)
    assert found.failures == []
    failed = sum(sum(miniport.failed) for miniport in miniports)
    assert 0.2 < failed / (found.executions * FRAMES) < 0.35


@pytest.mark.parametrize(("driver", "rule"), [(Forgets, "LOST"), (AnswersTwice, "EARLY")])
def test_an_explorer_finds_one_that_does_not_small_and_it_replays(driver, rule):
    """One failed allocation is left of it, the story says so, and its choices give the same events."""
    (failure,) = nw.explore(sends(driver), seed=1, executions=1000).failures
    assert failure.rule == rule
    assert [chosen for _, chosen in failure.choices if chosen] == [1]
    assert '"the allocation fails" is 1' in str(failure.story())
    again = failure.replay()
    assert again.symptom == failure.symptom
    assert again.ndis.digest() == failure.digest


def test_what_an_explorer_found_keeps_the_failures_that_it_needs():
    """A bug that needs two failures in a row keeps both, and no other."""
    (failure,) = nw.explore(sends(ForgetsTheSecond), seed=1, executions=5000).failures
    assert [chosen for _, chosen in failure.choices if chosen] == [1, 1]


def test_an_exhaustive_explorer_tries_each_allocation_both_ways():
    """With one CPU and nothing that waits, four allocations are sixteen executions."""
    miniports = []
    scenario = sends(Copies, miniports)
    found = nw.explore(scenario, explorer="bounded", cpus=1, executions=1000, stop=False)
    assert found.executions == len({tuple(miniport.failed) for miniport in miniports}) == 16
    assert "exhausted" in str(found.certificate)


def test_the_edges_that_are_reached_are_those_without_it():
    """An allocation is no event, so a driver that makes some has the coverage of one that makes none."""

    class Plain(Copies):
        def wan_send(self, link, packet):
            len(packet)
            bytes(packet.data)
            return nw.SUCCESS

    def edges(driver):
        explorer = Explorer.replay([])
        with nw.Ndis(time=nw.AdversarialTime(explorer=explorer), on_violation="record") as ndis:
            sends(driver)(ndis)
        return explorer.reached

    assert edges(Copies) == edges(Plain)


@pytest.mark.parametrize("wrong", [-1, 2**32, 2**80])
def test_a_length_that_is_none_is_refused(wrong):
    """A UINT is what there is; the error says so, and what came."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis)[2].adapter
        with pytest.raises(ValueError, match=f"expected 0 to 4294967295 bytes.*got {wrong}"):
            adapter.allocate_memory(wrong)


@pytest.mark.parametrize("wrong", [None, "4", 1.5, True, b"frame"])
def test_what_is_no_length_is_refused(wrong):
    """What is no number is a TypeError that says what came; a frame is no length."""
    with nw.Ndis() as ndis:
        adapter = bound(ndis)[2].adapter
        with pytest.raises(TypeError, match="expected 0 to 4294967295 bytes, an int, got"):
            adapter.allocate_memory(wrong)


def test_a_wrong_length_is_no_choice():
    """An error is an error under an adversary, too, and nothing is asked."""

    def scenario(ndis):
        with pytest.raises(ValueError, match="length"):
            bound(ndis)[2].adapter.allocate_memory(-1)

    assert played(scenario, []).choices() == []
