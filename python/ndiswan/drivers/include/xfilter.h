/* <xfilter.h>: packet filters of LAN miniports, whose types ndis.h has. */
#include "ndis.h"
