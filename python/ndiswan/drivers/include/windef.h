/* What windef.h adds to ntdef.h. The kernel headers do without it, so a driver may have DWORD and its like of its own. */
#ifndef NDISWAN_WINDEF_H
#define NDISWAN_WINDEF_H

#include "ntdef.h"
#include "ndis_int.h"

typedef int BOOL, *PBOOL, *LPBOOL;
typedef int *LPINT, *LPLONG;
typedef void *LPVOID;
typedef unsigned char BYTE, *PBYTE, *LPBYTE;
typedef unsigned short WORD, *PWORD, *LPWORD, ATOM;
typedef unsigned int DWORD, *PDWORD, *LPDWORD, COLORREF;
typedef float FLOAT, *PFLOAT;
typedef UINT_PTR WPARAM;
typedef LONG_PTR LPARAM, LRESULT;

#define far
#define near
#define pascal
#define cdecl
#define MAX_PATH 260
#define LOBYTE(word) ((UCHAR)(word))
#define HIBYTE(word) ((UCHAR)((USHORT)(word) >> 8))
#define LOWORD(value) ((USHORT)(ULONG_PTR)(value))
#define HIWORD(value) ((USHORT)((ULONG)(ULONG_PTR)(value) >> 16))
#define MAKEWORD(low, high) ((USHORT)((UCHAR)(low) | (USHORT)(UCHAR)(high) << 8))
#define MAKELONG(low, high) ((LONG)((USHORT)(low) | (ULONG)(USHORT)(high) << 16))

#endif
