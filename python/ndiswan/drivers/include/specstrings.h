/* <specstrings.h>: annotations. */
#include "ndiswan_sal.h"
