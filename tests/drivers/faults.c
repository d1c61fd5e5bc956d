/* A miniport whose send does something wrong on its own, by the length of the frame. Completes everything else at once. */
#include <ndis.h>
#include <ndiswan.h>

static NDIS_HANDLE Adapter;
static int Zero;
static ULONG Allocated;

static int Deep(int Level)
{
    volatile char Room[1000];

    Room[0] = (char)Level;
    return Deep(Level + 1) + Room[0];
}

static VOID FreedMemory(VOID)
{
    PVOID Block;

    NdisAllocateMemoryWithTag(&Block, 100, 'tluF');
    ((volatile char *)Block)[104] = 1; /* behind its end */
    NdisFreeMemory(Block, 100, 0);
    Zero = ((volatile char *)Block)[5]; /* after its end */
    NdisFreeMemory(Block, 100, 0);
    NdisFreeMemory((char *)Block + 1, 100, 0);
}

static VOID Beyond(VOID)
{
    PVOID Block;

    NdisAllocateMemoryWithTag(&Block, 100, 'dnyB');
    NdisFillMemory(Block, 100, 'x');
    NdisZeroMappedMemory(Block, 1 << 20);
    NdisMoveToMappedMemory(Block, (PVOID)Beyond, 1 << 20);
    DbgPrint("%c%c\n", ((char *)Block)[0], ((char *)Block)[99]);
    NdisFreeMemory(Block, 100, 0);
}

static VOID WrongNames(NDIS_HANDLE Context, PNDIS_WAN_PACKET Packet)
{
    NdisMWanSendComplete(Context, Packet, NDIS_STATUS_SUCCESS);
    NdisMWanSendComplete(Adapter, (PNDIS_WAN_PACKET)&Zero, NDIS_STATUS_SUCCESS);
    NdisMWanSendComplete(Adapter, NULL, NDIS_STATUS_SUCCESS);
    NdisMSetTimer((PNDIS_MINIPORT_TIMER)77, 5);
    NdisAcquireSpinLock((PNDIS_SPIN_LOCK)3);
    NdisMIndicateStatus(Adapter, NDIS_STATUS_WAN_LINE_UP, (PVOID)8, sizeof(NDIS_MAC_LINE_UP));
    NdisMIndicateStatus(NULL, NDIS_STATUS_WAN_LINE_DOWN, NULL, 0);
    NdisMWanIndicateReceive(NULL, Adapter, (NDIS_HANDLE)5, NULL, 100);
    NdisOpenConfiguration(NULL, NULL, Adapter);
    NdisReadConfiguration(NULL, NULL, (NDIS_HANDLE)1, NULL, NdisParameterInteger);
}

static NDIS_STATUS Send(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    PVOID Block;

    switch (Packet->CurrentLength) {
    case 1:
        *(volatile int *)0 = 1;
        break;
    case 2:
        return Deep(0);
    case 3:
        return 5 / Zero;
    case 4:
        for (;;) {
            Zero = 0;
        }
    case 5:
        ((void (*)(void))0x1234)();
        break;
    case 6:
        FreedMemory();
        break;
    case 7:
        for (;;) {
            NdisStallExecution(1);
        }
    case 8:
        WrongNames(Context, Packet);
        break;
    case 9:
        Packet->EndBuffer[0] = 1;
        Packet->StartBuffer[-1] = 1;
        break;
    case 10:
        Packet->ProtocolReserved2 = Packet;
        Packet->CurrentBuffer = Packet->StartBuffer - 4;
        break;
    case 11:
        NdisAllocateMemoryWithTag(&Block, 4321, 'kaeL');
        Allocated++;
        break;
    case 12:
        Beyond();
        break;
    }
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(NDIS_HANDLE Context)
{
}

static NDIS_STATUS Reset(PBOOLEAN AddressingReset, NDIS_HANDLE Context)
{
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Information(
    NDIS_HANDLE Context, NDIS_OID Oid, PVOID Buffer, ULONG Length, PULONG Done, PULONG Needed)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS Initialize(
    PNDIS_STATUS OpenErrorStatus, PUINT SelectedMedium, PNDIS_MEDIUM Media, UINT Count, NDIS_HANDLE AdapterHandle,
    NDIS_HANDLE ConfigurationContext)
{
    NDIS_MAC_LINE_UP LineUp;
    UINT Index;

    for (Index = 0; Index < Count && Media[Index] != NdisMediumWan; Index++) {
    }
    *SelectedMedium = Index;
    Adapter = AdapterHandle;
    NdisMSetAttributesEx(AdapterHandle, &Zero, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
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
    Own.HaltHandler = Halt;
    Own.InitializeHandler = Initialize;
    Own.QueryInformationHandler = Information;
    Own.ResetHandler = Reset;
    Own.WanSendHandler = Send;
    Own.SetInformationHandler = Information;
    return NdisMRegisterMiniport(Wrapper, &Own, sizeof(Own));
}
