/* <ntddk.h>, which for these drivers is <wdm.h>. */
#include "wdm.h"
