/* <packon.h>: <pshpack1.h> by its older name. */
#pragma pack(push, 1)
