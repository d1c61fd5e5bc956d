/* Functions and macros of the kernel: the engine's (library/functions_system.h), and those that are plain C in library/. */
#ifndef NDISWAN_WDM_FUNCTIONS_H
#define NDISWAN_WDM_FUNCTIONS_H

#include "ndiswan_crt.h"
#include "wdm_io.h"

#pragma push_macro("FUNCTION")
#pragma push_macro("PROCEDURE")
#undef FUNCTION
#undef PROCEDURE
#define FUNCTION(type, name, parameters, arguments) extern type name parameters;
#define PROCEDURE(name, parameters, arguments) extern void name parameters;
#include "../library/functions_system.h"
#pragma pop_macro("FUNCTION")
#pragma pop_macro("PROCEDURE")

#define DbgBreakPoint ndiswan_break
#define DbgBreakPointWithStatus(status) ((void)(status), ndiswan_break())
extern ULONG DbgPrint(const char *format, ...);
extern ULONG DbgPrintEx(ULONG component, ULONG level, const char *format, ...);
#define RtlAssert(expression, file, line, message) ndiswan_assert(expression, file, line)
#define NDISWAN_ASSERT(expression) ((expression) ? (void)0 : ndiswan_assert(#expression, __FILE__, __LINE__))
#if DBG
#define KdPrint(arguments) DbgPrint arguments
#define KdPrintEx(arguments) DbgPrintEx arguments
#define KdBreakPoint ndiswan_break
#define ASSERT(expression) NDISWAN_ASSERT(expression)
#define ASSERTMSG(message, expression) NDISWAN_ASSERT(expression)
#define PAGED_CODE() NDISWAN_ASSERT(KeGetCurrentIrql() <= APC_LEVEL)
#else
#define KdPrint(arguments) ((void)0)
#define KdPrintEx(arguments) ((void)0)
#define KdBreakPoint() ((void)0)
#define ASSERT(expression) ((void)0)
#define ASSERTMSG(message, expression) ((void)0)
#define PAGED_CODE() ((void)0)
#endif
#define NT_ASSERT(expression) ASSERT(expression)
#define RTL_SOFT_ASSERT(expression) ASSERT(expression)

#define ExAllocatePool(type, size) ExAllocatePoolWithTag(type, size, 0x656e6f4e)
#define ExFreePool(memory) ExFreePoolWithTag(memory, 0)
#define KeFlushIoBuffers(mdl, reading, dma) ((void)0)
#define KeMemoryBarrier() __sync_synchronize()
#define NtCurrentProcess() ((HANDLE)(LONG_PTR)-1)

#define RtlCopyMemory(to, from, length) memcpy((void *)(to), (const void *)(from), (size_t)(length))
#define RtlMoveMemory(to, from, length) memmove((void *)(to), (const void *)(from), (size_t)(length))
#define RtlZeroMemory(to, length) memset((void *)(to), 0, (size_t)(length))
#define RtlFillMemory(to, length, value) memset((void *)(to), (value), (size_t)(length))
#define RtlEqualMemory(a, b, length) (memcmp((const void *)(a), (const void *)(b), (size_t)(length)) == 0)
#define RtlCopyBytes RtlCopyMemory
#define RtlZeroBytes RtlZeroMemory
#define RtlFillBytes RtlFillMemory
extern SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T length);
extern void RtlInitString(PSTRING to, PCSZ from);
extern void RtlInitAnsiString(PANSI_STRING to, PCSZ from);
extern void RtlInitUnicodeString(PUNICODE_STRING to, PCWSTR from);
extern void RtlCopyString(PSTRING to, const STRING *from);
extern void RtlCopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from);
extern NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from);
extern NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING to, PCWSTR from);
extern LONG RtlCompareString(const STRING *a, const STRING *b, BOOLEAN ignore_case);
extern BOOLEAN RtlEqualString(const STRING *a, const STRING *b, BOOLEAN ignore_case);
extern LONG RtlCompareUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case);
extern BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case);
extern NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN allocate);
extern NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN allocate);
extern NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate);
extern WCHAR RtlUpcaseUnicodeChar(WCHAR c);
extern CHAR RtlUpperChar(CHAR c);
extern void RtlUpperString(PSTRING to, const STRING *from);
extern ULONG RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING from);
extern ULONG RtlxAnsiStringToUnicodeSize(PCANSI_STRING from);
#define RtlUnicodeStringToAnsiSize(from) RtlxUnicodeStringToAnsiSize(from)
#define RtlAnsiStringToUnicodeSize(from) RtlxAnsiStringToUnicodeSize(from)
extern void RtlFreeUnicodeString(PUNICODE_STRING string);
extern void RtlFreeAnsiString(PANSI_STRING string);
extern NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING to);
extern NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING from, ULONG base, PULONG value);
extern NTSTATUS RtlCharToInteger(PCSZ from, ULONG base, PULONG value);
#define RtlRetrieveUlong(to, from) memcpy((to), (from), sizeof(ULONG))
#define RtlStoreUlong(to, value) do { ULONG value_ = (value); memcpy((to), &value_, sizeof(ULONG)); } while (0)
#define RtlRetrieveUshort(to, from) memcpy((to), (from), sizeof(USHORT))
#define RtlStoreUshort(to, value) do { USHORT value_ = (value); memcpy((to), &value_, sizeof(USHORT)); } while (0)
#define RtlUlongByteSwap(value) __builtin_bswap32((ULONG)(value))
#define RtlUshortByteSwap(value) __builtin_bswap16((USHORT)(value))

extern LARGE_INTEGER RtlConvertLongToLargeInteger(LONG value);
extern LARGE_INTEGER RtlConvertUlongToLargeInteger(ULONG value);
extern LARGE_INTEGER RtlLargeIntegerAdd(LARGE_INTEGER a, LARGE_INTEGER b);
extern LARGE_INTEGER RtlLargeIntegerSubtract(LARGE_INTEGER a, LARGE_INTEGER b);
extern LARGE_INTEGER RtlLargeIntegerNegate(LARGE_INTEGER a);
extern LARGE_INTEGER RtlEnlargedIntegerMultiply(LONG a, LONG b);
extern LARGE_INTEGER RtlEnlargedUnsignedMultiply(ULONG a, ULONG b);
extern LARGE_INTEGER RtlExtendedIntegerMultiply(LARGE_INTEGER a, LONG b);
extern LARGE_INTEGER RtlExtendedLargeIntegerDivide(LARGE_INTEGER a, ULONG b, PULONG remainder);
extern LARGE_INTEGER RtlLargeIntegerDivide(LARGE_INTEGER a, LARGE_INTEGER b, PLARGE_INTEGER remainder);
#define RtlLargeIntegerGreaterThan(a, b) ((a).QuadPart > (b).QuadPart)
#define RtlLargeIntegerGreaterThanOrEqualTo(a, b) ((a).QuadPart >= (b).QuadPart)
#define RtlLargeIntegerEqualTo(a, b) ((a).QuadPart == (b).QuadPart)
#define RtlLargeIntegerLessThan(a, b) ((a).QuadPart < (b).QuadPart)
#define RtlLargeIntegerLessThanOrEqualTo(a, b) ((a).QuadPart <= (b).QuadPart)
#define RtlLargeIntegerEqualToZero(a) ((a).QuadPart == 0)
#define RtlLargeIntegerLessThanZero(a) ((a).QuadPart < 0)

extern LONG InterlockedIncrement(volatile LONG *value);
extern LONG InterlockedDecrement(volatile LONG *value);
extern LONG InterlockedExchange(volatile LONG *value, LONG to);
extern LONG InterlockedExchangeAdd(volatile LONG *value, LONG by);
extern LONG InterlockedCompareExchange(volatile LONG *value, LONG to, LONG if_it_is);
extern LONG InterlockedAnd(volatile LONG *value, LONG with);
extern LONG InterlockedOr(volatile LONG *value, LONG with);
extern LONG InterlockedXor(volatile LONG *value, LONG with);
#define InterlockedExchangePointer(value, to) __atomic_exchange_n((void **)(value), (void *)(to), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchangePointer(value, to, if_it_is) \
    __sync_val_compare_and_swap((void **)(value), (void *)(if_it_is), (void *)(to))
extern LONG ExInterlockedAddLong(PLONG value, LONG by, PKSPIN_LOCK lock);
extern ULONG ExInterlockedAddUlong(PULONG value, ULONG by, PKSPIN_LOCK lock);
extern LARGE_INTEGER ExInterlockedAddLargeInteger(PLARGE_INTEGER value, LARGE_INTEGER by, PKSPIN_LOCK lock);
extern ULONG ExInterlockedExchangeUlong(PULONG value, ULONG to, PKSPIN_LOCK lock);
#define ExInterlockedExchangeAddLargeInteger ExInterlockedAddLargeInteger
extern PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock);
extern PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock);
extern PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY head, PKSPIN_LOCK lock);
extern PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock);
extern PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock);
extern void ExInitializeSListHead(PSLIST_HEADER head);
extern USHORT ExQueryDepthSList(PSLIST_HEADER head);
extern PSLIST_ENTRY ExInterlockedPopEntrySList(PSLIST_HEADER head, PKSPIN_LOCK lock);
extern PSLIST_ENTRY ExInterlockedPushEntrySList(PSLIST_HEADER head, PSLIST_ENTRY entry, PKSPIN_LOCK lock);
extern PSLIST_ENTRY ExInterlockedFlushSList(PSLIST_HEADER head);
extern void ExInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag, USHORT depth);
extern void ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);
extern PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);
extern void ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry);

#endif
