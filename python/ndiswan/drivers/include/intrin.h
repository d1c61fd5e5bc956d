/* <intrin.h>: the compiler's own functions for ports and bits. */
#include "conio.h"
