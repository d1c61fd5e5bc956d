/* <winnt.h>: what a driver means by it is in <ntddk.h>. */
#include "ntddk.h"
