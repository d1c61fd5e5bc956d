"""The sample drivers in C: the good editions break no rule, and each seeded bug is found by the rule it breaks."""

import subprocess
import sys

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from ndiswan.exploring.target import find
from repository import ROOT
from rigs import Peer
from telephones import SAMPLES, Phones

BUGS_OF_ISDN = {
    1: {"DOUBLE"},  # completed by the reset, and again when the card has sent it
    2: {"IRQL_COMPLETE"},  # completed by the interrupt's own routine
    3: {"LOST"},  # PENDING, and in no queue, when the ring is full
    4: {"LOST"},  # forgotten with the call it was of
}
BUGS_OF_QUEUED = {
    1: {"LOCK_HELD"},
    2: {"TOUCH"},
    3: {"TOUCH", "DOUBLE"},  # the timer finds it in the queue, reads its links, and completes it
    4: {"LOST"},
}


def send_all(link, count=8, size=200):
    """Sends frames until the window is full."""
    for number in range(count):
        link.send(bytes([number]) * size)


def isdn(bug, guard=True):
    """A call, frames until the ring is full, a reset, a call that is dropped with frames, a halt: what was found."""
    with nw.Ndis(on_violation="record") as ndis:
        world = Phones(ndis, bug, guard=guard)
        link = world.tapi.dial()
        send_all(link)
        world.run(0.06)
        ndis.reset(link)
        world.run(1)
        send_all(link)
        world.run(1)
        send_all(link)
        world.run(0.06)
        world.tapi.shutdown()
    return ndis, world


def halted(bug):
    """A halt in the middle of a call with frames in the ring and above it: what was found."""
    with nw.Ndis(on_violation="record") as ndis:
        world = Phones(ndis, bug)
        send_all(world.tapi.dial())
        world.run(0.06)
    return ndis, world


def queued(bug, guard=True):
    """Frames, some of them completed, a reset, more frames, and a halt with frames in the queue: what was found."""
    driver, peer = (
        load(
            SAMPLES / "queued" / "queued.c", define={"BUG": bug, "NDIS50_MINIPORT": 1}, guard=guard
        ),
        Peer(),
    )
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(peer, driver)
        link = next(line for line in link.adapter.links if line.up)
        send_all(link, 4)
        ndis.run(until=ndis.now + 0.03)
        ndis.reset(link)
        ndis.run(until=ndis.now + 1)
        send_all(link, 4)
    return ndis, driver


@pytest.mark.parametrize("guard", [True, False])
def test_the_good_isdn_driver_breaks_no_rule(guard):
    """Call, frames, full ring, reset, drop and halt: silence, all memory given back, and no error on the bus."""
    ndis, world = isdn(0, guard)
    assert ndis.violations == []
    assert ndis.errors == []
    assert world.driver.leaks == []
    assert (world.card.bus_errors, world.card.overruns) == ([], 0)
    assert world.peer.answers.count(nw.SUCCESS) >= 8
    assert world.peer.answers.count(nw.Status.REQUEST_ABORTED) >= 4
    assert world.peer.answers.count(nw.FAILURE) >= 4


def test_the_good_isdn_driver_halts_with_frames_in_flight():
    """A halt without DROP gives each frame back, at the level at which a serialized driver completes."""
    ndis, world = halted(0)
    assert ndis.violations == []
    assert world.driver.leaks == []
    assert world.peer.answers.count(nw.FAILURE) == 6


@pytest.mark.parametrize("guard", [True, False])
def test_the_good_queued_driver_breaks_no_rule(guard):
    """Frames, reset and halt: silence, and all memory given back."""
    ndis, driver = queued(0, guard)
    assert ndis.violations == []
    assert driver.leaks == []


@pytest.mark.parametrize(("bug", "rules"), BUGS_OF_ISDN.items())
def test_each_bug_of_the_isdn_driver_is_found(bug, rules):
    """The rules that the bug breaks are reported, and no other."""
    ndis, _ = isdn(bug)
    assert {violation.rule for violation in ndis.violations} == rules


@pytest.mark.parametrize(("bug", "rules"), BUGS_OF_QUEUED.items())
def test_each_bug_of_the_queued_driver_is_found(bug, rules):
    """The rules that the bug breaks are reported, and no other."""
    ndis, _ = queued(bug)
    assert {violation.rule for violation in ndis.violations} == rules


def test_a_report_names_the_line_of_the_driver():
    """A touch of what was given back is reported with the function of the driver, its file and the line."""
    ndis, _ = queued(2)
    source = (SAMPLES / "queued" / "queued.c").read_text("utf-8").splitlines()
    begin = next(at for at, text in enumerate(source) if text.startswith("#if BUG == 2"))
    line = 1 + next(at for at, text in enumerate(source) if at > begin and "CurrentLength" in text)
    assert f"QueuedTimer (queued.c:{line})" in str(ndis.violations[0])


def test_the_page_on_calls_shows_what_its_program_prints():
    """`examples/c/isdn/call.py` prints what the how-to page on TAPI says it does."""
    page = (ROOT / "docs" / "how-to" / "bring-up-a-line-by-tapi.md").read_text("utf-8")
    shown = page.partition("It prints:\n\n```text\n")[2].partition("```")[0]
    command = [sys.executable, SAMPLES / "isdn" / "call.py"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == (shown, "")


@pytest.mark.parametrize(("bug", "code"), [(0, 0), (4, 1)])
def test_the_check_drops_calls_with_frames_in_flight(bug, code):
    """`ndiswan check` drops and closes the call that a line came up by, and dials again: bug 4 is lost packets."""
    target = ["check", SAMPLES / "isdn" / "device.py", "--arg", f"bug={bug}"]
    command = [sys.executable, "-m", "ndiswan", *target, "--mode", "line-down/inline"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert ("LOST in mode line-down/inline" in ran.stdout) == bool(bug)


def test_the_how_tos_driver_keeps_every_rule_in_any_schedule(tmp_path):
    """As it is printed it loses packets at the halt, and with the line that mends it nothing is found."""
    page = (ROOT / "docs" / "how-to" / "check-your-c-driver.md").read_text("utf-8")
    printed = page.partition("```c\n")[2].partition("```")[0]
    freed = "    NdisFreeSpinLock(&Card"
    assert printed.count(freed) == 1
    for text, rules in (
        (printed, {"LOST"}),
        (printed.replace(freed, f"    GiveBack(Card, NDIS_STATUS_FAILURE);\n{freed}"), set()),
    ):
        source = tmp_path / "first.c"
        source.write_text(text, "utf-8")
        scenario = find(str(source))
        found = nw.explore(scenario, seed=1, executions=3000, stop=False, shrinking=0)
        assert {failure.rule for failure in found.failures} == rules
