/* Comparing and copying of station addresses. */
#ifndef NDISWAN_NDIS_ADDRESS_H
#define NDISWAN_NDIS_ADDRESS_H

#include "ndis_types.h"

#define ETH_LENGTH_OF_ADDRESS 6
#define TR_LENGTH_OF_ADDRESS 6
#define TR_LENGTH_OF_FUNCTIONAL 4
#define ETH_IS_MULTICAST(address) ((((PUCHAR)(address))[0] & 1) != 0)
#define ETH_IS_BROADCAST(address) RtlEqualMemory(address, "\377\377\377\377\377\377", ETH_LENGTH_OF_ADDRESS)
#define ETH_COPY_NETWORK_ADDRESS(to, from) RtlMoveMemory(to, from, ETH_LENGTH_OF_ADDRESS)
#define ETH_COMPARE_NETWORK_ADDRESSES(a, b, result) (*(result) = memcmp(a, b, ETH_LENGTH_OF_ADDRESS))
#define ETH_COMPARE_NETWORK_ADDRESSES_EQ(a, b, differ) (*(differ) = memcmp(a, b, ETH_LENGTH_OF_ADDRESS) != 0)
#define TR_COPY_NETWORK_ADDRESS(to, from) ETH_COPY_NETWORK_ADDRESS(to, from)
#define TR_COMPARE_NETWORK_ADDRESSES(a, b, result) ETH_COMPARE_NETWORK_ADDRESSES(a, b, result)
#define TR_COMPARE_NETWORK_ADDRESSES_EQ(a, b, differ) ETH_COMPARE_NETWORK_ADDRESSES_EQ(a, b, differ)
#define TR_IS_NOT_DIRECTED(address) ((((PUCHAR)(address))[0] & 0x80) != 0)
#define TR_IS_FUNCTIONAL(address) (TR_IS_NOT_DIRECTED(address) && (((PUCHAR)(address))[2] & 0x80) == 0)
#define TR_IS_GROUP(address) (TR_IS_NOT_DIRECTED(address) && (((PUCHAR)(address))[2] & 0x80) != 0)
#define TR_IS_SOURCE_ROUTING(address) (((PUCHAR)(address))[0] & 0x80)
#define FDDI_LENGTH_OF_LONG_ADDRESS 6
#define FDDI_LENGTH_OF_SHORT_ADDRESS 2
#define FDDI_IS_MULTICAST(address, length) ((((PUCHAR)(address))[0] & 1) != 0)
typedef ULONG TR_FUNCTIONAL_ADDRESS, TR_GROUP_ADDRESS;

#endif
