/* <efilter.h>: Ethernet addresses and filters. */
#include "ndis_address.h"
