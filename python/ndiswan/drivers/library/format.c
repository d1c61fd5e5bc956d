/* printf as Windows means it: a long has 32 bits, a wide character 16, and %wZ is a counted string. */
#include "library.h"

struct sink {
    char *to;
    size_t size, length;
};

struct conversion {
    int left, plus, space, alternate, zero, width, precision, size, wide;
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->to[sink->length] = c;
    sink->length++;
}

static void pad(struct sink *sink, int count, char with)
{
    for (; count > 0; count--)
        put(sink, with);
}

static void put_text(struct sink *sink, const struct conversion *c, const void *text, size_t length, int wide)
{
    size_t i;

    if (c->precision >= 0 && (size_t)c->precision < length)
        length = (size_t)c->precision;
    if (!c->left)
        pad(sink, c->width - (int)length, ' ');
    for (i = 0; i < length; i++)
        put(sink, wide ? (char)(((const WCHAR *)text)[i] < 0x80 ? ((const WCHAR *)text)[i] : '?') : ((const char *)text)[i]);
    if (c->left)
        pad(sink, c->width - (int)length, ' ');
}

/* A string without an end may still have a precision: no byte behind it is looked at. */
static size_t length_of(const void *text, int wide, int most)
{
    size_t length = 0;

    while ((most < 0 || length < (size_t)most) && (wide ? ((const WCHAR *)text)[length] : ((const char *)text)[length]) != 0)
        length++;
    return length;
}

static void put_number(struct sink *sink, const struct conversion *c, ULONGLONG value, unsigned base, int upper, char sign)
{
    char digits[32], prefix[3];
    int count = 0, prefixes = 0, zeros;

    if (sign != 0)
        prefix[prefixes++] = sign;
    if (c->alternate && base == 16 && value != 0) {
        prefix[prefixes++] = '0';
        prefix[prefixes++] = upper ? 'X' : 'x';
    }
    for (; value != 0; value /= base)
        digits[count++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
    if (count == 0 && c->precision != 0)
        digits[count++] = '0';
    if (c->alternate && base == 8 && (count == 0 || digits[count - 1] != '0'))
        digits[count++] = '0';
    zeros = c->precision - count;
    if (c->precision < 0 && c->zero && !c->left)
        zeros = c->width - prefixes - count;
    if (zeros < 0)
        zeros = 0;
    if (!c->left)
        pad(sink, c->width - prefixes - zeros - count, ' ');
    for (base = 0; (int)base < prefixes; base++)
        put(sink, prefix[base]);
    pad(sink, zeros, '0');
    if (c->left)
        zeros += prefixes + count;
    while (count > 0)
        put(sink, digits[--count]);
    if (c->left)
        pad(sink, c->width - zeros, ' ');
}

static const char *read_flags(const char *at, struct conversion *c)
{
    for (;; at++)
        switch (*at) {
        case '-': c->left = 1; break;
        case '+': c->plus = 1; break;
        case ' ': c->space = 1; break;
        case '#': c->alternate = 1; break;
        case '0': c->zero = 1; break;
        default: return at;
        }
}

/* `l` before a number is 32 bits, which is what it has anyway; before a string it is wide. */
static const char *read_size(const char *at, struct conversion *c)
{
    c->size = 4;
    for (;; at++)
        if (at[0] == 'I' && at[1] == '6' && at[2] == '4') {
            c->size = 8;
            at += 2;
        } else if (at[0] == 'I' && at[1] == '3' && at[2] == '2') {
            at += 2;
        } else if (at[0] == 'l' && at[1] == 'l') {
            c->size = 8;
            at++;
        } else if (*at == 'I' || *at == 'z' || *at == 't' || *at == 'j' || *at == 'L') {
            c->size = 8;
        } else if (*at == 'h') {
            if (c->size > 1)
                c->size /= 2;
            c->wide = -1;
        } else if (*at == 'l' || *at == 'w') {
            c->wide = 1;
        } else if (*at != 'F' && *at != 'N') {
            return at;
        }
}

static ULONGLONG cut(ULONGLONG value, int size, int is_signed)
{
    int bits = 64 - 8 * size;

    value <<= bits;
    return is_signed ? (ULONGLONG)((LONGLONG)value >> bits) : value >> bits;
}

static void put_counted(struct sink *sink, struct conversion *c, const UNICODE_STRING *string)
{
    int wide = c->wide > 0;

    if (string == NULL || string->Buffer == NULL)
        put_text(sink, c, "(null)", 6, 0);
    else
        put_text(sink, c, string->Buffer, wide ? string->Length / sizeof(WCHAR) : string->Length, wide);
}

int ndiswan_vformat(char *to, size_t size, const char *format, va_list arguments)
{
    struct sink sink = {to, size, 0};
    const char *at;

    for (at = format; *at != '\0'; at++) {
        struct conversion c = {0, 0, 0, 0, 0, 0, -1, 4, 0};
        ULONGLONG number;
        const void *text;
        char sign = 0;

        if (*at != '%') {
            put(&sink, *at);
            continue;
        }
        at = read_flags(at + 1, &c);
        if (*at == '*') {
            c.width = va_arg(arguments, int);
            if (c.width < 0) {
                c.left = 1;
                c.width = -c.width;
            }
            at++;
        } else
            while (*at >= '0' && *at <= '9')
                c.width = c.width * 10 + *at++ - '0';
        if (*at == '.') {
            c.precision = 0;
            if (*++at == '*') {
                c.precision = va_arg(arguments, int);
                at++;
            } else
                while (*at >= '0' && *at <= '9')
                    c.precision = c.precision * 10 + *at++ - '0';
        }
        at = read_size(at, &c);
        switch (*at) {
        case 'd': case 'i':
            number = cut(va_arg(arguments, ULONGLONG), c.size, 1);
            sign = (LONGLONG)number < 0 ? '-' : c.plus ? '+' : c.space ? ' ' : 0;
            put_number(&sink, &c, (LONGLONG)number < 0 ? 0 - number : number, 10, 0, sign);
            break;
        case 'u': case 'x': case 'X': case 'o':
            number = cut(va_arg(arguments, ULONGLONG), c.size, 0);
            put_number(&sink, &c, number, *at == 'u' ? 10 : *at == 'o' ? 8 : 16, *at == 'X', 0);
            break;
        case 'p':
            c.precision = 16;
            put_number(&sink, &c, va_arg(arguments, ULONGLONG), 16, 1, 0);
            break;
        case 'c': case 'C': {
            WCHAR character = (WCHAR)va_arg(arguments, int);

            c.precision = -1;
            put_text(&sink, &c, &character, 1, c.wide > 0 || (*at == 'C' && c.wide == 0));
            break;
        }
        case 's': case 'S':
            text = va_arg(arguments, const void *);
            if (*at == 'S' && c.wide == 0)
                c.wide = 1;
            if (text == NULL) {
                text = "(null)";
                c.wide = 0;
            }
            put_text(&sink, &c, text, length_of(text, c.wide > 0, c.precision), c.wide > 0);
            break;
        case 'Z':
            put_counted(&sink, &c, va_arg(arguments, const UNICODE_STRING *));
            break;
        case '\0':
            at--;
            break;
        default:
            put(&sink, *at);
        }
    }
    if (size > 0)
        to[sink.length < size ? sink.length : size - 1] = '\0';
    return (int)sink.length;
}
