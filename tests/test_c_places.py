"""Calls of a driver in C at the wrong level or too early, odd answers, and what it leaves behind: each is told."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import LEASED, leased
from ndiswan.drivers import load

WORK = """
static NDIS_WORK_ITEM Item;
static VOID Work(PNDIS_WORK_ITEM item, PVOID context) { @CALL@ }
#define LATER(c) NdisInitializeWorkItem(&Item, (NDIS_PROC)Work, c); NdisScheduleWorkItem(&Item)
"""
ADDRESS = nw.Oid.WAN_PERMANENT_ADDRESS


def told(driver, *, ask: nw.Oid | None = None, reset: bool = False) -> list[str]:
    """What is broken until its world is closed, warnings too."""
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        ndis.run(until=0.1)
        if ask is not None:
            link.query(ask)
        if reset:
            ndis.reset(link)
        ndis.run(until=0.2)
    return [f"{broken.rule}: {broken.detail}" for broken in ndis.violations]


def test_a_lock_is_freed_at_passive_level(tmp_path) -> None:
    """In a timer's function it is told, in the halt it is right."""
    uses = "{ NDIS_SPIN_LOCK l; NdisAllocateSpinLock(&l); NdisFreeSpinLock(&l); }"
    (broken,) = told(leased(tmp_path, f"#define AT_TICK if (card->Ticks == 1) {uses}\n"))
    assert broken.startswith(
        "IRQL_CALL: NdisFreeSpinLock at DISPATCH_LEVEL; expected PASSIVE_LEVEL"
    )
    assert told(leased(tmp_path, f"#define AT_HALT {uses}\n")) == []


@pytest.mark.parametrize(("level", "broken"), [("PASSIVE_LEVEL", 1), ("DISPATCH_LEVEL", 0)])
def test_a_request_is_completed_at_dispatch_level(tmp_path, level: str, broken: int) -> None:
    """A work item runs at PASSIVE_LEVEL, and has to raise it."""
    completes = "NdisMQueryInformationComplete(((PCARD)context)->Adapter, NDIS_STATUS_FAILURE);"
    call = f"KIRQL old; KeRaiseIrql({level}, &old); {completes} KeLowerIrql(old);"
    asked = "if (oid == OID_WAN_PERMANENT_ADDRESS) { LATER(context); return NDIS_STATUS_PENDING; }"
    driver = leased(tmp_path, WORK.replace("@CALL@", call) + f"#define QUERY {asked}\n")
    found = told(driver, ask=ADDRESS)
    assert len(found) == broken
    expected = "IRQL_CALL: NdisMQueryInformationComplete at PASSIVE_LEVEL; expected DISPATCH_LEVEL"
    assert all(one.startswith(expected) for one in found)


def test_indications_end_where_they_may_be_made(tmp_path) -> None:
    """NdisMIndicateStatusComplete of a serialized driver is at DISPATCH_LEVEL, as NdisMIndicateStatus is."""
    call = "NdisMIndicateStatusComplete(((PCARD)context)->Adapter);"
    at_first = "#define AT_TICK if (card->Ticks == 1) { LATER(card); }\n"
    (broken,) = told(leased(tmp_path, WORK.replace("@CALL@", call) + at_first))
    assert broken.startswith("IRQL_COMPLETE: NdisMIndicateStatusComplete was called")
    inside = "#define AT_TICK NdisMIndicateStatusComplete(card->Adapter);\n"
    assert told(leased(tmp_path, inside)) == []


def test_a_reset_ends_with_a_published_status(tmp_path) -> None:
    """As a send does: another number is passed on, and warned of."""
    odd = "static NDIS_STATUS Odd(PBOOLEAN a, NDIS_HANDLE c) { *a = FALSE; return 0x777; }\n"
    driver = leased(tmp_path, odd + "#define ENTRY(e) e.ResetHandler = Odd;\n")
    with pytest.warns(nw.ContractWarning, match="0x00000777"):
        (broken,) = told(driver, reset=True)
    assert broken.startswith("STATUS_UNKNOWN: 0x00000777")


@pytest.mark.parametrize(
    "claims",
    [
        "PVOID p; NdisMRegisterIoPortRange(&p, adapter, 0x300, 8); NdisMDeregisterIoPortRange(adapter, 0x300, 8, p);",
        "NdisMRegisterInterrupt(&card->Interrupt, adapter, 5, 5, 1, 1, 0); NdisMDeregisterInterrupt(&card->Interrupt);",
    ],
)
def test_resources_are_claimed_after_the_attributes(tmp_path, claims: str) -> None:
    """NdisMSetAttributesEx comes first."""
    sets = "    NdisMSetAttributesEx(adapter, card, 0, 0, NdisInterfaceIsa);\n"
    for text, expected in (
        (f"    {{ {claims} }}\n{sets}", 1),
        (f"{sets}    {{ {claims} }}\n", 0),
    ):
        source = tmp_path / "driver.c"
        source.write_text(LEASED.read_text("utf-8").replace(sets, text), "utf-8")
        found = told(load(source))
        assert len(found) == expected
        assert all("before NdisMSetAttributesEx; expected that first" in one for one in found)


@pytest.mark.parametrize(("halt", "left"), [("", 1), ("NdisFreeSpinLock(&Left);", 0)])
def test_a_lock_that_is_not_freed_is_left_behind(tmp_path, halt: str, left: int) -> None:
    """One that ends with the memory that it is in is not, nor one of the kernel's, which nobody frees."""
    more = "static NDIS_SPIN_LOCK Left; static KSPIN_LOCK Kernel;\n#define AT_HALT NdisFreeMemory(Block, 64, 0); "
    more += f"{halt}\nstatic PVOID Block;\n#define AT_START KeInitializeSpinLock(&Kernel); "
    more += "NdisAllocateSpinLock(&Left); NdisAllocateMemoryWithTag(&Block, 64, 'kcol'); "
    more += "NdisAllocateSpinLock((PNDIS_SPIN_LOCK)Block);\n"
    driver = leased(tmp_path, more)
    assert told(driver) == []
    assert len(driver.leaks) == left
    for leak in driver.leaks:
        assert leak.startswith("the spin lock leased.c:")  # the line that has the macro
        assert leak.endswith("was never freed (NdisFreeSpinLock)")


def test_a_driver_that_takes_all_memory_is_refused_some_and_goes_on(tmp_path) -> None:
    """Its packets have places, what it frees is free, and of what it leaves a hundred blocks are listed."""
    more = (
        "static PVOID Blocks[1 << 20]; static ULONG Count;\n#define AT_START"
        " while (NdisAllocateMemoryWithTag(&Blocks[Count], 16, 'ynam') == NDIS_STATUS_SUCCESS) Count++;\n"
        '#define AT_HALT DbgPrint("%u", Count); while (Count > KEEPS) NdisFreeMemory(Blocks[--Count], 16, 0);\n'
    )
    for keeps, lines in ((0, 0), (200_000, 101)):
        driver = leased(tmp_path, f"#define KEEPS {keeps}\n{more}")
        back: list[nw.Status] = []

        class Peer(nw.Protocol):
            def send_complete(self, packet, status, back=back):
                back.append(status)

        with nw.Ndis() as ndis:
            ndis.bind(Peer(), driver)
            ndis.run(until=0.1)
            driver.adapter.links[-1].send(b"frame")
            ndis.run(until=0.2)
        assert back == [nw.SUCCESS]
        assert 200_000 < int(driver.printed[-1]) < 300_000
        assert len(driver.leaks) == lines
    assert driver.leaks[-1] == "199900 more blocks, of 3198400 bytes in all"
