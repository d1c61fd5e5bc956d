/* A driver for timing: each send takes the packet before it off its own queue, under its lock, and completes it. */
#include <ndis.h>
#include <ndiswan.h>

static struct {
    NDIS_HANDLE AdapterHandle;
    NDIS_SPIN_LOCK Lock;
    LIST_ENTRY Queue;
    ULONG Sent;
} Card;

NDIS_STATUS SwapWanSend(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    PNDIS_WAN_PACKET Before = NULL;

    NdisAcquireSpinLock(&Card.Lock);
    if (!IsListEmpty(&Card.Queue)) {
        Before = CONTAINING_RECORD(RemoveHeadList(&Card.Queue), NDIS_WAN_PACKET, WanPacketQueue);
    }
    InsertTailList(&Card.Queue, &Packet->WanPacketQueue);
    Card.Sent += Packet->CurrentLength;
    NdisReleaseSpinLock(&Card.Lock);
    if (Before != NULL) {
        NdisMWanSendComplete(Card.AdapterHandle, Before, NDIS_STATUS_SUCCESS);
    }
    return NDIS_STATUS_PENDING;
}

static VOID SwapHalt(NDIS_HANDLE Context)
{
    while (!IsListEmpty(&Card.Queue)) {
        NdisMWanSendComplete(
            Card.AdapterHandle, CONTAINING_RECORD(RemoveHeadList(&Card.Queue), NDIS_WAN_PACKET, WanPacketQueue),
            NDIS_STATUS_FAILURE);
    }
}

static NDIS_STATUS SwapReset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    return NDIS_STATUS_NOT_RESETTABLE;
}

static NDIS_STATUS SwapInformation(
    NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Done, PULONG Needed)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

/* Also called by the bare table, which has no adapter. */
VOID SwapPrepare(NDIS_HANDLE AdapterHandle)
{
    Card.AdapterHandle = AdapterHandle;
    NdisAllocateSpinLock(&Card.Lock);
    InitializeListHead(&Card.Queue);
}

static NDIS_STATUS SwapInitialize(
    PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT Count, NDIS_HANDLE AdapterHandle,
    NDIS_HANDLE ConfigurationContext)
{
    NDIS_MAC_LINE_UP LineUp;

    for (*SelectedMedium = 0; Media[*SelectedMedium] != NdisMediumWan; ++*SelectedMedium) {
    }
    NdisMSetAttributesEx(AdapterHandle, &Card, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    SwapPrepare(AdapterHandle);
    NdisZeroMemory(&LineUp, sizeof(LineUp));
    LineUp.NdisLinkHandle = (NDIS_HANDLE)1;
    NdisMIndicateStatus(AdapterHandle, NDIS_STATUS_WAN_LINE_UP, &LineUp, sizeof(LineUp));
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Own;
    NDIS_HANDLE Wrapper;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&Own, sizeof(Own));
    Own.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Own.Reserved = NDIS_USE_WAN_WRAPPER;
    Own.HaltHandler = SwapHalt;
    Own.InitializeHandler = SwapInitialize;
    Own.QueryInformationHandler = SwapInformation;
    Own.ResetHandler = SwapReset;
    Own.WanSendHandler = SwapWanSend;
    Own.SetInformationHandler = SwapInformation;
    return NdisMRegisterMiniport(Wrapper, &Own, sizeof(Own));
}
