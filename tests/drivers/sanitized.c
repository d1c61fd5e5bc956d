/* A miniport whose send does something that C leaves undefined, by the length of the frame. Completes everything at once. */
#include <ndis.h>
#include <ndiswan.h>

static UCHAR Table[10];
static volatile int Ten = 10, Most = 0x7FFFFFFF, Wide = 40;
static PUCHAR Kept;

static VOID Fill(PUCHAR Into, int Count)
{
    int Index;

    for (Index = 0; Index < Count; Index++) {
        Into[Index] = 0x55;
    }
}

static VOID FillBlock(int Count)
{
    PVOID Block;

    NdisAllocateMemoryWithTag(&Block, 13, 'kcoB');
    Fill((PUCHAR)Block, Count);
    NdisFreeMemory(Block, 13, 0);
}

static NDIS_STATUS Send(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    UCHAR Room[16];
    ULONG Sum;

    switch (Packet->CurrentLength) {
    case 1:
        FillBlock(14); /* one behind its end, where no page ends */
        break;
    case 2:
        Fill(Table, Ten + 1);
        break;
    case 3:
        NdisAllocateMemoryWithTag((PVOID *)&Kept, 13, 'kcoB');
        NdisFreeMemory(Kept, 13, 0);
        Fill(Kept, 1);
        break;
    case 4:
        Fill(Room, 17);
        return Room[0] == 0x55 ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
    case 5:
        Most = Most + Ten;
        break;
    case 6:
        Sum = 1 << Wide;
        Ten = Sum;
        break;
    case 7:
        Sum = Table[Ten];
        Most = Sum;
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
    NdisMSetAttributesEx(AdapterHandle, &Table, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
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
