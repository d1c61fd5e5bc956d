/* Requests that wait for a device, and what else is asked of the I/O system in older drivers. All of it is plain C in library/io.c. */
#ifndef NDISWAN_WDM_QUEUES_H
#define NDISWAN_WDM_QUEUES_H

#include "wdm_system.h"

extern void KeInitializeDeviceQueue(PKDEVICE_QUEUE queue);
extern BOOLEAN KeInsertDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry);
extern BOOLEAN KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, ULONG key);
extern PKDEVICE_QUEUE_ENTRY KeRemoveDeviceQueue(PKDEVICE_QUEUE queue);
extern PKDEVICE_QUEUE_ENTRY KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE queue, ULONG key);
extern BOOLEAN KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry);
extern void IoStartPacket(PDEVICE_OBJECT device, PIRP irp, PULONG key, PDRIVER_CANCEL cancel);
extern void IoStartNextPacket(PDEVICE_OBJECT device, BOOLEAN cancelable);
extern void IoStartNextPacketByKey(PDEVICE_OBJECT device, BOOLEAN cancelable, ULONG key);

#define IoCopyCurrentIrpStackLocationToNext(irp) \
    do { \
        PIO_STACK_LOCATION next_ = IoGetNextIrpStackLocation(irp); \
        memcpy(next_, IoGetCurrentIrpStackLocation(irp), FIELD_OFFSET(IO_STACK_LOCATION, CompletionRoutine)); \
        next_->Control = 0; \
    } while (0)
#define IoSetCompletionRoutine(irp, routine, context, success, error, cancel) \
    do { \
        PIO_STACK_LOCATION next_ = IoGetNextIrpStackLocation(irp); \
        next_->CompletionRoutine = (routine); \
        next_->Context = (context); \
        next_->Control = (UCHAR)(((success) ? SL_INVOKE_ON_SUCCESS : 0) | ((error) ? SL_INVOKE_ON_ERROR : 0) | \
                                 ((cancel) ? SL_INVOKE_ON_CANCEL : 0)); \
    } while (0)
#define IoSizeOfIrp(count) ((USHORT)(sizeof(IRP) + (count) * sizeof(IO_STACK_LOCATION)))
#define IoIsErrorUserInduced(status) \
    ((status) == STATUS_DEVICE_NOT_READY || (status) == STATUS_IO_TIMEOUT || (status) == STATUS_MEDIA_WRITE_PROTECTED || \
     (status) == STATUS_NO_MEDIA_IN_DEVICE || (status) == STATUS_VERIFY_REQUIRED || (status) == STATUS_WRONG_VOLUME)
#define IoGetFunctionCodeFromCtlCode(code) ((code) >> 2 & 0x00000FFF)
#define DEVICE_TYPE_FROM_CTL_CODE(code) (((ULONG)(code) & 0xffff0000) >> 16)
#define DEVICE_TYPE ULONG
#define PoCallDriver(device, irp) IoCallDriver(device, irp)
#define PoStartNextPowerIrp(irp) ((void)(irp))
#define PoSetPowerState(device, type, state) (state)
#define ObfReferenceObject(object) ObReferenceObject(object)
#define ObfDereferenceObject(object) ObDereferenceObject(object)

/* Of the bus and of its resources: what is asked for is free. Vectors are levels. */
extern ULONG HalGetBusDataByOffset(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG offset, ULONG length);
extern ULONG HalSetBusDataByOffset(BUS_DATA_TYPE type, ULONG bus, ULONG slot, PVOID buffer, ULONG offset, ULONG length);
extern ULONG HalGetInterruptVector(
    INTERFACE_TYPE type, ULONG bus, ULONG level, ULONG vector, PKIRQL irql, PKAFFINITY affinity);
extern NTSTATUS IoReportResourceUsage(
    PUNICODE_STRING class_name, PDRIVER_OBJECT driver, PCM_RESOURCE_LIST of_driver, ULONG driver_length, PDEVICE_OBJECT device,
    PCM_RESOURCE_LIST of_device, ULONG device_length, BOOLEAN override, PBOOLEAN conflict);
#define IoReportResourceForDetection(driver, of_driver, driver_length, device, of_device, device_length, conflict) \
    IoReportResourceUsage(NULL, driver, of_driver, driver_length, device, of_device, device_length, FALSE, conflict)

extern NTSTATUS ZwCreateKey(
    PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG index, PUNICODE_STRING class_name, ULONG options,
    PULONG disposition);
extern NTSTATUS ZwEnumerateKey(HANDLE key, ULONG index, KEY_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed);
extern NTSTATUS ZwEnumerateValueKey(
    HANDLE key, ULONG index, KEY_VALUE_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed);
extern NTSTATUS ZwQueryKey(HANDLE key, KEY_INFORMATION_CLASS what, PVOID to, ULONG length, PULONG needed);
extern NTSTATUS ZwDeleteKey(HANDLE key);
extern NTSTATUS ZwFlushKey(HANDLE key);
extern NTSTATUS ZwDeleteValueKey(HANDLE key, PUNICODE_STRING name);
extern NTSTATUS ZwQueryInformationFile(HANDLE file, PIO_STATUS_BLOCK status, PVOID to, ULONG length, FILE_INFORMATION_CLASS what);
extern NTSTATUS ZwSetInformationFile(HANDLE file, PIO_STATUS_BLOCK status, PVOID from, ULONG length, FILE_INFORMATION_CLASS what);
extern NTSTATUS ZwOpenSection(PHANDLE section, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
extern NTSTATUS ZwMapViewOfSection(
    HANDLE section, HANDLE process, PVOID *base, ULONG_PTR zero_bits, SIZE_T commit, PLARGE_INTEGER offset, PSIZE_T size,
    SECTION_INHERIT inherit, ULONG type, ULONG protect);
extern NTSTATUS ZwUnmapViewOfSection(HANDLE process, PVOID base);

#define DbgUserBreakPoint ndiswan_break
#define DbgPrompt(prompt, reply, length) ((void)DbgPrint("%s", (prompt)), 0UL)
extern LONG KePulseEvent(PKEVENT event, KPRIORITY increment, BOOLEAN wait);
extern void ExRaiseStatus(NTSTATUS status);
#define ExRaiseAccessViolation() ExRaiseStatus(STATUS_ACCESS_VIOLATION)
#define ExRaiseDatatypeMisalignment() ExRaiseStatus(STATUS_DATATYPE_MISALIGNMENT)
#define ProbeForRead(address, length, alignment) ((void)(address), (void)(length))
#define ProbeForWrite(address, length, alignment) ((void)(address), (void)(length))
extern KIRQL KfRaiseIrql(KIRQL level);
#define KfLowerIrql(level) KeLowerIrql(level)
#define KfAcquireSpinLock(lock) KeAcquireSpinLockRaiseToDpc(lock)
#define KfReleaseSpinLock(lock, level) KeReleaseSpinLock(lock, level)
/* Interrupts of one processor: a driver that turns them off is alone on it as it is. */
#define _disable() ((void)0)
#define _enable() ((void)0)
#define PsGetCurrentProcess() ((PEPROCESS)KeGetCurrentThread())
#define IoGetCurrentProcess() PsGetCurrentProcess()
#define PsGetCurrentProcessId() ((HANDLE)4)
#define ZwCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define ZwCurrentThread() ((HANDLE)(LONG_PTR)-2)
extern POBJECT_TYPE *PsThreadType, *ExEventObjectType, *ExSemaphoreObjectType, *IoFileObjectType;
#define MmPrepareMdlForReuse(mdl) ((mdl)->MdlFlags &= ~MDL_PARTIAL_HAS_BEEN_MAPPED)
extern void IoBuildPartialMdl(PMDL from, PMDL to, PVOID address, ULONG length);
#define MmCreateMdl(mdl, address, length) ndiswan_create_mdl(mdl, address, length)
extern PMDL ndiswan_create_mdl(PMDL mdl, PVOID address, SIZE_T length);
#define UNREFERENCED_LOCAL_VARIABLE(variable) ((void)(variable))
#define NOTHING
#define DECLARE_HANDLE(name) typedef HANDLE name
#define NOP_FUNCTION ((void)0)
#define DECLARE_UNICODE_STRING_SIZE(name, characters) \
    WCHAR name##_buffer[characters]; \
    UNICODE_STRING name = {0, (characters) * sizeof(WCHAR), name##_buffer}
#define FIRSTBYTE(value) ((UCHAR)(value))
#define SECONDBYTE(value) ((UCHAR)((value) >> 8))
#define THIRDBYTE(value) ((UCHAR)((value) >> 16))
#define FOURTHBYTE(value) ((UCHAR)((value) >> 24))
#define ALIGN_DOWN(value, type) ((ULONG)(value) & ~(ULONG)(sizeof(type) - 1))
#define ALIGN_UP(value, type) ALIGN_DOWN((ULONG)(value) + sizeof(type) - 1, type)
#define COMPUTE_PAGES_SPANNED(address, size) ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, size)
#define PCI_CONFIGURATION_TYPE(data) ((data)->HeaderType & ~PCI_MULTIFUNCTION)
#define PCI_MULTIFUNCTION_DEVICE(data) (((data)->HeaderType & PCI_MULTIFUNCTION) != 0)

#endif
