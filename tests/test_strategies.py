"""Strategies: what they make can be used as it is, limits are among it, and it shrinks to the plain."""

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import ndiswan as nw
from ndiswan.program import run_program
from ndiswan.strategies import choices, frames, packets, policies, programs, sizes, statuses

SMALL = nw.WanInfo(max_frame_size=100, max_transmit=2, header_padding=4, tail_padding=2)
QUICK = settings(max_examples=60, deadline=None, database=None)
FINDS = settings(
    max_examples=2000, deadline=None, database=None, phases=(Phase.generate, Phase.shrink)
)


class Keeps(nw.Miniport):
    """Keeps everything until halt; NDIS has what is left at a reset."""

    info = SMALL

    def initialize(self):
        self.owed = []

    def wan_send(self, link, packet):
        self.owed.append(packet)
        return nw.PENDING

    def reset(self):
        self.owed.clear()
        return nw.SUCCESS

    def halt(self):
        with self.adapter.at(nw.Irql.DISPATCH):
            while self.owed:
                self.adapter.wan_send_complete(self.owed.pop())


@given(frames(SMALL, hostile=False), frames(SMALL, hostile=True), sizes(SMALL))
@QUICK
def test_each_frame_can_be_sent(valid, hostile, size):
    """Frames have 1 to max_frame_size octets, valid ones begin with address and control."""
    assert 1 <= len(hostile) <= 100
    assert 1 <= size <= 100
    assert 4 <= len(valid) <= 100
    assert valid.startswith(b"\xff\x03")


@pytest.mark.parametrize("length", [1, 2, 50, 99, 100])
def test_limits_are_among_the_frames(length):
    """Lengths around a limit are found at once."""
    assert len(find(frames(SMALL), lambda frame: len(frame) == length, settings=FINDS)) == length


@given(st.data())
@QUICK
def test_packets_are_the_protocols_and_can_be_sent(data):
    """A packet is the protocol's, has the padding that the miniport asked for, and goes down."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Keeps(), packets=2)
        packet = data.draw(packets(link))
        assert packet.owner == "protocol"
        assert packet.current_buffer - packet.start_buffer >= SMALL.header_padding
        behind = packet.end_buffer - packet.current_buffer - packet.current_length
        assert behind >= SMALL.tail_padding
        assert link.send(packet) == nw.PENDING


@given(statuses(), statuses(final=False, unpublished=True))
@QUICK
def test_statuses_end_a_send_unless_they_need_not(final, any_status):
    """A final status is never PENDING or RESOURCES; each is a Status."""
    assert final not in {nw.PENDING, nw.Status.RESOURCES}
    assert isinstance(any_status, nw.Status)


def test_statuses_shrink_to_success_and_unpublished_ones_are_among_them():
    """The simplest status is SUCCESS; PENDING and unpublished numbers come when they are asked for."""
    assert find(statuses(), lambda _: True, settings=FINDS) == nw.SUCCESS
    assert find(statuses(final=False), lambda s: s == nw.PENDING, settings=FINDS) == nw.PENDING
    assert not find(statuses(unpublished=True), lambda s: not s.known, settings=FINDS).known


@given(policies())
@QUICK
def test_each_policy_is_one_that_a_world_takes(policy):
    """A policy's switches have values that the engine knows."""
    with nw.Ndis(policy=policy) as ndis:
        ndis.bind(nw.Protocol(), Keeps())


@given(program=programs(SMALL, packets=8))
@settings(QUICK, suppress_health_check=[HealthCheck.too_slow])
def test_each_operation_is_possible_with_a_driver_that_changes_nothing_by_itself(program):
    """What is generated is enabled where it stands: nothing is left out when it is played."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Answers(), packets=8)
        assert all(run_program(ndis, link, program))


class Answers(nw.Miniport):
    """Has no state: answers at once."""

    info = SMALL

    def wan_send(self, link, packet):
        return nw.SUCCESS


def test_programs_are_long_enough_and_shrink_to_nothing():
    """A program may have many operations; the simplest one is empty."""
    made = programs(SMALL, operations=40)
    assert find(made, lambda _: True, settings=FINDS) == []
    assert len(find(made, lambda program: len(program) >= 20, settings=FINDS)) >= 20
    names = {"send", "run", "advance", "reset", "interrupt", "line_down", "line_up", "window"}
    for name in [*sorted(names), "request", "halt"]:
        found = find(made, lambda p, name=name: name in {o.name for o in p}, settings=FINDS)
        assert len(found) == (2 if name == "line_up" else 1), found


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_program_has_no_more_operations_than_it_may(most):
    """Its halt is one of them."""
    lengths = set()

    @given(program=programs(SMALL, operations=most))
    @settings(QUICK, derandomize=True, max_examples=100)
    def made(program):
        lengths.add(len(program))

    made()
    assert lengths == set(range(most + 1))


def test_what_a_driver_cannot_have_is_left_out_on_request():
    """Without resets, interrupts, lines and halt a program sends, asks, and lets time pass."""
    made = programs(resets=False, interrupts=False, lines=False, halt=False)

    @given(program=made)
    @QUICK
    def only(program):
        assert {operation.name for operation in program} <= {"send", "run", "advance", "request"}

    only()


def test_choices_find_what_no_plain_run_shows_and_shrink_to_the_one_that_matters():
    """Answers drawn by Hypothesis are an adversary; the smallest that fail have one answer that is not plain."""
    found = find(choices(), lambda answers: chosen(answers) == 3, settings=FINDS)
    assert chosen(b"") == 0
    assert len(found.replace(b"\0", b"")) == 1


def chosen(answers):
    """The largest value that a world with these answers chooses out of five, three times."""
    with nw.Ndis(time=nw.AdversarialTime(explorer=answers)) as ndis:
        return max(ndis.choose(5, "value") for _ in range(3))


def test_a_replay_token_and_bytes_are_answers():
    """AdversarialTime takes bytes, and the pairs that a world says it was given."""
    with nw.Ndis(time=nw.AdversarialTime(explorer=b"\x02\x07")) as ndis:
        assert [ndis.choose(5) for _ in range(3)] == [2, 2, 0]
        token = ndis.choices()
    with nw.Ndis(time=nw.AdversarialTime(explorer=token)) as ndis:
        assert [ndis.choose(5) for _ in range(3)] == [2, 2, 0]
