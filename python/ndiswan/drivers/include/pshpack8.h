/* <pshpack8.h>: structures after this are packed to 8 bytes, until <poppack.h>. No guard: each inclusion counts. */
#pragma pack(push, 8)
