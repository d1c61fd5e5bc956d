/* Strings that end in a zero: wide ones, and what the C library of Windows has beside that of Linux. */
#include "library.h"

static WCHAR upper(WCHAR c)
{
    return c >= 'a' && c <= 'z' ? (WCHAR)(c - 0x20) : (c >= 0xE0 && c <= 0xFE && c != 0xF7) ? (WCHAR)(c - 0x20) : c;
}

LIBRARY WCHAR RtlUpcaseUnicodeChar(WCHAR c)
{
    return upper(c);
}

LIBRARY CHAR RtlUpperChar(CHAR c)
{
    return c >= 'a' && c <= 'z' ? (CHAR)(c - 0x20) : c;
}

LIBRARY size_t ndiswan_wcslen(const WCHAR *text)
{
    size_t length = 0;

    while (text[length] != 0)
        length++;
    return length;
}

LIBRARY WCHAR *ndiswan_wcscpy(WCHAR *to, const WCHAR *from)
{
    memcpy(to, from, (ndiswan_wcslen(from) + 1) * sizeof(WCHAR));
    return to;
}

LIBRARY WCHAR *ndiswan_wcsncpy(WCHAR *to, const WCHAR *from, size_t length)
{
    size_t i;

    for (i = 0; i < length && from[i] != 0; i++)
        to[i] = from[i];
    for (; i < length; i++)
        to[i] = 0;
    return to;
}

LIBRARY WCHAR *ndiswan_wcscat(WCHAR *to, const WCHAR *from)
{
    ndiswan_wcscpy(to + ndiswan_wcslen(to), from);
    return to;
}

static int compare_wide(const WCHAR *a, const WCHAR *b, size_t length, int ignore_case)
{
    for (; length > 0; a++, b++, length--) {
        WCHAR x = ignore_case ? upper(*a) : *a, y = ignore_case ? upper(*b) : *b;

        if (x != y || x == 0)
            return (int)x - (int)y;
    }
    return 0;
}

LIBRARY int ndiswan_wcscmp(const WCHAR *a, const WCHAR *b)
{
    return compare_wide(a, b, (size_t)-1, 0);
}

LIBRARY int ndiswan_wcsncmp(const WCHAR *a, const WCHAR *b, size_t length)
{
    return compare_wide(a, b, length, 0);
}

LIBRARY int ndiswan_wcsicmp(const WCHAR *a, const WCHAR *b)
{
    return compare_wide(a, b, (size_t)-1, 1);
}

LIBRARY int ndiswan_wcsnicmp(const WCHAR *a, const WCHAR *b, size_t length)
{
    return compare_wide(a, b, length, 1);
}

LIBRARY WCHAR *ndiswan_wcschr(const WCHAR *text, WCHAR value)
{
    for (; *text != value; text++)
        if (*text == 0)
            return NULL;
    return (WCHAR *)text;
}

LIBRARY WCHAR *ndiswan_wcsrchr(const WCHAR *text, WCHAR value)
{
    const WCHAR *found = NULL;

    do
        if (*text == value)
            found = text;
    while (*text++ != 0);
    return (WCHAR *)found;
}

LIBRARY int ndiswan_strnicmp(const char *a, const char *b, size_t length)
{
    for (; length > 0; a++, b++, length--) {
        int x = (UCHAR)RtlUpperChar(*a), y = (UCHAR)RtlUpperChar(*b);

        if (x != y || x == 0)
            return x - y;
    }
    return 0;
}

LIBRARY int ndiswan_stricmp(const char *a, const char *b)
{
    return ndiswan_strnicmp(a, b, (size_t)-1);
}

LIBRARY char *ndiswan_strupr(char *text)
{
    char *at;

    for (at = text; *at != '\0'; at++)
        *at = RtlUpperChar(*at);
    return text;
}

LIBRARY char *ndiswan_strlwr(char *text)
{
    char *at;

    for (at = text; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 0x20);
    return text;
}

LIBRARY char *ndiswan_ultoa(ULONG value, char *to, int radix)
{
    char digits[33];
    int count = 0, i = 0;

    do
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (ULONG)radix];
    while ((value /= (ULONG)radix) != 0);
    while (count > 0)
        to[i++] = digits[--count];
    to[i] = '\0';
    return to;
}

/* Only base 10 has a sign. */
LIBRARY char *ndiswan_itoa(int value, char *to, int radix)
{
    if (radix == 10 && value < 0) {
        *to = '-';
        ndiswan_ultoa(0 - (ULONG)value, to + 1, radix);
        return to;
    }
    return ndiswan_ultoa((ULONG)value, to, radix);
}

static int digit(char c)
{
    c = RtlUpperChar(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

LIBRARY ULONG ndiswan_strtoul(const char *text, char **end, int base)
{
    const char *at = text, *first;
    int minus = 0, over = 0;
    ULONGLONG value = 0;

    while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
        at++;
    if (*at == '+' || *at == '-')
        minus = *at++ == '-';
    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x' && digit(at[2]) < 16) {
        at += 2;
        base = 16;
    }
    if (base == 0)
        base = *at == '0' ? 8 : 10;
    for (first = at; digit(*at) < base; at++) {
        value = value * (ULONGLONG)base + (ULONGLONG)digit(*at);
        over |= value > MAXULONG;
        value = over ? MAXULONG : value;
    }
    if (end != NULL)
        *end = (char *)(at == first ? text : at);
    return over || !minus ? (ULONG)value : 0 - (ULONG)value;
}

LIBRARY LONG ndiswan_strtol(const char *text, char **end, int base)
{
    const char *at = text;
    ULONG value;
    int minus;

    while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
        at++;
    minus = *at == '-';
    value = ndiswan_strtoul(text, end, base);
    if (minus)
        return value == MAXULONG || (0 - value) > 0x80000000u ? (LONG)0x80000000u : (LONG)value;
    return value > MAXLONG ? MAXLONG : (LONG)value;
}

LIBRARY LONG ndiswan_atol(const char *text)
{
    return ndiswan_strtol(text, NULL, 10);
}
