/* The C library as a driver of Windows has it: characters of 16 bits and longs of 32 bits.
 * What differs from the C library of Linux is renamed; what does not is declared, so that no other name of that library comes in. */
#ifndef NDISWAN_CRT_H
#define NDISWAN_CRT_H

#include "ntdef.h"

extern void *memcpy(void *to, const void *from, size_t length);
extern void *memmove(void *to, const void *from, size_t length);
extern void *memset(void *to, int value, size_t length);
extern int memcmp(const void *a, const void *b, size_t length);
extern void *memchr(const void *text, int value, size_t length);
extern size_t strlen(const char *text);
extern char *strcpy(char *to, const char *from);
extern char *strncpy(char *to, const char *from, size_t length);
extern char *strcat(char *to, const char *from);
extern char *strncat(char *to, const char *from, size_t length);
extern int strcmp(const char *a, const char *b);
extern int strncmp(const char *a, const char *b, size_t length);
extern char *strchr(const char *text, int value);
extern char *strrchr(const char *text, int value);
extern char *strstr(const char *text, const char *part);
extern size_t strspn(const char *text, const char *among);
extern size_t strcspn(const char *text, const char *among);
extern char *strpbrk(const char *text, const char *among);
extern int atoi(const char *text);
extern void qsort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b));
extern void *bsearch(const void *key, const void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b));
extern int abs(int value);
extern int isalpha(int c), isdigit(int c), isalnum(int c), isspace(int c), isxdigit(int c), isupper(int c), islower(int c);
extern int isprint(int c), ispunct(int c), iscntrl(int c), tolower(int c), toupper(int c);

#define printf ndiswan_printf
#define sprintf ndiswan_sprintf
#define _snprintf ndiswan_snprintf
#define snprintf ndiswan_snprintf
#define vsprintf ndiswan_vsprintf
#define _vsnprintf ndiswan_vsnprintf
#define vsnprintf ndiswan_vsnprintf
#define wsprintfA ndiswan_sprintf
#define wsprintf ndiswan_sprintf
#define swprintf ndiswan_swprintf
#define _snwprintf ndiswan_snwprintf
#define wcslen ndiswan_wcslen
#define wcscpy ndiswan_wcscpy
#define wcsncpy ndiswan_wcsncpy
#define wcscat ndiswan_wcscat
#define wcscmp ndiswan_wcscmp
#define wcsncmp ndiswan_wcsncmp
#define wcschr ndiswan_wcschr
#define wcsrchr ndiswan_wcsrchr
#define _wcsicmp ndiswan_wcsicmp
#define wcsicmp ndiswan_wcsicmp
#define _wcsnicmp ndiswan_wcsnicmp
#define _stricmp ndiswan_stricmp
#define stricmp ndiswan_stricmp
#define _strnicmp ndiswan_strnicmp
#define strnicmp ndiswan_strnicmp
#define _strupr ndiswan_strupr
#define strupr ndiswan_strupr
#define _strlwr ndiswan_strlwr
#define strlwr ndiswan_strlwr
#define _itoa ndiswan_itoa
#define itoa ndiswan_itoa
#define _ltoa ndiswan_itoa
#define _ultoa ndiswan_ultoa
#define strtoul ndiswan_strtoul
#define strtol ndiswan_strtol
#define atol ndiswan_atol
#define strtok ndiswan_strtok
#define rand ndiswan_rand
#define srand ndiswan_srand
#define RAND_MAX 0x7fff
#define memicmp ndiswan_memicmp
#define _memicmp ndiswan_memicmp
#define strcmpi ndiswan_stricmp
#define _strcmpi ndiswan_stricmp
#define strset ndiswan_strset
#define _strset ndiswan_strset
#define strnset ndiswan_strnset
#define _strnset ndiswan_strnset
#define strrev ndiswan_strrev
#define _strrev ndiswan_strrev
#define ltoa ndiswan_itoa
#define ultoa ndiswan_ultoa
#define labs(value) abs(value)
#define wcsstr ndiswan_wcsstr
#define wcsncat ndiswan_wcsncat
#define _wcsupr ndiswan_wcsupr
#define _wcslwr ndiswan_wcslwr
#define mbstowcs ndiswan_mbstowcs
#define wcstombs ndiswan_wcstombs
#define wcstoul ndiswan_wcstoul
#define wcstol ndiswan_wcstol
#define _wtoi ndiswan_wtoi
#define _wtol ndiswan_wtoi
#define towupper RtlUpcaseUnicodeChar
#define towlower RtlDowncaseUnicodeChar
#define isascii(c) ((unsigned)(c) < 0x80)
#define __isascii(c) isascii(c)
#define toascii(c) ((c) & 0x7f)
#define __toascii(c) ((c) & 0x7f)
#define _toupper(c) ((c) - 'a' + 'A')
#define _tolower(c) ((c) - 'A' + 'a')
#define alloca __builtin_alloca
#define _alloca __builtin_alloca
#define _rotl(value, bits) ((unsigned)(value) << ((bits) & 31) | (unsigned)(value) >> (-(bits) & 31))
#define _rotr(value, bits) ((unsigned)(value) >> ((bits) & 31) | (unsigned)(value) << (-(bits) & 31))
#define _lrotl _rotl
#define _lrotr _rotr

extern int ndiswan_vformat(char *to, size_t size, const char *format, va_list arguments);
extern int ndiswan_printf(const char *format, ...);
extern int ndiswan_sprintf(char *to, const char *format, ...);
extern int ndiswan_snprintf(char *to, size_t size, const char *format, ...);
extern int ndiswan_vsprintf(char *to, const char *format, va_list arguments);
extern int ndiswan_vsnprintf(char *to, size_t size, const char *format, va_list arguments);
extern int ndiswan_swprintf(WCHAR *to, const WCHAR *format, ...);
extern int ndiswan_snwprintf(WCHAR *to, size_t size, const WCHAR *format, ...);
extern size_t ndiswan_wcslen(const WCHAR *text);
extern WCHAR *ndiswan_wcscpy(WCHAR *to, const WCHAR *from);
extern WCHAR *ndiswan_wcsncpy(WCHAR *to, const WCHAR *from, size_t length);
extern WCHAR *ndiswan_wcscat(WCHAR *to, const WCHAR *from);
extern int ndiswan_wcscmp(const WCHAR *a, const WCHAR *b);
extern int ndiswan_wcsncmp(const WCHAR *a, const WCHAR *b, size_t length);
extern WCHAR *ndiswan_wcschr(const WCHAR *text, WCHAR value);
extern WCHAR *ndiswan_wcsrchr(const WCHAR *text, WCHAR value);
extern int ndiswan_wcsicmp(const WCHAR *a, const WCHAR *b);
extern int ndiswan_wcsnicmp(const WCHAR *a, const WCHAR *b, size_t length);
extern int ndiswan_stricmp(const char *a, const char *b);
extern int ndiswan_strnicmp(const char *a, const char *b, size_t length);
extern char *ndiswan_strupr(char *text);
extern char *ndiswan_strlwr(char *text);
extern char *ndiswan_itoa(int value, char *to, int radix);
extern char *ndiswan_ultoa(ULONG value, char *to, int radix);
extern ULONG ndiswan_strtoul(const char *text, char **end, int base);
extern LONG ndiswan_strtol(const char *text, char **end, int base);
extern LONG ndiswan_atol(const char *text);
extern char *ndiswan_strtok(char *text, const char *between);
extern int ndiswan_rand(void);
extern void ndiswan_srand(unsigned seed);
extern int ndiswan_memicmp(const void *a, const void *b, size_t length);
extern char *ndiswan_strset(char *text, int value);
extern char *ndiswan_strnset(char *text, int value, size_t length);
extern char *ndiswan_strrev(char *text);
extern WCHAR *ndiswan_wcsstr(const WCHAR *text, const WCHAR *part);
extern WCHAR *ndiswan_wcsncat(WCHAR *to, const WCHAR *from, size_t length);
extern WCHAR *ndiswan_wcsupr(WCHAR *text);
extern WCHAR *ndiswan_wcslwr(WCHAR *text);
extern size_t ndiswan_mbstowcs(WCHAR *to, const char *from, size_t count);
extern size_t ndiswan_wcstombs(char *to, const WCHAR *from, size_t count);
extern ULONG ndiswan_wcstoul(const WCHAR *text, WCHAR **end, int base);
extern LONG ndiswan_wcstol(const WCHAR *text, WCHAR **end, int base);
extern LONG ndiswan_wtoi(const WCHAR *text);
extern WCHAR RtlUpcaseUnicodeChar(WCHAR c);
extern WCHAR RtlDowncaseUnicodeChar(WCHAR c);

#endif
