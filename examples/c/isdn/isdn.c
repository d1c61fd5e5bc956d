/*
 * A serialized NDIS 4.0 WAN miniport for a card with two B channels: registers, an interrupt, rings, and calls by TAPI.
 *
 * Compiled with BUG=1 to 4 it has one bug each, as drivers of such cards have them. They are marked where they are: 1 in
 * IsdnGiveBack and IsdnReset, 2 in IsdnIsr, 3 in IsdnWanSend, 4 in calls.c.
 */
#include "isdn.h"

static VOID IsdnIsr(PBOOLEAN Recognized, PBOOLEAN QueueHandler, NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;

    *Recognized = *QueueHandler = (BOOLEAN)(ReadCard(Card, REG_STATUS) != 0);
    if (*Recognized) { /* else it is another card's, and no handler will run that lets ours interrupt again */
        WriteCard(Card, REG_MASK, 0);
    }
#if BUG == 2 /* completes at the level of the interrupt */
    IsdnSent(&Card->Channel[0]);
    IsdnSent(&Card->Channel[1]);
#endif
}

static VOID IsdnHandleInterrupt(NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;
    ULONG Due, Number;

    Due = ReadCard(Card, REG_STATUS);
    WriteCard(Card, REG_STATUS, Due);
    for (Number = 0; Number < CHANNELS; Number++) {
        if (Due & INTERRUPT_LINE(Number)) {
            IsdnLineChanged(&Card->Channel[Number]);
        }
        if (Due & INTERRUPT_SENT(Number)) {
            IsdnSent(&Card->Channel[Number]);
        }
        if (Due & INTERRUPT_RECEIVED(Number)) {
            IsdnReceived(&Card->Channel[Number]);
        }
    }
}

static VOID IsdnEnableInterrupt(NDIS_HANDLE Context)
{
    WriteCard((PCARD)Context, REG_MASK, INTERRUPT_ALL);
}

static VOID IsdnDisableInterrupt(NDIS_HANDLE Context)
{
    WriteCard((PCARD)Context, REG_MASK, 0);
}

/* A card that was pulled out reads as all ones. */
static BOOLEAN IsdnCheckForHang(NDIS_HANDLE Context)
{
    return (BOOLEAN)(ReadCard((PCARD)Context, REG_STATUS) == 0xFFFFFFFF);
}

static NDIS_STATUS IsdnReset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;
    ULONG Number;

    *AddressingReset = FALSE;
#if BUG != 1 /* else the card goes on sending what is given back here */
    WriteCard(Card, REG_CONTROL, CONTROL_RESET);
#endif
    for (Number = 0; Number < CHANNELS; Number++) {
        IsdnGiveBack(&Card->Channel[Number], NDIS_STATUS_REQUEST_ABORTED);
    }
    WriteCard(Card, REG_MASK, INTERRUPT_ALL);
    return NDIS_STATUS_SUCCESS;
}

/* Takes apart what there is of a card; all of it, or as far as it came. */
static VOID Free(PCARD Card)
{
    BOOLEAN Cancelled;
    ULONG Number;

    if (Card->Registers != NULL) {
        WriteCard(Card, REG_MASK, 0);
        WriteCard(Card, REG_CONTROL, CONTROL_RESET);
    }
    if (Card->HasInterrupt) {
        NdisMDeregisterInterrupt(&Card->Interrupt);
    }
    for (Number = 0; Number < CHANNELS; Number++) {
        NdisMCancelTimer(&Card->Channel[Number].NoAnswer, &Cancelled);
        IsdnFreeRings(&Card->Channel[Number]);
    }
    if (Card->Registers != NULL) {
        NdisMUnmapIoSpace(Card->AdapterHandle, Card->Registers, REGISTERS_LENGTH);
    }
    NdisFreeMemory(Card, sizeof(CARD), 0);
}

static VOID IsdnHalt(NDIS_HANDLE Context)
{
    PCARD Card = (PCARD)Context;
    ULONG Number;
    KIRQL Level;

    WriteCard(Card, REG_MASK, 0);
    WriteCard(Card, REG_CONTROL, CONTROL_RESET);
    KeRaiseIrql(DISPATCH_LEVEL, &Level); /* a halt runs below the level at which a serialized driver completes */
    for (Number = 0; Number < CHANNELS; Number++) {
        WriteCard(Card, REG_CHANNEL(Number) + REG_COMMAND, COMMAND_HANG_UP);
        IsdnGiveBack(&Card->Channel[Number], NDIS_STATUS_FAILURE);
    }
    KeLowerIrql(Level);
    Free(Card);
}

/* A number of the registry, or what it is without one. */
static ULONG Configured(NDIS_HANDLE Configuration, PNDIS_STRING Keyword, ULONG Otherwise)
{
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STATUS Status;

    NdisReadConfiguration(&Status, &Parameter, Configuration, Keyword, NdisParameterInteger);
    return Status == NDIS_STATUS_SUCCESS ? Parameter->ParameterData.IntegerData : Otherwise;
}

static NDIS_STATUS Claim(PCARD Card, NDIS_HANDLE ConfigurationContext)
{
    NDIS_STRING AddressKeyword = NDIS_STRING_CONST("MemoryMappedBaseAddress");
    NDIS_STRING VectorKeyword = NDIS_STRING_CONST("InterruptNumber");
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    ULONG Number, Vector;

    NdisOpenConfiguration(&Status, &Configuration, ConfigurationContext);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    NdisSetPhysicalAddressHigh(Card->RegistersAddress, 0);
    NdisSetPhysicalAddressLow(Card->RegistersAddress, Configured(Configuration, &AddressKeyword, 0xD0000000));
    Vector = Configured(Configuration, &VectorKeyword, 9);
    NdisCloseConfiguration(Configuration);

    Status = NdisMMapIoSpace(
        (PVOID *)&Card->Registers, Card->AdapterHandle, Card->RegistersAddress, REGISTERS_LENGTH);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    for (Number = 0; Number < CHANNELS; Number++) {
        Status = IsdnMakeRings(&Card->Channel[Number]);
        if (Status != NDIS_STATUS_SUCCESS) {
            return Status;
        }
    }
    Status = NdisMRegisterInterrupt(
        &Card->Interrupt, Card->AdapterHandle, Vector, Vector, TRUE, FALSE, NdisInterruptLevelSensitive);
    if (Status != NDIS_STATUS_SUCCESS) {
        return Status;
    }
    Card->HasInterrupt = TRUE;
    WriteCard(Card, REG_MASK, INTERRUPT_ALL);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS IsdnInitialize(
    PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT Count, NDIS_HANDLE AdapterHandle,
    NDIS_HANDLE ConfigurationContext)
{
    NDIS_STATUS Status;
    ULONG Number;
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
    NdisMSetAttributes(AdapterHandle, Card, TRUE, NdisInterfaceIsa);
    for (Number = 0; Number < CHANNELS; Number++) {
        PCHANNEL Channel = &Card->Channel[Number];

        Channel->Card = Card;
        Channel->Number = Number;
        NdisMInitializeTimer(&Channel->NoAnswer, AdapterHandle, (PNDIS_TIMER_FUNCTION)IsdnNoAnswer, Channel);
    }
    Status = Claim(Card, ConfigurationContext);
    if (Status != NDIS_STATUS_SUCCESS) {
        Free(Card);
    }
    return Status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_CHARACTERISTICS Characteristics;
    NDIS_HANDLE Wrapper;
    NDIS_STATUS Status;

    NdisMInitializeWrapper(&Wrapper, DriverObject, RegistryPath, NULL);
    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.MajorNdisVersion = 4;
    Characteristics.MinorNdisVersion = 0;
    Characteristics.Reserved = NDIS_USE_WAN_WRAPPER;
    Characteristics.CheckForHangHandler = IsdnCheckForHang;
    Characteristics.DisableInterruptHandler = IsdnDisableInterrupt;
    Characteristics.EnableInterruptHandler = IsdnEnableInterrupt;
    Characteristics.HaltHandler = IsdnHalt;
    Characteristics.HandleInterruptHandler = IsdnHandleInterrupt;
    Characteristics.InitializeHandler = IsdnInitialize;
    Characteristics.ISRHandler = IsdnIsr;
    Characteristics.QueryInformationHandler = IsdnQuery;
    Characteristics.ResetHandler = IsdnReset;
    Characteristics.WanSendHandler = IsdnWanSend;
    Characteristics.SetInformationHandler = IsdnSet;
    Status = NdisMRegisterMiniport(Wrapper, &Characteristics, sizeof(Characteristics));
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisTerminateWrapper(Wrapper, NULL);
    }
    return Status;
}
