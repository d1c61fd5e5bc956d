/* <tfilter.h>: token ring addresses and filters. */
#include "ndis_address.h"
