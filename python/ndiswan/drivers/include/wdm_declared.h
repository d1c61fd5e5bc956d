/* Functions of the kernel that few drivers call; plain C in library/. */
#ifndef NDISWAN_WDM_DECLARED_H
#define NDISWAN_WDM_DECLARED_H

#include "wdm_io.h"

typedef NTSTATUS RTL_QUERY_REGISTRY_ROUTINE(PWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength, PVOID Context, PVOID EntryContext);
typedef RTL_QUERY_REGISTRY_ROUTINE *PRTL_QUERY_REGISTRY_ROUTINE;
typedef struct _RTL_QUERY_REGISTRY_TABLE {
    PRTL_QUERY_REGISTRY_ROUTINE QueryRoutine;
    ULONG Flags;
    PWSTR Name;
    PVOID EntryContext;
    ULONG DefaultType;
    PVOID DefaultData;
    ULONG DefaultLength;
} RTL_QUERY_REGISTRY_TABLE, *PRTL_QUERY_REGISTRY_TABLE;
#define RTL_QUERY_REGISTRY_SUBKEY 0x00000001
#define RTL_QUERY_REGISTRY_REQUIRED 0x00000004
#define RTL_QUERY_REGISTRY_DIRECT 0x00000020
#define RTL_REGISTRY_ABSOLUTE 0
#define RTL_REGISTRY_SERVICES 1
#define REG_NONE 0
#define REG_SZ 1
#define REG_EXPAND_SZ 2
#define REG_BINARY 3
#define REG_DWORD 4
#define REG_MULTI_SZ 7
#define KEY_READ 0x00020019
#define KEY_ALL_ACCESS 0x000F003F
#define GENERIC_READ 0x80000000
#define GENERIC_WRITE 0x40000000
#define SYNCHRONIZE 0x00100000
#define THREAD_ALL_ACCESS 0x001F03FF
#define FILE_SHARE_READ 0x00000001
#define FILE_OPEN 0x00000001
#define FILE_SYNCHRONOUS_IO_NONALERT 0x00000020
#define FILE_ATTRIBUTE_NORMAL 0x00000080
typedef enum _KEY_VALUE_INFORMATION_CLASS {
    KeyValueBasicInformation, KeyValueFullInformation, KeyValuePartialInformation
} KEY_VALUE_INFORMATION_CLASS;
typedef struct _KEY_VALUE_PARTIAL_INFORMATION {
    ULONG TitleIndex, Type, DataLength;
    UCHAR Data[1];
} KEY_VALUE_PARTIAL_INFORMATION, *PKEY_VALUE_PARTIAL_INFORMATION;

extern NTSTATUS RtlQueryRegistryValues(ULONG relative_to, PCWSTR path, PRTL_QUERY_REGISTRY_TABLE table, PVOID context, PVOID environment);
extern NTSTATUS RtlWriteRegistryValue(ULONG relative_to, PCWSTR path, PCWSTR name, ULONG type, PVOID data, ULONG length);
extern NTSTATUS ZwOpenKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
extern NTSTATUS ZwQueryValueKey(
    HANDLE key, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS what, PVOID information, ULONG length, PULONG needed);
extern NTSTATUS ZwSetValueKey(HANDLE key, PUNICODE_STRING name, ULONG index, ULONG type, PVOID data, ULONG size);
extern NTSTATUS ZwCreateFile(
    PHANDLE file, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK status, PLARGE_INTEGER size, ULONG flags,
    ULONG share, ULONG disposition, ULONG options, PVOID extended, ULONG extended_length);
extern NTSTATUS ZwOpenFile(
    PHANDLE file, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK status, ULONG share, ULONG options);
extern NTSTATUS ZwReadFile(
    HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, PIO_STATUS_BLOCK status, PVOID buffer, ULONG length,
    PLARGE_INTEGER offset, PULONG key);
extern NTSTATUS ZwWriteFile(
    HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, PIO_STATUS_BLOCK status, PVOID buffer, ULONG length,
    PLARGE_INTEGER offset, PULONG key);
extern NTSTATUS IofCallDriver(PDEVICE_OBJECT device, PIRP irp);
#define IoCallDriver(device, irp) IofCallDriver(device, irp)
extern PIRP IoAllocateIrp(CCHAR stack_size, BOOLEAN charge_quota);
extern void IoFreeIrp(PIRP irp);
extern void IoInitializeIrp(PIRP irp, USHORT size, CCHAR stack_size);
extern void IoReuseIrp(PIRP irp, NTSTATUS status);
extern BOOLEAN IoCancelIrp(PIRP irp);
extern PIRP IoBuildDeviceIoControlRequest(
    ULONG code, PDEVICE_OBJECT device, PVOID in, ULONG in_length, PVOID out, ULONG out_length, BOOLEAN internal, PKEVENT event,
    PIO_STATUS_BLOCK status);
extern NTSTATUS IoGetDeviceObjectPointer(PUNICODE_STRING name, ACCESS_MASK access, PFILE_OBJECT *file, PDEVICE_OBJECT *device);
extern PDEVICE_OBJECT IoGetRelatedDeviceObject(PFILE_OBJECT file);
extern PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT source, PDEVICE_OBJECT target);
extern void IoDetachDevice(PDEVICE_OBJECT target);
extern NTSTATUS IoRegisterShutdownNotification(PDEVICE_OBJECT device);
extern PMDL IoAllocateMdl(PVOID memory, ULONG length, BOOLEAN secondary, BOOLEAN charge_quota, PIRP irp);
extern void IoFreeMdl(PMDL mdl);
extern void MmBuildMdlForNonPagedPool(PMDL mdl);
extern void MmProbeAndLockPages(PMDL mdl, KPROCESSOR_MODE mode, LOCK_OPERATION operation);
extern void MmUnlockPages(PMDL mdl);
extern PVOID MmAllocateContiguousMemory(SIZE_T size, PHYSICAL_ADDRESS highest);
extern void MmFreeContiguousMemory(PVOID memory);
extern PVOID MmAllocateNonCachedMemory(SIZE_T size);
extern void MmFreeNonCachedMemory(PVOID memory, SIZE_T size);
extern BOOLEAN MmIsAddressValid(PVOID address);
extern PVOID MmLockPagableDataSection(PVOID address);
extern void MmUnlockPagableImageSection(PVOID handle);
extern KPRIORITY KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority);
extern NTSTATUS ObReferenceObjectByPointer(PVOID object, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode);
extern void ExSystemTimeToLocalTime(PLARGE_INTEGER system, PLARGE_INTEGER local);
extern void RtlTimeToTimeFields(PLARGE_INTEGER time, TIME_FIELDS *fields);
extern ULONG HalGetBusData(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG length);
extern ULONG HalSetBusData(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG length);
extern BOOLEAN HalTranslateBusAddress(INTERFACE_TYPE type, ULONG bus, PHYSICAL_ADDRESS address, PULONG space, PPHYSICAL_ADDRESS to);

#endif
