/* <conio.h>: port functions of the C library, which drivers do not use. */
#include "ndiswan_crt.h"
