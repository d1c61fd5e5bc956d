/* <afilter.h>: ARCNET filters. */
#include "ndis_address.h"
