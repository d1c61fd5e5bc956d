/* A leased line of a serialized card: each send comes back by the next tick, 10 ms later. What a test adds to it is in the file MORE,
 * which may define AT_START, AT_TICK, AT_HALT (code; `card` is there), ISR, DPC and HANG (functions), and what DriverEntry fills
 * otherwise: ENTRY(e), LENGTH. */
#include <ntddk.h>
#include <ndis.h>
#include <ndiswan.h>

typedef struct {
    NDIS_HANDLE Adapter, Link;
    NDIS_MINIPORT_TIMER Timer;
    NDIS_MINIPORT_INTERRUPT Interrupt;
    LIST_ENTRY Owed;
    ULONG Ticks;
} CARD, *PCARD;

static void GiveBack(PCARD card, NDIS_STATUS status)
{
    while (!IsListEmpty(&card->Owed)) {
        PLIST_ENTRY entry = RemoveHeadList(&card->Owed);
        NdisMWanSendComplete(card->Adapter, CONTAINING_RECORD(entry, NDIS_WAN_PACKET, WanPacketQueue), status);
    }
}

#ifdef MORE
#include MORE
#endif
#ifndef AT_START
#define AT_START
#endif
#ifndef AT_TICK
#define AT_TICK
#endif
#ifndef AT_HALT
#define AT_HALT
#endif
#ifndef ISR
#define ISR NULL
#define DPC NULL
#endif
#ifndef HANG
#define HANG NULL
#endif
#ifndef QUERY
#define QUERY
#endif
#ifndef ENTRY
#define ENTRY(e)
#endif
#ifndef LENGTH
#define LENGTH sizeof(NDIS_MINIPORT_CHARACTERISTICS)
#endif
#ifndef INFO
#define INFO(i)
#endif

static VOID Tick(PVOID a, PVOID context, PVOID b, PVOID c)
{
    PCARD card = context;

    if (card->Ticks++ == 0) {
        NDIS_MAC_LINE_UP up;
        NdisZeroMemory(&up, sizeof(up));
        up.LinkSpeed = 640;
        up.Quality = NdisWanErrorControl;
        up.NdisLinkHandle = card;
        NdisMIndicateStatus(card->Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
        card->Link = up.NdisLinkContext;
    }
    GiveBack(card, NDIS_STATUS_SUCCESS);
    AT_TICK
    NdisMSetTimer(&card->Timer, 10);
}

static NDIS_STATUS WanSend(NDIS_HANDLE context, NDIS_HANDLE link, PNDIS_WAN_PACKET packet)
{
    InsertTailList(&((PCARD)context)->Owed, &packet->WanPacketQueue);
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS Reset(PBOOLEAN addressing, NDIS_HANDLE context)
{
    *addressing = FALSE;
    GiveBack(context, NDIS_STATUS_REQUEST_ABORTED);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG size, PULONG done, PULONG needed)
{
    NDIS_WAN_INFO info;

    *done = *needed = 0;
    QUERY
    if (oid != OID_WAN_GET_INFO)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (size < sizeof(info)) {
        *needed = sizeof(info);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisZeroMemory(&info, sizeof(info));
    info.MaxFrameSize = 1500;
    info.MaxTransmit = 4;
    info.HeaderPadding = 16;
    info.Endpoints = 1;
    info.FramingBits = PPP_FRAMING;
    INFO(info)
    NdisMoveMemory(buffer, &info, *done = sizeof(info));
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG size, PULONG read, PULONG needed)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID Halt(NDIS_HANDLE context)
{
    PCARD card = context;
    BOOLEAN cancelled;
    KIRQL old;

    NdisMCancelTimer(&card->Timer, &cancelled);
    AT_HALT
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    GiveBack(card, NDIS_STATUS_FAILURE);
    KeLowerIrql(old);
    NdisFreeMemory(card, sizeof(CARD), 0);
}

static NDIS_STATUS Initialize(
    PNDIS_STATUS error, PUINT index, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE adapter, NDIS_HANDLE configuration)
{
    PCARD card;

    for (*index = 0; *index < count && media[*index] != NdisMediumWan; ++*index)
        ;
    if (*index == count)
        return NDIS_STATUS_UNSUPPORTED_MEDIA;
    if (NdisAllocateMemoryWithTag((PVOID *)&card, sizeof(CARD), 'esaL') != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(card, sizeof(CARD));
    card->Adapter = adapter;
    InitializeListHead(&card->Owed);
    NdisMSetAttributesEx(adapter, card, 0, 0, NdisInterfaceIsa);
    NdisMInitializeTimer(&card->Timer, adapter, Tick, card);
    AT_START
    NdisMSetTimer(&card->Timer, 10);
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING path)
{
    NDIS_MINIPORT_CHARACTERISTICS e;
    NDIS_HANDLE wrapper;
    NDIS_STATUS status;

    NdisMInitializeWrapper(&wrapper, object, path, NULL);
    NdisZeroMemory(&e, sizeof(e));
    e.MajorNdisVersion = 4;
    e.Reserved = NDIS_USE_WAN_WRAPPER;
    e.InitializeHandler = Initialize;
    e.HaltHandler = Halt;
    e.ResetHandler = Reset;
    e.QueryInformationHandler = Query;
    e.SetInformationHandler = Set;
    e.WanSendHandler = WanSend;
    e.ISRHandler = ISR;
    e.HandleInterruptHandler = DPC;
    e.CheckForHangHandler = HANG;
    ENTRY(e)
    status = NdisMRegisterMiniport(wrapper, &e, LENGTH);
    if (status != NDIS_STATUS_SUCCESS)
        NdisTerminateWrapper(wrapper, NULL);
    return status;
}
