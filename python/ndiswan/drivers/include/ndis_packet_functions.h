/* Packets, buffers and their pools: plain C in library/packets.c. */
#ifndef NDISWAN_NDIS_PACKET_FUNCTIONS_H
#define NDISWAN_NDIS_PACKET_FUNCTIONS_H

#include "ndis_packet.h"

extern void NdisAllocatePacketPool(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count, UINT reserved);
extern void NdisAllocatePacketPoolEx(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count, UINT overflow, UINT reserved);
extern void NdisFreePacketPool(NDIS_HANDLE pool);
extern UINT NdisPacketPoolUsage(NDIS_HANDLE pool);
extern UINT NdisPacketSize(UINT reserved);
extern void NdisSetPacketPoolProtocolId(NDIS_HANDLE pool, UINT protocol);
extern NDIS_HANDLE NdisGetPoolFromPacket(PNDIS_PACKET packet);
extern void NdisAllocatePacket(PNDIS_STATUS status, PNDIS_PACKET *packet, NDIS_HANDLE pool);
extern void NdisFreePacket(PNDIS_PACKET packet);
#define NdisDprAllocatePacket(status, packet, pool) NdisAllocatePacket(status, packet, pool)
#define NdisDprAllocatePacketNonInterlocked(status, packet, pool) NdisAllocatePacket(status, packet, pool)
#define NdisDprFreePacket(packet) NdisFreePacket(packet)
#define NdisDprFreePacketNonInterlocked(packet) NdisFreePacket(packet)
extern void NdisAllocateBufferPool(PNDIS_STATUS status, PNDIS_HANDLE pool, UINT count);
extern void NdisFreeBufferPool(NDIS_HANDLE pool);
extern void NdisAllocateBuffer(PNDIS_STATUS status, PNDIS_BUFFER *buffer, NDIS_HANDLE pool, PVOID memory, UINT length);
extern void NdisFreeBuffer(PNDIS_BUFFER buffer);
extern void NdisCopyBuffer(PNDIS_STATUS status, PNDIS_BUFFER *buffer, NDIS_HANDLE pool, PVOID descriptor, UINT offset, UINT length);
extern void NdisChainBufferAtFront(PNDIS_PACKET packet, PNDIS_BUFFER buffer);
extern void NdisChainBufferAtBack(PNDIS_PACKET packet, PNDIS_BUFFER buffer);
extern void NdisUnchainBufferAtFront(PNDIS_PACKET packet, PNDIS_BUFFER *buffer);
extern void NdisUnchainBufferAtBack(PNDIS_PACKET packet, PNDIS_BUFFER *buffer);
extern void NdisQueryPacket(PNDIS_PACKET packet, PUINT physical, PUINT buffers, PNDIS_BUFFER *first, PUINT length);
extern void NdisQueryPacketLength(PNDIS_PACKET packet, PUINT length);
extern void NdisQueryBuffer(PNDIS_BUFFER buffer, PVOID *memory, PUINT length);
extern void NdisQueryBufferSafe(PNDIS_BUFFER buffer, PVOID *memory, PUINT length, ULONG priority);
extern void NdisQueryBufferOffset(PNDIS_BUFFER buffer, PUINT offset, PUINT length);
#define NdisGetBufferPhysicalArraySize(buffer, size) (*(size) = NDIS_BUFFER_TO_SPAN_PAGES(buffer))
extern void NdisGetFirstBufferFromPacket(PNDIS_PACKET packet, PNDIS_BUFFER *first, PVOID *memory, PUINT length, PUINT total);
extern void NdisGetFirstBufferFromPacketSafe(
    PNDIS_PACKET packet, PNDIS_BUFFER *first, PVOID *memory, PUINT length, PUINT total, ULONG priority);
extern void NdisCopyFromPacketToPacket(PNDIS_PACKET to, UINT to_offset, UINT count, PNDIS_PACKET from, UINT from_offset, PUINT copied);
#define NdisCopyFromPacketToPacketSafe(to, to_offset, count, from, from_offset, copied, priority) \
    NdisCopyFromPacketToPacket(to, to_offset, count, from, from_offset, copied)

#endif
