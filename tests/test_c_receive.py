"""The mode `receive` of a driver in C: what it makes of a protocol that has no room."""

from __future__ import annotations

from leased import checked, found

RECEIVES = """
static ULONG Refused;
static void Receive(PCARD card)
{
    static UCHAR frame[20] = {0xFF, 0x03, 0xC0, 0x21};
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    NdisMWanIndicateReceive(&status, card->Adapter, card->Link, frame, sizeof(frame));
    if (status != NDIS_STATUS_SUCCESS) { @REFUSED@ }
}
#define AT_TICK if (card->Link != NULL) { Receive(card); @COMPLETE@ }
"""
COMPLETE = "NdisMWanIndicateReceiveComplete(card->Adapter, card->Link);"


def test_a_refused_receive_is_one_of_the_things_that_happen(tmp_path) -> None:
    """The status of NdisMWanIndicateReceive is RESOURCES for every second frame of a part of the mode."""
    counts = 'if (Refused++ == 0) DbgPrint("refused with %08x\\n", status);'
    more = RECEIVES.replace("@REFUSED@", counts).replace("@COMPLETE@", COMPLETE)
    result = checked(tmp_path, more, "receive/inline")
    assert found(result) == []
    assert "refused with c000009a" in result.modes[0].output


def test_a_crash_where_a_receive_was_refused_is_found(tmp_path) -> None:
    """It stood behind a status that no protocol gave before."""
    crash = "*(volatile int *)NULL = 1;"
    more = RECEIVES.replace("@REFUSED@", crash).replace("@COMPLETE@", COMPLETE)
    titles = found(checked(tmp_path, more, "receive/inline"))
    assert titles[0] == "EXCEPTION"


def test_receives_without_an_end_are_warned_of(tmp_path) -> None:
    """NdisMWanIndicateReceiveComplete is called after one or more receives; one for all of them is enough."""
    more = RECEIVES.replace("@REFUSED@", "").replace("@COMPLETE@", "")
    (finding,) = checked(tmp_path, more, "receive/inline").modes[0].findings
    assert finding.kind == "warning"
    assert "expected NdisMWanIndicateReceiveComplete after one or more" in finding.detail
    once = more.replace("Receive(card);  }", f"Receive(card); if (card->Ticks == 9) {COMPLETE} }}")
    assert once != more
    assert found(checked(tmp_path, once, "receive/inline")) == []
