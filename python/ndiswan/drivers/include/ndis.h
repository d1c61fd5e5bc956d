/* The NDIS interface of a miniport: 3.0 by default, 4.0, 5.0 or 5.1 by NDIS40_MINIPORT, NDIS50_MINIPORT, NDIS51_MINIPORT. */
#ifndef NDISWAN_NDIS_H
#define NDISWAN_NDIS_H

#ifndef NDIS_WDM
#define NDIS_WDM 0
#endif
#ifndef BINARY_COMPATIBLE
#define BINARY_COMPATIBLE 0
#endif

#include "ntddk.h"
#include "ndis_types.h"
#include "ndis_packet.h"
#include "ndis_miniport.h"
#include "ndis_functions.h"
#include "ndis_address.h"

#endif
