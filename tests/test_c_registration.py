"""What a driver says of itself that NDIS refuses, or that leaves it without a line: each is told."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased


def bound(folder, more: str, **given) -> tuple[list[nw.ContractViolation], bool]:
    """What was broken until the line is up, and whether the driver was loaded."""
    driver = leased(folder, more, **given)
    loaded = True
    with nw.Ndis(on_violation="record") as ndis:
        try:
            ndis.bind(nw.Protocol(), driver)
        except RuntimeError:
            loaded = False
        else:
            ndis.run(until=0.1)
    return ndis.violations, loaded


def test_a_structure_of_its_version_is_taken(tmp_path) -> None:
    """Those of 3.0, 4.0, 5.0 and 5.1, as the headers have them."""
    assert bound(tmp_path, "") == ([], True)
    three = "#define ENTRY(e) e.MajorNdisVersion = 3;\n#define LENGTH 112\n"
    assert bound(tmp_path, three) == ([], True)


@pytest.mark.parametrize(
    ("version", "length", "least"),
    [("4.0", 112, 136), ("5.0", 136, 184), ("5.1", 184, 208), ("3.0", 104, 112)],
)
def test_a_structure_of_an_earlier_version_is_refused(
    tmp_path, version: str, length: int, least: int
) -> None:
    """NDIS_STATUS_BAD_CHARACTERISTICS: the driver is not loaded, and the length that it takes is told."""
    major, minor = version.split(".")
    entry = f"e.MajorNdisVersion = {major}; e.MinorNdisVersion = {minor};"
    (broken,), loaded = bound(tmp_path, f"#define ENTRY(e) {entry}\n#define LENGTH {length}\n")
    assert not loaded
    told = f"CharacteristicsLength is {length}; expected at least {least}, the size of the structure of NDIS {version}"
    assert (broken.rule, told in broken.detail) == ("HANDLE", True)


def test_a_driver_that_ndiswan_does_not_see_is_told(tmp_path) -> None:
    """NDIS loads it all the same."""
    (broken,), loaded = bound(tmp_path, "#define ENTRY(e) e.Reserved = 0;\n")
    assert loaded
    assert "expected NDIS_USE_WAN_WRAPPER in it" in broken.detail


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("Endpoints", "endpoints: expected 1 to 4096, got 0"),
        ("MaxTransmit", "max_transmit: expected 1 to 65535, got 0"),
        ("MaxFrameSize", "max_frame_size: expected 1 to 65536, got 0"),
    ],
)
def test_an_answer_that_no_link_can_have_is_told(tmp_path, field: str, told: str) -> None:
    """OID_WAN_GET_INFO with a zero; the world goes on with the defaults."""
    (broken,), loaded = bound(tmp_path, f"#define INFO(i) i.{field} = 0;\n")
    assert loaded
    assert broken.rule == "HANDLE"
    assert told in broken.detail


def test_a_wan_miniport_has_no_transfer_data_handler(tmp_path) -> None:
    """It indicates whole packets: nobody asks for the rest of one."""
    transfer = "static VOID Transfer(void) { }\n#define ENTRY(e) e.TransferDataHandler = (PVOID)Transfer;\n"
    (broken,), loaded = bound(tmp_path, transfer)
    assert loaded
    assert broken.rule == "HANDLE"
    assert "there is a TransferDataHandler; a WAN miniport has none" in broken.detail
