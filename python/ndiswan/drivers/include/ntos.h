/* <ntos.h>: the kernel as its own drivers see it; what is here of it is in <ntddk.h>. */
#include "ntddk.h"
