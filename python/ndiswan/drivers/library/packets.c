/* Packets, buffers and their pools. Each descriptor is memory of its own from the engine, so that a descriptor which is used after it
 * was freed, or never freed, is found like any other memory. */
#include "library.h"

enum { TAG = 0x50504e44 };

struct pool {
    volatile LONG used;
    LONG most;
    UINT reserved, protocol;
};

/* What stands before a buffer descriptor: the pool that its place is given back to. */
struct buffer {
    struct pool *pool;
    ULONG_PTR filler;
    NDIS_BUFFER descriptor;
};

static void new_pool(PNDIS_STATUS status, PNDIS_HANDLE handle, UINT count, UINT reserved)
{
    PVOID memory = NULL;
    struct pool *pool;

    *status = NdisAllocateMemoryWithTag(&memory, sizeof *pool, TAG);
    *handle = NULL;
    if (*status != NDIS_STATUS_SUCCESS) {
        *status = NDIS_STATUS_RESOURCES;
        return;
    }
    pool = memory;
    pool->used = 0;
    pool->most = (LONG)count;
    pool->reserved = reserved;
    pool->protocol = 0;
    *handle = pool;
}

static PVOID take(struct pool *pool, UINT size)
{
    PVOID memory = NULL;

    if (InterlockedIncrement(&pool->used) <= pool->most && NdisAllocateMemoryWithTag(&memory, size, TAG) == NDIS_STATUS_SUCCESS) {
        memset(memory, 0, size);
        return memory;
    }
    InterlockedDecrement(&pool->used);
    return NULL;
}

static void give(struct pool *pool, PVOID memory, UINT size)
{
    if (pool != NULL)
        InterlockedDecrement(&pool->used);
    NdisFreeMemory(memory, size, 0);
}

LIBRARY void NdisAllocatePacketPool(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count, UINT reserved)
{
    new_pool(status, pool, count, reserved);
}

LIBRARY void NdisAllocatePacketPoolEx(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count, UINT overflow, UINT reserved)
{
    new_pool(status, pool, count + overflow, reserved);
}

LIBRARY void NdisFreePacketPool(NDIS_HANDLE pool)
{
    NdisFreeMemory(pool, sizeof(struct pool), 0);
}

LIBRARY void NdisAllocateBufferPool(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count)
{
    new_pool(status, pool, count, 0);
}

LIBRARY void NdisFreeBufferPool(NDIS_HANDLE pool)
{
    NdisFreeMemory(pool, sizeof(struct pool), 0);
}

LIBRARY UINT NdisPacketPoolUsage(NDIS_HANDLE pool)
{
    return (UINT)((struct pool *)pool)->used;
}

LIBRARY void NdisSetPacketPoolProtocolId(NDIS_HANDLE pool, UINT protocol)
{
    ((struct pool *)pool)->protocol = protocol;
}

static UINT offset_of_oob(UINT reserved)
{
    UINT before = (UINT)offsetof(NDIS_PACKET, ProtocolReserved) + max(reserved, (UINT)PROTOCOL_RESERVED_SIZE_IN_PACKET);

    return (before + 7u) & ~7u;
}

LIBRARY UINT NdisPacketSize(UINT reserved)
{
    return offset_of_oob(reserved) + (UINT)(sizeof(NDIS_PACKET_OOB_DATA) + sizeof(NDIS_PACKET_EXTENSION));
}

LIBRARY NDIS_HANDLE NdisGetPoolFromPacket(PNDIS_PACKET packet)
{
    return packet->Private.Pool;
}

LIBRARY void NdisAllocatePacket(PNDIS_STATUS status, PNDIS_PACKET *packet, NDIS_HANDLE handle)
{
    struct pool *pool = handle;

    *packet = take(pool, NdisPacketSize(pool->reserved));
    *status = *packet == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    if (*packet == NULL)
        return;
    (*packet)->Private.Pool = pool;
    (*packet)->Private.Flags = pool->protocol;
    (*packet)->Private.NdisPacketFlags = fPACKET_ALLOCATED_BY_NDIS;
    (*packet)->Private.NdisPacketOobOffset = (USHORT)offset_of_oob(pool->reserved);
}

LIBRARY void NdisFreePacket(PNDIS_PACKET packet)
{
    struct pool *pool = packet->Private.Pool;

    give(pool, packet, NdisPacketSize(pool->reserved));
}

LIBRARY void NdisAllocateBuffer(PNDIS_STATUS status, PNDIS_BUFFER *buffer, NDIS_HANDLE pool, PVOID memory, UINT length)
{
    /* A pool of no count is published too: NDIS 5 systems give NULL for it and take buffers from the system. */
    static struct pool system = {0, MAXLONG, 0, 0};
    struct buffer *made = take(pool != NULL ? pool : &system, sizeof *made);

    *status = made == NULL ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    *buffer = NULL;
    if (made == NULL)
        return;
    made->pool = pool != NULL ? pool : &system;
    *buffer = &made->descriptor;
    MmInitializeMdl(*buffer, memory, length);
    (*buffer)->MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA;
}

LIBRARY void NdisFreeBuffer(PNDIS_BUFFER buffer)
{
    struct buffer *made = CONTAINING_RECORD(buffer, struct buffer, descriptor);

    give(made->pool, made, sizeof *made);
}

LIBRARY void NdisCopyBuffer(PNDIS_STATUS status, PNDIS_BUFFER *buffer, NDIS_HANDLE pool, PVOID descriptor, UINT offset, UINT length)
{
    PNDIS_BUFFER from = descriptor;

    NdisAllocateBuffer(status, buffer, pool, (PUCHAR)from->MappedSystemVa + offset, length);
}

LIBRARY void NdisChainBufferAtFront(PNDIS_PACKET packet, PNDIS_BUFFER buffer)
{
    PNDIS_BUFFER last = buffer;

    while (last->Next != NULL)
        last = last->Next;
    if (packet->Private.Head == NULL)
        packet->Private.Tail = last;
    last->Next = packet->Private.Head;
    packet->Private.Head = buffer;
    packet->Private.ValidCounts = FALSE;
}

LIBRARY void NdisChainBufferAtBack(PNDIS_PACKET packet, PNDIS_BUFFER buffer)
{
    PNDIS_BUFFER last = buffer;

    while (last->Next != NULL)
        last = last->Next;
    if (packet->Private.Head == NULL)
        packet->Private.Head = buffer;
    else
        packet->Private.Tail->Next = buffer;
    packet->Private.Tail = last;
    packet->Private.ValidCounts = FALSE;
}

LIBRARY void NdisUnchainBufferAtFront(PNDIS_PACKET packet, PNDIS_BUFFER *buffer)
{
    *buffer = packet->Private.Head;
    if (*buffer == NULL)
        return;
    packet->Private.Head = (*buffer)->Next;
    if (packet->Private.Head == NULL)
        packet->Private.Tail = NULL;
    (*buffer)->Next = NULL;
    packet->Private.ValidCounts = FALSE;
}

LIBRARY void NdisUnchainBufferAtBack(PNDIS_PACKET packet, PNDIS_BUFFER *buffer)
{
    PNDIS_BUFFER before = packet->Private.Head;

    *buffer = packet->Private.Tail;
    if (before == NULL)
        *buffer = NULL;
    if (*buffer == NULL)
        return;
    if (before == *buffer) {
        packet->Private.Head = packet->Private.Tail = NULL;
    } else {
        while (before->Next != *buffer)
            before = before->Next;
        before->Next = NULL;
        packet->Private.Tail = before;
    }
    packet->Private.ValidCounts = FALSE;
}

LIBRARY void NdisQueryPacket(PNDIS_PACKET packet, PUINT physical, PUINT buffers, PNDIS_BUFFER *first, PUINT length)
{
    if (!packet->Private.ValidCounts) {
        PNDIS_BUFFER at;
        UINT count = 0, total = 0, pages = 0;

        for (at = packet->Private.Head; at != NULL; at = at->Next) {
            count++;
            total += at->ByteCount;
            pages += NDIS_BUFFER_TO_SPAN_PAGES(at);
        }
        packet->Private.Count = count;
        packet->Private.TotalLength = total;
        packet->Private.PhysicalCount = pages;
        packet->Private.ValidCounts = TRUE;
    }
    if (physical != NULL)
        *physical = packet->Private.PhysicalCount;
    if (buffers != NULL)
        *buffers = packet->Private.Count;
    if (first != NULL)
        *first = packet->Private.Head;
    if (length != NULL)
        *length = packet->Private.TotalLength;
}

LIBRARY void NdisQueryPacketLength(PNDIS_PACKET packet, PUINT length)
{
    NdisQueryPacket(packet, NULL, NULL, NULL, length);
}

LIBRARY void NdisQueryBuffer(PNDIS_BUFFER buffer, PVOID *memory, PUINT length)
{
    if (memory != NULL)
        *memory = buffer->MappedSystemVa;
    *length = buffer->ByteCount;
}

LIBRARY void NdisQueryBufferSafe(PNDIS_BUFFER buffer, PVOID *memory, PUINT length, ULONG priority)
{
    (void)priority;
    NdisQueryBuffer(buffer, memory, length);
}

LIBRARY void NdisQueryBufferOffset(PNDIS_BUFFER buffer, PUINT offset, PUINT length)
{
    *offset = buffer->ByteOffset;
    *length = buffer->ByteCount;
}

LIBRARY void NdisGetFirstBufferFromPacket(PNDIS_PACKET packet, PNDIS_BUFFER *first, PVOID *memory, PUINT length, PUINT total)
{
    *first = packet->Private.Head;
    *memory = *first == NULL ? NULL : (*first)->MappedSystemVa;
    *length = *first == NULL ? 0 : (*first)->ByteCount;
    NdisQueryPacketLength(packet, total);
}

LIBRARY void NdisGetFirstBufferFromPacketSafe(
    PNDIS_PACKET packet, PNDIS_BUFFER *first, PVOID *memory, PUINT length, PUINT total, ULONG priority)
{
    (void)priority;
    NdisGetFirstBufferFromPacket(packet, first, memory, length, total);
}

/* The place `*offset` bytes behind the start of a chain: the buffer, and the offset in it. */
static PNDIS_BUFFER seek(PNDIS_BUFFER buffer, PUINT offset)
{
    while (buffer != NULL && *offset >= buffer->ByteCount) {
        *offset -= buffer->ByteCount;
        buffer = buffer->Next;
    }
    return buffer;
}

LIBRARY void NdisCopyFromPacketToPacket(PNDIS_PACKET to, UINT to_offset, UINT count, PNDIS_PACKET from, UINT from_offset, PUINT copied)
{
    PNDIS_BUFFER target = to->Private.Head, source = from->Private.Head;

    *copied = 0;
    while (count > 0) {
        UINT length = count;

        target = seek(target, &to_offset);
        source = seek(source, &from_offset);
        if (target == NULL || source == NULL)
            return;
        length = min(length, target->ByteCount - to_offset);
        length = min(length, source->ByteCount - from_offset);
        memmove((PUCHAR)target->MappedSystemVa + to_offset, (PUCHAR)source->MappedSystemVa + from_offset, length);
        to_offset += length;
        from_offset += length;
        count -= length;
        *copied += length;
    }
}
