/* <initguid.h>: from here on DEFINE_GUID makes values. */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
