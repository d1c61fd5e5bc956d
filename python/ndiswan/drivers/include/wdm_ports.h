/* Registers and ports as the kernel's own functions reach them; those of NDIS are in ndis_functions.h. */
#ifndef NDISWAN_WDM_PORTS_H
#define NDISWAN_WDM_PORTS_H

#include "ntdef.h"

extern UCHAR READ_REGISTER_UCHAR(volatile UCHAR *from);
extern USHORT READ_REGISTER_USHORT(volatile USHORT *from);
extern ULONG READ_REGISTER_ULONG(volatile ULONG *from);
extern void WRITE_REGISTER_UCHAR(volatile UCHAR *to, UCHAR value);
extern void WRITE_REGISTER_USHORT(volatile USHORT *to, USHORT value);
extern void WRITE_REGISTER_ULONG(volatile ULONG *to, ULONG value);
extern void READ_REGISTER_BUFFER_UCHAR(volatile UCHAR *from, PUCHAR to, ULONG count);
extern void READ_REGISTER_BUFFER_USHORT(volatile USHORT *from, PUSHORT to, ULONG count);
extern void READ_REGISTER_BUFFER_ULONG(volatile ULONG *from, PULONG to, ULONG count);
extern void WRITE_REGISTER_BUFFER_UCHAR(volatile UCHAR *to, PUCHAR from, ULONG count);
extern void WRITE_REGISTER_BUFFER_USHORT(volatile USHORT *to, PUSHORT from, ULONG count);
extern void WRITE_REGISTER_BUFFER_ULONG(volatile ULONG *to, PULONG from, ULONG count);
extern void READ_PORT_BUFFER_UCHAR(PUCHAR port, PUCHAR to, ULONG count);
extern void READ_PORT_BUFFER_USHORT(PUSHORT port, PUSHORT to, ULONG count);
extern void READ_PORT_BUFFER_ULONG(PULONG port, PULONG to, ULONG count);
extern void WRITE_PORT_BUFFER_UCHAR(PUCHAR port, PUCHAR from, ULONG count);
extern void WRITE_PORT_BUFFER_USHORT(PUSHORT port, PUSHORT from, ULONG count);
extern void WRITE_PORT_BUFFER_ULONG(PULONG port, PULONG from, ULONG count);

#endif
