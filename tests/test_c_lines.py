"""What a driver in C says of its lines and their calls: the order of it, and whose handles are whose."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased

#: A tick says what a test wants: `Up` brings a line up and answers its NdisLinkContext, `State` says a call's state.
SAYS = """
#include <ndistapi.h>
static NDIS_HANDLE Up(PCARD card, ULONG_PTR handle, NDIS_HANDLE context, ULONG_PTR call)
{
    NDIS_MAC_LINE_UP up;
    NdisZeroMemory(&up, sizeof(up));
    up.LinkSpeed = 1280;
    up.NdisLinkHandle = (NDIS_HANDLE)handle;
    up.NdisLinkContext = context;
    up.ConnectionWrapperID = (NDIS_HANDLE)call;
    NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
    return up.NdisLinkContext;
}
static void Down(PCARD card, NDIS_HANDLE context)
{
    NDIS_MAC_LINE_DOWN down;
    down.NdisLinkContext = context;
    NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_DOWN, &down, sizeof(down));
}
static void State(PCARD card, ULONG_PTR call, ULONG state)
{
    NDIS_TAPI_EVENT event;
    NdisZeroMemory(&event, sizeof(event));
    event.htCall = call;
    event.ulMsg = LINE_CALLSTATE;
    event.ulParam1 = state;
    NdisMIndicateStatus(card->Adapter, NDIS_STATUS_TAPI_INDICATION, &event, sizeof(event));
}
#define INFO(i) i.Endpoints = 8;
#define AT_TICK if (card->Ticks == 3) { NDIS_HANDLE other = NULL; (void)other; SAID }
"""
OWN = "(ULONG_PTR)card, card->Link"


def told(folder, said: str) -> list[str]:
    """What is broken by a driver that says that, behind the rule's id."""
    driver = leased(folder, f"#define SAID {said}\n{SAYS}")
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.1)
    return [f"{broken.rule}: {broken.detail}" for broken in ndis.violations]


@pytest.mark.parametrize(
    "said",
    [
        f"Up(card, {OWN}, 0);",
        "Up(card, 2, NULL, 0); Up(card, 3, NULL, 0);",
        "Up(card, 2, NULL, 0x100); Up(card, 3, NULL, 0x200);",
        "Down(card, card->Link); card->Link = Up(card, (ULONG_PTR)card, NULL, 0);",
        "other = Up(card, 2, NULL, 7); Down(card, other); Up(card, 4, NULL, 7);",
        "Up(card, 2, NULL, 7); State(card, 7, LINECALLSTATE_CONNECTED); State(card, 7, LINECALLSTATE_CONNECTED);",
        "State(card, 7, LINECALLSTATE_PROCEEDING); State(card, 7, LINECALLSTATE_IDLE);",
        "State(card, 7, LINECALLSTATE_CONNECTED);",
    ],
    ids=[
        "changed",
        "two",
        "two calls",
        "again",
        "call again",
        "connected",
        "other states",
        "its line names no call",
    ],
)
def test_what_is_right_is_not_told(tmp_path, said: str) -> None:
    """A line is changed by its own two handles; each line that is up has a handle and a call of its own."""
    assert told(tmp_path, said) == []


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("Up(card, 99, card->Link, 0);", r"NdisLinkHandle is 0x63; expected 0x"),
        (
            "Up(card, (ULONG_PTR)card, NULL, 0);",
            "expected one of its own, since link 1 has that and is up",
        ),
        (
            "Up(card, 2, NULL, 7); Up(card, 3, NULL, 7);",
            "ConnectionWrapperID is 0x7; expected one of its own, since link 2",
        ),
    ],
    ids=["another handle", "one handle for two", "one call for two"],
)
def test_a_handle_of_another_line_is_told(tmp_path, said: str, part: str) -> None:
    """MiniportWanSend gets NdisLinkHandle alone, and NDISTAPI knows a line by ConnectionWrapperID: one line each."""
    (found,) = told(tmp_path, said)
    assert found.startswith("HANDLE: NdisMIndicateStatus: ")
    assert part in found


def test_a_call_that_is_connected_before_its_line_is_up_is_told(tmp_path) -> None:
    """The page: the line-up is completed before LINECALLSTATE_CONNECTED is indicated."""
    said = "Up(card, 2, NULL, 7); State(card, 7, LINECALLSTATE_CONNECTED); Down(card, card->Link);"
    said += "State(card, 9, LINECALLSTATE_CONNECTED); Up(card, 3, NULL, 9);"
    (found,) = told(tmp_path, said)
    assert found.startswith(
        "LINE: LINECALLSTATE_CONNECTED of the call 0x9 (htCall) was indicated, and no line is up"
    )
