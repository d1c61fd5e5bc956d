/* A deserialized miniport whose halt waits as drivers of those days did. With PERIODIC a periodic timer is cancelled; with HANGS
 * MiniportCheckForHang looks at the card's memory, which the halt frees; with SLEEPS a send sets a timer, and a halt that comes too
 * late to cancel it sleeps until its function is over. */
#include <ndis.h>
#include <ndiswan.h>

typedef struct _CARD {
    NDIS_SPIN_LOCK Lock;
    PNDIS_WAN_PACKET Packet;
    ULONG Looks;
} CARD, *PCARD;

static NDIS_HANDLE Adapter;
static NDIS_MINIPORT_TIMER Timer;
static NDIS_MAC_LINE_UP Up;
static ULONG Ticks;

static VOID Tick(PVOID a, PVOID context, PVOID b, PVOID c)
{
#ifdef SLEEPS
    PCARD card = context;
    PNDIS_WAN_PACKET packet;

    NdisAcquireSpinLock(&card->Lock);
    packet = card->Packet;
    card->Packet = NULL;
    NdisReleaseSpinLock(&card->Lock);
    if (packet != NULL)
        NdisMWanSendComplete(Adapter, packet, NDIS_STATUS_SUCCESS);
#else
    Ticks++;
#endif
}

static BOOLEAN CheckForHang(NDIS_HANDLE context)
{
    ((PCARD)context)->Looks++;
    return FALSE;
}

static VOID Halt(NDIS_HANDLE context)
{
    PCARD card = context;
    BOOLEAN cancelled;

    NdisMCancelTimer(&Timer, &cancelled);
    if (!cancelled)
        NdisMSleep(2000000);
    if (card->Packet != NULL)
        NdisMWanSendComplete(Adapter, card->Packet, NDIS_STATUS_FAILURE);
    NdisFreeSpinLock(&card->Lock);
    NdisFreeMemory(card, sizeof(CARD), 0);
}

static NDIS_STATUS Initialize(
    PNDIS_STATUS error, PUINT index, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE handle, NDIS_HANDLE configuration)
{
    PCARD card;

    for (*index = 0; *index < count && media[*index] != NdisMediumWan; ++*index)
        ;
    if (NdisAllocateMemoryWithTag((PVOID *)&card, sizeof(CARD), 'drac') != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(card, sizeof(CARD));
    Adapter = handle;
    NdisMSetAttributesEx(handle, card, 2, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    NdisAllocateSpinLock(&card->Lock);
    NdisMInitializeTimer(&Timer, handle, Tick, card);
#ifdef PERIODIC
    NdisMSetPeriodicTimer(&Timer, 500);
#endif
    Up.LinkSpeed = 640;
    Up.NdisLinkHandle = card;
    NdisMIndicateStatus(handle, NDIS_STATUS_WAN_LINE_UP, &Up, sizeof(Up));
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Request(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG size, PULONG done, PULONG needed)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS Reset(PBOOLEAN addressing, NDIS_HANDLE context)
{
    *addressing = FALSE;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Send(NDIS_HANDLE context, NDIS_HANDLE link, PNDIS_WAN_PACKET packet)
{
#ifdef SLEEPS
    ((PCARD)context)->Packet = packet;
    NdisMSetTimer(&Timer, 1);
    return NDIS_STATUS_PENDING;
#else
    return NDIS_STATUS_SUCCESS;
#endif
}

NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    NDIS_MINIPORT_CHARACTERISTICS c;
    NDIS_HANDLE wrapper;

    NdisMInitializeWrapper(&wrapper, driver, path, NULL);
    NdisZeroMemory(&c, sizeof(c));
    c.MajorNdisVersion = 4;
    c.Reserved = NDIS_USE_WAN_WRAPPER;
    c.InitializeHandler = Initialize;
    c.HaltHandler = Halt;
    c.ResetHandler = Reset;
    c.QueryInformationHandler = Request;
    c.SetInformationHandler = Request;
    c.WanSendHandler = Send;
#ifdef HANGS
    c.CheckForHangHandler = CheckForHang;
#endif
    return NdisMRegisterMiniport(wrapper, &c, sizeof(c));
}
