/* <winerror.h>: what a driver takes from it is in ntstatus.h. */
#include "ntstatus.h"
