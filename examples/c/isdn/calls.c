/*
 * Calls: the requests of TAPI and of NDISWAN, and what the card says of its lines.
 *
 * A call's link comes up before its state is "connected", as NDISWAN wants it, and goes down before it is "idle".
 */
#include "isdn.h"

static VOID Tell(PCHANNEL Channel, ULONG Message, ULONG First, ULONG Second)
{
    NDIS_TAPI_EVENT Event;

    NdisZeroMemory(&Event, sizeof(Event));
    Event.htLine = Channel->TapiLine;
    Event.htCall = Channel->TapiCall;
    Event.ulMsg = Message;
    Event.ulParam1 = First;
    Event.ulParam2 = Second;
    NdisMIndicateStatus(Channel->Card->AdapterHandle, NDIS_STATUS_TAPI_INDICATION, &Event, sizeof(Event));
    NdisMIndicateStatusComplete(Channel->Card->AdapterHandle);
}

static VOID SetCallState(PCHANNEL Channel, ULONG State, ULONG Mode)
{
    Channel->CallState = State;
    Tell(Channel, LINE_CALLSTATE, State, Mode);
}

static VOID Command(PCHANNEL Channel, ULONG Number)
{
    WriteCard(Channel->Card, REG_CHANNEL(Channel->Number) + REG_COMMAND, Number);
}

static VOID Connected(PCHANNEL Channel)
{
    NDIS_MAC_LINE_UP LineUp;
    BOOLEAN Cancelled;

    NdisMCancelTimer(&Channel->NoAnswer, &Cancelled);
    NdisZeroMemory(&LineUp, sizeof(LineUp));
    LineUp.LinkSpeed = BITS_PER_SECOND / 100;
    LineUp.Quality = NdisWanErrorControl;
    LineUp.SendWindow = 0;
    LineUp.ConnectionWrapperID = (NDIS_HANDLE)Channel->TapiCall;
    LineUp.NdisLinkHandle = (NDIS_HANDLE)Channel;
    NdisMIndicateStatus(Channel->Card->AdapterHandle, NDIS_STATUS_WAN_LINE_UP, &LineUp, sizeof(LineUp));
    NdisMIndicateStatusComplete(Channel->Card->AdapterHandle);
    Channel->LinkContext = LineUp.NdisLinkContext;
    Channel->LinkUp = TRUE;
    SetCallState(Channel, LINECALLSTATE_CONNECTED, 0);
}

/* The wire is idle: the link goes down, with what it has not sent, and then the call. */
static VOID Disconnected(PCHANNEL Channel, ULONG Mode)
{
    NDIS_HANDLE Adapter = Channel->Card->AdapterHandle;
    NDIS_MAC_LINE_DOWN LineDown;
    BOOLEAN Cancelled;

    NdisMCancelTimer(&Channel->NoAnswer, &Cancelled);
    if (Channel->LinkUp) {
        Channel->LinkUp = FALSE;
#if BUG == 4 /* what was not sent is forgotten with the call */
        IsdnStartRings(Channel);
        InitializeListHead(&Channel->Waiting);
#else
        IsdnGiveBack(Channel, NDIS_STATUS_FAILURE);
#endif
        LineDown.NdisLinkContext = Channel->LinkContext;
        NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_DOWN, &LineDown, sizeof(LineDown));
        NdisMIndicateStatusComplete(Adapter);
    }
    if (Channel->CallOpen && Channel->CallState != LINECALLSTATE_IDLE) {
        if (!Channel->DropPending) {
            SetCallState(Channel, LINECALLSTATE_DISCONNECTED, Mode);
        }
        SetCallState(Channel, LINECALLSTATE_IDLE, 0);
    }
    if (Channel->DropPending) {
        Channel->DropPending = FALSE;
        NdisMSetInformationComplete(Adapter, NDIS_STATUS_SUCCESS);
    }
}

static VOID Ringing(PCHANNEL Channel)
{
    NDIS_TAPI_EVENT Event;

    if (!Channel->LineOpen || Channel->CallOpen) {
        Command(Channel, COMMAND_HANG_UP);
        return;
    }
    NdisZeroMemory(&Event, sizeof(Event));
    Event.htLine = Channel->TapiLine;
    Event.ulMsg = LINE_NEWCALL;
    Event.ulParam1 = Channel->Number + 1;
    NdisMIndicateStatus(Channel->Card->AdapterHandle, NDIS_STATUS_TAPI_INDICATION, &Event, sizeof(Event));
    NdisMIndicateStatusComplete(Channel->Card->AdapterHandle);
    Channel->TapiCall = (HTAPI_CALL)Event.ulParam2;
    Channel->CallOpen = TRUE;
    SetCallState(Channel, LINECALLSTATE_OFFERING, 0);
}

/* The card interrupted: a wire changed. */
VOID IsdnLineChanged(PCHANNEL Channel)
{
    switch (ReadCard(Channel->Card, REG_CHANNEL(Channel->Number) + REG_LINE)) {
    case WIRE_RINGING:
        Ringing(Channel);
        break;
    case WIRE_CONNECTED:
        if (Channel->CallOpen && !Channel->LinkUp) {
            Connected(Channel);
        }
        break;
    case WIRE_BUSY:
        Command(Channel, COMMAND_HANG_UP);
        Disconnected(Channel, LINEDISCONNECTMODE_BUSY);
        break;
    case WIRE_IDLE:
        Disconnected(Channel, LINEDISCONNECTMODE_NORMAL);
        break;
    }
}

VOID IsdnNoAnswer(PVOID Specific1, PVOID Context, PVOID Specific2, PVOID Specific3)
{
    PCHANNEL Channel = (PCHANNEL)Context;

    Command(Channel, COMMAND_HANG_UP);
    Disconnected(Channel, LINEDISCONNECTMODE_NOANSWER);
}

static PCHANNEL ChannelOf(PCARD Card, ULONG_PTR Handle)
{
    return Handle >= 1 && Handle <= CHANNELS ? &Card->Channel[Handle - 1] : NULL;
}

static NDIS_STATUS MakeCall(PCARD Card, PNDIS_TAPI_MAKE_CALL Request)
{
    PCHANNEL Channel = ChannelOf(Card, Request->hdLine);
    PUCHAR Digits = (PUCHAR)Request + Request->ulDestAddressOffset;
    ULONG Index;

    if (Channel == NULL || !Channel->LineOpen) {
        return NDIS_STATUS_TAPI_INVALLINEHANDLE;
    }
    if (Channel->CallOpen) {
        return NDIS_STATUS_TAPI_CALLUNAVAIL;
    }
    for (Index = 0; Index < Request->ulDestAddressSize && Digits[Index] != 0; Index++) {
        WriteCard(Card, REG_CHANNEL(Channel->Number) + REG_DIGIT, Digits[Index]);
    }
    Channel->TapiCall = Request->htCall;
    Channel->CallOpen = TRUE;
    Request->hdCall = Channel->Number + 1;
    Command(Channel, COMMAND_DIAL);
    NdisMSetTimer(&Channel->NoAnswer, NO_ANSWER_MILLISECONDS);
    SetCallState(Channel, LINECALLSTATE_DIALING, 0);
    return NDIS_STATUS_SUCCESS;
}

/* NDISWAN's name of the link, as text of 8 bytes behind the VAR_STRING. */
static NDIS_STATUS GetId(PCARD Card, PNDIS_TAPI_GET_ID Request)
{
    PCHANNEL Channel = ChannelOf(Card, Request->hdCall);
    PVAR_STRING Id = &Request->DeviceID;

    if (Request->ulSelect != LINECALLSELECT_CALL || Channel == NULL || !Channel->LinkUp) {
        return NDIS_STATUS_TAPI_INVALCALLHANDLE;
    }
    Id->ulNeededSize = sizeof(VAR_STRING) + sizeof(NDIS_HANDLE);
    if (Id->ulTotalSize < Id->ulNeededSize) {
        return NDIS_STATUS_TAPI_STRUCTURETOOSMALL;
    }
    Id->ulUsedSize = Id->ulNeededSize;
    Id->ulStringFormat = STRINGFORMAT_BINARY;
    Id->ulStringSize = sizeof(NDIS_HANDLE);
    Id->ulStringOffset = sizeof(VAR_STRING);
    NdisMoveMemory((PUCHAR)Id + Id->ulStringOffset, &Channel->LinkContext, sizeof(NDIS_HANDLE));
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS GetDeviceCaps(PNDIS_TAPI_GET_DEV_CAPS Request)
{
    Request->LineDevCaps.ulNeededSize = Request->LineDevCaps.ulUsedSize = sizeof(LINE_DEV_CAPS);
    Request->LineDevCaps.ulNumAddresses = 1;
    Request->LineDevCaps.ulBearerModes = LINEBEARERMODE_DATA;
    Request->LineDevCaps.ulMediaModes = LINEMEDIAMODE_DIGITALDATA;
    Request->LineDevCaps.ulMaxRate = BITS_PER_SECOND;
    Request->LineDevCaps.ulMaxNumActiveCalls = 1;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS OpenLine(PCARD Card, PNDIS_TAPI_OPEN Request)
{
    PCHANNEL Channel = ChannelOf(Card, (ULONG_PTR)Request->ulDeviceID + 1);

    if (Channel == NULL) {
        return NDIS_STATUS_TAPI_NODEVICE;
    }
    Channel->TapiLine = Request->htLine;
    Channel->LineOpen = TRUE;
    Request->hdLine = Channel->Number + 1;
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS IsdnQuery(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Written, PULONG Needed)
{
    PCARD Card = (PCARD)Context;
    PNDIS_WAN_INFO Info = (PNDIS_WAN_INFO)Buffer;

    *Written = *Needed = 0;
    switch (Oid) {
    case OID_WAN_GET_INFO:
        if (Length < sizeof(NDIS_WAN_INFO)) {
            *Needed = sizeof(NDIS_WAN_INFO);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        NdisZeroMemory(Info, sizeof(NDIS_WAN_INFO));
        Info->MaxFrameSize = 1500;
        Info->MaxTransmit = 2 * RING;
        Info->Endpoints = CHANNELS;
        Info->FramingBits = PPP_FRAMING | TAPI_PROVIDER;
        *Written = sizeof(NDIS_WAN_INFO);
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_PROVIDER_INITIALIZE:
        ((PNDIS_TAPI_PROVIDER_INITIALIZE)Buffer)->ulNumLineDevs = CHANNELS;
        ((PNDIS_TAPI_PROVIDER_INITIALIZE)Buffer)->ulProviderID = 1;
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_GET_DEV_CAPS:
        return GetDeviceCaps((PNDIS_TAPI_GET_DEV_CAPS)Buffer);
    case OID_TAPI_OPEN:
        return OpenLine(Card, (PNDIS_TAPI_OPEN)Buffer);
    case OID_TAPI_MAKE_CALL:
        return MakeCall(Card, (PNDIS_TAPI_MAKE_CALL)Buffer);
    case OID_TAPI_GET_ID:
        return GetId(Card, (PNDIS_TAPI_GET_ID)Buffer);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static NDIS_STATUS Drop(PCHANNEL Channel)
{
    if (Channel == NULL || !Channel->CallOpen) {
        return NDIS_STATUS_TAPI_INVALCALLHANDLE;
    }
    if (Channel->CallState == LINECALLSTATE_IDLE) {
        return NDIS_STATUS_SUCCESS;
    }
    Channel->DropPending = TRUE;
    Command(Channel, COMMAND_HANG_UP);
    return NDIS_STATUS_PENDING;
}

NDIS_STATUS IsdnSet(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Read, PULONG Needed)
{
    PCARD Card = (PCARD)Context;
    PCHANNEL Channel;

    *Read = Length;
    *Needed = 0;
    switch (Oid) {
    case OID_TAPI_SET_DEFAULT_MEDIA_DETECTION:
    case OID_TAPI_SET_STATUS_MESSAGES:
    case OID_TAPI_PROVIDER_SHUTDOWN:
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_ANSWER:
        Channel = ChannelOf(Card, ((PNDIS_TAPI_ANSWER)Buffer)->hdCall);
        if (Channel == NULL || Channel->CallState != LINECALLSTATE_OFFERING) {
            return NDIS_STATUS_TAPI_INVALCALLSTATE;
        }
        Command(Channel, COMMAND_ANSWER);
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_DROP:
        return Drop(ChannelOf(Card, ((PNDIS_TAPI_DROP)Buffer)->hdCall));
    case OID_TAPI_CLOSE_CALL:
        Channel = ChannelOf(Card, ((PNDIS_TAPI_CLOSE_CALL)Buffer)->hdCall);
        if (Channel != NULL) {
            Channel->CallOpen = FALSE;
            Channel->TapiCall = 0;
        }
        return NDIS_STATUS_SUCCESS;
    case OID_TAPI_CLOSE:
        Channel = ChannelOf(Card, ((PNDIS_TAPI_CLOSE)Buffer)->hdLine);
        if (Channel == NULL) {
            return NDIS_STATUS_TAPI_INVALLINEHANDLE;
        }
        Channel->LineOpen = FALSE;
        return NDIS_STATUS_SUCCESS;
    default:
        *Read = 0;
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}
