/* What the Microsoft compiler knows and gcc and clang do not: calling conventions, declspecs, structured exceptions, pragmas.
 * Everything here is a macro, so it also replaces what clang makes of these words under -fms-extensions. */
#ifndef NDISWAN_COMPILER_H
#define NDISWAN_COMPILER_H

#include <stdarg.h>
#include <stddef.h>

/* Unknown pragmas (alloc_text, code_seg, warning), multi-character tags and 32-bit habits are how these drivers are written. */
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wmultichar"
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#pragma GCC diagnostic ignored "-Wpointer-to-int-cast"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wignored-pragmas"
#pragma clang diagnostic ignored "-Wfour-char-constants"
#pragma clang diagnostic ignored "-Wvoid-pointer-to-int-cast"
#pragma clang diagnostic ignored "-Wmicrosoft"
#endif

#define __stdcall
#define _stdcall
#define __cdecl
#define _cdecl
#define cdecl
#define __fastcall
#define _fastcall
#define __pascal
#define _pascal
#define __far
#define _far
#define _near
#define __huge
#define _huge
#define _interrupt
#define _loadds
#define _export
#define _saveregs
#define __near
#define FAR
#define NEAR
#define PASCAL
#define CDECL
#define WINAPI
#define CALLBACK
#define APIENTRY
#define APIPRIVATE
#define NTAPI
#define FASTCALL
#define NDISAPI
#define NTSYSAPI
#define NTKERNELAPI
#define NTHALAPI
#define NTSYSCALLAPI
#define EXPORT

/* A declspec that matters is its attribute; the others are nothing. */
#define __declspec(what) NDISWAN_DECLSPEC_##what
#define _declspec(what) NDISWAN_DECLSPEC_##what
#define NDISWAN_DECLSPEC_dllimport
#define NDISWAN_DECLSPEC_dllexport
#define NDISWAN_DECLSPEC_naked
#define NDISWAN_DECLSPEC_nothrow
#define NDISWAN_DECLSPEC_novtable
#define NDISWAN_DECLSPEC_noalias
#define NDISWAN_DECLSPEC_restrict
#define NDISWAN_DECLSPEC_selectany __attribute__((weak))
#define NDISWAN_DECLSPEC_noreturn __attribute__((noreturn))
#define NDISWAN_DECLSPEC_noinline __attribute__((noinline))
#define NDISWAN_DECLSPEC_thread __thread
#define NDISWAN_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define NDISWAN_DECLSPEC_allocate(section)
#define NDISWAN_DECLSPEC_code_seg(section)
#define NDISWAN_DECLSPEC_uuid(text)
#define NDISWAN_DECLSPEC_deprecated
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_ALIGN(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(64)
#define DECLSPEC_SELECTANY __attribute__((weak))
#define DECLSPEC_DEPRECATED_DDK
#define DECLSPEC_NOINLINE __attribute__((noinline))

#define _inline __inline__
#define __forceinline __inline__ __attribute__((always_inline))
#define _forceinline __forceinline
#define FORCEINLINE __forceinline
#define INLINE __inline__
#define CFORCEINLINE __forceinline

#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define _int8 char
#define _int16 short
#define _int32 int
#define _int64 long long

#define __unaligned
#define UNALIGNED
#define UNALIGNED64
#define RESTRICTED_POINTER
#define POINTER_32
#define POINTER_64
#define __ptr32
#define __ptr64
#define __w64
#define _W64
#define __based(what)
#define __noop(...) ((void)0)
#define __assume(condition) ((void)0)
#define __debugbreak() DbgBreakPoint()

/* No exception of the machine comes back to a driver here: a fault is a report. So the block runs, and its handler does not.
 * The condition is true, and is how `__leave` finds its block. */
#define __try if (sizeof "__try")
#define _try __try
#define try __try
#define _leave __leave
#define __except(filter) if (0 && (filter))
#define _except(filter) __except(filter)
#define except(filter) __except(filter)
#define __finally
#define _finally
#define finally
#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)
#define GetExceptionCode() ((int)0)
#define GetExceptionInformation() ((void *)0)
#define AbnormalTermination() 0
#define exception_code() ((int)0)

#endif
