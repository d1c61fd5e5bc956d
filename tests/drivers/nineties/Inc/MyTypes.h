/* own types before ndis.h, /* nested, as they did */
#ifndef _MYTYPES_
#define _MYTYPES_
typedef unsigned char  UCHAR;
typedef unsigned short USHORT;
typedef unsigned long  ULONG;
typedef unsigned long  *PULONG;
typedef long           LONG;
typedef void           *PVOID;
typedef unsigned char  BOOLEAN;
typedef unsigned char  BYTE, *PBYTE, *LPBYTE;
typedef unsigned short WORD, *PWORD;
typedef unsigned long  DWORD, *PDWORD;
typedef int BOOL;
typedef unsigned int   UINT;
typedef char CHAR, *PCHAR;
typedef unsigned __int64 QWORD;
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#ifndef NULL
#define NULL 0
#endif
#define INLINE __inline
#define STATIC static
#define REG register
#define ENTER(x) DBG_TRACE(DBG_FUNC, ("Enter " #x "\n"))
#if DBG
#define DBG_TRACE(level, args) { if (DebugLevel & (level)) { DbgPrint("DRV: "); DbgPrint args; } }
#define BREAK() { __asm int 3 }
#else
#define DBG_TRACE(level, args)
#define BREAK()
#endif
#ifdef _X86_
#define PUSHF() __asm { pushfd }; __asm { cli }
#else
#define PUSHF()
#endif
#define DBG_FUNC 0x00000001L
#define DBG_ALL  0xFFFFFFFFL
#endif
