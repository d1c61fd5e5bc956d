/* The functions of NDIS: those of the engine, and those that are plain C in library/. */
#ifndef NDISWAN_NDIS_FUNCTIONS_H
#define NDISWAN_NDIS_FUNCTIONS_H

#include "ndis_miniport.h"

#pragma push_macro("FUNCTION")
#pragma push_macro("PROCEDURE")
#undef FUNCTION
#undef PROCEDURE
#define FUNCTION(type, name, parameters, arguments) extern type name parameters;
#define PROCEDURE(name, parameters, arguments) extern void name parameters;
#include "../library/functions_driver.h"
#include "../library/functions_memory.h"
#include "../library/functions_locks.h"
#include "../library/functions_interrupts.h"
#include "../library/functions_ports.h"
#include "../library/functions_wan.h"
#pragma pop_macro("FUNCTION")
#pragma pop_macro("PROCEDURE")

/* The published forms take a port or a register as an integer or as a pointer, and a place of any integer type for the value. */
#define NDISWAN_READ(function, type, from, to) ({ type read_; (function)(from, &read_); *(to) = read_; })
#define NdisRawReadPortUchar(port, to) NDISWAN_READ(NdisRawReadPortUchar, UCHAR, (ULONG_PTR)(port), to)
#define NdisRawReadPortUshort(port, to) NDISWAN_READ(NdisRawReadPortUshort, USHORT, (ULONG_PTR)(port), to)
#define NdisRawReadPortUlong(port, to) NDISWAN_READ(NdisRawReadPortUlong, ULONG, (ULONG_PTR)(port), to)
#define NdisRawWritePortUchar(port, value) (NdisRawWritePortUchar)((ULONG_PTR)(port), (UCHAR)(value))
#define NdisRawWritePortUshort(port, value) (NdisRawWritePortUshort)((ULONG_PTR)(port), (USHORT)(value))
#define NdisRawWritePortUlong(port, value) (NdisRawWritePortUlong)((ULONG_PTR)(port), (ULONG)(value))
#define NdisRawReadPortBufferUchar(port, to, n) (NdisRawReadPortBufferUchar)((ULONG_PTR)(port), (PUCHAR)(to), n)
#define NdisRawReadPortBufferUshort(port, to, n) (NdisRawReadPortBufferUshort)((ULONG_PTR)(port), (PUSHORT)(to), n)
#define NdisRawReadPortBufferUlong(port, to, n) (NdisRawReadPortBufferUlong)((ULONG_PTR)(port), (PULONG)(to), n)
#define NdisRawWritePortBufferUchar(port, from, n) (NdisRawWritePortBufferUchar)((ULONG_PTR)(port), (PUCHAR)(from), n)
#define NdisRawWritePortBufferUshort(port, from, n) (NdisRawWritePortBufferUshort)((ULONG_PTR)(port), (PUSHORT)(from), n)
#define NdisRawWritePortBufferUlong(port, from, n) (NdisRawWritePortBufferUlong)((ULONG_PTR)(port), (PULONG)(from), n)
#define NDISWAN_REGISTER(where) ((volatile void *)(ULONG_PTR)(where))
#define NdisReadRegisterUchar(where, to) NDISWAN_READ(NdisReadRegisterUchar, UCHAR, NDISWAN_REGISTER(where), to)
#define NdisReadRegisterUshort(where, to) NDISWAN_READ(NdisReadRegisterUshort, USHORT, NDISWAN_REGISTER(where), to)
#define NdisReadRegisterUlong(where, to) NDISWAN_READ(NdisReadRegisterUlong, ULONG, NDISWAN_REGISTER(where), to)
#define NdisWriteRegisterUchar(where, value) (NdisWriteRegisterUchar)(NDISWAN_REGISTER(where), (UCHAR)(value))
#define NdisWriteRegisterUshort(where, value) (NdisWriteRegisterUshort)(NDISWAN_REGISTER(where), (USHORT)(value))
#define NdisWriteRegisterUlong(where, value) (NdisWriteRegisterUlong)(NDISWAN_REGISTER(where), (ULONG)(value))
#define NdisMoveToMappedMemory(to, from, length) NdisMoveMappedMemory((PVOID)(to), (PVOID)(from), length)
#define NdisMoveFromMappedMemory(to, from, length) NdisMoveMappedMemory((PVOID)(to), (PVOID)(from), length)

/* Ports as drivers of NDIS 3.0 reach them, by a handle. */
#define NdisReadPortUchar(handle, port, to) ((void)(handle), NdisRawReadPortUchar(port, to))
#define NdisReadPortUshort(handle, port, to) ((void)(handle), NdisRawReadPortUshort(port, to))
#define NdisReadPortUlong(handle, port, to) ((void)(handle), NdisRawReadPortUlong(port, to))
#define NdisWritePortUchar(handle, port, value) ((void)(handle), NdisRawWritePortUchar(port, value))
#define NdisWritePortUshort(handle, port, value) ((void)(handle), NdisRawWritePortUshort(port, value))
#define NdisWritePortUlong(handle, port, value) ((void)(handle), NdisRawWritePortUlong(port, value))

#define NdisMoveMemory(to, from, length) RtlMoveMemory(to, from, length)
#define NdisZeroMemory(to, length) RtlZeroMemory(to, length)
#define NdisFillMemory(to, length, value) RtlFillMemory(to, length, value)
#define NdisEqualMemory(a, b, length) RtlEqualMemory(a, b, length)
#define NdisRetrieveUlong(to, from) RtlRetrieveUlong(to, from)
#define NdisStoreUlong(to, value) RtlStoreUlong(to, value)
#define NdisCopyLookaheadData(to, from, length, options) RtlCopyMemory(to, from, length)
#define NdisCreateLookaheadBufferFromSharedMemory(from, length, buffer) (*(buffer) = (from))
#define NdisDestroyLookaheadBufferFromSharedMemory(buffer) ((void)(buffer))
#define NdisInitializeListHead(head) InitializeListHead(head)

extern void NdisWriteErrorLogEntry(NDIS_HANDLE adapter, NDIS_ERROR_CODE code, ULONG count, ...);
extern void NdisInitAnsiString(PNDIS_ANSI_STRING to, PCSTR from);
extern void NdisInitUnicodeString(PNDIS_STRING to, PCWSTR from);
extern void NdisInitializeString(PNDIS_STRING to, PUCHAR from);
#define NdisFreeString(string) NdisFreeMemory((string).Buffer, (string).MaximumLength, 0)
extern NDIS_STATUS NdisAnsiStringToUnicodeString(PNDIS_STRING to, PNDIS_ANSI_STRING from);
extern NDIS_STATUS NdisUnicodeStringToAnsiString(PNDIS_ANSI_STRING to, PNDIS_STRING from);
extern NDIS_STATUS NdisUpcaseUnicodeString(PNDIS_STRING to, PNDIS_STRING from);
extern BOOLEAN NdisEqualString(PNDIS_STRING a, PNDIS_STRING b, BOOLEAN ignore_case);
extern BOOLEAN NdisEqualUnicodeString(PNDIS_STRING a, PNDIS_STRING b, BOOLEAN ignore_case);
extern BOOLEAN NdisEqualAnsiString(PNDIS_ANSI_STRING a, PNDIS_ANSI_STRING b, BOOLEAN ignore_case);
#define NdisPrintString(string) DbgPrint("%wZ", &(string))

extern LONG NdisInterlockedIncrement(PLONG value);
extern LONG NdisInterlockedDecrement(PLONG value);
extern ULONG NdisInterlockedAddUlong(PULONG value, ULONG by, PNDIS_SPIN_LOCK lock);
extern LARGE_INTEGER NdisInterlockedAddLargeInteger(PLARGE_INTEGER value, LARGE_INTEGER by, PKSPIN_LOCK lock);
extern PLIST_ENTRY NdisInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry, PNDIS_SPIN_LOCK lock);
extern PLIST_ENTRY NdisInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry, PNDIS_SPIN_LOCK lock);
extern PLIST_ENTRY NdisInterlockedRemoveHeadList(PLIST_ENTRY head, PNDIS_SPIN_LOCK lock);
extern PSINGLE_LIST_ENTRY NdisInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock);
extern PSINGLE_LIST_ENTRY NdisInterlockedPushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock);
#define NdisInitializeSListHead(head) ExInitializeSListHead(head)
#define NdisInterlockedPushEntrySList(head, entry, lock) ExInterlockedPushEntrySList(head, entry, lock)
#define NdisInterlockedPopEntrySList(head, lock) ExInterlockedPopEntrySList(head, lock)
#define NdisInterlockedFlushSList(head) ExInterlockedFlushSList(head)
#define NdisQueryDepthSList(head) ExQueryDepthSList(head)

#define NdisFreeMemoryWithTag(memory, tag) NdisFreeMemory(memory, 0, 0)
extern void NdisInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, ULONG flags, ULONG size, ULONG tag, USHORT depth);
extern void NdisDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);
extern PVOID NdisAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list);
extern void NdisFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry);

#include "ndis_packet_functions.h"

#endif
