/* <string.h> of a driver: see ndiswan_crt.h for why it is not that of Linux. */
#include "ndiswan_crt.h"
