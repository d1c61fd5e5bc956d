/* Maps of bits, and zones: how drivers parted memory before there were lookaside lists. */
#ifndef NDISWAN_WDM_BITS_H
#define NDISWAN_WDM_BITS_H

#include "ntdef.h"

typedef struct _RTL_BITMAP {
    ULONG SizeOfBitMap;
    PULONG Buffer;
} RTL_BITMAP, *PRTL_BITMAP;
extern void RtlInitializeBitMap(PRTL_BITMAP map, PULONG buffer, ULONG bits);
extern void RtlClearAllBits(PRTL_BITMAP map);
extern void RtlSetAllBits(PRTL_BITMAP map);
extern void RtlClearBits(PRTL_BITMAP map, ULONG first, ULONG count);
extern void RtlSetBits(PRTL_BITMAP map, ULONG first, ULONG count);
extern BOOLEAN RtlAreBitsClear(PRTL_BITMAP map, ULONG first, ULONG count);
extern BOOLEAN RtlAreBitsSet(PRTL_BITMAP map, ULONG first, ULONG count);
extern ULONG RtlFindClearBits(PRTL_BITMAP map, ULONG count, ULONG hint);
extern ULONG RtlFindSetBits(PRTL_BITMAP map, ULONG count, ULONG hint);
extern ULONG RtlFindClearBitsAndSet(PRTL_BITMAP map, ULONG count, ULONG hint);
extern ULONG RtlFindSetBitsAndClear(PRTL_BITMAP map, ULONG count, ULONG hint);
extern ULONG RtlNumberOfClearBits(PRTL_BITMAP map);
extern ULONG RtlNumberOfSetBits(PRTL_BITMAP map);
extern BOOLEAN RtlTestBit(PRTL_BITMAP map, ULONG bit);
#define RtlCheckBit(map, bit) ((((map)->Buffer[(bit) / 32]) >> ((bit) % 32)) & 1)
#define RtlSetBit(map, bit) RtlSetBits(map, bit, 1)
#define RtlClearBit(map, bit) RtlClearBits(map, bit, 1)
extern CCHAR RtlFindMostSignificantBit(ULONGLONG set);
extern CCHAR RtlFindLeastSignificantBit(ULONGLONG set);

typedef struct _ZONE_SEGMENT_HEADER {
    SINGLE_LIST_ENTRY SegmentList;
    PVOID Reserved;
} ZONE_SEGMENT_HEADER, *PZONE_SEGMENT_HEADER;
typedef struct _ZONE_HEADER {
    SINGLE_LIST_ENTRY FreeList, SegmentList;
    ULONG BlockSize, TotalSegmentSize;
} ZONE_HEADER, *PZONE_HEADER;
extern NTSTATUS ExInitializeZone(PZONE_HEADER zone, ULONG block, PVOID segment, ULONG size);
extern NTSTATUS ExExtendZone(PZONE_HEADER zone, PVOID segment, ULONG size);
#define ExInterlockedExtendZone(zone, segment, size, lock) ExExtendZone(zone, segment, size)
#define ExIsFullZone(zone) ((zone)->FreeList.Next == NULL)
#define ExAllocateFromZone(zone) ((PVOID)PopEntryList(&(zone)->FreeList))
#define ExFreeToZone(zone, block) PushEntryList(&(zone)->FreeList, (PSINGLE_LIST_ENTRY)(block))
#define ExInterlockedAllocateFromZone(zone, lock) ((PVOID)ExInterlockedPopEntryList(&(zone)->FreeList, lock))
#define ExInterlockedFreeToZone(zone, block, lock) \
    ExInterlockedPushEntryList(&(zone)->FreeList, (PSINGLE_LIST_ENTRY)(block), lock)

#endif
