/* <ndismini.h>: what a miniport of NDIS 3.1 includes is in <ndis.h>. */
#include "ndis.h"
