"""Requests of a driver in C: PENDING, and the completion that may come before that is said, once."""

from __future__ import annotations

import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan import Status
from ndiswan.checking import Options, check
from ndiswan.drivers import load
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from pathlib import Path

    from ndiswan.drivers.loading import CMiniport

GLOBALS = """
static NDIS_MINIPORT_TIMER Timer;
static VOID Later(PVOID s, PVOID c, PVOID t, PVOID u) { NdisMSetInformationComplete(Adapter, NDIS_STATUS_SUCCESS); }
static NDIS_STATUS Asked(NDIS_OID oid);
"""
ASKED = """
static NDIS_STATUS Asked(NDIS_OID oid)
{
    switch (oid) {
    case 1: NdisMSetTimer(&Timer, 5); return NDIS_STATUS_PENDING;
    case 2: Later(0, 0, 0, 0); return NDIS_STATUS_PENDING;
    case 3: Later(0, 0, 0, 0); return NDIS_STATUS_SUCCESS;
    case 4: Later(0, 0, 0, 0); Later(0, 0, 0, 0); return NDIS_STATUS_PENDING;
    case 5: NdisMQueryInformationComplete(Adapter, NDIS_STATUS_SUCCESS); return NDIS_STATUS_SUCCESS;
    case 6: NdisMSetInformationComplete(Adapter, NDIS_STATUS_PENDING); Later(0, 0, 0, 0); return NDIS_STATUS_PENDING;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}
"""


@pytest.fixture
def world(tmp_path: Path):
    """A driver that answers the set of an OID as its number says, bound; the world, and the driver."""
    text = HARNESS.replace("@GLOBALS@", GLOBALS).replace("@HALT@", "")
    text = text.replace("@BODY@", "NdisMInitializeTimer(&Timer, Adapter, Later, NULL);")
    text = text.replace("return NDIS_STATUS_NOT_SUPPORTED;", "return Asked(oid);") + ASKED
    source = tmp_path / "asked.c"
    source.write_text(text, "utf-8")
    driver = load(source)
    with nw.Ndis(time=nw.VirtualTime(), on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        yield ndis, driver


def asked(driver: CMiniport, oid: int) -> Status:
    """What the driver answers when that is set."""
    return driver.request(oid, b"\0" * 8, set=True)[0]


def test_a_request_that_is_pending_is_over_when_it_is_completed(world) -> None:
    """Later, from the timer's function."""
    ndis, driver = world
    assert asked(driver, 1) is Status.PENDING
    assert driver.completed() is None
    ndis.run()
    assert driver.completed() == (Status.SUCCESS, b"\0" * 8)
    assert (driver.completed(), ndis.violations) == (None, [])


def test_a_request_may_be_completed_before_its_handler_says_pending(world) -> None:
    """NDIS knows it from when it calls the driver on; an interrupt may be faster than the return."""
    ndis, driver = world
    assert asked(driver, 2) is Status.PENDING
    assert driver.completed() == (Status.SUCCESS, b"\0" * 8)
    assert (driver.completed(), ndis.violations) == (None, [])


@pytest.mark.parametrize(
    ("oid", "rule", "words"),
    [
        (3, "HANDLE", "was completed with NDIS_STATUS_SUCCESS (0x00000000), and then the handler"),
        (4, "HANDLE", "expected a set that the driver has; it has none"),
        (5, "HANDLE", "expected a query that the driver has; it has none"),
        (6, "STATUS_PENDING", "expected the final status of the set"),
    ],
    ids=["and-returned", "twice", "the-other-one", "with-pending"],
)
def test_a_request_is_completed_once_if_it_was_pending(world, oid, rule, words) -> None:
    """Not besides a final answer, not twice, not by the other function, and not with PENDING."""
    ndis, driver = world
    asked(driver, oid)
    (found,) = ndis.violations
    assert (found.rule, words in found.detail) == (rule, True), found.detail


GIL = """
static NDIS_SPIN_LOCK Lock;
static PVOID Port;
"""
SENDS = """{
    NdisAcquireSpinLock(&Lock);
    NdisRawWritePortUchar((ULONG_PTR)Port, 1);
    NdisReleaseSpinLock(&Lock);
    return NDIS_STATUS_SUCCESS;
}"""


def test_who_waits_for_a_lock_lets_go_of_the_interpreter(tmp_path: Path) -> None:
    """Whoever has it may be in the device's function, on the way back to the interpreter: both would stand still."""
    text = HARNESS.replace("#include <ndis.h>", "#include <ndis.h>\n#include <ndiswan.h>")
    text = text.replace("@GLOBALS@", GIL).replace("@HALT@", "NdisFreeSpinLock(&Lock);")
    body = """
        NDIS_MAC_LINE_UP up;
        NdisAllocateSpinLock(&Lock);
        NdisMRegisterIoPortRange(&Port, Adapter, 0x300, 8);
        NdisZeroMemory(&up, sizeof(up));
        up.LinkSpeed = 640;
        NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
    """
    text = text.replace("@BODY@", body)
    text = text.replace(
        "PNDIS_WAN_PACKET p) { return NDIS_STATUS_SUCCESS; }", f"PNDIS_WAN_PACKET p) {SENDS}"
    )
    source = tmp_path / "gil.c"
    source.write_text(text, "utf-8")
    calls = []

    def device(space: str, address: int, size: int, value: int | None) -> int:  # noqa: ARG001
        time.sleep(0.0001)  # lets go of the interpreter
        calls.append(value)
        return 0

    with nw.Ndis(time=nw.RealTime(), on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), load(source, device=device))
        threads = [Thread(target=lambda: [link.send(b"x") for _ in range(100)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    assert (len(calls), ndis.violations) == (200, [])


LATER = """
static NDIS_MINIPORT_TIMER Timer;
static PVOID Buffer;
static BOOLEAN Sets;
static VOID Later(PVOID s, PVOID c, PVOID t, PVOID u)
{
    if (Sets) {
        NdisMSetInformationComplete(Adapter, NDIS_STATUS_SUCCESS);
        return;
    }
    ((PNDIS_WAN_GET_STATS_INFO)Buffer)->BytesSent = 77;
    NdisMQueryInformationComplete(Adapter, NDIS_STATUS_SUCCESS);
}
static NDIS_STATUS Asked(NDIS_OID oid, PVOID b, ULONG n, PULONG w)
{
    Sets = oid == OID_WAN_SET_LINK_INFO;
    if (oid == OID_WAN_GET_LINK_INFO) {
        *w = sizeof(NDIS_WAN_GET_LINK_INFO);
        ((PNDIS_WAN_GET_LINK_INFO)b)->MaxSendFrameSize = 1500;
        return NDIS_STATUS_SUCCESS;
    }
    if (oid != OID_WAN_GET_STATS_INFO && !Sets)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (((PNDIS_WAN_GET_STATS_INFO)b)->NdisLinkHandle != (NDIS_HANDLE)0x1234)
        return NDIS_STATUS_INVALID_DATA;
    Buffer = b;
    @SET@
    return NDIS_STATUS_PENDING;
}
"""
UP = """
    NDIS_MAC_LINE_UP up;
    NdisMInitializeTimer(&Timer, Adapter, Later, NULL);
    NdisZeroMemory(&up, sizeof(up));
    up.LinkSpeed = 640;
    up.NdisLinkHandle = (NDIS_HANDLE)0x1234;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
"""


def pending(folder: Path, set_timer: str) -> Path:
    """A driver whose card answers for statistics and settings of the link, some time later."""
    text = HARNESS.replace("#include <ndis.h>", "#include <ndis.h>\n#include <ndiswan.h>")
    text = text.replace("@GLOBALS@", LATER.replace("@SET@", set_timer)).replace("@HALT@", "")
    source = folder / "pending.c"
    text = text.replace("@BODY@", UP)
    text = text.replace("return NDIS_STATUS_NOT_SUPPORTED;", "return Asked(oid, b, n, w);", 2)
    answered = text.replace("return Asked(oid, b, n, w);", "return NDIS_STATUS_NOT_SUPPORTED;", 1)
    source.write_text(answered, "utf-8")
    return source


def test_a_request_of_the_wan_may_be_pending(tmp_path: Path) -> None:
    """NDIS waits for it: a query has its answer, for the link that its buffer names, and a set is made."""
    driver = load(pending(tmp_path, "NdisMSetTimer(&Timer, 10);"))
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        assert link.query(nw.Oid.WAN_GET_STATS_INFO).bytes_sent == 77
        before = ndis.now
        info = link.query(nw.Oid.WAN_GET_LINK_INFO)
        info.link_handle = 0x1234
        link.set(nw.Oid.WAN_SET_LINK_INFO, info)
        assert ndis.now - before == pytest.approx(0.01)
    assert ndis.violations == []


def test_a_request_of_the_wan_that_is_never_completed_is_a_finding(tmp_path: Path) -> None:
    """By hand it is an error, and for `check` the driver's breach, not a mistake of ours."""
    source = pending(tmp_path, ";")
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), load(source))
        with pytest.raises(RuntimeError, match="and did not complete it; a driver in C does"):
            link.query(nw.Oid.WAN_GET_STATS_INFO)
    (mode,) = check(str(source), Options(patterns=["requests/inline"])).drivers[0].modes
    assert {finding.kind for finding in mode.errors} == {"hang"}
    assert "did not complete it" in mode.errors[0].detail
