"""What a driver in C leaves behind when it is halted, besides memory, timers and locks."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased

LIST = """
static NPAGED_LOOKASIDE_LIST List;
#define AT_START NdisInitializeNPagedLookasideList(&List, NULL, NULL, 0, 48, 'tsiL', 0);
"""
WORK = """
static NDIS_WORK_ITEM Item;
static NDIS_EVENT Done;
static BOOLEAN Queued;
static VOID Work(PNDIS_WORK_ITEM item, PVOID context) { NdisSetEvent(&Done); }
#define AT_START NdisInitializeEvent(&Done); NdisInitializeWorkItem(&Item, Work, card);
"""
QUEUE = "NdisScheduleWorkItem(&Item);"


def left(folder, more: str) -> list[str]:
    """The leaks of a driver that ran for a while and was halted."""
    driver = leased(folder, more)
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.1)
    return driver.leaks


def test_a_lookaside_list_that_is_never_deleted_is_told(tmp_path) -> None:
    """With its size and tag; one that is deleted is not."""
    (leak,) = left(tmp_path, LIST)
    assert (
        'of 48 bytes an entry with tag "List" was never deleted (NdisDeleteNPagedLookasideList)'
        in leak
    )
    assert left(tmp_path, f"{LIST}#define AT_HALT NdisDeleteNPagedLookasideList(&List);\n") == []


def test_a_work_item_that_is_queued_when_the_halt_returns_is_told(tmp_path) -> None:
    """It would run in a driver that is unloaded. One that ran, or that the halt waits for, is not."""
    (leak,) = left(tmp_path, f"{WORK}#define AT_HALT {QUEUE}\n")
    assert leak.startswith("a work item was still queued when MiniportHalt returned")
    assert leak.endswith(", in Work (more.h:5)")
    assert left(tmp_path, f"{WORK}#define AT_HALT {QUEUE} NdisWaitEvent(&Done, 0);\n") == []
    assert (
        left(tmp_path, f"{WORK}#define AT_TICK if (!Queued) {{ Queued = TRUE; {QUEUE} }}\n") == []
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [(13, "0 bytes behind the end of"), (-2, "2 bytes before"), (12, None)],
    ids=["behind", "before", "inside"],
)
def test_what_is_written_beside_a_block_is_told_when_it_is_given_back(tmp_path, at, words) -> None:
    """Where the block does not end with its page, nothing faults there: TOUCH, with the block's size."""
    written = f"PUCHAR at; NdisAllocateMemoryWithTag((PVOID *)&at, 13, 'kolB'); at[{at}] = 1;"
    driver = leased(tmp_path, f"#define AT_HALT {{ {written} NdisFreeMemory(at, 13, 0); }}\n")
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    told = [found.detail for found in ndis.violations if found.rule == "TOUCH"]
    if words is None:
        assert told == []
    else:
        assert f"{words} a block of 13 bytes that NdisAllocateMemoryWithTag gave" in told[0]
