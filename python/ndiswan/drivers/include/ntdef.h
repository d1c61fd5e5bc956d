/* The types that every kernel header starts from, and the macros over them. */
#ifndef NDISWAN_NTDEF_H
#define NDISWAN_NTDEF_H

#include "ndiswan_compiler.h"
#include "ndiswan_sal.h"
#include "basetsd.h"

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef TRUE
#define FALSE 0
#define TRUE 1
#endif
#ifndef MAXIMUM_PROCESSORS
#define MAXIMUM_PROCESSORS 64
#endif

typedef void *PVOID, *HANDLE, **PHANDLE;
typedef void *PVOID64;
typedef char CHAR, *PCHAR, *LPCH, *PCH, CCHAR, *PCCHAR, *NPSTR, *LPSTR, *PSTR, *PSZ;
typedef const char *LPCSTR, *PCSTR, *PCSZ, *LPCCH, *PCCH;
typedef short SHORT, *PSHORT, CSHORT, *PCSHORT;
typedef int LONG, *PLONG, NTSTATUS, *PNTSTATUS, HRESULT;
typedef unsigned char UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN, KIRQL, *PKIRQL;
typedef unsigned short USHORT, *PUSHORT;
typedef unsigned int ULONG, *PULONG, LOGICAL, *PLOGICAL, LCID, *PLCID, ACCESS_MASK, *PACCESS_MASK;
typedef const UCHAR *PCUCHAR;
typedef const USHORT *PCUSHORT;
typedef const ULONG *PCULONG;
typedef const void *PCVOID, *LPCVOID;
typedef long long LONGLONG, *PLONGLONG, USN;
typedef unsigned long long ULONGLONG, *PULONGLONG, DWORDLONG, *PDWORDLONG;
/* 16 bits under -fshort-wchar, and under any flags. */
typedef __WCHAR_TYPE__ WCHAR, *PWCHAR, *LPWCH, *PWCH, *NWPSTR, *LPWSTR, *PWSTR, **PZPWSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR, *PCWCH, *LPCWCH;
typedef char NDISWAN_NEEDS_FSHORT_WCHAR[sizeof(WCHAR) == 2 ? 1 : -1];

typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;
typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;

#define NTSTATUS_FROM_WIN32(code) ((NTSTATUS)(code))
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define NT_INFORMATION(status) ((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status) ((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status) ((ULONG)(status) >> 30 == 3)

typedef union _LARGE_INTEGER {
    struct { ULONG LowPart; LONG HighPart; };
    struct { ULONG LowPart; LONG HighPart; } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;
typedef union _ULARGE_INTEGER {
    struct { ULONG LowPart; ULONG HighPart; };
    struct { ULONG LowPart; ULONG HighPart; } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;
typedef struct _LUID { ULONG LowPart; LONG HighPart; } LUID, *PLUID;

typedef struct _STRING { USHORT Length, MaximumLength; PCHAR Buffer; } STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING;
typedef const STRING *PCANSI_STRING, *PCOEM_STRING;
typedef struct _CSTRING { USHORT Length, MaximumLength; const char *Buffer; } CSTRING, *PCSTRING;
typedef struct _UNICODE_STRING { USHORT Length, MaximumLength; PWSTR Buffer; } UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;
#define UNICODE_NULL ((WCHAR)0)
#define ANSI_NULL ((CHAR)0)
#define RTL_CONSTANT_STRING(text) {sizeof(text) - sizeof((text)[0]), sizeof(text), (void *)(text)}
#define DECLARE_CONST_UNICODE_STRING(name, text) \
    const UNICODE_STRING name = {sizeof(text) - sizeof(WCHAR), sizeof(text), (PWSTR)(text)}

typedef struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; } LIST_ENTRY, *PLIST_ENTRY, *PRLIST_ENTRY;
typedef struct _SINGLE_LIST_ENTRY { struct _SINGLE_LIST_ENTRY *Next; } SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;
typedef struct _GUID { ULONG Data1; USHORT Data2, Data3; UCHAR Data4[8]; } GUID, *PGUID, *LPGUID;
typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor, SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
#define OBJ_INHERIT 0x0002
#define OBJ_PERMANENT 0x0010
#define OBJ_EXCLUSIVE 0x0020
#define OBJ_CASE_INSENSITIVE 0x0040
#define OBJ_OPENIF 0x0080
#define OBJ_KERNEL_HANDLE 0x0200
#define InitializeObjectAttributes(attributes, name, flags, root, security) \
    ((attributes)->Length = sizeof(OBJECT_ATTRIBUTES), (attributes)->RootDirectory = (root), \
     (attributes)->ObjectName = (name), (attributes)->Attributes = (flags), \
     (attributes)->SecurityDescriptor = (security), (attributes)->SecurityQualityOfService = NULL)

#define FIELD_OFFSET(type, field) ((LONG)(LONG_PTR)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)((PCHAR)(address) - (ULONG_PTR)offsetof(type, field)))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (FIELD_OFFSET(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#define ARGUMENT_PRESENT(argument) ((argument) != NULL)
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define DBG_UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(variable) ((void)(variable))
#define C_ASSERT(condition) extern char NDISWAN_C_ASSERT[(condition) ? 1 : -1]
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME2
#define DUMMYSTRUCTNAME
#define _ANONYMOUS_UNION
#define _ANONYMOUS_STRUCT
#define EXTERN_C extern
#define MINCHAR 0x80
#define MAXCHAR 0x7f
#define MINSHORT 0x8000
#define MAXSHORT 0x7fff
#define MINLONG 0x80000000
#define MAXLONG 0x7fffffff
#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffff
#define MAXLONGLONG 0x7fffffffffffffffLL
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef __min
#define __min(a, b) ((a) < (b) ? (a) : (b))
#define __max(a, b) ((a) > (b) ? (a) : (b))
#endif
#define Int32x32To64(a, b) ((LONGLONG)(LONG)(a) * (LONG)(b))
#define UInt32x32To64(a, b) ((ULONGLONG)(ULONG)(a) * (ULONG)(b))
#define Int64ShllMod32(value, bits) ((ULONGLONG)(value) << (bits))
#define Int64ShraMod32(value, bits) ((LONGLONG)(value) >> (bits))
#define Int64ShrlMod32(value, bits) ((ULONGLONG)(value) >> (bits))
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#ifndef _WIN64
#define _WIN64 1
#endif
#ifndef DBG
#define DBG 0
#endif

#endif
