/* Maps of bits, in 32-bit words with the lowest bit first; and zones. */
#include "library.h"

static int bit(PRTL_BITMAP map, ULONG at) { return map->Buffer[at / 32] >> at % 32 & 1; }

static void fill(PRTL_BITMAP map, ULONG first, ULONG count, int value)
{
    for (; count > 0; first++, count--)
        if (value)
            map->Buffer[first / 32] |= 1u << first % 32;
        else
            map->Buffer[first / 32] &= ~(1u << first % 32);
}

static BOOLEAN are(PRTL_BITMAP map, ULONG first, ULONG count, int value)
{
    if (count == 0 || first >= map->SizeOfBitMap || count > map->SizeOfBitMap - first)
        return FALSE;
    for (; count > 0; first++, count--)
        if (bit(map, first) != value)
            return FALSE;
    return TRUE;
}

/* From the hint to the end, and then from the beginning; none is 0xFFFFFFFF. */
static ULONG find(PRTL_BITMAP map, ULONG count, ULONG hint, int value)
{
    ULONG at, tried;

    if (hint >= map->SizeOfBitMap)
        hint = 0;
    for (tried = 0, at = hint; tried < map->SizeOfBitMap; tried++, at = at + 1 == map->SizeOfBitMap ? 0 : at + 1)
        if (are(map, at, count, value))
            return at;
    return MAXULONG;
}

static ULONG found_and_filled(PRTL_BITMAP map, ULONG count, ULONG hint, int value)
{
    ULONG at = find(map, count, hint, value);

    if (at != MAXULONG)
        fill(map, at, count, !value);
    return at;
}

LIBRARY void RtlInitializeBitMap(PRTL_BITMAP map, PULONG buffer, ULONG bits)
{
    map->SizeOfBitMap = bits;
    map->Buffer = buffer;
}

LIBRARY void RtlClearAllBits(PRTL_BITMAP map) { memset(map->Buffer, 0, (map->SizeOfBitMap + 31) / 32 * 4); }
LIBRARY void RtlSetAllBits(PRTL_BITMAP map) { memset(map->Buffer, 0xff, (map->SizeOfBitMap + 31) / 32 * 4); }
LIBRARY void RtlClearBits(PRTL_BITMAP map, ULONG first, ULONG count) { fill(map, first, count, 0); }
LIBRARY void RtlSetBits(PRTL_BITMAP map, ULONG first, ULONG count) { fill(map, first, count, 1); }
LIBRARY BOOLEAN RtlAreBitsClear(PRTL_BITMAP map, ULONG first, ULONG count) { return are(map, first, count, 0); }
LIBRARY BOOLEAN RtlAreBitsSet(PRTL_BITMAP map, ULONG first, ULONG count) { return are(map, first, count, 1); }
LIBRARY ULONG RtlFindClearBits(PRTL_BITMAP map, ULONG count, ULONG hint) { return find(map, count, hint, 0); }
LIBRARY ULONG RtlFindSetBits(PRTL_BITMAP map, ULONG count, ULONG hint) { return find(map, count, hint, 1); }
LIBRARY ULONG RtlFindClearBitsAndSet(PRTL_BITMAP map, ULONG count, ULONG hint) { return found_and_filled(map, count, hint, 0); }
LIBRARY ULONG RtlFindSetBitsAndClear(PRTL_BITMAP map, ULONG count, ULONG hint) { return found_and_filled(map, count, hint, 1); }
LIBRARY BOOLEAN RtlTestBit(PRTL_BITMAP map, ULONG at) { return (BOOLEAN)bit(map, at); }
LIBRARY CCHAR RtlFindMostSignificantBit(ULONGLONG set) { return (CCHAR)(set == 0 ? -1 : 63 - __builtin_clzll(set)); }
LIBRARY CCHAR RtlFindLeastSignificantBit(ULONGLONG set) { return (CCHAR)(set == 0 ? -1 : __builtin_ctzll(set)); }

LIBRARY ULONG RtlNumberOfSetBits(PRTL_BITMAP map)
{
    ULONG at, set = 0;

    for (at = 0; at < map->SizeOfBitMap; at++)
        set += bit(map, at);
    return set;
}

LIBRARY ULONG RtlNumberOfClearBits(PRTL_BITMAP map) { return map->SizeOfBitMap - RtlNumberOfSetBits(map); }

LIBRARY NTSTATUS ExExtendZone(PZONE_HEADER zone, PVOID segment, ULONG size)
{
    ULONG at;

    if ((ULONG_PTR)segment % 8 != 0 || size % 8 != 0 || size < sizeof(ZONE_SEGMENT_HEADER) + zone->BlockSize)
        return STATUS_INVALID_PARAMETER;
    PushEntryList(&zone->SegmentList, &((PZONE_SEGMENT_HEADER)segment)->SegmentList);
    for (at = sizeof(ZONE_SEGMENT_HEADER); at + zone->BlockSize <= size; at += zone->BlockSize)
        ExFreeToZone(zone, (PCHAR)segment + at);
    zone->TotalSegmentSize += size;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS ExInitializeZone(PZONE_HEADER zone, ULONG block, PVOID segment, ULONG size)
{
    if (block % 8 != 0 || block < sizeof(SINGLE_LIST_ENTRY))
        return STATUS_INVALID_PARAMETER;
    memset(zone, 0, sizeof(*zone));
    zone->BlockSize = block;
    return ExExtendZone(zone, segment, size);
}
