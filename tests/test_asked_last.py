"""What telephone programs and NDISWAN ask a driver in C last, or whatever it answered before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan.checking import Options, check
from ndiswan.exploring.target import find

LOOPED = Path(__file__).parent / "drivers" / "looped.c"
LEASED = LOOPED.with_name("leased.c")
CRASH = "*(volatile ULONG *)4 = 1;"


def changed(folder: Path, before: str, after: str, source: Path = LOOPED) -> str:
    """A driver with another text at one place."""
    text = source.read_text("utf-8")
    assert text.count(before) == 1
    driver = folder / "driver.c"
    driver.write_text(text.replace(before, after), "utf-8")
    return str(driver)


def sets(folder: Path, condition: str, does: str) -> str:
    """A driver that does something else in MiniportSetInformation, under a condition."""
    begin = "PULONG done, PULONG needed)\n{\n    switch (oid) {\n    case OID_TAPI_ANSWER"
    return changed(
        folder, begin, begin.replace("    switch", f"    if ({condition}) {does}\n    switch")
    )


def told(driver: str, mode: str) -> list[str]:
    """What errors a check finds in a mode."""
    (mode_of_it,) = check(driver, Options(patterns=[f"{mode}/inline"])).drivers[0].modes
    return [finding.report for finding in mode_of_it.errors]


@pytest.mark.parametrize("oid", ["CLOSE", "PROVIDER_SHUTDOWN"])
def test_the_end_of_tapi_is_checked_and_explored(tmp_path: Path, oid: str) -> None:
    """Lines are closed and the provider is shut down, with nothing to do and with sends in flight."""
    driver = sets(tmp_path, f"oid == OID_TAPI_{oid}", CRASH)
    for mode in ("requests", "line-down"):
        assert any("null pointer" in report for report in told(driver, mode))
    found = nw.explore(find(driver), seed=1, executions=100)
    assert found.failures[0].symptom.place.startswith("DriverCrash at driver.c:")


def test_a_shutdown_that_is_never_completed_is_told(tmp_path: Path) -> None:
    """PENDING, and no NdisMSetInformationComplete."""
    pends = "return NDIS_STATUS_PENDING;"
    driver = sets(tmp_path, "oid == OID_TAPI_PROVIDER_SHUTDOWN", pends)
    expected = "OID_TAPI_PROVIDER_SHUTDOWN was answered PENDING and not completed"
    assert any(expected in report for report in told(driver, "requests"))


def test_link_info_is_set_whatever_could_be_asked_for(tmp_path: Path) -> None:
    """A driver that knows no OID_WAN_GET_LINK_INFO is set it all the same; and what it does not know."""
    for condition in (
        "oid == OID_WAN_SET_LINK_INFO && size == 48 && ((PNDIS_WAN_SET_LINK_INFO)buffer)->MaxSendFrameSize == 1500",
        "oid == OID_WAN_SET_LINK_INFO && size == 48 && ((PNDIS_WAN_SET_LINK_INFO)buffer)->MaxSendFrameSize == 256",
        "oid == OID_WAN_SET_LINK_INFO && size == 8",
        "oid == 0xFFEEDDCC && size == 0",
    ):
        driver = sets(tmp_path, condition, CRASH)
        assert any("null pointer" in report for report in told(driver, "requests")), condition


def test_a_request_that_pends_as_tapi_begins_is_a_hang(tmp_path: Path) -> None:
    """It knows TAPI, so it is not said of it that it has to bring its line up by itself."""
    case = "case OID_TAPI_GET_ADDRESS_CAPS: {\n"
    pends = f"case OID_TAPI_GET_DEV_CAPS: return NDIS_STATUS_PENDING;\n    {case}"
    driver = changed(tmp_path, case, pends)
    (report,) = told(driver, "send")
    assert report.startswith("HANG: ")
    assert "OID_TAPI_GET_DEV_CAPS was answered PENDING and not completed after 10 s" in report


@pytest.mark.parametrize("device", ["None", "lambda *access: None"])
def test_a_fuzz_that_sends_nothing_says_so(tmp_path: Path, device: str) -> None:
    """A driver in C with a device and without one, whose line never comes up: exit code 5, and why."""
    driver = changed(tmp_path, "card->Ticks++ == 0", "card->Ticks++ == 0 && 0", LEASED)
    (tmp_path / "more.h").write_text("")
    target = tmp_path / "card.py"
    given = f"{driver!r}, define={{'MORE': '\"more.h\"'}}, include=[{str(tmp_path)!r}]"
    target.write_text(
        f"import ndiswan as nw\ndef make_miniport(): return nw.load({given}, device={device})\n"
    )
    command = [sys.executable, "-m", "ndiswan", "fuzz", str(target), "--executions", "120"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "no packet was sent in any of them" in done.stdout
    assert done.returncode == 5
