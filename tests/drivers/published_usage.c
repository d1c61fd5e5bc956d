#include "ndis.h"
#include "ndiswan.h"
#include "ndistapi.h"
/* The interface as drivers use it, one of each kind: it has to compile without a warning, and nothing of it runs. */
extern NDIS_MINIPORT_TIMER T; NDIS_SPIN_LOCK L; NDIS_WORK_ITEM W; NDIS_EVENT E;
NDIS_PHYSICAL_ADDRESS hi = NDIS_PHYSICAL_ADDRESS_CONST(0xffffffff, 0xffffffff);
VOID TimerFn(IN PVOID s1, IN PVOID ctx, IN PVOID s2, IN PVOID s3) {}
VOID Isr(OUT PBOOLEAN a, OUT PBOOLEAN b, IN NDIS_HANDLE c) { *a = *b = TRUE; }
NDIS_STATUS Reset(OUT PBOOLEAN r, IN NDIS_HANDLE c) { return NDIS_STATUS_NOT_RESETTABLE; }
NDIS_STATUS Query(IN NDIS_HANDLE c, IN NDIS_OID o, IN PVOID b, IN ULONG l, OUT PULONG w, OUT PULONG n) {
    switch (o) {
        case OID_GEN_SUPPORTED_LIST: case OID_WAN_GET_INFO: case OID_TAPI_PROVIDER_INITIALIZE: case OID_PNP_QUERY_POWER: case OID_GEN_CO_MINIMUM_LINK_SPEED: case OID_802_3_CURRENT_ADDRESS: case OID_WAN_CO_GET_INFO: break;
        default: return NDIS_STATUS_INVALID_OID;
    }
    { PNDIS_TAPI_GET_ID g = (PNDIS_TAPI_GET_ID)b; g->DeviceID.ulStringFormat = STRINGFORMAT_BINARY; }
    {
        PNDIS_TAPI_GET_DEV_CAPS d = b;
        d->LineDevCaps.ulBearerModes = LINEBEARERMODE_DATA | LINEBEARERMODE_VOICE;
        d->LineDevCaps.ulMediaModes = LINEMEDIAMODE_DIGITALDATA;
        d->LineDevCaps.ulLineFeatures = LINEFEATURE_MAKECALL;
        d->LineDevCaps.ulDevCapFlags = LINEDEVCAPFLAGS_CLOSEDROP;
        d->LineDevCaps.ulAnswerMode = LINEANSWERMODE_DROP;
        d->LineDevCaps.ulRingModes = 1;}
    {
        PNDIS_TAPI_GET_ADDRESS_CAPS d = b;
        d->LineAddressCaps.ulAddressSharing = LINEADDRESSSHARING_PRIVATE;
        d->LineAddressCaps.ulCallFeatures = LINECALLFEATURE_ACCEPT;
        d->LineAddressCaps.ulDisconnectModes = LINEDISCONNECTMODE_NORMAL;
        d->LineAddressCaps.ulCallerIDFlags = LINECALLPARTYID_UNAVAIL;
    }
    return NDIS_STATUS_SUCCESS; }
NDIS_STATUS Init(OUT PNDIS_STATUS e, OUT PUINT s, IN PNDIS_MEDIUM m, IN UINT n, IN NDIS_HANDLE a, IN NDIS_HANDLE w) {
    NDIS_HANDLE cfg;
    NDIS_STATUS st;
    PNDIS_CONFIGURATION_PARAMETER p;
    NDIS_STRING k = NDIS_STRING_CONST("Mem");
    PVOID net;
    UINT nl, i;
    ULONG buf;
    BOOLEAN c;
    PVOID va;
    NDIS_PHYSICAL_ADDRESS pa;
    PVOID port;
    UCHAR b;
    static NDIS_MINIPORT_INTERRUPT I;
    for (i = 0; i < n; i++) if (m[i] == NdisMediumWan) break;
    NdisOpenConfiguration(&st, &cfg, w);
    NdisReadConfiguration(&st, &p, cfg, &k, NdisParameterHexInteger);
    if (p->ParameterType == NdisParameterInteger) pa.QuadPart = p->ParameterData.IntegerData;
    NdisReadNetworkAddress(&st, &net, &nl, cfg); NdisCloseConfiguration(cfg);
    NdisMSetAttributes(a, (NDIS_HANDLE)&L, FALSE, NdisInterfaceIsa);
    NdisMSetAttributesEx(a, &L, 0, NDIS_ATTRIBUTE_DESERIALIZE | NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT, NdisInterfacePci);
    NdisMRegisterIoPortRange(&port, a, 0x300, 16); NdisRawReadPortUchar((ULONG)port + 3, &b);
    NdisRawWritePortUchar(((PUCHAR)port) + 3, b); NdisRawReadPortBufferUshort(port, (PUSHORT)&buf, 2);
    NdisMMapIoSpace(&va, a, pa, 0x4000);
    NdisReadRegisterUchar((PUCHAR)va, &b);
    NdisWriteRegisterUlong((PULONG)((PUCHAR)va + 4), 1);
    NdisMoveToMappedMemory(va, &buf, 4); NdisMoveFromMappedMemory(&buf, va, 4); NdisZeroMappedMemory(va, 4);
    NdisAllocateMemory((PVOID *)&va, 100, 0, hi);
    NdisAllocateMemory(&va, 100, NDIS_MEMORY_CONTIGUOUS | NDIS_MEMORY_NONCACHED, hi);
    NdisFreeMemory(va, 100, 0);
    NdisAllocateMemoryWithTag(&va, 5, 'abcd'); NdisFreeMemoryWithTag(va, 'abcd');
    NdisMInitializeTimer(&T, a, (PVOID)TimerFn, &L);
    NdisMInitializeTimer(&T, a, TimerFn, &L);
    NdisMSetTimer(&T, 100);
    NdisMCancelTimer(&T, &c);
    NdisAllocateSpinLock(&L); NdisAcquireSpinLock(&L); NdisReleaseSpinLock(&L); NdisFreeSpinLock(&L);
    NdisMRegisterInterrupt(&I, a, 5, 5, TRUE, FALSE, NdisInterruptLatched);
    NdisMRegisterAdapterShutdownHandler(a, &L, (ADAPTER_SHUTDOWN_HANDLER)TimerFn);
    NdisWriteErrorLogEntry(a, NDIS_ERROR_CODE_UNSUPPORTED_CONFIGURATION, 2, 5, (ULONG)7);
    NdisWriteErrorLogEntry(a, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
    NdisStallExecution(10);
    NdisGetCurrentSystemTime(&pa);
    NdisInterlockedIncrement((PLONG)&buf);
    NdisInterlockedAddUlong(&buf, 1, &L);
    NdisInitializeWorkItem(&W, (NDIS_PROC)TimerFn, &L); NdisScheduleWorkItem(&W);
    {
        NDIS_HANDLE f;
        UINT len;
        NDIS_STRING fn = NDIS_STRING_CONST("a.bin");
        NdisOpenFile(&st, &f, &len, &fn, hi);
        NdisMapFile(&st, &va, f);
        NdisUnmapFile(f);
        NdisCloseFile(f);
    }
    {
        NDIS_MAC_LINE_UP up;
        up.LinkSpeed = 640;
        up.Quality = NdisWanErrorControl;
        up.SendWindow = 1;
        up.ConnectionWrapperID = (NDIS_HANDLE)5;
        NdisMIndicateStatus(a, NDIS_STATUS_WAN_LINE_UP, (PVOID)&up, sizeof(up));
    }
    {
        PNDIS_RESOURCE_LIST r = NULL;
        nl = 0;
        NdisMQueryAdapterResources(&st, w, r, &nl);
        if (r && r->PartialDescriptors[0].Type == CmResourceTypePort) b = (UCHAR)r->PartialDescriptors[0].u.Port.Start.LowPart;
    }
    {
        LARGE_INTEGER li;
        li = KeQueryPerformanceCounter(NULL);
        KeQuerySystemTime(&li);
        li = RtlConvertLongToLargeInteger(-10);
        KeDelayExecutionThread(KernelMode, FALSE, &li);
    }
    return st; }
DRIVER_INITIALIZE DriverEntry;
#pragma NDIS_INIT_FUNCTION(DriverEntry)
NTSTATUS Ioctl(IN PDEVICE_OBJECT d, IN PIRP irp) {
    PIO_STACK_LOCATION s = IoGetCurrentIrpStackLocation(irp);
    switch (s->Parameters.DeviceIoControl.IoControlCode) {
        case CTL_CODE(FILE_DEVICE_UNKNOWN, 1, METHOD_BUFFERED, FILE_ANY_ACCESS): break;
    }
    irp->IoStatus.Information = 0;
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
NTSTATUS DriverEntry(IN PDRIVER_OBJECT o, IN PUNICODE_STRING r) {
    o->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Ioctl;
    KeInitializeSpinLock(&L.SpinLock);
    {
        KIRQL q;
        KeAcquireSpinLock(&L.SpinLock, &q);
        KeReleaseSpinLock(&L.SpinLock, q);
        KeRaiseIrql(DISPATCH_LEVEL, &q);
    }
    return STATUS_SUCCESS;
}
