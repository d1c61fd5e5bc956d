/* Comparing and copying of station addresses. */
#ifndef NDISWAN_NDIS_ADDRESS_H
#define NDISWAN_NDIS_ADDRESS_H

#include "ndis.h"

#define ETH_LENGTH_OF_ADDRESS 6
#define TR_LENGTH_OF_ADDRESS 6
#define TR_LENGTH_OF_FUNCTIONAL 4
#define ETH_IS_MULTICAST(address) ((((PUCHAR)(address))[0] & 1) != 0)
#define ETH_IS_BROADCAST(address) RtlEqualMemory(address, "\377\377\377\377\377\377", ETH_LENGTH_OF_ADDRESS)
#define ETH_COPY_NETWORK_ADDRESS(to, from) RtlMoveMemory(to, from, ETH_LENGTH_OF_ADDRESS)
#define ETH_COMPARE_NETWORK_ADDRESSES(a, b, result) (*(result) = memcmp(a, b, ETH_LENGTH_OF_ADDRESS))
#define ETH_COMPARE_NETWORK_ADDRESSES_EQ(a, b, differ) (*(differ) = memcmp(a, b, ETH_LENGTH_OF_ADDRESS) != 0)
#define TR_COPY_NETWORK_ADDRESS(to, from) ETH_COPY_NETWORK_ADDRESS(to, from)

#endif
