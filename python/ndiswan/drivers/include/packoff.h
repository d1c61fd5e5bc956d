/* <packoff.h>: ends what <packon.h> began. */
#pragma pack(pop)
