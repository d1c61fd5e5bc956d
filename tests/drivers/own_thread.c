/* A deserialized driver whose own thread completes what it is sent: MiniportWanSend queues, and sets an event. POLL is how many
 * milliseconds the thread waits at most (for ever without), SLEEP how many it sleeps instead of waiting for the event; with TWO it
 * waits for that event or one that MiniportHalt sets, whichever comes first. MiniportHalt
 * has it end and waits for that; with LEAVES it does neither, with FORGETS it only tells it to. CALLS_END: the thread ends by
 * PsTerminateSystemThread, which does not return. CRASHES and SPINS are what it does in place of its work. */
#include <ndis.h>
#include <ndiswan.h>
#include <ntddk.h>

static NDIS_HANDLE Adapter;
static NDIS_SPIN_LOCK Lock;
static KEVENT Work, Stop;
static PVOID Thread;
static volatile BOOLEAN Stopping;
static BOOLEAN Busy, Resetting;
static ULONG Wakes;
static PNDIS_WAN_PACKET First, Last;
static NDIS_HANDLE Wrapper;

static PNDIS_WAN_PACKET Take(VOID)
{
    PNDIS_WAN_PACKET Packet;

    NdisAcquireSpinLock(&Lock);
    Packet = First;
    if (Packet) {
        First = (PNDIS_WAN_PACKET)Packet->MacReserved1;
    }
    NdisReleaseSpinLock(&Lock);
    return Packet;
}

static VOID Drain(NDIS_STATUS Status)
{
    PNDIS_WAN_PACKET Packet;

    while ((Packet = Take()) != NULL) {
        NdisMWanSendComplete(Adapter, Packet, Status);
    }
}

/* What the thread has taken is not complete yet when a reset comes: who completes it ends the reset. */
static VOID CompleteAll(VOID)
{
    BOOLEAN Ends;

    NdisAcquireSpinLock(&Lock);
    Busy = TRUE;
    NdisReleaseSpinLock(&Lock);
    Drain(NDIS_STATUS_SUCCESS);
    NdisAcquireSpinLock(&Lock);
    Ends = Resetting;
    Busy = Resetting = FALSE;
    NdisReleaseSpinLock(&Lock);
    if (Ends) {
        NdisMResetComplete(Adapter, NDIS_STATUS_SUCCESS, FALSE);
    }
}

static VOID Run(PVOID Context)
{
    LARGE_INTEGER Limit;
    KIRQL Level;

    for (;;) {
#ifdef SLEEP
        Limit.QuadPart = -10000LL * SLEEP;
        KeDelayExecutionThread(KernelMode, FALSE, &Limit);
#elif defined(TWO)
        PVOID Objects[2] = {&Stop, &Work};

        if (KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL) == STATUS_WAIT_0) {
            break;
        }
#elif defined(POLL)
        Limit.QuadPart = -10000LL * POLL;
        KeWaitForSingleObject(&Work, Executive, KernelMode, FALSE, &Limit);
#else
        KeWaitForSingleObject(&Work, Executive, KernelMode, FALSE, NULL);
#endif
        Wakes++;
        if (Stopping) {
            break;
        }
#ifdef CRASHES
        *(volatile ULONG *)8 = 0;
#endif
#ifdef SPINS
        while (!Stopping) {
        }
#endif
        KeRaiseIrql(DISPATCH_LEVEL, &Level);
        CompleteAll();
        KeLowerIrql(Level);
    }
    DbgPrint("woken %d times\n", Wakes);
#ifdef CALLS_END
    PsTerminateSystemThread(STATUS_SUCCESS);
    DbgPrint("a thread that has ended goes on\n");
#endif
}

static NDIS_STATUS Send(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    Packet->MacReserved1 = NULL;
    NdisAcquireSpinLock(&Lock);
    if (First) {
        Last->MacReserved1 = Packet;
    } else {
        First = Packet;
    }
    Last = Packet;
    NdisReleaseSpinLock(&Lock);
    KeSetEvent(&Work, 0, FALSE);
    return NDIS_STATUS_PENDING;
}

static VOID Halt(NDIS_HANDLE Context)
{
#ifndef LEAVES
#ifdef TWO
    KeSetEvent(&Stop, 0, FALSE);
#else
    Stopping = TRUE;
    KeSetEvent(&Work, 0, FALSE);
#endif
#ifndef FORGETS
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
#endif
#endif
    ObDereferenceObject(Thread);
    Drain(NDIS_STATUS_FAILURE);
    NdisFreeSpinLock(&Lock);
}

static NDIS_STATUS Reset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    BOOLEAN Pending;

    Drain(NDIS_STATUS_FAILURE);
    NdisAcquireSpinLock(&Lock);
    Pending = Resetting = Busy;
    NdisReleaseSpinLock(&Lock);
    return Pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Query(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Written, PULONG Needed)
{
    PNDIS_WAN_INFO Info = Buffer;

    if (Oid != OID_WAN_GET_INFO) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (Length < sizeof(*Info)) {
        *Needed = sizeof(*Info);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisZeroMemory(Info, sizeof(*Info));
    Info->MaxFrameSize = 1500;
    Info->MaxTransmit = 4;
    Info->Endpoints = 1;
    *Written = sizeof(*Info);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Set(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Read, PULONG Needed)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS Initialize(
    PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT Count, NDIS_HANDLE AdapterHandle,
    NDIS_HANDLE ConfigurationContext)
{
    NDIS_MAC_LINE_UP LineUp;
    HANDLE Handle;
    UINT Index;

    for (Index = 0; Index < Count && Media[Index] != NdisMediumWan; Index++) {
    }
    *SelectedMedium = Index;
    Adapter = AdapterHandle;
    NdisMSetAttributesEx(AdapterHandle, &Lock, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    NdisAllocateSpinLock(&Lock);
    KeInitializeEvent(&Work, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Stop, NotificationEvent, FALSE);
    if (PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Run, NULL) != STATUS_SUCCESS) {
        return NDIS_STATUS_FAILURE;
    }
    ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, NULL, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    NdisZeroMemory(&LineUp, sizeof(LineUp));
    LineUp.SendWindow = 4;
    LineUp.LinkSpeed = 640;
    LineUp.NdisLinkHandle = (NDIS_HANDLE)1;
    NdisMIndicateStatus(AdapterHandle, NDIS_STATUS_WAN_LINE_UP, &LineUp, sizeof(LineUp));
    NdisMIndicateStatusComplete(AdapterHandle);
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Own;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&Own, sizeof(Own));
    Own.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Own.Reserved = NDIS_USE_WAN_WRAPPER;
    Own.HaltHandler = Halt;
    Own.InitializeHandler = Initialize;
    Own.QueryInformationHandler = Query;
    Own.ResetHandler = Reset;
    Own.WanSendHandler = Send;
    Own.SetInformationHandler = Set;
    return NdisMRegisterMiniport(Wrapper, &Own, sizeof(Own));
}
