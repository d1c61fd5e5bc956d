/* <netevent.h>: event codes of network drivers. */
#include "ndis_errors.h"
