/*
 * Frames: to the card and back through two rings a channel, in memory that both see.
 *
 * The driver is serialized, so it has no locks: NDIS calls one of its functions at a time.
 */
#include "isdn.h"

static ULONG Physical(PCHANNEL Channel, PVOID Place, PULONG High)
{
    ULONG Offset = (ULONG)((PUCHAR)Place - (PUCHAR)Channel->Shared);
    ULONG Low = NdisGetPhysicalAddressLow(Channel->SharedAddress) + Offset;

    *High = NdisGetPhysicalAddressHigh(Channel->SharedAddress) + (Low < Offset);
    return Low;
}

static VOID Point(PCHANNEL Channel, PDESCRIPTOR Descriptor, PUCHAR Frame, ULONG Flags)
{
    Descriptor->AddressLow = Physical(Channel, Frame, &Descriptor->AddressHigh);
    Descriptor->Length = FRAME_ROOM;
    Descriptor->Flags = Flags;
}

NDIS_STATUS IsdnMakeRings(PCHANNEL Channel)
{
    NdisMAllocateSharedMemory(
        Channel->Card->AdapterHandle, sizeof(SHARED), FALSE, (PVOID *)&Channel->Shared, &Channel->SharedAddress);
    if (Channel->Shared == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    InitializeListHead(&Channel->Waiting);
    IsdnStartRings(Channel);
    return NDIS_STATUS_SUCCESS;
}

VOID IsdnFreeRings(PCHANNEL Channel)
{
    if (Channel->Shared != NULL) {
        NdisMFreeSharedMemory(
            Channel->Card->AdapterHandle, sizeof(SHARED), FALSE, Channel->Shared, Channel->SharedAddress);
        Channel->Shared = NULL;
    }
}

/* Empties both rings and tells the card where they are. */
VOID IsdnStartRings(PCHANNEL Channel)
{
    PSHARED Shared = Channel->Shared;
    ULONG Base = REG_CHANNEL(Channel->Number);
    ULONG Low, High, Index;

    for (Index = 0; Index < RING; Index++) {
        Point(Channel, &Shared->Tx[Index], Shared->TxFrame[Index], 0);
        Point(Channel, &Shared->Rx[Index], Shared->RxFrame[Index], OWNED_BY_CARD);
    }
    Channel->TxOldest = Channel->TxCount = Channel->RxNext = 0;
    Low = Physical(Channel, Shared->Tx, &High);
    WriteCard(Channel->Card, Base + REG_TX_HIGH, High);
    WriteCard(Channel->Card, Base + REG_TX_LOW, Low);
    Low = Physical(Channel, Shared->Rx, &High);
    WriteCard(Channel->Card, Base + REG_RX_HIGH, High);
    WriteCard(Channel->Card, Base + REG_RX_LOW, Low);
}

static VOID GiveToCard(PCHANNEL Channel, PNDIS_WAN_PACKET Packet)
{
    ULONG Index = (Channel->TxOldest + Channel->TxCount) % RING;
    PDESCRIPTOR Descriptor = &Channel->Shared->Tx[Index];

    NdisMoveMemory(Channel->Shared->TxFrame[Index], Packet->CurrentBuffer, Packet->CurrentLength);
    Channel->Sent[Index] = Packet;
    Channel->TxCount++;
    Descriptor->Length = Packet->CurrentLength;
    Descriptor->Flags = OWNED_BY_CARD;
    WriteCard(Channel->Card, REG_CHANNEL(Channel->Number) + REG_TX_DOORBELL, 1);
}

NDIS_STATUS IsdnWanSend(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    PCHANNEL Channel = (PCHANNEL)Link;

    if (!Channel->LinkUp || Packet->CurrentLength > FRAME_ROOM) {
        return NDIS_STATUS_FAILURE;
    }
    if (Channel->TxCount < RING) {
        GiveToCard(Channel, Packet);
    } else {
#if BUG != 3 /* else it is in no queue, and nobody will complete it */
        InsertTailList(&Channel->Waiting, &Packet->WanPacketQueue);
#endif
    }
    return NDIS_STATUS_PENDING;
}

/* Completes what the card has sent, and gives it what waits. */
VOID IsdnSent(PCHANNEL Channel)
{
    PNDIS_WAN_PACKET Packet;
    PLIST_ENTRY Entry;

    while (Channel->TxCount > 0 && !(Channel->Shared->Tx[Channel->TxOldest].Flags & OWNED_BY_CARD)) {
        Packet = Channel->Sent[Channel->TxOldest];
        Channel->TxOldest = (Channel->TxOldest + 1) % RING;
        Channel->TxCount--;
        if (!IsListEmpty(&Channel->Waiting)) {
            Entry = RemoveHeadList(&Channel->Waiting);
            GiveToCard(Channel, CONTAINING_RECORD(Entry, NDIS_WAN_PACKET, WanPacketQueue));
        }
        NdisMWanSendComplete(Channel->Card->AdapterHandle, Packet, NDIS_STATUS_SUCCESS);
    }
}

/* Completes all that was not sent. The card has to have forgotten its ring before. */
VOID IsdnGiveBack(PCHANNEL Channel, NDIS_STATUS Status)
{
    NDIS_HANDLE Adapter = Channel->Card->AdapterHandle;
    PLIST_ENTRY Entry;
    ULONG Index;

    for (Index = 0; Index < Channel->TxCount; Index++) {
        NdisMWanSendComplete(Adapter, Channel->Sent[(Channel->TxOldest + Index) % RING], Status);
    }
#if BUG != 1 /* else they are counted as the card's still, which has them to send */
    IsdnStartRings(Channel);
#endif
    while (!IsListEmpty(&Channel->Waiting)) {
        Entry = RemoveHeadList(&Channel->Waiting);
        NdisMWanSendComplete(Adapter, CONTAINING_RECORD(Entry, NDIS_WAN_PACKET, WanPacketQueue), Status);
    }
}

VOID IsdnReceived(PCHANNEL Channel)
{
    NDIS_HANDLE Adapter = Channel->Card->AdapterHandle;
    BOOLEAN Any = FALSE;
    NDIS_STATUS Status;

    while (!(Channel->Shared->Rx[Channel->RxNext].Flags & OWNED_BY_CARD)) {
        PDESCRIPTOR Descriptor = &Channel->Shared->Rx[Channel->RxNext];

        if (Channel->LinkUp) {
            NdisMWanIndicateReceive(
                &Status, Adapter, Channel->LinkContext, Channel->Shared->RxFrame[Channel->RxNext], Descriptor->Length);
            Any = TRUE;
        }
        Descriptor->Length = FRAME_ROOM;
        Descriptor->Flags = OWNED_BY_CARD;
        Channel->RxNext = (Channel->RxNext + 1) % RING;
    }
    if (Any) {
        NdisMWanIndicateReceiveComplete(Adapter, Channel->LinkContext);
    }
}
