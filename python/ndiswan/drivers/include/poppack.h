/* <poppack.h>: ends what <pshpack*.h> began. */
#pragma pack(pop)
