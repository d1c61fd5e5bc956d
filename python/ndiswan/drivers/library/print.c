/* Who formats: the sprintf family into memory, DbgPrint and printf to the engine. */
#include "library.h"

/* As long as a line of the kernel debugger can be. */
enum { LINE = 1024 };

static int print(const char *format, va_list arguments)
{
    char line[LINE];
    int length = ndiswan_vformat(line, sizeof line, format, arguments);

    ndiswan_debug_print(line);
    return length;
}

LIBRARY ULONG DbgPrint(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    return 0;
}

LIBRARY ULONG DbgPrintEx(ULONG component, ULONG level, const char *format, ...)
{
    va_list arguments;

    (void)component;
    (void)level;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    return 0;
}

LIBRARY int ndiswan_printf(const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = print(format, arguments);
    va_end(arguments);
    return length;
}

LIBRARY int ndiswan_vsprintf(char *to, const char *format, va_list arguments)
{
    return ndiswan_vformat(to, (size_t)1 << 30, format, arguments);
}

/* What does not fit is -1, and a text that fits exactly has no end: that is how _vsnprintf is published. */
LIBRARY int ndiswan_vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    va_list again;
    int length;

    va_copy(again, arguments);
    length = ndiswan_vformat(NULL, 0, format, again);
    va_end(again);
    if ((size_t)length < size) {
        ndiswan_vformat(to, size, format, arguments);
        return length;
    }
    if (size > 0) {
        char whole[LINE];

        if ((size_t)length < sizeof whole) {
            ndiswan_vformat(whole, sizeof whole, format, arguments);
            memcpy(to, whole, size);
        } else
            ndiswan_vformat(to, size, format, arguments);
    }
    return (size_t)length == size ? length : -1;
}

LIBRARY int ndiswan_sprintf(char *to, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = ndiswan_vsprintf(to, format, arguments);
    va_end(arguments);
    return length;
}

LIBRARY int ndiswan_snprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = ndiswan_vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}

/* In a wide format %s is wide and %S is narrow, so each is turned into the other before the narrow formatter has it. */
static int wide_print(WCHAR *to, size_t size, const WCHAR *format, va_list arguments)
{
    char narrow[LINE], text[LINE];
    size_t i = 0, count;
    int length, converting = 0, sized = 0;

    for (; format[i] != 0 && i + 1 < sizeof narrow; i++) {
        char c = (char)format[i];

        if (!converting && c == '%') {
            converting = 1;
            sized = 0;
        } else if (converting) {
            sized |= c == 'h' || c == 'l' || c == 'w';
            if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c != 'h' && c != 'l' && c != 'w' && c != 'I') {
                if (!sized && (c == 's' || c == 'S' || c == 'c' || c == 'C'))
                    c ^= 0x20;
                converting = 0;
            } else if (c == '%')
                converting = 0;
        }
        narrow[i] = c;
    }
    narrow[i] = '\0';
    length = ndiswan_vformat(text, sizeof text, narrow, arguments);
    if (size == 0)
        return -1;
    for (count = 0; text[count] != '\0' && count + 1 < size; count++)
        to[count] = (WCHAR)(UCHAR)text[count];
    to[count] = 0;
    return (size_t)length < size ? length : -1;
}

LIBRARY int ndiswan_swprintf(WCHAR *to, const WCHAR *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = wide_print(to, LINE, format, arguments);
    va_end(arguments);
    return length;
}

LIBRARY int ndiswan_snwprintf(WCHAR *to, size_t size, const WCHAR *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = wide_print(to, size, format, arguments);
    va_end(arguments);
    return length;
}

LIBRARY void NdisWriteErrorLogEntry(NDIS_HANDLE adapter, NDIS_ERROR_CODE code, ULONG count, ...)
{
    ULONG values[32], i;
    va_list arguments;

    va_start(arguments, count);
    for (i = 0; i < count && i < 32; i++)
        values[i] = va_arg(arguments, ULONG);
    va_end(arguments);
    ndiswan_write_error_log(adapter, code, i, values);
}
