/* <dos.h>: the compiler's own port functions are in <conio.h>. */
#include "conio.h"
