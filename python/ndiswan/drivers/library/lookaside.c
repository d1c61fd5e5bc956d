/* Lookaside lists. An entry that is freed goes back to the engine and not to the list: what is used after that is found. */
#include "library.h"

LIBRARY void ExInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, ULONG flags, SIZE_T size, ULONG tag, USHORT depth)
{
    (void)flags;
    memset(list, 0, sizeof *list);
    list->L.Allocate = allocate;
    list->L.Free = free;
    list->L.Size = (ULONG)size;
    list->L.Tag = tag;
    list->L.Depth = list->L.MaximumDepth = depth;
    ndiswan_lookaside(list, list->L.Size, tag);
}

LIBRARY void ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list)
{
    ndiswan_lookaside(list, 0, 0);
    list->L.Size = 0;
}

LIBRARY PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list)
{
    PVOID memory = NULL;

    if (list->L.Allocate != NULL)
        memory = list->L.Allocate(NonPagedPool, list->L.Size, list->L.Tag);
    else if (NdisAllocateMemoryWithTag(&memory, list->L.Size, list->L.Tag) != NDIS_STATUS_SUCCESS)
        memory = NULL;
    InterlockedIncrement((PLONG)&list->L.TotalAllocates);
    return memory;
}

LIBRARY void ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry)
{
    InterlockedIncrement((PLONG)&list->L.TotalFrees);
    if (list->L.Free != NULL)
        list->L.Free(entry);
    else
        NdisFreeMemory(entry, list->L.Size, 0);
}

LIBRARY void NdisInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, ULONG flags, ULONG size, ULONG tag, USHORT depth)
{
    ExInitializeNPagedLookasideList(list, allocate, free, flags, size, tag, depth);
}

LIBRARY void NdisDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list) { ExDeleteNPagedLookasideList(list); }
LIBRARY PVOID NdisAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list) { return ExAllocateFromNPagedLookasideList(list); }
LIBRARY void NdisFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PVOID entry) { ExFreeToNPagedLookasideList(list, entry); }
