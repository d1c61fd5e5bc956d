"""Drivers in C that wait for several objects, share a resource, and send requests to a driver that is not there."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased
from ndiswan.drivers import load
from test_c_kernel import HARNESS, run  # noqa: F401 - a fixture

WAITS = """
static KEVENT First, Second;
static KSEMAPHORE Third;
static KDPC Dpc;
static KTIMER Timer;
static VOID Later(PKDPC dpc, PVOID context, PVOID a, PVOID b) { KeSetEvent(&Second, 0, FALSE); }
"""


def test_the_first_of_several_objects_or_all_of_them(run) -> None:  # noqa: F811
    """WaitAny takes one and says which; WaitAll takes all or nothing; a time that is over is STATUS_TIMEOUT."""
    printed = run(
        """
        PVOID objects[3] = {&First, &Second, &Third};
        LARGE_INTEGER none = {{0}}, due;
        KeInitializeEvent(&First, SynchronizationEvent, FALSE);
        KeInitializeEvent(&Second, NotificationEvent, FALSE);
        KeInitializeSemaphore(&Third, 1, 5);
        #define WAIT(type, time) KeWaitForMultipleObjects(3, objects, type, Executive, KernelMode, FALSE, time, NULL)
        DbgPrint("%x\\n", WAIT(WaitAny, &none));
        DbgPrint("%x\\n", WAIT(WaitAny, &none));
        KeReleaseSemaphore(&Third, 0, 2, FALSE);
        KeSetEvent(&First, 0, FALSE);
        DbgPrint("%x %d %d\\n", WAIT(WaitAll, &none), KeReadStateEvent(&First), KeReadStateSemaphore(&Third));
        due.QuadPart = -30000;
        KeInitializeTimer(&Timer);
        KeInitializeDpc(&Dpc, Later, NULL);
        KeSetTimer(&Timer, due, &Dpc);
        DbgPrint("%x", WAIT(WaitAll, NULL));
        DbgPrint(" %d %d %d\\n", KeReadStateEvent(&First), KeReadStateEvent(&Second), KeReadStateSemaphore(&Third));
        """,
        WAITS,
    )
    assert printed == ["2", "102", "102 1 2", "0", "0 1 1"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("4, objects, WaitAny", "Count is 0x4; expected 1 to 3 objects, or up to 64 with"),
        ("0, objects, WaitAny", "Count is 0x0"),
        ("2, objects, WaitAll", "Object[1] is 0x8; expected the address of an object"),
    ],
)
def test_objects_that_are_too_many_or_none_are_told(tmp_path, call, words) -> None:
    """More than three objects need wait blocks, and each is an object."""
    more = f"""
    static KEVENT Event;
    #define AT_START {{ \
        PVOID objects[4] = {{&Event, (PVOID)8, &Event, &Event}}; \
        KeInitializeEvent(&Event, NotificationEvent, TRUE); \
        KeWaitForMultipleObjects({call}, Executive, KernelMode, FALSE, NULL, NULL); }}
    """
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), leased(tmp_path, more))
    assert [str(one.rule) for one in ndis.violations] == ["HANDLE"]
    assert words in str(ndis.violations[0].detail)


def test_a_resource_is_shared_or_one_threads(run) -> None:  # noqa: F811
    """Who has it alone takes it again; a remove lock that was waited for is refused."""
    printed = run(
        """
        IO_REMOVE_LOCK lock;
        KLOCK_QUEUE_HANDLE handle;
        KSPIN_LOCK spin;
        ExInitializeResourceLite(&Shared);
        KeEnterCriticalRegion();
        DbgPrint("%d", ExAcquireResourceExclusiveLite(&Shared, TRUE));
        DbgPrint(" %d", ExAcquireResourceSharedLite(&Shared, FALSE));
        DbgPrint(" %d\\n", ExIsResourceAcquiredExclusiveLite(&Shared));
        ExReleaseResourceLite(&Shared);
        ExReleaseResourceLite(&Shared);
        ExAcquireResourceSharedLite(&Shared, TRUE);
        DbgPrint("%d", ExAcquireResourceExclusiveLite(&Shared, FALSE));
        ExReleaseResourceLite(&Shared);
        KeLeaveCriticalRegion();
        DbgPrint(" %d\\n", ExIsResourceAcquiredSharedLite(&Shared));
        ExDeleteResourceLite(&Shared);
        IoInitializeRemoveLock(&lock, 'kcoL', 0, 0);
        DbgPrint("%x", IoAcquireRemoveLock(&lock, &lock));
        IoReleaseRemoveLockAndWait(&lock, &lock);
        DbgPrint(" %d\\n", IoAcquireRemoveLock(&lock, &lock) == STATUS_DELETE_PENDING);
        KeInitializeSpinLock(&spin);
        KeAcquireInStackQueuedSpinLock(&spin, &handle);
        DbgPrint("%d", KeGetCurrentIrql());
        KeReleaseInStackQueuedSpinLock(&handle);
        DbgPrint(" %d\\n", KeGetCurrentIrql());
        """,
        "static ERESOURCE Shared;",
    )
    assert printed == ["1", "1", "1", "0", "0", "0", "1", "2", "0"]


def test_a_request_comes_back_from_a_bus_without_a_driver(run) -> None:  # noqa: F811
    """It is not supported; its completion function runs, or the event of who waits is set; no port has a name."""
    printed = run(
        """
        PDEVICE_OBJECT next, device;
        PFILE_OBJECT file;
        UNICODE_STRING serial;
        IO_STATUS_BLOCK status;
        KEVENT event;
        PIRP irp;
        NdisMGetDeviceProperty(Adapter, NULL, NULL, &next, NULL, NULL);
        irp = IoAllocateIrp(next->StackSize, FALSE);
        IoSetCompletionRoutine(irp, Done, &event, TRUE, TRUE, TRUE);
        DbgPrint("%x\\n", IoCallDriver(next, irp));
        IoReuseIrp(irp, STATUS_SUCCESS);
        DbgPrint("%x %d\\n", irp->IoStatus.Status, IoCancelIrp(irp));
        IoFreeIrp(irp);
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        irp = IoBuildDeviceIoControlRequest(0x220003, next, NULL, 0, NULL, 0, TRUE, &event, &status);
        DbgPrint("%x\\n", IoCallDriver(next, irp));
        DbgPrint("%x %d\\n", status.Status, KeReadStateEvent(&event));
        RtlInitUnicodeString(&serial, L"\\\\Device\\\\Serial0");
        DbgPrint("%d\\n", IoGetDeviceObjectPointer(&serial, 0, &file, &device) == STATUS_OBJECT_NAME_NOT_FOUND);
        """,
        """
        static NTSTATUS Done(PDEVICE_OBJECT device, PIRP irp, PVOID context)
        {
            DbgPrint("done %x\\n", irp->IoStatus.Status);
            return STATUS_MORE_PROCESSING_REQUIRED;
        }
        """,
    )
    assert printed == ["done c00000bb", "c00000bb", "0 0", "c00000bb", "c00000bb 1", "1"]


def test_a_timer_that_was_cancelled_does_not_fire_late(tmp_path) -> None:
    """The kernel's timer fires in one piece, before KeCancelTimer or not at all: its memory may be freed behind it."""
    body = """
        LARGE_INTEGER due;
        due.QuadPart = -50000;
        Once = ExAllocatePool(NonPagedPool, sizeof(*Once));
        if (Once != NULL) { KeInitializeTimer(Once); KeSetTimer(Once, due, NULL); }
    """
    halt = "if (Once != NULL) { KeCancelTimer(Once); ExFreePool(Once); }"
    text = HARNESS.replace("@GLOBALS@", "static PKTIMER Once;").replace("@BODY@", body)
    source = tmp_path / "timer.c"
    source.write_text(text.replace("@HALT@", halt), "utf-8")

    def scenario(ndis: nw.Ndis) -> None:
        ndis.bind(nw.Protocol(), load(source))
        ndis.close()

    load(source)  # which compiles it
    found = nw.explore(scenario, seed=1, executions=300)
    assert [failure.rule for failure in found.failures] == []
    assert found.executions == 300
