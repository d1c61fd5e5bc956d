/* What the compiler calls where a driver that is built with -fsanitize=undefined does what C leaves undefined. The names are
 * the compiler's, the structures are those that it fills: a place in the source first, then types. Nothing else is needed of UBSan. */
#include "library.h"

struct place {
    const char *file;
    unsigned line, column;
};

/* Of a whole number kind is 0, and info twice the logarithm of its bits, odd if it has a sign. */
struct type {
    unsigned short kind, info;
    char name[];
};

struct one {
    struct place place;
    const struct type *type;
};

struct two {
    struct place place;
    const struct type *first, *second;
};

struct mismatch {
    struct place place;
    const struct type *type;
    unsigned char alignment, access;
};

struct builtin {
    struct place place;
    unsigned char kind;
};

struct argument {
    struct place place, attribute;
    int number;
};

enum { LINE = 256, NUMBER = 24 };

extern int ndiswan_vformat(char *into, size_t room, const char *format, va_list arguments);

static void tell(const struct place *place, const char *format, ...)
{
    char text[LINE];
    va_list arguments;

    va_start(arguments, format);
    ndiswan_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    ndiswan_undefined(text, place->file, place->line);
}

static void number(char *into, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    ndiswan_vformat(into, NUMBER, format, arguments);
    va_end(arguments);
}

static int is_whole(const struct type *type)
{
    return type->kind == 0 && (type->info >> 1) <= 6;
}

static const char *shown(char *into, const struct type *type, uintptr_t value)
{
    unsigned unused;

    if (!is_whole(type))
        return "a value";
    unused = 64 - (1u << (type->info >> 1));
    value <<= unused;
    if (type->info & 1)
        number(into, "%I64d", (int64_t)value >> unused);
    else
        number(into, "%I64u", value >> unused);
    return into;
}

static void overflow(const struct one *at, uintptr_t left, const char *sign, uintptr_t right)
{
    char a[NUMBER], b[NUMBER];

    tell(&at->place, "%s overflow: %s %s %s does not fit into %s", at->type->info & 1 ? "signed" : "unsigned",
        shown(a, at->type, left), sign, shown(b, at->type, right), at->type->name);
}

LIBRARY void __ubsan_handle_add_overflow(const struct one *at, uintptr_t left, uintptr_t right)
{
    overflow(at, left, "+", right);
}

LIBRARY void __ubsan_handle_sub_overflow(const struct one *at, uintptr_t left, uintptr_t right)
{
    overflow(at, left, "-", right);
}

LIBRARY void __ubsan_handle_mul_overflow(const struct one *at, uintptr_t left, uintptr_t right)
{
    overflow(at, left, "*", right);
}

LIBRARY void __ubsan_handle_divrem_overflow(const struct one *at, uintptr_t left, uintptr_t right)
{
    overflow(at, left, "/", right);
}

LIBRARY void __ubsan_handle_negate_overflow(const struct one *at, uintptr_t value)
{
    char a[NUMBER];

    tell(&at->place, "overflow: the negative of %s does not fit into %s", shown(a, at->type, value), at->type->name);
}

LIBRARY void __ubsan_handle_shift_out_of_bounds(const struct two *at, uintptr_t left, uintptr_t right)
{
    char a[NUMBER], b[NUMBER];

    tell(&at->place, "shift out of bounds: %s of type %s by %s", shown(a, at->first, left), at->first->name,
        shown(b, at->second, right));
}

LIBRARY void __ubsan_handle_out_of_bounds(const struct two *at, uintptr_t index)
{
    char a[NUMBER];

    tell(&at->place, "index out of bounds: %s of %s", shown(a, at->second, index), at->first->name);
}

LIBRARY void __ubsan_handle_type_mismatch_v1(const struct mismatch *at, uintptr_t pointer)
{
    tell(&at->place, pointer == 0 ? "null pointer used as %s" : "object too small, or misaligned, for %s", at->type->name);
}

LIBRARY void __ubsan_handle_pointer_overflow(const struct place *at, uintptr_t base, uintptr_t result)
{
    (void)base;
    (void)result;
    tell(at, "pointer arithmetic leaves the address space");
}

LIBRARY void __ubsan_handle_load_invalid_value(const struct one *at, uintptr_t value)
{
    char a[NUMBER];

    tell(&at->place, "invalid value: %s read as %s", shown(a, at->type, value), at->type->name);
}

LIBRARY void __ubsan_handle_float_cast_overflow(const struct two *at, uintptr_t value)
{
    (void)value;
    tell(&at->place, "overflow: a value of %s does not fit into %s", at->first->name, at->second->name);
}

LIBRARY void __ubsan_handle_vla_bound_not_positive(const struct one *at, uintptr_t bound)
{
    char a[NUMBER];

    tell(&at->place, "array of a length that is not positive: %s", shown(a, at->type, bound));
}

LIBRARY void __ubsan_handle_invalid_builtin(const struct builtin *at)
{
    tell(&at->place, "zero given to a function that counts its zeros");
}

LIBRARY void __ubsan_handle_nonnull_arg(const struct argument *at)
{
    tell(&at->place, "null pointer given as argument %d, which must not be null", at->number);
}

LIBRARY void __ubsan_handle_nonnull_return_v1(const void *attribute, const struct place *at)
{
    (void)attribute;
    tell(at, "null pointer returned by a function that must not");
}

LIBRARY __attribute__((noreturn)) void __ubsan_handle_builtin_unreachable(const struct place *at)
{
    tell(at, "code that cannot be reached was");
    __builtin_trap();
}
