/* What of the kernel needs no engine: memory descriptors, logs, and what is not found. */
#include "library.h"

LIBRARY PVOID MmAllocateContiguousMemory(SIZE_T size, PHYSICAL_ADDRESS highest)
{
    (void)highest;
    return ExAllocatePoolWithTag(NonPagedPool, size, 0x746e6f43);
}

LIBRARY void MmFreeContiguousMemory(PVOID memory) { ExFreePool(memory); }
LIBRARY PVOID MmAllocateNonCachedMemory(SIZE_T size) { return ExAllocatePoolWithTag(NonPagedPool, size, 0x61636e55); }
LIBRARY BOOLEAN MmIsAddressValid(PVOID address) { return (ULONG_PTR)address >= PAGE_SIZE; }
LIBRARY PVOID MmLockPagableDataSection(PVOID address) { return address; }
LIBRARY void MmUnlockPagableImageSection(PVOID handle) { (void)handle; }
LIBRARY void MmBuildMdlForNonPagedPool(PMDL mdl) { mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL; }
LIBRARY void MmUnlockPages(PMDL mdl) { mdl->MdlFlags &= ~MDL_PAGES_LOCKED; }
LIBRARY void IoFreeMdl(PMDL mdl) { ExFreePool(mdl); }

LIBRARY void MmFreeNonCachedMemory(PVOID memory, SIZE_T size)
{
    (void)size;
    ExFreePool(memory);
}

LIBRARY void MmProbeAndLockPages(PMDL mdl, KPROCESSOR_MODE mode, LOCK_OPERATION operation)
{
    (void)mode, (void)operation;
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
}

LIBRARY PMDL IoAllocateMdl(PVOID memory, ULONG length, BOOLEAN secondary, BOOLEAN charge_quota, PIRP irp)
{
    PMDL mdl = ExAllocatePoolWithTag(NonPagedPool, MmSizeOfMdl(memory, length), 0x206c644d), *end;

    (void)charge_quota;
    if (mdl == NULL)
        return NULL;
    MmInitializeMdl(mdl, memory, length);
    if (irp != NULL) {
        end = &irp->MdlAddress;
        while (secondary && *end != NULL)
            end = &(*end)->Next;
        *end = mdl;
    }
    return mdl;
}

LIBRARY PVOID IoAllocateErrorLogEntry(PVOID object, UCHAR size)
{
    (void)object;
    return ExAllocatePoolWithTag(NonPagedPool, size, 0x67724549);
}

LIBRARY void IoWriteErrorLogEntry(PVOID entry)
{
    PIO_ERROR_LOG_PACKET packet = entry;

    DbgPrint("error log: 0x%08lx, value 0x%lx, status 0x%08lx\n", packet->ErrorCode, packet->UniqueErrorValue, packet->FinalStatus);
    ExFreePool(entry);
}

LIBRARY BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING pack)
{
    if (major != NULL)
        *major = 4;
    if (minor != NULL)
        *minor = 0;
    if (build != NULL)
        *build = 1381;
    if (pack != NULL)
        pack->Length = 0;
    return FALSE;
}

LIBRARY KPRIORITY KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority)
{
    (void)thread, (void)priority;
    return 8;
}

LIBRARY ULONG ndiswan_ticks(void)
{
    LARGE_INTEGER now;

    KeQueryTickCount(&now);
    return now.LowPart;
}

LIBRARY NTSTATUS ObReferenceObjectByPointer(PVOID object, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode)
{
    (void)access, (void)type, (void)mode;
    return object != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

LIBRARY NTSTATUS IoRegisterShutdownNotification(PDEVICE_OBJECT device)
{
    (void)device;
    return STATUS_SUCCESS;
}

/* Addresses of a bus are those of the processor, and no bus has anything that NDIS does not tell of. */
LIBRARY BOOLEAN HalTranslateBusAddress(INTERFACE_TYPE type, ULONG bus, PHYSICAL_ADDRESS address, PULONG space, PPHYSICAL_ADDRESS to)
{
    (void)type, (void)bus, (void)space;
    *to = address;
    return TRUE;
}

LIBRARY ULONG HalGetBusData(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG length)
{
    (void)type, (void)bus, (void)slot, (void)buffer, (void)length;
    return 0;
}

LIBRARY ULONG HalSetBusData(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG length)
{
    return HalGetBusData(type, bus, slot, buffer, length);
}

LIBRARY NTSTATUS RtlQueryRegistryValues(ULONG relative_to, PCWSTR path, PRTL_QUERY_REGISTRY_TABLE table, PVOID context, PVOID environment)
{
    (void)relative_to, (void)path, (void)table, (void)context, (void)environment;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

LIBRARY NTSTATUS RtlWriteRegistryValue(ULONG relative_to, PCWSTR path, PCWSTR name, ULONG type, PVOID data, ULONG length)
{
    (void)relative_to, (void)path, (void)name, (void)type, (void)data, (void)length;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

LIBRARY NTSTATUS ZwOpenKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes)
{
    (void)access, (void)attributes;
    *key = NULL;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

LIBRARY NTSTATUS ZwOpenFile(
    PHANDLE file, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK status, ULONG share, ULONG options)
{
    return ZwCreateFile(file, access, attributes, status, NULL, 0, share, 0, options, NULL, 0);
}

LIBRARY NTSTATUS ZwCreateFile(
    PHANDLE file, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK status, PLARGE_INTEGER size, ULONG flags,
    ULONG share, ULONG disposition, ULONG options, PVOID extended, ULONG extended_length)
{
    (void)access, (void)attributes, (void)size, (void)flags, (void)share, (void)disposition, (void)options, (void)extended;
    (void)extended_length;
    *file = NULL;
    status->Status = STATUS_OBJECT_NAME_NOT_FOUND;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
