/* INT and UINT, which ndis.h and windef.h both have, and ntdef.h has not. */
#ifndef NDISWAN_NDIS_INT_H
#define NDISWAN_NDIS_INT_H

typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;

#endif
