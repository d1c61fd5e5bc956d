"""What a check does to a driver in a mode, where the driver's line is not up when it is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leased import LEASED, found
from leased import checked as lines_up_and_down
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


FLAPS = """
static void Flap(PCARD card)
{
    if (card->Ticks % 20 == 10) {
        NDIS_MAC_LINE_DOWN down = {card->Link};
        NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_DOWN, &down, sizeof(down));
    }
    if (card->Ticks % 20 == 15) {
        NDIS_MAC_LINE_UP up = {640, NdisWanErrorControl, 0, 0, card};
        NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
        card->Link = up.NdisLinkContext;
    }
}
#define AT_TICK Flap(card);
"""


def test_what_waits_for_a_line_that_is_gone_keeps_no_packet_for_ever(tmp_path) -> None:
    """Each line-up is a new link; the pool would be empty after some of them, and there are frames of all lengths."""
    driver = lines_up_and_down(tmp_path, FLAPS, "padding/inline")
    assert found(driver) == []
    assert driver.modes[0].sends > 500


CARRIER = """
static PVOID Ports;
static BOOLEAN Lost;
static void Look(PCARD card)
{
    UCHAR carrier;

    NdisRawReadPortUchar((ULONG_PTR)Ports, &carrier);
    if (!carrier && !Lost) {
        NDIS_MAC_LINE_DOWN down = {card->Link};
        NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_DOWN, &down, sizeof(down));
        @AFTER@
    } else if (carrier && Lost) {
        NDIS_MAC_LINE_UP up = {640, NdisWanErrorControl, 0, 0, card};
        NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
        card->Link = up.NdisLinkContext;
    }
    Lost = !carrier;
}
#define AT_START Lost = FALSE; NdisMRegisterIoPortRange(&Ports, adapter, 0x300, 8);
#define AT_HALT NdisMDeregisterIoPortRange(card->Adapter, 0x300, 8, Ports);
#define AT_TICK Look(card);
"""
MODEL = """
from ndiswan.drivers import load

class Modem:
    carrier = 1

    def __call__(self, space, address, size, value):
        return self.carrier

    def plug(self, adapter):
        self.again = adapter.device(self.returns)

    def hang_up(self, link):
        self.carrier = 0
        self.again.set(0.2)

    def returns(self):
        self.carrier = 1

def make_miniport():
    return load(@SOURCE@, include=[@FOLDER@], define={"MORE": '"more.h"'}, device=Modem())
"""
RECEIVES = "NDIS_STATUS s; NdisMWanIndicateReceive(&s, card->Adapter, card->Link, &Lost, 1);"


@pytest.mark.parametrize(("after", "broken"), [("", []), (RECEIVES, ["LINE"])])
def test_a_device_model_takes_the_line_of_a_driver_in_c_down(tmp_path, after, broken) -> None:
    """So what a driver does wrong where its line goes down by itself is found; without one it is never done."""
    (tmp_path / "more.h").write_text(CARRIER.replace("@AFTER@", after), "utf-8")
    model = MODEL.replace("@SOURCE@", repr(str(LEASED))).replace("@FOLDER@", repr(str(tmp_path)))
    (tmp_path / "model.py").write_text(model, "utf-8")
    (driver,) = check(str(tmp_path / "model.py"), Options(patterns=["line-down/inline"])).drivers
    assert found(driver) == broken
    assert driver.modes[0].note == ""
    assert driver.modes[0].sends > 50
