/* <pshpack4.h>: structures after this are packed to 4 bytes, until <poppack.h>. No guard: each inclusion counts. */
#pragma pack(push, 4)
