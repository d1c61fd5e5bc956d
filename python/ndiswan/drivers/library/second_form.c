/* What the compiler calls before each access in the second form of a driver, which is compiled with -fsanitize=kernel-address: pages
 * that the engine has closed may be used by everybody until somebody is about to. Then they are closed, and the access faults. */
#ifdef NDISWAN_SECOND_FORM
#include "library.h"

#define UNCHECKED __attribute__((no_sanitize_address))
/* What faults in a function of the C library has been called by the driver and not by this file: it is jumped to. */
#ifdef __clang__
#define BEFORE UNCHECKED
#define JUMP __attribute__((musttail)) return
#else
#define BEFORE UNCHECKED __attribute__((optimize("omit-frame-pointer", "optimize-sibling-calls")))
#define JUMP return
#endif

/* A byte for each page below 2 GiB, and who closes those for which it is not 0. */
unsigned char *ndiswan_closed;
void (*ndiswan_close)(uintptr_t from, uintptr_t to);

enum { PAGE = 12 };
static const uintptr_t END = (uintptr_t)1 << 31;

UNCHECKED static inline int closed(uintptr_t at) { return at < END && ndiswan_closed[at >> PAGE] != 0; }

UNCHECKED static inline void look(uintptr_t at, uintptr_t length)
{
    uintptr_t last = at + length - 1;

    if (__builtin_expect(closed(at) || closed(last), 0))
        ndiswan_close(at, last);
}

UNCHECKED static void look_at_all(uintptr_t at, uintptr_t length)
{
    uintptr_t last = at + length - 1, page;

    if (length == 0 || last < at)
        return;
    for (page = at >> PAGE; page <= last >> PAGE && page < END >> PAGE; page++)
        if (ndiswan_closed[page] != 0)
            return ndiswan_close(at, last);
}

/* Up to its zero, to where it may not be read, or to as many bytes. */
UNCHECKED static void look_at_text(const char *text, uintptr_t most)
{
    uintptr_t at = (uintptr_t)text;

    for (; most > 0; at++, most--) {
        if (closed(at))
            return ndiswan_close(at, at);
        if (*(const char *)at == 0)
            return;
    }
}

#define CHECK(bytes) \
    UNCHECKED void __asan_load##bytes##_noabort(uintptr_t at) { look(at, bytes); } \
    UNCHECKED void __asan_store##bytes##_noabort(uintptr_t at) { look(at, bytes); }

CHECK(1)
CHECK(2)
CHECK(4)
CHECK(8)
CHECK(16)

UNCHECKED void __asan_loadN_noabort(uintptr_t at, uintptr_t length) { look_at_all(at, length); }
UNCHECKED void __asan_storeN_noabort(uintptr_t at, uintptr_t length) { look_at_all(at, length); }
UNCHECKED void __asan_handle_no_return(void) {}

/* The linker has these called for those of the C library. */
#define WRAPPED(type, name, parameters, arguments, looks) \
    extern type __real_##name parameters; \
    BEFORE type __wrap_##name parameters \
    { \
        looks; \
        JUMP __real_##name arguments; \
    }
#define ALL(at, length) look_at_all((uintptr_t)(at), length)
#define TEXT(at) look_at_text(at, ~(uintptr_t)0)

WRAPPED(void *, memcpy, (void *to, const void *from, size_t n), (to, from, n), (ALL(from, n), ALL(to, n)))
WRAPPED(void *, memmove, (void *to, const void *from, size_t n), (to, from, n), (ALL(from, n), ALL(to, n)))
WRAPPED(void *, memset, (void *to, int c, size_t n), (to, c, n), ALL(to, n))
WRAPPED(int, memcmp, (const void *a, const void *b, size_t n), (a, b, n), (ALL(a, n), ALL(b, n)))
WRAPPED(int, bcmp, (const void *a, const void *b, size_t n), (a, b, n), (ALL(a, n), ALL(b, n)))
WRAPPED(void *, memchr, (const void *a, int c, size_t n), (a, c, n), ALL(a, n))
WRAPPED(size_t, strlen, (const char *a), (a), TEXT(a))
WRAPPED(int, strcmp, (const char *a, const char *b), (a, b), (TEXT(a), TEXT(b)))
WRAPPED(int, strncmp, (const char *a, const char *b, size_t n), (a, b, n), (look_at_text(a, n), look_at_text(b, n)))
WRAPPED(char *, strchr, (const char *a, int c), (a, c), TEXT(a))
WRAPPED(char *, strrchr, (const char *a, int c), (a, c), TEXT(a))
WRAPPED(char *, strstr, (const char *a, const char *b), (a, b), (TEXT(a), TEXT(b)))
WRAPPED(size_t, strspn, (const char *a, const char *b), (a, b), (TEXT(a), TEXT(b)))
WRAPPED(size_t, strcspn, (const char *a, const char *b), (a, b), (TEXT(a), TEXT(b)))
WRAPPED(char *, strpbrk, (const char *a, const char *b), (a, b), (TEXT(a), TEXT(b)))
#endif
