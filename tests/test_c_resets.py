"""What a check says of a MiniportCheckForHang that asks for resets."""

from __future__ import annotations

import ndiswan as nw
from leased import checked, found, leased
from ndiswan.checking import CheckResult
from ndiswan.checking.report import lines

HANGS = """
static BOOLEAN Hang(NDIS_HANDLE context) { return @ANSWER@; }
#define HANG Hang
"""


def said(folder, answer: str) -> tuple[int, list[str]]:
    """How many resets were asked for, and the lines of the report that say so."""
    driver = checked(folder, HANGS.replace("@ANSWER@", answer), "patience/inline")
    assert found(driver) == []
    told = lines(CheckResult("leased.c", [driver]), lambda *_: "again")
    return driver.modes[0].resets, [line for line in told if "CheckForHang" in line]


def test_a_driver_that_always_hangs_is_told(tmp_path) -> None:
    """Each check is a reset of a card that works, and each reset ends what is sent: no rule, and worth a line."""
    resets, told = said(tmp_path, "TRUE")
    assert resets > 100
    assert told == [f"  patience: MiniportCheckForHang asked for {resets} resets"]


def test_one_that_does_not_is_not(tmp_path) -> None:
    """No line without a reset."""
    assert said(tmp_path, "FALSE") == (0, [])


def test_a_reset_that_never_ends_is_told_with_its_function(tmp_path) -> None:
    """Nobody calls the driver when its time is over: its MiniportReset is the place to look at."""
    never = "static NDIS_STATUS Never(PBOOLEAN a, NDIS_HANDLE c) { *a = FALSE; return NDIS_STATUS_PENDING; }\n"
    driver = leased(tmp_path, f"{never}#define ENTRY(e) e.ResetHandler = Never;\n")
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.1)
        assert ndis.reset(link) == nw.PENDING
        ndis.run(until=60)
        assert [broken.rule for broken in ndis.violations] == ["HANG"]
        assert ndis.violations[0].detail.endswith(", in Never (more.h:1)")
