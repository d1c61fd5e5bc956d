"""What a check does to a driver in a mode, where the driver's line is not up when it is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ndiswan.checking import Options, check
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from pathlib import Path

LATE = """
#include <ndiswan.h>
static NDIS_MINIPORT_TIMER Timer;
static PULONG Memory;
static VOID Up(PVOID a, PVOID b, PVOID c, PVOID d)
{
    NDIS_MAC_LINE_UP up = {0};

    up.LinkSpeed = 640;
    up.NdisLinkHandle = (NDIS_HANDLE)&Timer;
    *Memory = 1;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
}
"""
BODY = """
    NdisAllocateMemoryWithTag((PVOID *)&Memory, 4, 'yrom');
    NdisMInitializeTimer(&Timer, Adapter, Up, NULL);
    NdisMSetTimer(&Timer, 1);
"""
CANCELS = "BOOLEAN cancelled; NdisMCancelTimer(&Timer, &cancelled); NdisFreeMemory(Memory, 4, 0);"
FORGETS = "NdisFreeMemory(Memory, 4, 0);"


def checked(folder: Path, halt: str, mode: str):
    """What a check says of a driver in C whose line is up a millisecond after MiniportInitialize."""
    source = folder / "late.c"
    text = HARNESS.replace("@GLOBALS@", LATE).replace("@BODY@", BODY).replace("@HALT@", halt)
    source.write_text(text, "utf-8")
    (driver,) = check(str(source), Options(patterns=[mode])).drivers
    return driver.modes


@pytest.mark.parametrize(("halt", "broken"), [(FORGETS, {"TIMER"}), (CANCELS, set())])
def test_a_driver_is_halted_before_its_line_is_up(tmp_path, halt: str, broken: set[str]) -> None:
    """The timer that brings the line up is armed then, and a halt has to cancel it as it has any other."""
    modes = checked(tmp_path, halt, "halt")
    assert all(mode.sends for mode in modes)
    assert {finding.rule for mode in modes for finding in mode.errors} == broken


def test_a_line_that_a_driver_in_c_brings_up_is_not_said_to_be_taken_down(tmp_path) -> None:
    """The note names nothing that only a driver in Python could have."""
    (mode,) = checked(tmp_path, CANCELS, "line-down/inline")
    told = "the driver brings its line up by itself, so the check does not take its line down"
    assert mode.note == told
    assert mode.errors == []
