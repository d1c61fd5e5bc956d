/* Pools, packets, buffers, lists, lookaside lists, numbers in one step. */
#include "engine.h"

static void packets(void)
{
    NDIS_HANDLE pool, buffers;
    NDIS_STATUS status;
    PNDIS_PACKET packet, other, third;
    PNDIS_BUFFER a, b, first;
    PVOID memory;
    UINT physical, count, length, total;
    char one[] = "hello ", two[] = "world", into[16] = "";

    NdisAllocatePacketPool(&status, &pool, 2, 16);
    IS(status, NDIS_STATUS_SUCCESS);
    NdisAllocateBufferPool(&status, &buffers, 3);
    NdisAllocatePacket(&status, &packet, pool);
    NdisAllocatePacket(&status, &other, pool);
    IS(status, NDIS_STATUS_SUCCESS);
    NdisAllocatePacket(&status, &third, pool);
    IS(status, NDIS_STATUS_RESOURCES);
    IS(NdisPacketPoolUsage(pool), 2);
    NdisAllocateBuffer(&status, &a, buffers, one, 6);
    NdisAllocateBuffer(&status, &b, buffers, two, 5);
    NdisChainBufferAtBack(packet, b);
    NdisChainBufferAtFront(packet, a);
    NdisQueryPacket(packet, &physical, &count, &first, &length);
    IS(count, 2);
    IS(length, 11);
    IS(first == a, 1);
    NdisGetFirstBufferFromPacket(packet, &first, &memory, &length, &total);
    IS(memory == (PVOID)one, 1);
    IS(length, 6);
    IS(total, 11);
    NdisAllocateBuffer(&status, &first, buffers, into, sizeof into);
    NdisChainBufferAtFront(other, first);
    NdisCopyFromPacketToPacket(other, 2, 100, packet, 1, &length);
    IS(length, 10);
    TEXT_IS(into + 2, "ello world");
    NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_PENDING);
    IS(NDIS_GET_PACKET_STATUS(packet), NDIS_STATUS_PENDING);
    NDIS_SET_PACKET_CANCEL_ID(packet, (ULONG_PTR)7);
    IS((ULONG_PTR)NDIS_GET_PACKET_CANCEL_ID(packet), 7);
    NdisUnchainBufferAtBack(packet, &first);
    IS(first == b, 1);
    NdisUnchainBufferAtFront(packet, &first);
    IS(first == a, 1);
    NdisUnchainBufferAtFront(packet, &first);
    IS(first == NULL, 1);
    NdisUnchainBufferAtFront(other, &first);
    NdisFreeBuffer(first);
    NdisFreeBuffer(a);
    NdisFreeBuffer(b);
    NdisFreePacket(packet);
    NdisFreePacket(other);
    IS(NdisPacketPoolUsage(pool), 0);
    NdisFreePacketPool(pool);
    NdisFreeBufferPool(buffers);
    IS(allocated, 0);
}

static void lists(void)
{
    LIST_ENTRY head, one, two;
    SLIST_HEADER stack;
    SLIST_ENTRY below, above;
    NDIS_SPIN_LOCK lock;
    LONG number = 5;
    NPAGED_LOOKASIDE_LIST aside;
    PVOID entry;

    InitializeListHead(&head);
    IS(IsListEmpty(&head), TRUE);
    IS(NdisInterlockedInsertTailList(&head, &one, &lock) == NULL, 1);
    IS(NdisInterlockedInsertHeadList(&head, &two, &lock) == &one, 1);
    IS(NdisInterlockedRemoveHeadList(&head, &lock) == &two, 1);
    IS(acquisitions, 3);
    IS(locks, 0);
    IS(RemoveEntryList(&one), TRUE);
    IS(ExInterlockedRemoveHeadList(&head, NULL) == NULL, 1);
    ExInitializeSListHead(&stack);
    ExInterlockedPushEntrySList(&stack, &below, NULL);
    ExInterlockedPushEntrySList(&stack, &above, NULL);
    IS(ExQueryDepthSList(&stack), 2);
    IS(ExInterlockedPopEntrySList(&stack, NULL) == &above, 1);
    IS(InterlockedIncrement(&number), 6);
    IS(InterlockedExchangeAdd(&number, 4), 6);
    IS(InterlockedCompareExchange(&number, 1, 10), 10);
    IS(number, 1);
    NdisInitializeNPagedLookasideList(&aside, NULL, NULL, 0, 32, 0, 0);
    entry = NdisAllocateFromNPagedLookasideList(&aside);
    IS(allocated, 1);
    NdisFreeToNPagedLookasideList(&aside, entry);
    IS(allocated, 0);
    IS(RtlExtendedLargeIntegerDivide(RtlEnlargedIntegerMultiply(-3, -5), 4, (PULONG)&number).QuadPart, 3);
    IS(number, 3);
    IS(RtlCompareMemory("abcd", "abxd", 4), 2);
}

static KIRQL at_dispatch(void) { return DISPATCH_LEVEL; }

int main(void)
{
    start();
    fill("KeGetCurrentIrql", (void *)at_dispatch);
    packets();
    lists();
    return failures != 0;
}
