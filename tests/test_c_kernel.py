"""Small drivers in C on the kernel below NDIS: timers with DPCs, work items, waiting, registry, resources, files."""

from __future__ import annotations

import textwrap

import pytest

import ndiswan as nw
from ndiswan.drivers import load

HARNESS = """
#include <ntddk.h>
#include <ndis.h>
static NDIS_HANDLE Adapter;
@GLOBALS@
static void Run(NDIS_HANDLE Context)
{
@BODY@
}
static BOOLEAN Hang(NDIS_HANDLE c) { return FALSE; }
static VOID Halt(NDIS_HANDLE c) { @HALT@ }
static NDIS_STATUS Initialize(
    PNDIS_STATUS s, PUINT index, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE handle, NDIS_HANDLE context)
{
    UINT i;
    Adapter = handle;
    for (i = 0; i < count && media[i] != NdisMediumWan; i++) ;
    *index = i;
    NdisMSetAttributesEx(handle, (NDIS_HANDLE)&Adapter, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    Run(context);
    return NDIS_STATUS_SUCCESS;
}
static NDIS_STATUS Request(NDIS_HANDLE c, NDIS_OID oid, PVOID b, ULONG n, PULONG w, PULONG r)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}
static NDIS_STATUS Reset(PBOOLEAN a, NDIS_HANDLE c) { *a = FALSE; return NDIS_STATUS_SUCCESS; }
static NDIS_STATUS Send(NDIS_HANDLE c, NDIS_HANDLE l, PNDIS_WAN_PACKET p) { return NDIS_STATUS_SUCCESS; }
NTSTATUS DriverEntry(PDRIVER_OBJECT o, PUNICODE_STRING path)
{
    NDIS_MINIPORT_CHARACTERISTICS c;
    NDIS_HANDLE w;
    NdisMInitializeWrapper(&w, o, path, NULL);
    NdisZeroMemory(&c, sizeof(c));
    c.MajorNdisVersion = 4;
    c.Reserved = 1; /* of the WAN */
    c.CheckForHangHandler = Hang;
    c.HaltHandler = Halt;
    c.InitializeHandler = Initialize;
    c.QueryInformationHandler = Request;
    c.SetInformationHandler = Request;
    c.ResetHandler = Reset;
    c.WanSendHandler = Send;
    return NdisMRegisterMiniport(w, &c, sizeof(c));
}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Compiles a driver around the given lines, binds it, runs it, halts it; what it printed."""
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path / "cache"))

    def go(
        body: str, globals_: str = "", halt: str = "", *, time=None, broken=(), leaks=0, **given
    ):
        text = (
            HARNESS.replace("@GLOBALS@", textwrap.dedent(globals_))
            .replace("@BODY@", body)
            .replace("@HALT@", halt)
        )
        source = tmp_path / "driver.c"
        source.write_text(text, encoding="utf-8")
        card = load(source, **given)
        ndis = nw.Ndis(time=time or nw.VirtualTime(), on_violation="record")
        ndis.bind(nw.Protocol(), card)
        ndis.run() if time is None else None
        ndis.close()
        found = [str(violation.rule) for violation in ndis.violations]
        assert sorted(found) == sorted(broken), [violation.detail for violation in ndis.violations]
        assert card.crashed is None
        assert len(card.leaks) == leaks, card.leaks
        return [line.strip() for line in card.printed]

    return go


def test_a_timer_of_the_kernels_queues_its_dpc_and_is_signaled(run) -> None:
    """KeSetTimerEx fires after its due time, then each period, at DISPATCH_LEVEL, until KeCancelTimer."""
    printed = run(
        """
        LARGE_INTEGER due;
        due.QuadPart = -20000; /* 2 ms */
        KeInitializeTimer(&Timer);
        KeInitializeDpc(&Dpc, Fired, (PVOID)7);
        DbgPrint("before %d\\n", KeSetTimerEx(&Timer, due, 3, &Dpc));
        """,
        """
        static KTIMER Timer;
        static KDPC Dpc;
        static int Count;
        static VOID Fired(PKDPC dpc, PVOID context, PVOID first, PVOID second)
        {
            ULONG now;
            int level = KeGetCurrentIrql(), set = KeReadStateTimer(&Timer);
            NdisGetSystemUpTime(&now);
            DbgPrint("%d %d at %u, %d %d\\n", dpc == &Dpc, (int)(ULONG_PTR)context, now, level, set);
            if (++Count == 3) {
                DbgPrint("cancelled %d\\n", KeCancelTimer(&Timer));
                DbgPrint("again %d\\n", KeCancelTimer(&Timer));
            }
        }
        """,
    )
    expected = [
        "before 0",
        "1 7 at 2, 2 1",
        "1 7 at 5, 2 1",
        "1 7 at 8, 2 1",
        "cancelled 1",
        "again 0",
    ]
    assert printed == expected


def test_a_dpc_gets_its_arguments_and_can_be_taken_from_the_queue(run) -> None:
    """KeInsertQueueDpc's arguments come with the call; no DPC is queued twice; KeRemoveQueueDpc takes it out."""
    printed = run(
        """
        int first, again, other, removed;
        KeInitializeDpc(&Dpc[0], Called, "first");
        KeInitializeDpc(&Dpc[1], Called, "second");
        first = KeInsertQueueDpc(&Dpc[0], (PVOID)3, (PVOID)4);
        again = KeInsertQueueDpc(&Dpc[0], (PVOID)5, (PVOID)6);
        other = KeInsertQueueDpc(&Dpc[1], (PVOID)7, (PVOID)8);
        removed = KeRemoveQueueDpc(&Dpc[1]);
        DbgPrint("%d %d %d %d\\n", first, again, other, removed);
        """,
        """
        static KDPC Dpc[2];
        static VOID Called(PKDPC dpc, PVOID context, PVOID first, PVOID second)
        {
            DbgPrint("%s %d %d\\n", context, (int)(ULONG_PTR)first, (int)(ULONG_PTR)second);
        }
        """,
    )
    assert printed == ["1 0 1 1", "first 3 4"]


def test_a_caller_waits_for_an_event_that_a_work_item_sets(run) -> None:
    """IoQueueWorkItem's routine runs on another thread, at PASSIVE_LEVEL; the end of a thread can be waited for."""
    printed = run(
        """
        PIO_WORKITEM item = IoAllocateWorkItem((PDEVICE_OBJECT)&Adapter);
        HANDLE thread;
        PVOID object;
        KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
        IoQueueWorkItem(item, Work, DelayedWorkQueue, (PVOID)9);
        DbgPrint("waited %x\\n", KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL));
        DbgPrint("state %d\\n", KeReadStateEvent(&Done));
        IoFreeWorkItem(item);
        PsCreateSystemThread(&thread, 0, NULL, NULL, NULL, Thread, (PVOID)5);
        ObReferenceObjectByHandle(thread, 0, NULL, KernelMode, &object, NULL);
        ZwClose(thread);
        KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
        DbgPrint("over %d\\n", Sum);
        ObDereferenceObject(object);
        """,
        """
        static KEVENT Done;
        static int Sum;
        static VOID Work(PDEVICE_OBJECT device, PVOID context)
        {
            BOOLEAN own = device == (PDEVICE_OBJECT)&Adapter;
            DbgPrint("work %d %d %d\\n", own, (int)(ULONG_PTR)context, KeGetCurrentIrql());
            KeSetEvent(&Done, 0, FALSE);
        }
        static VOID Thread(PVOID context)
        {
            LARGE_INTEGER pause;
            pause.QuadPart = -10000;
            KeDelayExecutionThread(KernelMode, FALSE, &pause);
            Sum += (int)(ULONG_PTR)context;
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        """,
        time=nw.RealTime(),
    )
    assert printed == ["work 1 9 0", "waited 0", "state 0", "over 5"]


def test_mutexes_and_semaphores_let_in_as_many_as_they_say(run) -> None:
    """A mutex is its owner's again and again; a semaphore counts down; a fast mutex is held at APC_LEVEL."""
    printed = run(
        """
        KMUTEX mutex;
        KSEMAPHORE semaphore;
        FAST_MUTEX fast;
        LARGE_INTEGER none, soon;
        int i;
        none.QuadPart = 0;
        soon.QuadPart = -10000;
        KeInitializeMutex(&mutex, 0);
        for (i = 0; i < 2; i++)
            DbgPrint("mutex %x\\n", KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &none));
        DbgPrint("%d", KeReleaseMutex(&mutex, FALSE));
        DbgPrint("%d", KeReleaseMutex(&mutex, FALSE));
        KeReleaseMutex(&mutex, FALSE);
        KeInitializeSemaphore(&semaphore, 1, 2);
        for (i = 0; i < 2; i++)
            DbgPrint("semaphore %x\\n", KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &soon));
        DbgPrint("%d", KeReleaseSemaphore(&semaphore, 0, 2, FALSE));
        KeReleaseSemaphore(&semaphore, 0, 1, FALSE);
        ExInitializeFastMutex(&fast);
        ExAcquireFastMutex(&fast);
        i = KeGetCurrentIrql();
        ExReleaseFastMutex(&fast);
        DbgPrint("fast %d %d\\n", i, KeGetCurrentIrql());
        """,
        broken=("LOCK_UNHELD", "HANDLE"),
    )
    expected = ["mutex 0", "mutex 0", "-1", "0", "semaphore 0", "semaphore 102", "0", "fast 1 0"]
    assert printed == expected


def test_a_reader_writer_lock_is_held_at_dispatch_level(run) -> None:
    """A reader may read again, the level comes back with the last release, and one LOCK_STATE releases once."""
    printed = run(
        """
        NDIS_RW_LOCK lock;
        LOCK_STATE outer, inner;
        NdisInitializeReadWriteLock(&lock);
        NdisAcquireReadWriteLock(&lock, FALSE, &outer);
        NdisAcquireReadWriteLock(&lock, FALSE, &inner);
        DbgPrint("%d", KeGetCurrentIrql());
        NdisReleaseReadWriteLock(&lock, &inner);
        DbgPrint("%d", KeGetCurrentIrql());
        NdisReleaseReadWriteLock(&lock, &outer);
        NdisReleaseReadWriteLock(&lock, &outer);
        NdisAcquireReadWriteLock(&lock, TRUE, &outer);
        NdisReleaseReadWriteLock(&lock, &outer);
        DbgPrint("%d", KeGetCurrentIrql());
        """,
        broken=("HANDLE",),
    )
    assert printed == ["2", "2", "0"]


def test_a_lock_ends_with_the_memory_that_it_is_in(run) -> None:
    """Used after NdisFreeMemory it is a TOUCH, however often it was used before; freed while it is held, LOCK_LEAK."""
    body = """
        PNDIS_SPIN_LOCK lock;
        UINT i, held;
        for (held = 0; held < 2; held++) {
            NdisAllocateMemoryWithTag((PVOID *)&lock, sizeof(*lock), 'kcoL');
            NdisAllocateSpinLock(lock);
            for (i = 0; i < 3; i++)
                NdisAcquireSpinLock(lock), NdisReleaseSpinLock(lock);
            if (held) NdisAcquireSpinLock(lock);
            NdisFreeMemory(lock, sizeof(*lock), 0);
            if (!held) NdisAcquireSpinLock(lock);
        }
    """
    for guard in (True, False):
        run(body, broken=["TOUCH", "LOCK_LEAK", "LOCK_LEAK"], guard=guard)


def test_sub_keys_of_the_registry_are_keywords_with_a_backslash(run) -> None:
    r"""``"Line0\Speed"`` is Speed of the sub-key Line0, found by name and by index; what is written is read."""
    printed = run(
        """
        NDIS_STATUS status;
        NDIS_HANDLE key, sub;
        NDIS_STRING line = NDIS_STRING_CONST("LINE1"), speed = NDIS_STRING_CONST("Speed");
        NDIS_STRING none = NDIS_STRING_CONST("Line7"), name;
        PNDIS_CONFIGURATION_PARAMETER value;
        NDIS_CONFIGURATION_PARAMETER fresh;
        ULONG i;
        NdisOpenConfiguration(&status, &key, Context);
        NdisOpenConfigurationKeyByName(&status, key, &none, &sub);
        DbgPrint("none %x\\n", status);
        NdisOpenConfigurationKeyByName(&status, key, &line, &sub);
        NdisReadConfiguration(&status, &value, sub, &speed, NdisParameterInteger);
        DbgPrint("speed %u\\n", value->ParameterData.IntegerData);
        fresh.ParameterType = NdisParameterInteger;
        fresh.ParameterData.IntegerData = 33600;
        NdisWriteConfiguration(&status, sub, &speed, &fresh);
        NdisReadConfiguration(&status, &value, sub, &speed, NdisParameterInteger);
        DbgPrint("written %u\\n", value->ParameterData.IntegerData);
        NdisCloseConfiguration(sub);
        for (i = 0; NdisOpenConfigurationKeyByIndex(&status, key, i, &name, &sub), status == NDIS_STATUS_SUCCESS; i++) {
            DbgPrint("%u %wZ\\n", i, &name);
            NdisCloseConfiguration(sub);
        }
        NdisCloseConfiguration(key);
        """,
        config={"Line0\\Speed": 9600, "Line1\\Speed": 14400, "Lines": 2},
    )
    assert printed == ["none c0000001", "speed 14400", "written 33600", "0 Line0", "1 Line1"]


def test_resources_are_what_the_configuration_says(run) -> None:
    """NdisMQueryAdapterResources says how much room it needs, then gives ports, interrupt, memory; PCI the same."""
    printed = run(
        """
        char buffer[200];
        PNDIS_RESOURCE_LIST list = (PNDIS_RESOURCE_LIST)buffer, pci;
        NDIS_STATUS status;
        UINT size = 0, i;
        NdisMQueryAdapterResources(&status, Context, list, &size);
        DbgPrint("%x %u\\n", status, size);
        NdisMQueryAdapterResources(&status, Context, list, &size);
        for (i = 0; i < list->Count; i++) {
            PCM_PARTIAL_RESOURCE_DESCRIPTOR d = &list->PartialDescriptors[i];
            if (d->Type == CmResourceTypeInterrupt)
                DbgPrint("interrupt %u\\n", d->u.Interrupt.Vector);
            else
                DbgPrint("%d %x %x\\n", d->Type, d->u.Port.Start.LowPart, d->u.Port.Length);
        }
        NdisMPciAssignResources(Adapter, 0, &pci);
        DbgPrint("%d\\n", NdisEqualMemory(pci, list, size));
        """,
        config={
            "IoBaseAddress": 0x300,
            "IoLength": 32,
            "InterruptNumber": 5,
            "MemoryBaseAddress": 0xD0000,
        },
    )
    assert printed == ["c000009a 68", "1 300 20", "interrupt 5", "3 d0000 1000", "1"]


def test_a_file_is_the_configurations(run) -> None:
    """NdisMapFile gives the bytes of ``"file:NAME"``; what is not there is FILE_NOT_FOUND; an open file leaks."""
    printed = run(
        """
        NDIS_STRING name = NDIS_STRING_CONST("boot.bin"), none = NDIS_STRING_CONST("other.bin");
        NDIS_PHYSICAL_ADDRESS highest = NDIS_PHYSICAL_ADDRESS_CONST(-1, -1);
        NDIS_STATUS status;
        NDIS_HANDLE file;
        UINT length;
        PVOID data;
        NdisOpenFile(&status, &file, &length, &none, highest);
        DbgPrint("%d\\n", status == NDIS_STATUS_FILE_NOT_FOUND);
        NdisOpenFile(&status, &file, &length, &name, highest);
        NdisMapFile(&status, &data, file);
        DbgPrint("%u %s\\n", length, data);
        NdisUnmapFile(file);
        """,
        config={"file:boot.bin": b"code\0"},
        leaks=1,
    )
    told = 'NdisOpenFile: there is no file "other.bin"; give its bytes as config={"file:other.bin": ...}'
    assert printed == [told, "1", "5 code"]


def test_what_a_lan_miniport_calls_is_foreign(run) -> None:
    """NdisMEthIndicateReceive and NdisMCoSendComplete of a WAN miniport break FOREIGN, each."""
    run(
        """
        NdisMEthIndicateReceiveComplete(Adapter);
        NdisMCoSendComplete(NDIS_STATUS_SUCCESS, NULL, NULL);
        """,
        broken=("FOREIGN", "FOREIGN"),
    )


def test_a_device_that_stays_registered_is_a_leak(run) -> None:
    """NdisMRegisterDevice's device, its name and its memory are among the leaks until NdisMDeregisterDevice."""
    register = """
        NDIS_STRING name = NDIS_STRING_CONST("\\\\Device\\\\Wan"), link = NDIS_STRING_CONST("\\\\DosDevices\\\\Wan");
        PDRIVER_DISPATCH functions[IRP_MJ_MAXIMUM_FUNCTION + 1] = {0};
        PDEVICE_OBJECT device;
        NDIS_HANDLE handle;
        DbgPrint("%x", NdisMRegisterDevice(NULL, &name, &link, functions, &device, &handle));
        DbgPrint("%x", NdisMRegisterDevice(NULL, &name, &link, functions, &device, &handle));
    """
    assert run(register, leaks=3) == ["0", "c0000035"]
    run(register + "NdisMDeregisterDevice(handle);", leaks=0)


def test_a_bug_check_is_the_drivers_crash(tmp_path, monkeypatch) -> None:
    """KeBugCheckEx does not return, and the crash names its code."""
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path / "cache"))
    body = 'KeBugCheckEx(0xE2, 1, 2, 3, 4); DbgPrint("after");'
    source = tmp_path / "driver.c"
    source.write_text(
        HARNESS.replace("@GLOBALS@", "").replace("@BODY@", body).replace("@HALT@", ""),
        encoding="utf-8",
    )
    card = load(source)
    with (
        pytest.raises(Exception, match="KeBugCheckEx"),
        nw.Ndis(time=nw.VirtualTime(), on_violation="record") as ndis,
    ):
        ndis.bind(nw.Protocol(), card)
    assert "0xe2" in str(card.crashed)
    assert card.printed == []
