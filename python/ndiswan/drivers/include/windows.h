/* <windows.h>: a driver that includes it means its types. */
#include "windef.h"
