/* A serialized driver that waits inside of MiniportInitialize and MiniportHalt for its own work item and its own timer, and whose
 * locks are misused by a later timer if MISUSE is defined. It sleeps for SLEEPS microseconds, if that is defined. */
#include <ndis.h>
#include <ndiswan.h>

static NDIS_HANDLE Wrapper, Adapter;
static NDIS_EVENT Done;
static NDIS_WORK_ITEM Item;
static NDIS_MINIPORT_TIMER Timer, LineUp;
static volatile ULONG Ticked;
static struct { NDIS_SPIN_LOCK SendLock; } Card, Channels[2];
static NDIS_MAC_LINE_UP Up;

static VOID Work(PNDIS_WORK_ITEM item, PVOID context)
{
    DbgPrint("worked");
    NdisSetEvent(&Done);
}

static VOID Tick(PVOID a, PVOID context, PVOID b, PVOID c)
{
    Ticked = 1;
}

static VOID IndicateLineUp(PVOID a, PVOID context, PVOID b, PVOID c)
{
#ifdef MISUSE
    NdisAcquireSpinLock(&Card.SendLock);
    NdisAcquireSpinLock(&Card.SendLock);
    NdisReleaseSpinLock(&Card.SendLock);
    NdisReleaseSpinLock(&Channels[1].SendLock);
#endif
    Up.LinkSpeed = 640;
    Up.SendWindow = 4;
    Up.NdisLinkHandle = &Up;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &Up, sizeof(Up));
    NdisMIndicateStatusComplete(Adapter);
}

static BOOLEAN CheckForHang(NDIS_HANDLE context) { return FALSE; }

static VOID Halt(NDIS_HANDLE context)
{
    BOOLEAN cancelled;

    NdisMCancelTimer(&LineUp, &cancelled); /* in real time it may not have been due yet */
    NdisResetEvent(&Done);
    NdisScheduleWorkItem(&Item);
    DbgPrint("halt waited %d", NdisWaitEvent(&Done, 5000));
}

static NDIS_STATUS Query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG written, PULONG needed)
{
    PNDIS_WAN_INFO info = buffer;

    if (oid != OID_WAN_GET_INFO)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (length < sizeof(*info)) {
        *needed = sizeof(*info);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisZeroMemory(info, sizeof(*info));
    info->MaxFrameSize = 1500;
    info->MaxTransmit = 4;
    info->Endpoints = 1;
    *written = sizeof(*info);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG length, PULONG read, PULONG needed)
{
    return NDIS_STATUS_INVALID_OID;
}

static NDIS_STATUS Reset(PBOOLEAN addressing, NDIS_HANDLE context) { return NDIS_STATUS_SUCCESS; }

static NDIS_STATUS WanSend(NDIS_HANDLE context, NDIS_HANDLE link, PNDIS_WAN_PACKET packet)
{
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Initialize(PNDIS_STATUS open, PUINT selected, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE adapter, NDIS_HANDLE context)
{
    int i;

    for (*selected = 0; *selected < count && media[*selected] != NdisMediumWan; ++*selected)
        ;
    Adapter = adapter;
    NdisMSetAttributes(adapter, &Card, FALSE, NdisInterfaceIsa);
    NdisAllocateSpinLock(&Card.SendLock);
    for (i = 0; i < 2; i++)
        NdisAllocateSpinLock(&Channels[i].SendLock);
    NdisInitializeEvent(&Done);
    NdisInitializeWorkItem(&Item, Work, NULL);
    NdisScheduleWorkItem(&Item);
    DbgPrint("waited %d", NdisWaitEvent(&Done, 1000));
    NdisMInitializeTimer(&Timer, adapter, Tick, NULL);
    NdisMSetTimer(&Timer, 20);
    for (i = 0; i < 100 && !Ticked; i++)
        NdisMSleep(10000);
#ifdef SLEEPS
    NdisMSleep(SLEEPS);
#endif
    DbgPrint("ticked %d", Ticked);
    NdisMInitializeTimer(&LineUp, adapter, IndicateLineUp, NULL);
    NdisMSetTimer(&LineUp, 1);
    return NDIS_STATUS_SUCCESS;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry)
{
    NDIS_MINIPORT_CHARACTERISTICS own;

    NdisMInitializeWrapper(&Wrapper, driver, registry, NULL);
    NdisZeroMemory(&own, sizeof(own));
    own.MajorNdisVersion = 4;
    own.Reserved = NDIS_USE_WAN_WRAPPER;
    own.CheckForHangHandler = CheckForHang;
    own.HaltHandler = Halt;
    own.InitializeHandler = Initialize;
    own.QueryInformationHandler = Query;
    own.SetInformationHandler = Set;
    own.WanSendHandler = WanSend;
    own.ResetHandler = Reset;
    return NdisMRegisterMiniport(Wrapper, &own, sizeof(own));
}
