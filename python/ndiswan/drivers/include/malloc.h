/* <malloc.h> of a driver: alloca, which <stdlib.h> has. */
#include "ndiswan_crt.h"
