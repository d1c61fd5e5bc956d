/* The way from a driver to the engine: a table of names, a table of pointers which the engine fills after dlopen, and a stub for each.
 * The way from the engine to a driver is ndiswan_invoke, which can be left half way. */
#include "library.h"

const unsigned ndiswan_library_version = 2;
void (*ndiswan_missing)(const char *name);

#define FUNCTION(type, name, parameters, arguments) #name,
#define PROCEDURE(name, parameters, arguments) #name,
const char *const ndiswan_names[] = {
#include "functions.h"
    NULL};
#undef FUNCTION
#undef PROCEDURE

#define FUNCTION(type, name, parameters, arguments) NDISWAN_SLOT_##name,
#define PROCEDURE(name, parameters, arguments) NDISWAN_SLOT_##name,
enum slot {
#include "functions.h"
    NDISWAN_SLOTS
};
#undef FUNCTION
#undef PROCEDURE

void *ndiswan_pointers[NDISWAN_SLOTS + 1];

static void missing(enum slot slot)
{
    if (ndiswan_missing != NULL)
        ndiswan_missing(ndiswan_names[slot]);
    /* There is nothing that could be returned for a function that is not there. */
    __builtin_trap();
}

/* `(name)` keeps the macros that stand before some of the functions out of the definition. */
#define CALL(name, arguments) \
    if (__builtin_expect(ndiswan_pointers[NDISWAN_SLOT_##name] == NULL, 0)) \
        missing(NDISWAN_SLOT_##name); \
    return ((__typeof__(&(name)))ndiswan_pointers[NDISWAN_SLOT_##name]) arguments;
#define FUNCTION(type, name, parameters, arguments) \
    LIBRARY type (name) parameters { CALL(name, arguments) }
#define PROCEDURE(name, parameters, arguments) \
    LIBRARY void (name) parameters { CALL(name, arguments) }
#include "functions.h"
#undef FUNCTION
#undef PROCEDURE

/* __builtin_setjmp fills five words: frame, address, stack. The link to the frame outside stands behind them. */
struct frame {
    void *buffer[5];
    struct frame *outer;
};

typedef uintptr_t function_of_eight(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

/* Not inlined: what the jump comes back to has to be this function's own frame. */
__attribute__((noinline)) int ndiswan_invoke(
    void *function, const uintptr_t *arguments, unsigned count, uintptr_t *result, void **frame)
{
    struct frame here;
    uintptr_t a[8] = {0};
    unsigned i;
    /* What is read after the jump must not be in a register. */
    void **volatile chain = frame;

    for (i = 0; i < count && i < 8; i++)
        a[i] = arguments[i];
    here.outer = (struct frame *)*frame;
    *frame = &here;
    if (__builtin_setjmp(here.buffer) != 0) {
        *chain = here.outer;
        return 1;
    }
    *result = ((function_of_eight *)function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
    *chain = here.outer;
    return 0;
}

typedef uintptr_t function_of_three(uintptr_t, uintptr_t, uintptr_t);

/* The same for MiniportWanSend, which is called most. */
__attribute__((noinline)) int ndiswan_send(
    void *function, uintptr_t context, uintptr_t link, uintptr_t packet, uintptr_t *result, void **frame)
{
    struct frame here;
    void **volatile chain = frame;

    here.outer = (struct frame *)*frame;
    *frame = &here;
    if (__builtin_setjmp(here.buffer) != 0) {
        *chain = here.outer;
        return 1;
    }
    *result = ((function_of_three *)function)(context, link, packet);
    *chain = here.outer;
    return 0;
}

/* What AddressSanitizer keeps of the frames that are left is not true any more. */
extern void __asan_handle_no_return(void) __attribute__((weak));

__attribute__((noreturn, noinline)) void ndiswan_abandon(void *frame)
{
    if (__asan_handle_no_return != NULL)
        __asan_handle_no_return();
    ndiswan_leave_lists();
    __builtin_longjmp(((struct frame *)frame)->buffer, 1);
}
