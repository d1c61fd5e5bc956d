/* <devioctl.h>: control codes. */
#include "wdm_io.h"
