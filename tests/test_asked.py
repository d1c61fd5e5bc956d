"""Requests that a check sends to a driver in C besides those of a call, and what it says of the answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ndiswan.checking import Options, check
from ndiswan.checking.asked import TELEPHONY
from ndiswan.drivers.tapi_names import QUERIES

LOOPED = Path(__file__).parent / "drivers" / "looped.c"

ASKED = """static NDIS_STATUS Asked(NDIS_OID oid, PVOID buffer, ULONG size, PULONG done)
{
    static ULONG Seen, Power;

    DbgPrint("asked %08x of %lu\\n", oid, size);
    switch (oid) {
    @CASES@
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}
"""
NAME = 'static char name[] = "a card"; {}; NdisMoveMemory(buffer, name, sizeof(name)); *done = sizeof(name);'
SLEEPS = """
    case OID_PNP_CAPABILITIES: NdisZeroMemory(buffer, *done = sizeof(NDIS_PNP_CAPABILITIES)); return 0;
    case OID_PNP_QUERY_POWER: return *(PULONG)buffer == NdisDeviceStateD3 ? 0 : NDIS_STATUS_FAILURE;
    case OID_PNP_SET_POWER: Power = *(PULONG)buffer; {} return NDIS_STATUS_SUCCESS;
"""
FITS = "if (size < sizeof(name)) return NDIS_STATUS_INVALID_LENGTH"


@pytest.fixture
def checked(tmp_path: Path, capfd):
    """What a check says of a driver that answers so: its findings, and what it printed."""

    def check_it(cases: str):
        found = _checked(tmp_path, cases)
        return found, capfd.readouterr().err

    return check_it


def _checked(tmp_path: Path, cases: str):
    (tmp_path / "asked.h").write_text(ASKED.replace("@CASES@", cases), "utf-8")
    arguments = [f"include={[str(tmp_path)]!r}", "define={'ASKED': '\"asked.h\"'}"]
    modes = ["requests/inline"]
    result = check(str(LOOPED), Options(patterns=modes, show=True, arguments=arguments)).drivers[0]
    (mode,) = result.modes
    assert mode.ran
    return mode.errors


def test_a_driver_need_not_know_what_it_is_asked(checked) -> None:
    """All of it is asked, once with each number of sends in flight; NOT_SUPPORTED is an answer."""
    found, printed = checked("")
    assert found == []
    assert printed.count("asked 00010102") == 2  # OID_GEN_HARDWARE_STATUS
    for oid, *_ in TELEPHONY:
        assert f"asked {oid:08x}" in printed or oid.name == "GET_ADDRESS_CAPS", oid.name
    assert "asked fd010101" not in printed  # it has no capabilities: it is not put to sleep


def test_an_answer_that_fits_its_buffer_is_none_to_be_told(checked) -> None:
    """OID_GEN_VENDOR_DESCRIPTION with a buffer of 1,024, 6 and 0 bytes."""
    found, printed = checked(f"case OID_GEN_VENDOR_DESCRIPTION: {NAME.format(FITS)} return 0;")
    assert found == []
    for size in (1024, 6, 0):
        assert f"asked 0001010d of {size}\n" in printed


def test_an_answer_longer_than_its_buffer_is_found_at_its_line(checked) -> None:
    """The caller's memory behind the buffer is not the driver's."""
    long = NAME.format("").replace("a card", "a card with a rather long name")
    found, _ = checked(f"case OID_GEN_VENDOR_DESCRIPTION: {long} return 0;")
    assert any(one.rule == "TOUCH" and "asked.h:7" in one.report for one in found), found


def test_an_answer_a_little_longer_is_found_when_it_is_over(checked) -> None:
    """Up to the next 8 bytes nothing faults, and still it is not the driver's."""
    least = "if (size < 6) return NDIS_STATUS_INVALID_LENGTH"
    found, _ = checked(f"case OID_GEN_VENDOR_DESCRIPTION: {NAME.format(least)} return 0;")
    words = "wrote to 0 bytes behind the end of a block of 6 bytes that a request gave"
    assert any(one.rule == "TOUCH" and words in one.detail for one in found), found


def test_wan_structures_are_asked_for_with_too_little_room(tmp_path: Path) -> None:
    """OID_WAN_GET_INFO, which every driver answers: one that does not look at the length writes behind the buffer."""
    text = LOOPED.read_text("utf-8")
    looks = "if (size < sizeof(*info))"
    assert looks in text
    source = tmp_path / "looped.c"
    for condition, rules in ((looks, set()), ("if (size == 0)", {"HANDLE", "TOUCH"})):
        source.write_text(text.replace(looks, condition), "utf-8")
        (mode,) = check(str(source), Options(patterns=["requests/inline"])).drivers[0].modes
        assert mode.ran
        assert {one.rule for one in mode.errors} == rules


def test_bytes_written_are_no_more_than_there_is_room_for(checked) -> None:
    """SUCCESS, and more written than the buffer has, which is not so."""
    found, _ = checked("case OID_GEN_VENDOR_ID: *done = 5000; return NDIS_STATUS_SUCCESS;")
    assert {one.rule for one in found} == {"HANDLE"}
    assert (
        "BytesWritten 5000; expected at most InformationBufferLength, which is 1024"
        in found[0].detail
    )


@pytest.mark.parametrize("oid", ["TAPI_GET_CALL_INFO", "TAPI_SET_APP_SPECIFIC", "GEN_XMIT_OK"])
def test_a_crash_in_a_request_is_found(checked, oid) -> None:
    """A null pointer, in a request that no call needs to come up."""
    found, _ = checked(f"case OID_{oid}: *(volatile ULONG *)4 = 1; return NDIS_STATUS_SUCCESS;")
    assert any("null pointer" in one.report and "asked.h:7" in one.report for one in found), found


def test_a_request_that_is_never_completed_is_told(checked) -> None:
    """PENDING is a promise for requests, too."""
    found, _ = checked("case OID_GEN_VENDOR_ID: return NDIS_STATUS_PENDING;")
    assert any(
        "OID 0x0001010c was answered PENDING and not completed" in one.report for one in found
    )


def test_a_card_is_put_to_sleep_and_woken(checked) -> None:
    """OID_PNP_CAPABILITIES, QUERY_POWER, SET_POWER to D3 and D0, then sends again."""
    told = 'DbgPrint("power %lu\\n", Power);'
    found, printed = checked(SLEEPS.format(told))
    assert found == []
    assert printed.index("power 4\n") < printed.index("power 1\n")
    found, _ = checked(SLEEPS.format("*(volatile ULONG *)4 = 1;"))
    assert any("null pointer" in one.report for one in found)


def test_gets_are_queries() -> None:
    """A request that answers something goes to MiniportQueryInformation."""
    answered = [oid for oid, _, answer, _ in TELEPHONY if answer]
    assert len(answered) > 8
    assert set(answered) <= QUERIES
