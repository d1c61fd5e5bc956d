/* <ffilter.h>: FDDI addresses and filters. */
#include "ndis_address.h"
