/* Requests that wait for a device, kernel events and levels by their older names, and keys, files and sections that are not there. */
#include "library.h"

static struct { int nothing; } type_of_objects;
LIBRARY POBJECT_TYPE ndiswan_object_type = (POBJECT_TYPE)&type_of_objects;
LIBRARY POBJECT_TYPE *PsThreadType = &ndiswan_object_type;
LIBRARY POBJECT_TYPE *ExEventObjectType = &ndiswan_object_type;
LIBRARY POBJECT_TYPE *ExSemaphoreObjectType = &ndiswan_object_type;
LIBRARY POBJECT_TYPE *IoFileObjectType = &ndiswan_object_type;

LIBRARY void KeInitializeDeviceQueue(PKDEVICE_QUEUE queue)
{
    InitializeListHead(&queue->DeviceListHead);
    queue->Busy = FALSE;
}

/* The queue of a new device object is zero: it is empty. */
static PLIST_ENTRY waiting(PKDEVICE_QUEUE queue)
{
    if (queue->DeviceListHead.Flink == NULL)
        InitializeListHead(&queue->DeviceListHead);
    return &queue->DeviceListHead;
}

/* Before the first entry with a greater key, or at the end. */
static BOOLEAN insert(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, const ULONG *key)
{
    PLIST_ENTRY head = waiting(queue), at = head;

    entry->Inserted = queue->Busy;
    if (!queue->Busy) {
        queue->Busy = TRUE;
        return FALSE;
    }
    entry->SortKey = key != NULL ? *key : 0;
    if (key != NULL)
        for (at = head->Flink; at != head && ((PKDEVICE_QUEUE_ENTRY)at)->SortKey <= *key; at = at->Flink)
            ;
    InsertTailList(at, &entry->DeviceListEntry);
    return TRUE;
}

/* The first entry with this key or a greater one, else the first; with none left the device is idle. */
static PKDEVICE_QUEUE_ENTRY take(PKDEVICE_QUEUE queue, ULONG key)
{
    PLIST_ENTRY head = waiting(queue), at = head->Flink;

    if (at == head) {
        queue->Busy = FALSE;
        return NULL;
    }
    while (at != head && ((PKDEVICE_QUEUE_ENTRY)at)->SortKey < key)
        at = at->Flink;
    if (at == head)
        at = head->Flink;
    RemoveEntryList(at);
    ((PKDEVICE_QUEUE_ENTRY)at)->Inserted = FALSE;
    return (PKDEVICE_QUEUE_ENTRY)at;
}

LIBRARY BOOLEAN KeInsertDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry) { return insert(queue, entry, NULL); }
LIBRARY PKDEVICE_QUEUE_ENTRY KeRemoveDeviceQueue(PKDEVICE_QUEUE queue) { return take(queue, 0); }
LIBRARY PKDEVICE_QUEUE_ENTRY KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE queue, ULONG key) { return take(queue, key); }

LIBRARY BOOLEAN KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, ULONG key)
{
    return insert(queue, entry, &key);
}

LIBRARY BOOLEAN KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry)
{
    BOOLEAN was = entry->Inserted;

    (void)queue;
    if (was) {
        RemoveEntryList(&entry->DeviceListEntry);
        entry->Inserted = FALSE;
    }
    return was;
}

LIBRARY void IoStartPacket(PDEVICE_OBJECT device, PIRP irp, PULONG key, PDRIVER_CANCEL cancel)
{
    KIRQL level;

    KeRaiseIrql(DISPATCH_LEVEL, &level);
    if (cancel != NULL)
        (void)IoSetCancelRoutine(irp, cancel);
    if (!insert(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry, key)) {
        device->CurrentIrp = irp;
        device->DriverObject->DriverStartIo(device, irp);
    }
    KeLowerIrql(level);
}

LIBRARY void IoStartNextPacketByKey(PDEVICE_OBJECT device, BOOLEAN cancelable, ULONG key)
{
    PKDEVICE_QUEUE_ENTRY next = take(&device->DeviceQueue, key);

    (void)cancelable;
    device->CurrentIrp = next != NULL ? CONTAINING_RECORD(next, IRP, Tail.Overlay.DeviceQueueEntry) : NULL;
    if (next != NULL)
        device->DriverObject->DriverStartIo(device, device->CurrentIrp);
}

LIBRARY void IoStartNextPacket(PDEVICE_OBJECT device, BOOLEAN cancelable) { IoStartNextPacketByKey(device, cancelable, 0); }

LIBRARY LONG KePulseEvent(PKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
    LONG was = KeSetEvent(event, increment, wait);

    KeResetEvent(event);
    return was;
}

/* KMODE_EXCEPTION_NOT_HANDLED: no handler of the driver's is there to have it. */
LIBRARY void ExRaiseStatus(NTSTATUS status) { KeBugCheckEx(0x1E, (ULONG)status, (ULONG_PTR)__builtin_return_address(0), 0, 0); }

LIBRARY KIRQL KfRaiseIrql(KIRQL level)
{
    KIRQL was;

    KeRaiseIrql(level, &was);
    return was;
}

LIBRARY PMDL ndiswan_create_mdl(PMDL mdl, PVOID address, SIZE_T length)
{
    if (mdl == NULL)
        return IoAllocateMdl(address, (ULONG)length, FALSE, FALSE, NULL);
    MmInitializeMdl(mdl, address, length);
    return mdl;
}

LIBRARY void IoBuildPartialMdl(PMDL from, PMDL to, PVOID address, ULONG length)
{
    ULONG_PTR skipped = (PCHAR)address - (PCHAR)MmGetMdlVirtualAddress(from);

    MmInitializeMdl(to, address, length != 0 ? length : from->ByteCount - (ULONG)skipped);
    to->MappedSystemVa = (PCHAR)from->MappedSystemVa + skipped;
    to->MdlFlags |= MDL_PARTIAL;
}

/* No bus has anything that NDIS does not tell of. */
LIBRARY ULONG HalGetBusDataByOffset(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG offset, ULONG length)
{
    (void)offset;
    return HalGetBusData(type, bus, slot, buffer, length);
}

LIBRARY ULONG HalSetBusDataByOffset(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG offset, ULONG length)
{
    (void)offset;
    return HalSetBusData(type, bus, slot, buffer, length);
}

LIBRARY ULONG HalGetInterruptVector(INTERFACE_TYPE type, ULONG bus, ULONG level, ULONG vector, PKIRQL irql, PKAFFINITY affinity)
{
    (void)type, (void)bus;
    *irql = (KIRQL)level;
    *affinity = 1;
    return vector;
}

LIBRARY NTSTATUS IoReportResourceUsage(
    PUNICODE_STRING class_name, PDRIVER_OBJECT driver, PCM_RESOURCE_LIST of_driver, ULONG driver_length, PDEVICE_OBJECT device,
    PCM_RESOURCE_LIST of_device, ULONG device_length, BOOLEAN override, PBOOLEAN conflict)
{
    (void)class_name, (void)driver, (void)of_driver, (void)driver_length, (void)device, (void)of_device, (void)device_length;
    (void)override;
    *conflict = FALSE;
    return STATUS_SUCCESS;
}

/* What is not there has no handle, and what is asked of a handle has none either. */
#define NONE(name, parameters) LIBRARY NTSTATUS name parameters { return STATUS_INVALID_HANDLE; }
#pragma GCC diagnostic ignored "-Wunused-parameter"

NONE(ZwQueryValueKey, (HANDLE key, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed))
NONE(ZwSetValueKey, (HANDLE key, PUNICODE_STRING name, ULONG index, ULONG type, PVOID data, ULONG size))
NONE(ZwEnumerateKey, (HANDLE key, ULONG index, KEY_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed))
NONE(ZwEnumerateValueKey, (HANDLE key, ULONG index, KEY_VALUE_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed))
NONE(ZwQueryKey, (HANDLE key, KEY_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed))
NONE(ZwDeleteKey, (HANDLE key))
NONE(ZwFlushKey, (HANDLE key))
NONE(ZwDeleteValueKey, (HANDLE key, PUNICODE_STRING name))
NONE(ZwQueryInformationFile, (HANDLE file, PIO_STATUS_BLOCK status, PVOID to, ULONG length, FILE_INFORMATION_CLASS what))
NONE(ZwSetInformationFile, (HANDLE file, PIO_STATUS_BLOCK status, PVOID from, ULONG length, FILE_INFORMATION_CLASS what))
NONE(ZwReadFile, (HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, PIO_STATUS_BLOCK status, PVOID buffer, ULONG length,
                  PLARGE_INTEGER offset, PULONG key))
NONE(ZwWriteFile, (HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, PIO_STATUS_BLOCK status, PVOID buffer, ULONG length,
                   PLARGE_INTEGER offset, PULONG key))
NONE(ZwMapViewOfSection, (HANDLE section, HANDLE process, PVOID *base, ULONG_PTR zero_bits, SIZE_T commit, PLARGE_INTEGER offset,
                          PSIZE_T size, SECTION_INHERIT inherit, ULONG type, ULONG protect))
NONE(ZwUnmapViewOfSection, (HANDLE process, PVOID base))

LIBRARY NTSTATUS ZwCreateKey(
    PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG index, PUNICODE_STRING class_name, ULONG options,
    PULONG disposition)
{
    *key = NULL;
    return STATUS_ACCESS_DENIED;
}

LIBRARY NTSTATUS ZwOpenSection(PHANDLE section, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes)
{
    *section = NULL;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
