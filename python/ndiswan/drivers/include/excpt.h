/* <excpt.h>: structured exceptions are macros here. */
#include "ndiswan_compiler.h"
#define leave __leave
