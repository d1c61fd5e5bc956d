/* <winuser.h>: a driver that includes it means the types and numbers of <windows.h>. */
#include "windows.h"
