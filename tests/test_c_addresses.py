"""Addresses that a driver of 32-bit days keeps in ULONGs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ndiswan as nw
from leased import LEASED, checked, leased

HABITS = """
static ULONG Counter = 41;
static ULONG Next(ULONG context) { return ++*(PULONG)context; }
static void Habits(void)
{
    ULONG counter = (ULONG)&Counter;
    ULONG text = (ULONG)"texts too";
    ULONG function = (ULONG)Next;
    LONG sign = (LONG)&Counter;

    ((ULONG (*)(ULONG))function)(counter);
    DbgPrint("%d %s\\n", *(PULONG)sign, (char *)text);
}
#define AT_START Habits();
"""

OF_STACK = """
static void Fill(ULONG context) { *(volatile ULONG *)context = 1; }
void (*Filler)(ULONG) = Fill;
#define AT_START { ULONG local; Filler((ULONG)&local); }
"""

TOLD_STACK = """
#define AT_START { ULONG name; NdisMSetTimer((PNDIS_MINIPORT_TIMER)(ULONG)&name, 1); }
"""


def brought_up(*drivers) -> None:
    """Runs them in one world for a while; nothing is broken."""
    with nw.Ndis() as ndis:
        for driver in drivers:
            ndis.bind(nw.Protocol(), driver)
        ndis.wait(lambda: False, 0.1)
        assert not ndis.violations


def test_variables_texts_and_functions_fit_into_a_ulong(tmp_path) -> None:
    """A driver's file is loaded below 2 GiB, each of several at once: addresses survive a ULONG, and a LONG."""
    drivers = [leased(tmp_path, HABITS) for _ in range(3)]
    brought_up(*drivers)
    assert [driver.printed for driver in drivers] == [["42 texts too\n"]] * 3


def test_they_do_in_another_process_and_under_a_sanitizer(tmp_path) -> None:
    """With AddressSanitizer, whose memory begins at 2 GiB, as well."""
    (tmp_path / "more.h").write_text(HABITS, "utf-8")
    given = ["-I", tmp_path, "-D", 'MORE="more.h"', "--mode", "patience/inline", "--sanitize"]
    command = [sys.executable, "-m", "ndiswan", "check", LEASED, *given]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "42 texts too" in ran.stderr


@pytest.mark.parametrize(
    ("more", "what"),
    [(OF_STACK, "crashed: it wrote to"), (TOLD_STACK, "NdisMSetTimer: Timer is")],
)
def test_a_local_variable_does_not_and_the_report_says_what_happened(tmp_path, more, what) -> None:
    """The stack is the thread's: half of an address of it is told as such, where it is used."""
    modes = checked(tmp_path, more, "patience/inline").modes
    told = [one.report for mode in modes for one in mode.findings if what in one.report]
    assert told
    assert "the lower half of an address of its stack" in told[0]
    assert "keep it in a PVOID or a ULONG_PTR" in told[0]
