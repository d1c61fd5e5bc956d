/* A virtual card of two telephone lines, numbers 100 and 200, each of which rings on the other. A call comes up when it is answered.
 * With NEVER a DROP is not completed; with ASKED, a file with a function of that name answers what is not known here. */
#include <ndis.h>
#include <ndiswan.h>
#include <ndistapi.h>

typedef struct _LINE {
    HTAPI_LINE Line;
    HTAPI_CALL Call;
    BOOLEAN Up;
    NDIS_HANDLE Context;
} LINE, *PLINE;

static NDIS_HANDLE Adapter;
static LINE Lines[2];
static WCHAR Numbers[2][4] = {{'1', '0', '0'}, {'2', '0', '0'}};

#ifdef ASKED
#include ASKED
#else
#define Asked(oid, buffer, size, done) NDIS_STATUS_NOT_SUPPORTED
#endif

static VOID Tell(PLINE line, ULONG message, ULONG_PTR first, ULONG_PTR second)
{
    NDIS_TAPI_EVENT event;

    NdisZeroMemory(&event, sizeof(event));
    event.htLine = line->Line;
    event.htCall = message == LINE_NEWCALL ? 0 : line->Call;
    event.ulMsg = message;
    event.ulParam1 = first;
    event.ulParam2 = second;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_TAPI_INDICATION, &event, sizeof(event));
    if (message == LINE_NEWCALL)
        line->Call = (HTAPI_CALL)event.ulParam2;
}

static VOID Connect(PLINE line)
{
    NDIS_MAC_LINE_UP up;

    NdisZeroMemory(&up, sizeof(up));
    up.LinkSpeed = 640;
    up.NdisLinkHandle = line;
    up.ConnectionWrapperID = (NDIS_HANDLE)line->Call;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, &up, sizeof(up));
    line->Context = up.NdisLinkContext;
    line->Up = TRUE;
    Tell(line, LINE_CALLSTATE, LINECALLSTATE_CONNECTED, 0);
}

static VOID Disconnect(PLINE line)
{
    NDIS_MAC_LINE_DOWN down;

    if (!line->Up)
        return;
    line->Up = FALSE;
    down.NdisLinkContext = line->Context;
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_DOWN, &down, sizeof(down));
    Tell(line, LINE_CALLSTATE, LINECALLSTATE_DISCONNECTED, LINEDISCONNECTMODE_NORMAL);
    Tell(line, LINE_CALLSTATE, LINECALLSTATE_IDLE, 0);
}

static NDIS_STATUS Query(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG size, PULONG done, PULONG needed)
{
    switch (oid) {
    case OID_WAN_GET_INFO: {
        PNDIS_WAN_INFO info = buffer;

        if (size < sizeof(*info)) {
            *needed = sizeof(*info);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        NdisZeroMemory(info, sizeof(*info));
        info->MaxFrameSize = 1500;
        info->MaxTransmit = 4;
        info->Endpoints = 2;
        info->FramingBits = PPP_FRAMING | TAPI_PROVIDER;
        *done = sizeof(*info);
        return NDIS_STATUS_SUCCESS;
    }
    case OID_TAPI_PROVIDER_INITIALIZE:
        ((PNDIS_TAPI_PROVIDER_INITIALIZE)buffer)->ulNumLineDevs = 2;
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_GET_ADDRESS_CAPS: {
        PNDIS_TAPI_GET_ADDRESS_CAPS caps = buffer;

        caps->LineAddressCaps.ulNeededSize = sizeof(LINE_ADDRESS_CAPS) + sizeof(Numbers[0]);
        if (caps->LineAddressCaps.ulTotalSize < caps->LineAddressCaps.ulNeededSize)
            return NDIS_STATUS_SUCCESS;
        caps->LineAddressCaps.ulAddressSize = sizeof(Numbers[0]);
        caps->LineAddressCaps.ulAddressOffset = sizeof(LINE_ADDRESS_CAPS);
        NdisMoveMemory((PUCHAR)&caps->LineAddressCaps + sizeof(LINE_ADDRESS_CAPS), Numbers[caps->ulDeviceID], sizeof(Numbers[0]));
        return NDIS_STATUS_SUCCESS;
    }
    case OID_TAPI_OPEN:
        Lines[((PNDIS_TAPI_OPEN)buffer)->ulDeviceID].Line = ((PNDIS_TAPI_OPEN)buffer)->htLine;
        ((PNDIS_TAPI_OPEN)buffer)->hdLine = 1 + ((PNDIS_TAPI_OPEN)buffer)->ulDeviceID;
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_MAKE_CALL: {
        PNDIS_TAPI_MAKE_CALL call = buffer;
        ULONG from = (ULONG)call->hdLine - 1;
        PUCHAR number = (PUCHAR)call + call->ulDestAddressOffset;

        if (Lines[0].Up || number[0] != Numbers[1 - from][0])
            return NDIS_STATUS_FAILURE;
        Lines[from].Call = call->htCall;
        call->hdCall = call->hdLine;
        Tell(&Lines[from], LINE_CALLSTATE, LINECALLSTATE_DIALING, 0);
        Tell(&Lines[1 - from], LINE_NEWCALL, 2 - from, 0);
        Tell(&Lines[1 - from], LINE_CALLSTATE, LINECALLSTATE_OFFERING, 0);
        return NDIS_STATUS_SUCCESS;
    }
    }
    return Asked(oid, buffer, size, done);
}

static NDIS_STATUS Set(NDIS_HANDLE context, NDIS_OID oid, PVOID buffer, ULONG size, PULONG done, PULONG needed)
{
    switch (oid) {
    case OID_TAPI_ANSWER:
        Connect(&Lines[0]);
        Connect(&Lines[1]);
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_DROP:
        Disconnect(&Lines[0]);
        Disconnect(&Lines[1]);
#ifdef NEVER
        return NDIS_STATUS_PENDING;
#endif
    case OID_TAPI_CLOSE_CALL:
    case OID_TAPI_CLOSE:
    case OID_TAPI_PROVIDER_SHUTDOWN:
        return NDIS_STATUS_SUCCESS;
    }
    return Asked(oid, buffer, size, done);
}

static VOID Halt(NDIS_HANDLE context) { }

static NDIS_STATUS Initialize(
    PNDIS_STATUS error, PUINT index, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE handle, NDIS_HANDLE configuration)
{
    for (*index = 0; *index < count && media[*index] != NdisMediumWan; ++*index)
        ;
    Adapter = handle;
    NdisMSetAttributesEx(handle, Lines, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Reset(PBOOLEAN addressing, NDIS_HANDLE context) { *addressing = FALSE; return NDIS_STATUS_SUCCESS; }

static NDIS_STATUS Send(NDIS_HANDLE context, NDIS_HANDLE link, PNDIS_WAN_PACKET packet)
{
    NDIS_STATUS status;
    PLINE other = &Lines[(PLINE)link == Lines];

    NdisMWanIndicateReceive(&status, Adapter, other->Context, packet->CurrentBuffer, packet->CurrentLength);
    NdisMWanIndicateReceiveComplete(Adapter, other->Context);
    return NDIS_STATUS_SUCCESS;
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
    c.QueryInformationHandler = Query;
    c.SetInformationHandler = Set;
    c.WanSendHandler = Send;
    return NdisMRegisterMiniport(wrapper, &c, sizeof(c));
}
