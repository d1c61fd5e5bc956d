/*
 * A card with two B channels of 64 kbit/s: its registers, its rings in shared memory, and what the driver keeps of it.
 *
 * The card is a model of our own, device.py beside this file. Registers are 32 bits wide and mapped to memory.
 */
#ifndef ISDN_H
#define ISDN_H

#include <ndis.h>
#include <ndiswan.h>
#include <ndistapi.h>

#ifndef BUG
#define BUG 0
#endif

#define TAG 'ndsI'
#define CHANNELS 2
#define RING 4
#define FRAME_ROOM 1600
#define BITS_PER_SECOND 64000
#define NO_ANSWER_MILLISECONDS 5000

/* The card's registers. */
#define REG_CONTROL 0x00       /* write CONTROL_RESET: the card forgets its rings; lines stay as they are */
#define REG_STATUS 0x04        /* which interrupts are due; a bit that is written as 1 is taken away */
#define REG_MASK 0x08          /* which of them interrupt */
#define CONTROL_RESET 1

/* The registers of a channel, from REG_CHANNEL(n). */
#define REG_CHANNEL(n) (0x40 + 0x40 * (n))
#define REG_TX_LOW 0x00        /* physical address of RING descriptors to send */
#define REG_TX_HIGH 0x04
#define REG_TX_DOORBELL 0x08   /* write: look at the ring again */
#define REG_RX_LOW 0x10        /* physical address of RING descriptors to receive into */
#define REG_RX_HIGH 0x14
#define REG_DIGIT 0x20         /* write: the next digit of the number */
#define REG_COMMAND 0x24       /* write: one of COMMAND_ */
#define REG_LINE 0x28          /* read: one of WIRE_ */

#define COMMAND_DIAL 1
#define COMMAND_ANSWER 2
#define COMMAND_HANG_UP 3

#define WIRE_IDLE 0
#define WIRE_DIALING 1
#define WIRE_RINGING 2
#define WIRE_CONNECTED 3
#define WIRE_BUSY 4

#define INTERRUPT_SENT(n) (0x01u << (n))
#define INTERRUPT_RECEIVED(n) (0x04u << (n))
#define INTERRUPT_LINE(n) (0x10u << (n))
#define INTERRUPT_ALL 0x3Fu

/* A descriptor of a ring: 16 bytes. The card takes away OWNED_BY_CARD when it has done its part. */
typedef struct _DESCRIPTOR {
    ULONG AddressLow;
    ULONG AddressHigh;
    ULONG Length;
    ULONG Flags;
} DESCRIPTOR, *PDESCRIPTOR;

#define OWNED_BY_CARD 0x80000000u

/* What a channel shares with the card. */
typedef struct _SHARED {
    DESCRIPTOR Tx[RING];
    DESCRIPTOR Rx[RING];
    UCHAR TxFrame[RING][FRAME_ROOM];
    UCHAR RxFrame[RING][FRAME_ROOM];
} SHARED, *PSHARED;

typedef struct _CHANNEL {
    struct _CARD *Card;
    ULONG Number;

    /* The telephone. hdLine and hdCall are Number + 1. */
    HTAPI_LINE TapiLine;
    HTAPI_CALL TapiCall;
    ULONG CallState;
    BOOLEAN LineOpen;
    BOOLEAN CallOpen;
    BOOLEAN DropPending;       /* OID_TAPI_DROP is to be completed when the line is idle */
    NDIS_MINIPORT_TIMER NoAnswer;

    /* The link. Its NdisLinkHandle is this structure. */
    BOOLEAN LinkUp;
    NDIS_HANDLE LinkContext;

    /* What is sent: TxCount packets from TxOldest on are with the card, the rest waits. */
    PSHARED Shared;
    NDIS_PHYSICAL_ADDRESS SharedAddress;
    PNDIS_WAN_PACKET Sent[RING];
    ULONG TxOldest;
    ULONG TxCount;
    LIST_ENTRY Waiting;        /* of NDIS_WAN_PACKET.WanPacketQueue */
    ULONG RxNext;
} CHANNEL, *PCHANNEL;

typedef struct _CARD {
    NDIS_HANDLE AdapterHandle;
    PUCHAR Registers;
    NDIS_PHYSICAL_ADDRESS RegistersAddress;
    NDIS_MINIPORT_INTERRUPT Interrupt;
    BOOLEAN HasInterrupt;
    CHANNEL Channel[CHANNELS];
} CARD, *PCARD;

#define REGISTERS_LENGTH 0x100

static ULONG ReadCard(PCARD Card, ULONG Register)
{
    ULONG Value;

    NdisReadRegisterUlong(Card->Registers + Register, &Value);
    return Value;
}

static VOID WriteCard(PCARD Card, ULONG Register, ULONG Value)
{
    NdisWriteRegisterUlong(Card->Registers + Register, Value);
}

/* rings.c */
NDIS_STATUS IsdnMakeRings(PCHANNEL Channel);
VOID IsdnFreeRings(PCHANNEL Channel);
VOID IsdnStartRings(PCHANNEL Channel);
NDIS_STATUS IsdnWanSend(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet);
VOID IsdnSent(PCHANNEL Channel);
VOID IsdnReceived(PCHANNEL Channel);
VOID IsdnGiveBack(PCHANNEL Channel, NDIS_STATUS Status);

/* calls.c */
VOID IsdnLineChanged(PCHANNEL Channel);
VOID IsdnNoAnswer(PVOID Specific1, PVOID Context, PVOID Specific2, PVOID Specific3);
NDIS_STATUS IsdnQuery(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Written, PULONG Needed);
NDIS_STATUS IsdnSet(NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Read, PULONG Needed);

#endif
