/* A miniport whose send destroys memory that is not its own: writes as many words as the frame has bytes, of What (0x5A..), to Where. */
#include <ndis.h>
#include <ndiswan.h>

static ULONG Words;
static ULONGLONG What = 0x5A5A5A5A5A5A5A5AULL;

static VOID Scribble(volatile ULONGLONG *From)
{
    ULONG Index;

    for (Index = 0; Index < Words; Index++) {
        From[Index] = What;
    }
}

static VOID Look(NDIS_HANDLE ConfigurationContext, PNDIS_STRING Name, PVOID Value)
{
    NDIS_HANDLE Configuration;
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STATUS Status;

    NdisOpenConfiguration(&Status, &Configuration, ConfigurationContext);
    NdisReadConfiguration(&Status, &Parameter, Configuration, Name, NdisParameterBinary);
    if (Status == NDIS_STATUS_SUCCESS) {
        NdisMoveMemory(Value, Parameter->ParameterData.BinaryData.Buffer, sizeof(ULONGLONG));
    }
    NdisCloseConfiguration(Configuration);
}

static volatile ULONGLONG *Where;

static NDIS_STATUS Send(NDIS_HANDLE Context, NDIS_HANDLE Link, PNDIS_WAN_PACKET Packet)
{
    Words = Packet->CurrentLength;
    Scribble(Where);
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
    static NDIS_STRING WhereName = NDIS_STRING_CONST("Where"), WhatName = NDIS_STRING_CONST("What");
    NDIS_MAC_LINE_UP LineUp;
    UINT Index;

    for (Index = 0; Index < Count && Media[Index] != NdisMediumWan; Index++) {
    }
    *SelectedMedium = Index;
    NdisMSetAttributesEx(AdapterHandle, &Words, 0, NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfaceInternal);
    Look(ConfigurationContext, &WhereName, (PVOID)&Where);
    Look(ConfigurationContext, &WhatName, &What);
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
