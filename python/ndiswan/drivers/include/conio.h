/* <conio.h>: the compiler's own port functions, which are the kernel's. */
#ifndef NDISWAN_CONIO_H
#define NDISWAN_CONIO_H

#include "ntddk.h"

#define inp(port) READ_PORT_UCHAR((PUCHAR)(ULONG_PTR)(port))
#define inpw(port) READ_PORT_USHORT((PUSHORT)(ULONG_PTR)(port))
#define inpd(port) READ_PORT_ULONG((PULONG)(ULONG_PTR)(port))
#define outp(port, value) WRITE_PORT_UCHAR((PUCHAR)(ULONG_PTR)(port), (UCHAR)(value))
#define outpw(port, value) WRITE_PORT_USHORT((PUSHORT)(ULONG_PTR)(port), (USHORT)(value))
#define outpd(port, value) WRITE_PORT_ULONG((PULONG)(ULONG_PTR)(port), (ULONG)(value))
#define _inp inp
#define _inpw inpw
#define _inpd inpd
#define _outp outp
#define _outpw outpw
#define _outpd outpd

#endif
