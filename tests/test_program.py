"""Programs: what is possible is done in one call, a broken rule says at which operation it was broken."""

import pytest

import ndiswan as nw
from drivers import GOOD
from ndiswan.program import (
    Operation,
    advance,
    halt,
    interrupt,
    line_down,
    line_up,
    request,
    reset,
    run,
    run_program,
    send,
    window,
)

EVERYTHING = [
    *[send(size) for size in (1, 64, 1500, 3)],
    interrupt(),
    run(3),
    window(1),
    send(7),
    line_down(),
    run(2),
    line_up(),
    request(nw.Oid.WAN_GET_INFO),
    *[send(100)] * 8,
    reset(),
    run(50),
    send(2),
    advance(0.5),
    *[send(9)] * 3,
    halt(),
]


class Twice(nw.Miniport):
    """Completes a packet of more than ten octets twice, in its timer."""

    serialized = False

    def initialize(self):
        self.timer = self.adapter.timer(self.sent)
        self.owed = []

    def wan_send(self, link, packet):
        self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        while self.owed:
            packet = self.owed.pop()
            long = len(packet) > 10
            self.adapter.wan_send_complete(packet)
            if long:
                self.adapter.wan_send_complete(packet)


@pytest.mark.parametrize(
    "driver", [driver for driver in GOOD if driver.virtual], ids=lambda driver: driver.__name__
)
def test_a_good_driver_goes_through_a_whole_program(driver):
    """All kinds of operations, a reset and a halt with sends in flight: a good driver breaks nothing."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), driver(), packets=32)
        done = run_program(ndis, link, EVERYTHING)
    assert len(done) == len(EVERYTHING)
    assert sum(done) > 15
    assert ndis.violations == []
    assert ndis.counters["sends"] == ndis.counters["delivered"] > 10


def test_what_is_not_possible_in_its_turn_is_left_out():
    """A send with the line down, or with an empty pool, is not done, and the answer says so."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Twice(), packets=2)
        program = [line_up(), send(5), send(5), send(5), run(1), line_down(), send(5), window(2)]
        assert run_program(ndis, link, program) == [
            False,
            True,
            True,
            False,
            True,
            True,
            False,
            False,
        ]
        assert run_program(ndis, link, [halt(), halt(), run(1)]) == [True, False, False]
        assert ndis.closed


def test_a_broken_rule_says_at_which_operation():
    """The exception is that of the driver's call, with a note that names the operation and the time."""
    program = [send(5), run(1), send(11), run(2), send(5)]
    with pytest.raises(nw.OwnershipViolation, match="DOUBLE") as raised, nw.Ndis() as ndis:
        run_program(ndis, ndis.bind(nw.Protocol(), Twice()), program)
    (note,) = raised.value.__notes__
    assert note == "in operation 3 (of 5, from 0) of the program: run(2) at 2000000 ns"
    assert ndis.counters["sends"] == 2, "nothing is done after it"


def test_in_record_mode_the_program_goes_on():
    """With on_violation="record" what is broken is collected, and the rest is done."""
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), Twice())
        assert run_program(ndis, link, [send(11), run(2), send(11), run(2)]) == [True] * 4
    assert [found.rule for found in ndis.violations] == ["DOUBLE", "DOUBLE"]


def test_what_a_callback_raises_stops_the_program():
    """An exception of the driver's own is raised as it is, with the note."""

    class Raises(nw.Miniport):
        def wan_send(self, link, packet):
            raise LookupError("no card")

    with pytest.raises(LookupError, match="no card") as raised, nw.Ndis() as ndis:
        run_program(ndis, ndis.bind(nw.Protocol(), Raises()), [run(1), send(64)])
    assert any("operation 1 (of 2" in note for note in raised.value.__notes__)


def test_what_is_no_operation_is_refused_before_anything_is_done():
    """An unknown code, an argument that is out of range, a link of another world, a frame that does not fit."""
    with nw.Ndis() as ndis, nw.Ndis() as other:
        link = ndis.bind(nw.Protocol(), Twice())
        foreign = other.bind(nw.Protocol(), Twice())
        with pytest.raises(ValueError, match=r"operation 1: expected \(0 to 9, its argument\)"):
            run_program(ndis, link, [send(5), Operation(99)])
        with pytest.raises(ValueError, match="operation 0"):
            run_program(ndis, link, [window(1 << 16)])
        with pytest.raises(ValueError, match="link: expected a link of this Ndis"):
            run_program(ndis, foreign, [send(5)])
        with pytest.raises(TypeError):
            run_program(ndis, link, ["send"])
        assert ndis.counters["sends"] == 0
        with pytest.raises(ValueError, match="1600") as raised:
            run_program(ndis, link, [send(1600)])
        assert "operation 0 (of 1" in raised.value.__notes__[0]


@pytest.mark.parametrize("size", [1 << 40, (1 << 64) - 1])
def test_a_frame_that_no_machine_has_room_for_is_refused_as_any_that_is_too_long(size):
    """Its length is compared before there are so many bytes: the process ended there."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Twice())
        with pytest.raises(
            ValueError, match=f"expected a frame of 1 to [0-9]+ bytes .* got {size}"
        ):
            run_program(ndis, link, [send(size)])


@pytest.mark.parametrize(
    ("seconds", "error"),
    [(-1, ValueError), (float("nan"), ValueError), (float("inf"), ValueError), ("x", TypeError)],
)
def test_seconds_that_no_clock_has_are_refused_when_they_are_made(seconds, error):
    """In words, and not by what Python says of rounding them."""
    with pytest.raises(error, match=f"advance: expected seconds.*, got {seconds!r}"):
        advance(seconds)


@pytest.mark.parametrize("make", [send, run, window])
@pytest.mark.parametrize(
    ("number", "error"),
    [(-1, ValueError), (1 << 64, ValueError), (1.5, TypeError), ("x", TypeError)],
)
def test_an_argument_that_is_no_number_of_anything_is_refused_when_it_is_made(make, number, error):
    """With the operation's name; it was made, and refused later by a word of the machine's."""
    with pytest.raises(error, match=f"{make.__name__}: expected .*, got {number!r}"):
        make(number)


def test_a_program_is_printed_as_it_is_written():
    """The repr of a program is the list of calls that makes it."""
    assert eval(repr(EVERYTHING)) == EVERYTHING
    assert repr([send(64), advance(0.5), reset()]) == "[send(64), advance(0.5), reset()]"


def test_a_program_is_one_call_of_pythons():
    """Between the operations of a program no Python runs but the driver's and the protocol's own functions."""
    import gc
    import sys

    class Instant(nw.Miniport):
        def wan_send(self, link, packet):
            return nw.SUCCESS

    calls = []
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Instant())
        program = [*[send(64)] * 50, *[run(1)] * 50]
        gc.disable()  # Hypothesis counts collections, in Python
        sys.setprofile(lambda frame, event, _: calls.append((frame.f_code.co_name, event)))
        try:
            run_program(ndis, link, program)
        finally:
            sys.setprofile(None)
            gc.enable()
    python = [name for name, event in calls if event == "call"]
    assert python == ["run_program", *["wan_send"] * 50]


def test_a_program_runs_under_an_explorer_too():
    """In adversarial time a program is a scenario's body; a good driver breaks nothing."""

    def scenario(ndis):
        link = ndis.bind(nw.Protocol(), GOOD[1](), packets=32)
        run_program(ndis, link, [*[send(64)] * 4, run(1), reset(), run(1), send(5)])

    nw.explore(scenario, executions=30, seed=1).raise_if_failed()
