"""Addresses that a driver of 32-bit days keeps in ULONGs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ndiswan as nw
from compilers import COMPILERS
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


@COMPILERS
def test_a_text_is_a_variable_and_as_it_was_for_the_next_card(tmp_path, monkeypatch, cc) -> None:
    """The Microsoft compiler had texts among the variables, and NT did not mind who wrote to them."""
    monkeypatch.setenv("CC", cc)
    writes = """
    static char *Name = "wan0";
    static WCHAR *Wide = L"wide";
    #define AT_START { Name[3]++; *Wide ^= 0x20; _strupr(Name); DbgPrint("%s %ws\\n", Name, Wide); }
    """
    for _ in range(2):
        driver = leased(tmp_path, writes)
        brought_up(driver)
        assert driver.printed == ["WAN1 Wide\n"]


@COMPILERS
def test_characters_of_16_bits_are_counted(tmp_path, monkeypatch, cc) -> None:
    """By the library and by a loop of the driver's, which clang 22 takes for the C library's own function."""
    monkeypatch.setenv("CC", cc)
    counts = """
    static ULONG Count(PCWSTR text) { ULONG n = 0; while (text[n] != 0) n++; return n; }
    static ULONG (*volatile Counter)(PCWSTR) = Count;
    #define AT_START { UNICODE_STRING s; RtlInitUnicodeString(&s, L"three"); \\
        DbgPrint("%d %d %d\\n", s.Length, (int)wcslen(L"12"), Counter(L"123")); }
    """
    driver = leased(tmp_path, counts)
    brought_up(driver)
    assert driver.printed == ["10 2 3\n"]


@COMPILERS
def test_half_an_address_may_be_an_initializer(tmp_path, monkeypatch, cc) -> None:
    """It is filled in when the file is loaded, in an array, a structure, or alone, and is so for the next card."""
    monkeypatch.setenv("CC", cc)
    table = """
    static void Hello(void) { DbgPrint("hello\\\\n"); }
    static const struct { UCHAR kind; ULONG what; } Table[] = { { 1, (ULONG)Hello }, { 2, (ULONG)(PVOID)"(, text" } };
    struct Packed { UCHAR kind; const ULONG *next; ULONG what; } const Odd = { 1, 0, (ULONG)"odd" }, *One = &Odd;
    ULONG Alone = (ULONG)&Table[1], Cuts[2][2] = { { 0, (ULONG)
        Hello }, };
    static void Habits(void)
    {
        ((void (*)(void))Table[0].what)();
        ((void (*)(void))Cuts[0][1])();
        DbgPrint("%d %s\\\\n", *(UCHAR *)Alone, (char *)Table[1].what);
        DbgPrint("%s %d\\n", (char *)Odd.what, One->kind);
        Alone = 0;
    }
    #define AT_START Habits();
    """
    for _ in range(2):
        driver = leased(tmp_path, table)
        brought_up(driver)
        assert driver.printed == ["hello\\n", "hello\\n", "2 (, text\\n", "odd 1\n"]
