/* <ntverp.h>: version resources, which are not compiled here. */
#include "ndiswan_compiler.h"
