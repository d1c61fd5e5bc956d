"""`link.query` of what is no OID of the WAN: the bytes that a driver in C wrote."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased

GENERAL = """
static ULONG Asked;
static PVOID Buffer;
static PULONG Done;
static NDIS_STATUS General(NDIS_OID oid, PVOID buffer, ULONG size, PULONG done, PULONG needed)
{
    static UCHAR list[400] = {1, 2, 3};

    switch (oid) {
    case OID_GEN_DRIVER_VERSION:
        *(PUSHORT)buffer = 0x0300;
        *done = 2;
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_VENDOR_DESCRIPTION:
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_SUPPORTED_LIST:
        DbgPrint("room for %lu\\n", size);
        if (size < sizeof(list)) {
            *needed = sizeof(list);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        NdisMoveMemory(buffer, list, *done = sizeof(list));
        return NDIS_STATUS_SUCCESS;
    case OID_GEN_VENDOR_ID:
        *needed = 1 << 20;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    case OID_GEN_XMIT_OK:
        Buffer = buffer;
        Done = done;
        Asked = 1;
        return NDIS_STATUS_PENDING;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}
#define QUERY if (oid != OID_WAN_GET_INFO) return General(oid, buffer, size, done, needed);
#define AT_TICK if (Asked) { \\
        Asked = 0; *(PULONG)Buffer = 7; *Done = 4; NdisMQueryInformationComplete(card->Adapter, NDIS_STATUS_SUCCESS); }
"""


@pytest.fixture
def asked(tmp_path):
    """Asks the driver for one OID: the answer, what was broken, what it printed."""

    def ask(oid: int):
        driver = leased(tmp_path, GENERAL)
        with nw.Ndis(on_violation="record") as ndis:
            ndis.bind(nw.Protocol(), driver)
            ndis.run(until=1.0)
            (link,) = (link for link in driver.adapter.links if link.up)
            answer = link.query(oid)
        assert (ndis.violations, driver.leaks) == ([], [])
        return answer, driver.printed

    return ask


def test_the_bytes_up_to_bytes_written_are_the_answer(asked) -> None:
    """OID_GEN_DRIVER_VERSION is two bytes; a driver that wrote none has answered none."""
    assert asked(0x0001_0110)[0] == b"\x00\x03"
    assert asked(0x0001_010D)[0] == b""


def test_a_query_is_repeated_with_what_the_driver_needs(asked) -> None:
    """As a protocol does that was told BytesNeeded; once, and not with any length."""
    answer, printed = asked(0x0001_0101)
    assert answer == bytes([1, 2, 3]) + bytes(397)
    assert printed == ["room for 256\n", "room for 400\n"]
    assert asked(0x0001_010C)[0] == nw.Status.BUFFER_TOO_SHORT


def test_a_driver_that_pends_writes_both_later(asked) -> None:
    """The buffer and BytesWritten are its own until it completes the request."""
    assert asked(0x0002_0101)[0] == b"\x07\0\0\0"


def test_what_it_does_not_know_is_its_status(asked) -> None:
    """NOT_SUPPORTED, as before."""
    assert asked(0x0001_0102)[0] == nw.Status.NOT_SUPPORTED
