/*
 * A deserialized WAN miniport without hardware: it keeps frames in a queue of its own, sends each when the line would have had
 * time for it, and completes it then.
 *
 * Compiled with BUG=1 to 4 it has one bug each, as drivers have them. They are marked where they are.
 */
#include <ndis.h>
#include <ndiswan.h>

#ifndef BUG
#define BUG 0
#endif

#define TAG 'dQuW'
#define BITS_PER_SECOND 64000
#define LINK_HANDLE ((NDIS_HANDLE)1)

typedef struct _CARD {
    NDIS_HANDLE AdapterHandle;
    NDIS_HANDLE LinkContext;
    NDIS_SPIN_LOCK Lock;
    LIST_ENTRY Queue;          /* of NDIS_WAN_PACKET.WanPacketQueue */
    NDIS_MINIPORT_TIMER Timer;
    BOOLEAN Busy;              /* the timer is set for the head of the queue, or its function runs */
    BOOLEAN Completing;        /* a packet is out of the queue and not complete yet */
    BOOLEAN Resetting;         /* the reset ends when that is over */
    BOOLEAN Halting;           /* the timer is not set again */
    ULONG FramesSent;
    ULONG BytesSent;
} CARD, *PCARD;

/* Milliseconds that the line needs for a frame, at least one. */
static UINT TimeOf(PNDIS_WAN_PACKET Packet)
{
    UINT Milliseconds = Packet->CurrentLength * 8 * 1000 / BITS_PER_SECOND;
    return Milliseconds > 0 ? Milliseconds : 1;
}

static VOID QueuedTimer(PVOID Specific1, PVOID Context, PVOID Specific2, PVOID Specific3)
{
    PCARD Card = (PCARD)Context;
    PNDIS_WAN_PACKET Packet = NULL;

    NdisDprAcquireSpinLock(&Card->Lock);
    if (!IsListEmpty(&Card->Queue)) {
        Packet = CONTAINING_RECORD(RemoveHeadList(&Card->Queue), NDIS_WAN_PACKET, WanPacketQueue);
        Card->Completing = TRUE;
        Card->FramesSent++;
        Card->BytesSent += Packet->CurrentLength;
    }
#if BUG == 1 /* completes with the lock held */
    if (Packet != NULL) {
        NdisMWanSendComplete(Card->AdapterHandle, Packet, NDIS_STATUS_SUCCESS);
    }
    NdisDprReleaseSpinLock(&Card->Lock);
#else
    NdisDprReleaseSpinLock(&Card->Lock);
    if (Packet != NULL) {
        NdisMWanSendComplete(Card->AdapterHandle, Packet, NDIS_STATUS_SUCCESS);
    }
#endif
#if BUG == 2 /* counts after the packet is the protocol's again */
    if (Packet != NULL) {
        Card->BytesSent += Packet->CurrentLength;
    }
#endif
    NdisDprAcquireSpinLock(&Card->Lock);
    Card->Completing = FALSE;
    if (Card->Resetting) {
        Card->Resetting = FALSE;
        NdisDprReleaseSpinLock(&Card->Lock);
        NdisMResetComplete(Card->AdapterHandle, NDIS_STATUS_SUCCESS, FALSE);
        NdisDprAcquireSpinLock(&Card->Lock);
    }
    Card->Busy = (BOOLEAN)(!Card->Halting && !IsListEmpty(&Card->Queue));
    if (Card->Busy) {
        NdisMSetTimer(&Card->Timer, TimeOf(CONTAINING_RECORD(Card->Queue.Flink, NDIS_WAN_PACKET, WanPacketQueue)));
    }
    NdisDprReleaseSpinLock(&Card->Lock);
    /* The card may be gone from here on: halt waits for Busy alone. */
}

static NDIS_STATUS QueuedWanSend(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    PCARD Card = (PCARD)Context;

    if (Link != LINK_HANDLE) {
        return NDIS_STATUS_FAILURE;
    }
    NdisAcquireSpinLock(&Card->Lock);
    InsertTailList(&Card->Queue, &Packet->WanPacketQueue);
    if (!Card->Busy) {
        Card->Busy = TRUE;
        NdisMSetTimer(&Card->Timer, TimeOf(Packet));
    }
    NdisReleaseSpinLock(&Card->Lock);
    return NDIS_STATUS_PENDING;
}

/* Completes everything that is queued. */
static VOID GiveBack(PCARD Card, NDIS_STATUS Status)
{
    PNDIS_WAN_PACKET Packet;

    for (;;) {
        NdisAcquireSpinLock(&Card->Lock);
        if (IsListEmpty(&Card->Queue)) {
            NdisReleaseSpinLock(&Card->Lock);
            return;
        }
        Packet = CONTAINING_RECORD(Card->Queue.Flink, NDIS_WAN_PACKET, WanPacketQueue);
#if BUG == 3 /* the last one stays in the queue, and the timer completes it once more */
        if (Card->Queue.Flink == Card->Queue.Blink) {
            NdisReleaseSpinLock(&Card->Lock);
            NdisMWanSendComplete(Card->AdapterHandle, Packet, Status);
            return;
        }
#endif
        RemoveEntryList(&Packet->WanPacketQueue);
        NdisReleaseSpinLock(&Card->Lock);
        NdisMWanSendComplete(Card->AdapterHandle, Packet, Status);
    }
}

static NDIS_STATUS QueuedReset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;
    BOOLEAN Later;

    *AddressingReset = FALSE;
    GiveBack(Card, NDIS_STATUS_REQUEST_ABORTED);
    NdisAcquireSpinLock(&Card->Lock);
    Later = Card->Resetting = Card->Completing; /* the timer's function has one, on another processor */
    NdisReleaseSpinLock(&Card->Lock);
    return Later ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

static VOID QueuedHalt(NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;
    BOOLEAN Busy, Cancelled;

    NdisAcquireSpinLock(&Card->Lock);
    Card->Halting = TRUE;
    Busy = Card->Busy;
    NdisReleaseSpinLock(&Card->Lock);
    NdisMCancelTimer(&Card->Timer, &Cancelled);
    while (Busy && !Cancelled) { /* its function runs, or is about to, on another processor */
        NdisMSleep(1000);
        NdisAcquireSpinLock(&Card->Lock);
        Busy = Card->Busy;
        NdisReleaseSpinLock(&Card->Lock);
    }
#if BUG != 4 /* else what is queued is lost */
    GiveBack(Card, NDIS_STATUS_FAILURE);
#endif
    NdisFreeSpinLock(&Card->Lock);
    NdisFreeMemory(Card, sizeof(CARD), 0);
}

static NDIS_STATUS QueuedQuery(
    NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Written, PULONG Needed)
{
    PNDIS_WAN_INFO Info = (PNDIS_WAN_INFO)Buffer;

    *Written = 0;
    *Needed = 0;
    if (Oid != OID_WAN_GET_INFO) {
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (Length < sizeof(NDIS_WAN_INFO)) {
        *Needed = sizeof(NDIS_WAN_INFO);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisZeroMemory(Info, sizeof(NDIS_WAN_INFO));
    Info->MaxFrameSize = 1500;
    Info->MaxTransmit = 4;
    Info->Endpoints = 1;
    Info->FramingBits = PPP_FRAMING;
    *Written = sizeof(NDIS_WAN_INFO);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS QueuedSet(
    NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Read, PULONG Needed)
{
    *Read = 0;
    *Needed = 0;
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS QueuedInitialize(
    PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT Count, NDIS_HANDLE AdapterHandle,
    NDIS_HANDLE ConfigurationContext)
{
    NDIS_MAC_LINE_UP LineUp;
    PCARD Card;
    UINT Index;

    for (Index = 0; Index < Count && Media[Index] != NdisMediumWan; Index++) {
    }
    if (Index == Count) {
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    }
    *SelectedMedium = Index;
    if (NdisAllocateMemoryWithTag((PVOID *)&Card, sizeof(CARD), TAG) != NDIS_STATUS_SUCCESS) {
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Card, sizeof(CARD));
    Card->AdapterHandle = AdapterHandle;
    NdisMSetAttributesEx(AdapterHandle, Card, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    NdisAllocateSpinLock(&Card->Lock);
    InitializeListHead(&Card->Queue);
    NdisMInitializeTimer(&Card->Timer, AdapterHandle, (PNDIS_TIMER_FUNCTION)QueuedTimer, Card);

    NdisZeroMemory(&LineUp, sizeof(LineUp));
    LineUp.LinkSpeed = BITS_PER_SECOND / 100;
    LineUp.Quality = NdisWanErrorControl;
    LineUp.NdisLinkHandle = LINK_HANDLE;
    NdisMIndicateStatus(AdapterHandle, NDIS_STATUS_WAN_LINE_UP, &LineUp, sizeof(LineUp));
    Card->LinkContext = LineUp.NdisLinkContext;
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Characteristics;
    NDIS_HANDLE Wrapper;
    NDIS_STATUS Status;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Characteristics.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    Characteristics.Reserved = NDIS_USE_WAN_WRAPPER;
    Characteristics.HaltHandler = QueuedHalt;
    Characteristics.InitializeHandler = QueuedInitialize;
    Characteristics.QueryInformationHandler = QueuedQuery;
    Characteristics.ResetHandler = QueuedReset;
    Characteristics.WanSendHandler = QueuedWanSend;
    Characteristics.SetInformationHandler = QueuedSet;
    Status = NdisMRegisterMiniport(Wrapper, &Characteristics, sizeof(Characteristics));
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(Wrapper, NULL);
    }
    return Status;
}
