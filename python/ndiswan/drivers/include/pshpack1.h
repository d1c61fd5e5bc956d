/* <pshpack1.h>: structures after this are packed to 1 bytes, until <poppack.h>. No guard: each inclusion counts. */
#pragma pack(push, 1)
