/* <assert.h> of a driver: a failure is the engine's to report. */
#include "wdm.h"

#undef assert
#define assert(expression) ASSERT(expression)
