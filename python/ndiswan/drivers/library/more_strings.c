/* Strings that few drivers need: prefixes, appended ones, between two code pages; and the rest of the C library of Windows. */
#include "library.h"

LIBRARY BOOLEAN RtlPrefixString(const STRING *prefix, const STRING *string, BOOLEAN ignore_case)
{
    STRING start = *string;

    AT_MOST(PASSIVE_LEVEL);
    start.Length = prefix->Length;
    return prefix->Length <= string->Length && ndiswan_compare(prefix, &start, ignore_case) == 0;
}

LIBRARY BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING prefix, PCUNICODE_STRING string, BOOLEAN ignore_case)
{
    UNICODE_STRING start = *string;

    AT_MOST(PASSIVE_LEVEL);
    start.Length = prefix->Length;
    return prefix->Length <= string->Length && ndiswan_compare_wide(prefix, &start, ignore_case) == 0;
}

LIBRARY NTSTATUS RtlAppendStringToString(PSTRING to, const STRING *from)
{
    if (to->Length + from->Length > to->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove(to->Buffer + to->Length, from->Buffer, from->Length);
    to->Length = (USHORT)(to->Length + from->Length);
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlAppendAsciizToString(PSTRING to, PCSZ from)
{
    STRING counted;

    RtlInitString(&counted, from);
    return RtlAppendStringToString(to, &counted);
}

LIBRARY WCHAR RtlDowncaseUnicodeChar(WCHAR c)
{
    return c >= 'A' && c <= 'Z' ? (WCHAR)(c + 0x20) : (c >= 0xC0 && c <= 0xDE && c != 0xD7) ? (WCHAR)(c + 0x20) : c;
}

LIBRARY NTSTATUS RtlUnicodeToMultiByteN(PCHAR to, ULONG room, PULONG made, PWSTR from, ULONG bytes)
{
    ULONG i, count = min(room, bytes / (ULONG)sizeof(WCHAR));

    for (i = 0; i < count; i++)
        to[i] = (CHAR)(from[i] < 0x100 ? from[i] : '?');
    if (made != NULL)
        *made = count;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlMultiByteToUnicodeN(PWSTR to, ULONG room, PULONG made, PCHAR from, ULONG bytes)
{
    ULONG i, count = min(room / (ULONG)sizeof(WCHAR), bytes);

    for (i = 0; i < count; i++)
        to[i] = (UCHAR)from[i];
    if (made != NULL)
        *made = count * (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

/* The C library's own keeps its state where an execution that is run again does not find it. */
static char *rest_of_tokens;
static ULONG luck = 1;

LIBRARY char *ndiswan_strtok(char *text, const char *between)
{
    char *first = text != NULL ? text : rest_of_tokens;

    if (first == NULL)
        return NULL;
    first += strspn(first, between);
    if (*first == '\0') {
        rest_of_tokens = NULL;
        return NULL;
    }
    rest_of_tokens = first + strcspn(first, between);
    if (*rest_of_tokens != '\0')
        *rest_of_tokens++ = '\0';
    return first;
}

LIBRARY void ndiswan_srand(unsigned seed) { luck = seed; }

LIBRARY int ndiswan_rand(void)
{
    luck = luck * 214013 + 2531011;
    return (int)(luck >> 16 & 0x7fff);
}

LIBRARY int ndiswan_memicmp(const void *a, const void *b, size_t length)
{
    const char *x = a, *y = b;

    for (; length > 0; x++, y++, length--) {
        int differ = (UCHAR)RtlUpperChar(*x) - (UCHAR)RtlUpperChar(*y);

        if (differ != 0)
            return differ;
    }
    return 0;
}

LIBRARY char *ndiswan_strset(char *text, int value) { return memset(text, value, strlen(text)); }

LIBRARY char *ndiswan_strnset(char *text, int value, size_t length)
{
    size_t whole = strlen(text);

    return memset(text, value, min(whole, length));
}

LIBRARY char *ndiswan_strrev(char *text)
{
    char *a = text, *b = text + strlen(text), kept;

    while (a < b) {
        kept = *a;
        *a++ = *--b;
        *b = kept;
    }
    return text;
}

LIBRARY WCHAR *ndiswan_wcsstr(const WCHAR *text, const WCHAR *part)
{
    size_t length = ndiswan_wcslen(part);

    for (;; text++) {
        if (ndiswan_wcsncmp(text, part, length) == 0)
            return (WCHAR *)text;
        if (*text == 0)
            return NULL;
    }
}

LIBRARY WCHAR *ndiswan_wcsncat(WCHAR *to, const WCHAR *from, size_t length)
{
    WCHAR *end = to + ndiswan_wcslen(to);

    for (; length > 0 && *from != 0; length--)
        *end++ = *from++;
    *end = 0;
    return to;
}

LIBRARY WCHAR *ndiswan_wcsupr(WCHAR *text)
{
    WCHAR *at;

    for (at = text; *at != 0; at++)
        *at = RtlUpcaseUnicodeChar(*at);
    return text;
}

LIBRARY WCHAR *ndiswan_wcslwr(WCHAR *text)
{
    WCHAR *at;

    for (at = text; *at != 0; at++)
        *at = RtlDowncaseUnicodeChar(*at);
    return text;
}

LIBRARY size_t ndiswan_mbstowcs(WCHAR *to, const char *from, size_t count)
{
    size_t i;

    for (i = 0; to == NULL ? from[i] != '\0' : i < count; i++) {
        if (to != NULL)
            to[i] = (UCHAR)from[i];
        if (from[i] == '\0')
            break;
    }
    return i;
}

LIBRARY size_t ndiswan_wcstombs(char *to, const WCHAR *from, size_t count)
{
    size_t i;

    for (i = 0; to == NULL ? from[i] != 0 : i < count; i++) {
        if (to != NULL)
            to[i] = (char)(from[i] < 0x100 ? from[i] : '?');
        if (from[i] == 0)
            break;
    }
    return i;
}

LIBRARY ULONG ndiswan_wcstoul(const WCHAR *text, WCHAR **end, int base)
{
    char narrow[68], *stopped;
    size_t i;
    ULONG value;

    for (i = 0; i < sizeof(narrow) - 1 && text[i] != 0; i++)
        narrow[i] = (char)(text[i] < 0x80 ? text[i] : '?');
    narrow[i] = '\0';
    value = ndiswan_strtoul(narrow, &stopped, base);
    if (end != NULL)
        *end = (WCHAR *)text + (stopped - narrow);
    return value;
}

LIBRARY LONG ndiswan_wcstol(const WCHAR *text, WCHAR **end, int base) { return (LONG)ndiswan_wcstoul(text, end, base); }
LIBRARY LONG ndiswan_wtoi(const WCHAR *text) { return ndiswan_wcstol(text, NULL, 10); }
