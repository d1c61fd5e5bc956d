"""The report from which every form is made: where a problem is shown, what is one problem, and who it is."""

import re
from pathlib import Path

import pytest

from catalogue import CATALOGUE
from commands import ROOT
from ndiswan.checking import CheckResult, DriverResult, Finding, ModeResult, Options, check
from ndiswan.checking.place import Place
from ndiswan.outputs import Problem, Report, Step, of_check
from test_checking import MODES, NOT_BY_A_CHECK, name_of

# What breaks these is no call, but what a driver leaves out or returns: the nearest line is shown.
WITHOUT_A_CALL = {
    "EARLY",
    "HANG",
    "IRQL_LEAK",
    "LATE",
    "LOCK_LEAK",
    "LOST",
    "PAUSE",
    "STATUS_RESOURCES",
    "STATUS_UNKNOWN",
    "SYNC",
    "TIMER",
}


@pytest.mark.parametrize("rule", sorted(set(CATALOGUE) - NOT_BY_A_CHECK))
def test_a_broken_rule_is_shown_at_the_line_that_breaks_it(rule):
    """The line that the catalogue marks; of what has no such line one of the driver's functions."""
    kind = CATALOGUE[rule].breaks.driver
    result = check(name_of(kind), Options(patterns=[MODES.get(rule, "send/inline")]))
    found = [p for p in of_check(result, lambda *_: "again").problems if p.rule == rule]
    shown = [problem.shown(ROOT) for problem in found]
    assert shown
    lines = [place.text() for place in shown]
    if rule in WITHOUT_A_CALL:
        assert all(place.file.startswith(f"{ROOT}/tests/catalogue/") for place in shown)
        assert all(
            re.search(r"\bdef |with self|wan_send_complete|\.set\(", line) for line in lines
        ), lines
    else:
        assert any(f"# breaks {rule}" in line for line in lines), lines


def test_one_rule_at_one_line_is_one_problem(tmp_path):
    """However many modes it is seen in; at two lines it is two."""
    (tmp_path / "d.py").write_text(TWO_LINES)
    result = check(str(tmp_path / "d.py"), Options(patterns=["send"]))
    found = [p for p in of_check(result, lambda *_: "again").problems if p.rule == "DOUBLE"]
    assert len({problem.place.line for problem in found}) == len(found) == 2
    assert all(problem.modes == ["send/inline", "send/queued"] for problem in found)


TWO_LINES = """
import ndiswan as nw

class Two(nw.Miniport):
    serialized = False
    def initialize(self):
        self.timer = self.adapter.timer(self.sent)
        self.owed = []
    def wan_send(self, link, packet):
        self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING
    def sent(self):
        done, self.owed = self.owed, []
        for packet in done:
            self.adapter.wan_send_complete(packet)
            self.adapter.wan_send_complete(packet)
            self.adapter.wan_send_complete(packet)
"""


def step(index, cpu, names, place=None, *, returns=False):
    """An event of a story."""
    where = Place(f"/r/{place}", index + 1, "D.f") if place else None
    return Step(index, 0, cpu, names, place=where, returns=returns, names=names)


def test_a_lost_packet_is_shown_where_it_was_taken():
    """The first call of the driver's on that CPU while it had been given the packet, not one of another CPU."""
    steps = [
        step(0, 0, "NdisSend, 5 bytes", "protocol.py"),
        step(1, 0, "MiniportWanSend (life 1)"),
        step(2, 1, "NdisAcquireSpinLock", "other.py"),
        step(3, 0, "NdisMSetTimer(timer 0)", "driver.py"),
        step(4, 0, "MiniportWanSend returned PENDING", returns=True),
    ]
    problem = Problem("LOST", "error", "d", "D", "", steps=steps, packet="packet 0.0")
    assert problem.shown(Path("/r")).file == "/r/driver.py"
    assert problem.related() == [("the packet was taken here", Place("/r/driver.py", 4, "D.f"))]


def test_what_is_outside_of_the_repository_is_shown_at_the_nearest_place_inside():
    """A rule that is broken in a library is shown where the driver called it, or is defined."""
    inside = step(0, 0, "NdisMSetTimer(timer 0)", "driver.py")
    problem = Problem(
        "DOUBLE", "error", "d", "D", "", place=Place("/usr/lib/x.py", 5), steps=[inside]
    )
    assert problem.shown(Path("/r")) == inside.place
    problem.steps = []
    assert problem.shown(Path("/r")).file == "/usr/lib/x.py"
    problem.defined = {"MiniportWanSend": Place("/r/a.py", 9)}
    assert problem.shown(Path("/r")) == Place("/r/a.py", 9)


def test_a_fingerprint_knows_rule_driver_file_and_function_and_no_line(tmp_path):
    """Each of the four changes it; the line and the text do not; those that are alike are numbered."""

    def problem(rule="LOST", name="D", file="a.py", function="D.f", line=3, detail="d"):
        place = Place(str(tmp_path / file), line, function)
        return Problem(rule, "error", detail, name, "", place=place)

    same = problem().fingerprint(tmp_path)
    assert problem(line=9, detail="0x7f12 is held").fingerprint(tmp_path) == same
    others = [
        problem(rule="LATE"),
        problem(name="E"),
        problem(file="b.py"),
        problem(function="D.g"),
    ]
    assert same not in {other.fingerprint(tmp_path) for other in others}
    numbered = Report("check", "x", problems=[problem(), problem(line=5)]).numbered(tmp_path)
    assert numbered[0][1] == same != numbered[1][1]


def test_what_is_left_after_the_halt_is_told_once(tmp_path):
    """The same memory in two modes is one problem, wherever it was, at the file of the folder with DriverEntry."""
    (tmp_path / "a.c").write_text("/* nothing */\n")
    (tmp_path / "b.c").write_text("NTSTATUS DriverEntry(void);\n")
    modes = [
        ModeResult(
            name,
            [Finding("warning", None, f"after the halt: 8 bytes at {at}", f"LEAK: {at}")],
        )
        for name, at in (("send/inline", "0x410ebd80"), ("send/queued", "0x41b8fd80"))
    ]
    result = CheckResult(str(tmp_path), [DriverResult("driver", modes)])
    (problem,) = of_check(result, lambda *_: "again").problems
    assert (problem.rule, problem.modes) == ("LEAK", ["send/inline", "send/queued"])
    assert problem.shown(tmp_path) == Place(str(tmp_path / "b.c"), 1)


def test_a_packet_that_was_completed_early_is_shown_where_it_was_completed():
    """The return that breaks the rule has no line of its own."""
    known = {"time_ns": 0, "cpu": 0}
    first, second = (Place("/modem.py", line, "Modem.wan_send") for line in (3, 7))
    steps = [
        Step(0, **known, text="", place=first, names="MiniportWanSend (life 1)"),
        Step(1, **known, text="", place=second, names="NdisMWanSendComplete (life 1)"),
        Step(2, **known, text="", place=first, broken=True),
    ]
    early = Problem("EARLY", "error", "completed, and then SUCCESS", "Modem", "", steps=steps)
    assert early.shown(Path("/")) == second
