/* A stand-in for the engine: enough of it to run the library without a driver. */
#include "library.h"

extern int puts(const char *text);
extern void *malloc(size_t size);
extern void free(void *memory);
extern void exit(int code) __attribute__((noreturn));
extern const char *const ndiswan_names[];
extern void *ndiswan_pointers[];
extern void (*ndiswan_missing)(const char *name);
extern int ndiswan_invoke(void *function, const uintptr_t *arguments, unsigned count, uintptr_t *result, void **frame);
extern void ndiswan_abandon(void *frame);

static char printed[2048];
static int failures, allocated, locks, acquisitions;

static NDIS_STATUS allocate(PVOID *memory, UINT length, ULONG tag)
{
    (void)tag;
    *memory = malloc(length);
    allocated++;
    return NDIS_STATUS_SUCCESS;
}

static void release(PVOID memory, UINT length, UINT flags)
{
    (void)length;
    (void)flags;
    allocated--;
    free(memory);
}

static void debug_print(const char *text) { strcpy(printed, text); }
static void acquire(PNDIS_SPIN_LOCK lock) { (void)lock; locks++; acquisitions++; }
static void let_go(PNDIS_SPIN_LOCK lock) { (void)lock; locks--; }

static void lookaside(PVOID list, ULONG size, ULONG tag) { (void)list; (void)size; (void)tag; }
static void expect_level(const char *name, UCHAR most) { (void)name; (void)most; }

static void fill(const char *name, void *function)
{
    unsigned i;

    for (i = 0; ndiswan_names[i] != NULL; i++)
        if (strcmp(ndiswan_names[i], name) == 0)
            ndiswan_pointers[i] = function;
}

static void start(void)
{
    fill("NdisAllocateMemoryWithTag", allocate);
    fill("NdisFreeMemory", release);
    fill("ndiswan_lookaside", lookaside);
    fill("ndiswan_debug_print", debug_print);
    fill("ndiswan_expect_level", expect_level);
    fill("NdisAcquireSpinLock", acquire);
    fill("NdisReleaseSpinLock", let_go);
}

static void check_text(const char *got, const char *wanted, unsigned line)
{
    char text[4096];

    if (strcmp(got, wanted) == 0)
        return;
    failures++;
    sprintf(text, "line %u: '%s' instead of '%s'", line, got, wanted);
    puts(text);
}

static void check_number(LONGLONG got, LONGLONG wanted, unsigned line)
{
    char text[128];

    if (got == wanted)
        return;
    failures++;
    sprintf(text, "line %u: %I64d instead of %I64d", line, got, wanted);
    puts(text);
}

#define TEXT_IS(got, wanted) check_text(got, wanted, __LINE__)
#define IS(got, wanted) check_number((LONGLONG)(got), (LONGLONG)(wanted), __LINE__)
