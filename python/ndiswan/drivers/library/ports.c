/* The kernel's registers are those of NDIS; a buffer is as many accesses, to one port or along the registers. */
#include "library.h"

#define ACCESS(SIZE, Size, type) \
    LIBRARY type READ_REGISTER_##SIZE(volatile type *from) \
    { \
        type value = 0; \
        NdisReadRegister##Size(from, &value); \
        return value; \
    } \
    LIBRARY void WRITE_REGISTER_##SIZE(volatile type *to, type value) { NdisWriteRegister##Size(to, value); } \
    LIBRARY void READ_REGISTER_BUFFER_##SIZE(volatile type *from, type *to, ULONG count) \
    { \
        while (count-- > 0) \
            *to++ = READ_REGISTER_##SIZE(from++); \
    } \
    LIBRARY void WRITE_REGISTER_BUFFER_##SIZE(volatile type *to, type *from, ULONG count) \
    { \
        while (count-- > 0) \
            WRITE_REGISTER_##SIZE(to++, *from++); \
    } \
    LIBRARY void READ_PORT_BUFFER_##SIZE(type *port, type *to, ULONG count) \
    { \
        while (count-- > 0) \
            *to++ = READ_PORT_##SIZE(port); \
    } \
    LIBRARY void WRITE_PORT_BUFFER_##SIZE(type *port, type *from, ULONG count) \
    { \
        while (count-- > 0) \
            WRITE_PORT_##SIZE(port, *from++); \
    }

ACCESS(UCHAR, Uchar, UCHAR)
ACCESS(USHORT, Ushort, USHORT)
ACCESS(ULONG, Ulong, ULONG)
