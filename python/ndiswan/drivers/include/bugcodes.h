/* <bugcodes.h>: stop codes; a driver writes its own number. */
#include "wdm.h"
