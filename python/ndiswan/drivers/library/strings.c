/* Counted strings. What a conversion allocates, NdisFreeMemory or RtlFree...String gives back. */
#include "library.h"

enum { TAG = 0x52545320 };

LIBRARY void RtlInitString(PSTRING to, PCSZ from)
{
    size_t length = from == NULL ? 0 : strlen(from);

    to->Length = (USHORT)length;
    to->MaximumLength = (USHORT)(from == NULL ? 0 : length + 1);
    to->Buffer = (PCHAR)from;
}

LIBRARY void RtlInitAnsiString(PANSI_STRING to, PCSZ from)
{
    RtlInitString(to, from);
}

LIBRARY void NdisInitAnsiString(PNDIS_ANSI_STRING to, PCSTR from)
{
    RtlInitString(to, from);
}

LIBRARY void RtlInitUnicodeString(PUNICODE_STRING to, PCWSTR from)
{
    size_t length = from == NULL ? 0 : ndiswan_wcslen(from) * sizeof(WCHAR);

    to->Length = (USHORT)length;
    to->MaximumLength = (USHORT)(from == NULL ? 0 : length + sizeof(WCHAR));
    to->Buffer = (PWSTR)from;
}

LIBRARY void NdisInitUnicodeString(PNDIS_STRING to, PCWSTR from)
{
    RtlInitUnicodeString(to, from);
}

LIBRARY void RtlCopyString(PSTRING to, const STRING *from)
{
    to->Length = from == NULL ? 0 : min(from->Length, to->MaximumLength);
    if (from != NULL)
        memcpy(to->Buffer, from->Buffer, to->Length);
}

LIBRARY void RtlCopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
    to->Length = from == NULL ? 0 : min(from->Length, to->MaximumLength);
    if (from == NULL)
        return;
    memcpy(to->Buffer, from->Buffer, to->Length);
    if (to->Length + sizeof(WCHAR) <= to->MaximumLength)
        to->Buffer[to->Length / sizeof(WCHAR)] = 0;
}

LIBRARY NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
    if (to->Length + from->Length > to->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove((PCHAR)to->Buffer + to->Length, from->Buffer, from->Length);
    to->Length = (USHORT)(to->Length + from->Length);
    if (to->Length + sizeof(WCHAR) <= to->MaximumLength)
        to->Buffer[to->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING to, PCWSTR from)
{
    UNICODE_STRING counted;

    RtlInitUnicodeString(&counted, from);
    return RtlAppendUnicodeStringToString(to, &counted);
}

LONG ndiswan_compare(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    USHORT i;

    for (i = 0; i < a->Length && i < b->Length; i++) {
        UCHAR x = (UCHAR)a->Buffer[i], y = (UCHAR)b->Buffer[i];

        if (ignore_case) {
            x = (UCHAR)RtlUpperChar((CHAR)x);
            y = (UCHAR)RtlUpperChar((CHAR)y);
        }
        if (x != y)
            return x - y;
    }
    return a->Length - b->Length;
}

LIBRARY LONG RtlCompareString(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare(a, b, ignore_case);
}

LIBRARY BOOLEAN RtlEqualString(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare(a, b, ignore_case) == 0;
}

LIBRARY BOOLEAN NdisEqualAnsiString(PNDIS_ANSI_STRING a, PNDIS_ANSI_STRING b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare(a, b, ignore_case) == 0;
}

LONG ndiswan_compare_wide(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case)
{
    USHORT i;

    for (i = 0; i < a->Length / sizeof(WCHAR) && i < b->Length / sizeof(WCHAR); i++) {
        WCHAR x = a->Buffer[i], y = b->Buffer[i];

        if (ignore_case) {
            x = RtlUpcaseUnicodeChar(x);
            y = RtlUpcaseUnicodeChar(y);
        }
        if (x != y)
            return (LONG)x - (LONG)y;
    }
    return a->Length - b->Length;
}

LIBRARY LONG RtlCompareUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare_wide(a, b, ignore_case);
}

LIBRARY BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare_wide(a, b, ignore_case) == 0;
}

LIBRARY BOOLEAN NdisEqualUnicodeString(PNDIS_STRING a, PNDIS_STRING b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare_wide(a, b, ignore_case) == 0;
}

LIBRARY BOOLEAN NdisEqualString(PNDIS_STRING a, PNDIS_STRING b, BOOLEAN ignore_case)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndiswan_compare_wide(a, b, ignore_case) == 0;
}

LIBRARY ULONG RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING from)
{
    return from->Length / (ULONG)sizeof(WCHAR) + 1;
}

LIBRARY ULONG RtlxAnsiStringToUnicodeSize(PCANSI_STRING from)
{
    return (from->Length + 1u) * (ULONG)sizeof(WCHAR);
}

/* Room for `needed` bytes in a string that is allocated here or was brought. */
static NTSTATUS make_room(PVOID *buffer, PUSHORT maximum, ULONG needed, BOOLEAN allocate)
{
    if (needed > MAXUSHORT)
        return STATUS_INVALID_PARAMETER;
    if (!allocate)
        return needed > *maximum ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    if (NdisAllocateMemoryWithTag(buffer, needed, TAG) != NDIS_STATUS_SUCCESS)
        return STATUS_NO_MEMORY;
    *maximum = (USHORT)needed;
    return STATUS_SUCCESS;
}

static NTSTATUS widen(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN allocate)
{
    NTSTATUS status = make_room((PVOID *)&to->Buffer, &to->MaximumLength, RtlxAnsiStringToUnicodeSize(from), allocate);
    USHORT i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < from->Length; i++)
        to->Buffer[i] = (WCHAR)(UCHAR)from->Buffer[i];
    to->Buffer[i] = 0;
    to->Length = (USHORT)(i * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN allocate)
{
    AT_MOST(PASSIVE_LEVEL);
    return widen(to, from, allocate);
}

static NTSTATUS narrow(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
    NTSTATUS status = make_room((PVOID *)&to->Buffer, &to->MaximumLength, RtlxUnicodeStringToAnsiSize(from), allocate);
    USHORT i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < from->Length / sizeof(WCHAR); i++)
        to->Buffer[i] = from->Buffer[i] < 0x100 ? (CHAR)from->Buffer[i] : '?';
    to->Buffer[i] = '\0';
    to->Length = i;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
    AT_MOST(PASSIVE_LEVEL);
    return narrow(to, from, allocate);
}

static NTSTATUS upcase(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
    NTSTATUS status = make_room((PVOID *)&to->Buffer, &to->MaximumLength, from->Length, allocate);
    USHORT i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < from->Length / sizeof(WCHAR); i++)
        to->Buffer[i] = RtlUpcaseUnicodeChar(from->Buffer[i]);
    to->Length = from->Length;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
    AT_MOST(APC_LEVEL);
    return upcase(to, from, allocate);
}

LIBRARY void RtlUpperString(PSTRING to, const STRING *from)
{
    USHORT i;

    AT_MOST(APC_LEVEL);
    to->Length = min(from->Length, to->MaximumLength);
    for (i = 0; i < to->Length; i++)
        to->Buffer[i] = RtlUpperChar(from->Buffer[i]);
}

static NDIS_STATUS ndis_status(NTSTATUS status)
{
    return NT_SUCCESS(status) ? NDIS_STATUS_SUCCESS : status == STATUS_NO_MEMORY ? NDIS_STATUS_RESOURCES : NDIS_STATUS_FAILURE;
}

LIBRARY NDIS_STATUS NdisAnsiStringToUnicodeString(PNDIS_STRING to, PNDIS_ANSI_STRING from)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndis_status(widen(to, from, FALSE));
}

LIBRARY NDIS_STATUS NdisUnicodeStringToAnsiString(PNDIS_ANSI_STRING to, PNDIS_STRING from)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndis_status(narrow(to, from, FALSE));
}

LIBRARY NDIS_STATUS NdisUpcaseUnicodeString(PNDIS_STRING to, PNDIS_STRING from)
{
    AT_MOST(PASSIVE_LEVEL);
    return ndis_status(upcase(to, from, FALSE));
}

LIBRARY void NdisInitializeString(PNDIS_STRING to, PUCHAR from)
{
    ANSI_STRING counted;

    AT_MOST(PASSIVE_LEVEL);
    RtlInitAnsiString(&counted, (PCSZ)from);
    widen(to, &counted, TRUE);
}

LIBRARY void RtlFreeUnicodeString(PUNICODE_STRING string)
{
    AT_MOST(APC_LEVEL);
    if (string->Buffer != NULL)
        NdisFreeMemory(string->Buffer, string->MaximumLength, 0);
    memset(string, 0, sizeof *string);
}

LIBRARY void RtlFreeAnsiString(PANSI_STRING string)
{
    AT_MOST(APC_LEVEL);
    if (string->Buffer != NULL)
        NdisFreeMemory(string->Buffer, string->MaximumLength, 0);
    memset(string, 0, sizeof *string);
}

LIBRARY NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING to)
{
    char digits[33];
    ANSI_STRING counted;

    AT_MOST(PASSIVE_LEVEL);
    base = base == 0 ? 10 : base;
    if (base != 2 && base != 8 && base != 10 && base != 16)
        return STATUS_INVALID_PARAMETER;
    RtlInitAnsiString(&counted, ndiswan_strupr(ndiswan_ultoa(value, digits, (int)base)));
    return widen(to, &counted, FALSE);
}

/* 0x, 0o and 0b say the base where none is given. */
static NTSTATUS number(PCSZ from, ULONG base, PULONG value)
{
    const char *at = from;
    int minus = 0;

    while (*at != '\0' && *at <= ' ')
        at++;
    if (*at == '+' || *at == '-')
        minus = *at++ == '-';
    if (base == 0) {
        base = 10;
        if (at[0] == '0' && (at[1] == 'x' || at[1] == 'o' || at[1] == 'b')) {
            base = at[1] == 'x' ? 16 : at[1] == 'o' ? 8 : 2;
            at += 2;
        }
    }
    if (base != 2 && base != 8 && base != 10 && base != 16)
        return STATUS_INVALID_PARAMETER;
    *value = ndiswan_strtoul(at, NULL, (int)base);
    if (minus)
        *value = 0 - *value;
    return STATUS_SUCCESS;
}

LIBRARY NTSTATUS RtlCharToInteger(PCSZ from, ULONG base, PULONG value)
{
    AT_MOST(PASSIVE_LEVEL);
    return number(from, base, value);
}

LIBRARY NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING from, ULONG base, PULONG value)
{
    char text[80];
    USHORT i;

    AT_MOST(PASSIVE_LEVEL);
    for (i = 0; i < from->Length / sizeof(WCHAR) && i + 1u < sizeof text; i++)
        text[i] = from->Buffer[i] < 0x80 ? (char)from->Buffer[i] : '?';
    text[i] = '\0';
    return number(text, base, value);
}
