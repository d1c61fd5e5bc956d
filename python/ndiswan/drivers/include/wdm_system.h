/* What else of the kernel drivers call: times, memory descriptors, error logs, the ends of strings. All of it is plain C in library/.
 * There is no registry but NdisOpenConfiguration's and no file but NdisOpenFile's: here nothing is found by its name. */
#ifndef NDISWAN_WDM_SYSTEM_H
#define NDISWAN_WDM_SYSTEM_H

#include "wdm_declared.h"
#include "wdm_functions.h"

#define RtlCheckRegistryKey(relative_to, path) ((void)(path), STATUS_OBJECT_NAME_NOT_FOUND)
#define RtlCreateRegistryKey(relative_to, path) ((void)(path), STATUS_OBJECT_NAME_NOT_FOUND)
#define RtlDeleteRegistryValue(relative_to, path, name) ((void)(path), (void)(name), STATUS_OBJECT_NAME_NOT_FOUND)
#define RTL_REGISTRY_CONTROL 2
#define RTL_REGISTRY_WINDOWS_NT 3
#define RTL_REGISTRY_DEVICEMAP 4
#define RTL_REGISTRY_USER 5
#define RTL_REGISTRY_OPTIONAL 0x80000000
#define RTL_QUERY_REGISTRY_TOPKEY 0x00000002
#define RTL_QUERY_REGISTRY_NOVALUE 0x00000008
#define RTL_QUERY_REGISTRY_NOEXPAND 0x00000010

extern BOOLEAN RtlTimeFieldsToTime(PTIME_FIELDS fields, PLARGE_INTEGER time);
extern BOOLEAN RtlTimeToSecondsSince1970(PLARGE_INTEGER time, PULONG seconds);
extern void RtlSecondsSince1970ToTime(ULONG seconds, PLARGE_INTEGER time);
extern void ExLocalTimeToSystemTime(PLARGE_INTEGER local, PLARGE_INTEGER system);
#define KeTickCount (ndiswan_ticks())
extern ULONG ndiswan_ticks(void);

#define RtlInitEmptyUnicodeString(string, buffer, bytes) \
    ((string)->Length = 0, (string)->MaximumLength = (USHORT)(bytes), (string)->Buffer = (buffer))
#define RtlInitEmptyAnsiString RtlInitEmptyUnicodeString
#define RtlSecureZeroMemory(to, length) RtlZeroMemory(to, length)
#define RtlUlonglongByteSwap(value) __builtin_bswap64((ULONGLONG)(value))
extern BOOLEAN RtlPrefixString(const STRING *prefix, const STRING *string, BOOLEAN ignore_case);
extern BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING prefix, PCUNICODE_STRING string, BOOLEAN ignore_case);
extern NTSTATUS RtlAppendAsciizToString(PSTRING to, PCSZ from);
extern NTSTATUS RtlAppendStringToString(PSTRING to, const STRING *from);
extern WCHAR RtlDowncaseUnicodeChar(WCHAR c);
extern NTSTATUS RtlUnicodeToMultiByteN(PCHAR to, ULONG room, PULONG made, PWSTR from, ULONG bytes);
extern NTSTATUS RtlMultiByteToUnicodeN(PWSTR to, ULONG room, PULONG made, PCHAR from, ULONG bytes);
#define RtlOemStringToUnicodeString RtlAnsiStringToUnicodeString
#define RtlUnicodeStringToOemString RtlUnicodeStringToAnsiString
#define RtlFreeOemString RtlFreeAnsiString
extern SIZE_T RtlCompareMemoryUlong(PVOID memory, SIZE_T length, ULONG pattern);
extern void RtlFillMemoryUlong(PVOID memory, SIZE_T length, ULONG pattern);

#define RtlLargeIntegerGreaterThanZero(a) ((a).QuadPart > 0)
#define RtlLargeIntegerGreaterOrEqualToZero(a) ((a).QuadPart >= 0)
#define RtlLargeIntegerLessOrEqualToZero(a) ((a).QuadPart <= 0)
#define RtlLargeIntegerNotEqualTo(a, b) ((a).QuadPart != (b).QuadPart)
#define RtlLargeIntegerNotEqualToZero(a) ((a).QuadPart != 0)
#define RtlLargeIntegerAnd(to, a, mask) ((to).QuadPart = (a).QuadPart & (mask).QuadPart)
extern LARGE_INTEGER RtlLargeIntegerShiftLeft(LARGE_INTEGER a, CCHAR bits);
extern LARGE_INTEGER RtlLargeIntegerShiftRight(LARGE_INTEGER a, CCHAR bits);
extern LARGE_INTEGER RtlLargeIntegerArithmeticShift(LARGE_INTEGER a, CCHAR bits);
extern LARGE_INTEGER RtlExtendedMagicDivide(LARGE_INTEGER a, LARGE_INTEGER magic, CCHAR shift);
extern ULONG RtlEnlargedUnsignedDivide(ULARGE_INTEGER a, ULONG b, PULONG remainder);

#define InterlockedIncrement64(value) __sync_add_and_fetch((volatile LONGLONG *)(value), 1)
#define InterlockedDecrement64(value) __sync_sub_and_fetch((volatile LONGLONG *)(value), 1)
#define InterlockedExchangeAdd64(value, by) __sync_fetch_and_add((volatile LONGLONG *)(value), (by))
#define InterlockedExchange64(value, to) __atomic_exchange_n((volatile LONGLONG *)(value), (to), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange64(value, to, if_it_is) \
    __sync_val_compare_and_swap((volatile LONGLONG *)(value), (LONGLONG)(if_it_is), (LONGLONG)(to))
#define InterlockedBitTestAndSet(base, bit) \
    ((UCHAR)(__sync_fetch_and_or((volatile LONG *)(base) + (bit) / 32, (LONG)(1u << (bit) % 32)) >> (bit) % 32 & 1))
#define InterlockedBitTestAndReset(base, bit) \
    ((UCHAR)(__sync_fetch_and_and((volatile LONG *)(base) + (bit) / 32, ~(LONG)(1u << (bit) % 32)) >> (bit) % 32 & 1))
typedef enum _INTERLOCKED_RESULT { ResultNegative = 1, ResultZero = 0, ResultPositive = 2 } INTERLOCKED_RESULT;
extern INTERLOCKED_RESULT ExInterlockedIncrementLong(PLONG value, PKSPIN_LOCK lock);
extern INTERLOCKED_RESULT ExInterlockedDecrementLong(PLONG value, PKSPIN_LOCK lock);

#define ExAllocatePoolWithQuota(type, size) ExAllocatePool(type, size)
#define ExAllocatePoolWithQuotaTag(type, size, tag) ExAllocatePoolWithTag(type, size, tag)
#define ExGetPreviousMode() KernelMode
#define ExInitializePagedLookasideList(list, allocate, free, flags, size, tag, depth) \
    ExInitializeNPagedLookasideList((PNPAGED_LOOKASIDE_LIST)(list), allocate, free, flags, size, tag, depth)
#define ExDeletePagedLookasideList(list) ExDeleteNPagedLookasideList((PNPAGED_LOOKASIDE_LIST)(list))
#define ExAllocateFromPagedLookasideList(list) ExAllocateFromNPagedLookasideList((PNPAGED_LOOKASIDE_LIST)(list))
#define ExFreeToPagedLookasideList(list, entry) ExFreeToNPagedLookasideList((PNPAGED_LOOKASIDE_LIST)(list), entry)
#define InterlockedPopEntrySList(head) ExInterlockedPopEntrySList(head, NULL)
#define InterlockedPushEntrySList(head, entry) ExInterlockedPushEntrySList(head, entry, NULL)
#define NtClose(handle) ZwClose(handle)
#define KeWaitForMutexObject KeWaitForSingleObject
#define KeEnterCriticalRegion() ((void)0)
#define KeLeaveCriticalRegion() ((void)0)
#define KeSetImportanceDpc(dpc, importance) ((void)(dpc))
#define KeSetTargetProcessorDpc(dpc, processor) ((void)(dpc))
#define KeQueryActiveProcessors() ((KAFFINITY)1)
#define KeNumberProcessors ((CCHAR)NdisSystemProcessorCount())
extern CCHAR NdisSystemProcessorCount(void);
#define KdDebuggerEnabled FALSE
#define KdDebuggerNotPresent TRUE
#define MmLockPagableCodeSection(address) MmLockPagableDataSection(address)
#define MmMapLockedPages(mdl, mode) ((mdl)->MappedSystemVa)
#define MmMapLockedPagesSpecifyCache(mdl, mode, cache, base, bug_check, priority) ((mdl)->MappedSystemVa)
#define MmUnmapLockedPages(base, mdl) ((void)(mdl))
#define MmAllocateContiguousMemorySpecifyCache(size, lowest, highest, boundary, cache) MmAllocateContiguousMemory(size, highest)
#define MmFreeContiguousMemorySpecifyCache(memory, size, cache) MmFreeContiguousMemory(memory)
#define MmPageEntireDriver(address) ((PVOID)(address))
#define MmResetDriverPaging(address) ((void)(address))
#define MmIsThisAnNtAsSystem() FALSE
#define MmSizeOfMdl(address, length) (sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, length) * sizeof(PFN_NUMBER))
#define ObReferenceObject(object) ((void)(object))
#define PsGetCurrentThread() ((PETHREAD)KeGetCurrentThread())
#define PsGetCurrentThreadId() ((HANDLE)KeGetCurrentThread())
extern BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING pack);
#define IoIsWdmVersionAvailable(major, minor) TRUE
#define IoUnregisterShutdownNotification(device) ((void)(device))
#define IoInitializeDpcRequest(device, routine) KeInitializeDpc(&(device)->Dpc, (PKDEFERRED_ROUTINE)(routine), (device))
#define IoRequestDpc(device, irp, context) KeInsertQueueDpc(&(device)->Dpc, (irp), (context))
#define IoSkipCurrentIrpStackLocation(irp) ((irp)->CurrentLocation++, (irp)->Tail.Overlay.CurrentStackLocation++)
#define IoSetNextIrpStackLocation(irp) ((irp)->CurrentLocation--, (irp)->Tail.Overlay.CurrentStackLocation--)

/* An entry of the error log: what is written is said as NdisWriteErrorLogEntry's is. */
typedef struct _IO_ERROR_LOG_PACKET {
    UCHAR MajorFunctionCode, RetryCount;
    USHORT DumpDataSize, NumberOfStrings, StringOffset, EventCategory;
    NTSTATUS ErrorCode;
    ULONG UniqueErrorValue;
    NTSTATUS FinalStatus;
    ULONG SequenceNumber, IoControlCode;
    LARGE_INTEGER DeviceOffset;
    ULONG DumpData[1];
} IO_ERROR_LOG_PACKET, *PIO_ERROR_LOG_PACKET;
#define ERROR_LOG_MAXIMUM_SIZE 240
extern PVOID IoAllocateErrorLogEntry(PVOID object, UCHAR size);
extern void IoWriteErrorLogEntry(PVOID entry);
#define IoFreeErrorLogEntry(entry) ExFreePool(entry)

#endif
