/* <pshpack2.h>: structures after this are packed to 2 bytes, until <poppack.h>. No guard: each inclusion counts. */
#pragma pack(push, 2)
