/* Strings: wide, counted, and the C library's. */
#include "engine.h"

static void characters(void)
{
    WCHAR out[16];
    char digits[40], *end;

    IS(sizeof(WCHAR), 2);
    IS(wcslen(L"four"), 4);
    IS(wcscmp(wcscat(wcscpy(out, L"ab"), L"cd"), L"abcd"), 0);
    IS(wcscmp(L"a", L"b") < 0, 1);
    IS(_wcsicmp(L"AbC", L"aBc"), 0);
    IS(wcsncmp(L"abX", L"abY", 2), 0);
    IS(wcschr(L"abc", L'b')[1], L'c');
    IS(wcschr(L"abc", L'z') == NULL, 1);
    IS(_stricmp("ABC", "abc"), 0);
    IS(_strnicmp("ABCx", "abcy", 3), 0);
    TEXT_IS(_itoa(-12, digits, 10), "-12");
    TEXT_IS(_itoa(-1, digits, 16), "ffffffff");
    TEXT_IS(_ultoa(4294967295u, digits, 2), "11111111111111111111111111111111");
    IS(strtoul(" 0x1Fz", &end, 16), 0x1f);
    IS(*end, 'z');
    IS(strtoul("99999999999", NULL, 10), 4294967295u);
    IS(strtol("-2147483648", NULL, 10), -2147483647 - 1);
    IS(strtoul("017", NULL, 0), 15);
    TEXT_IS(_strupr(strcpy(digits, "aBc1")), "ABC1");
}

static void counted(void)
{
    NDIS_STRING a, b;
    NDIS_ANSI_STRING narrow;
    WCHAR wide[8];
    char text[8];
    ULONG value;

    NdisInitUnicodeString(&a, L"Port");
    IS(a.Length, 8);
    IS(a.MaximumLength, 10);
    NdisInitUnicodeString(&b, L"pORT");
    IS(NdisEqualString(&a, &b, FALSE), FALSE);
    IS(NdisEqualString(&a, &b, TRUE), TRUE);
    b.Buffer = wide;
    b.MaximumLength = 6;
    RtlCopyUnicodeString(&b, &a);
    IS(b.Length, 6);
    IS(RtlAppendUnicodeToString(&b, L"x"), STATUS_BUFFER_TOO_SMALL);
    b.MaximumLength = sizeof wide;
    IS(RtlAppendUnicodeToString(&b, L"x"), STATUS_SUCCESS);
    IS(wcscmp(wide, L"Porx"), 0);
    narrow.Buffer = text;
    narrow.MaximumLength = sizeof text;
    IS(NdisUnicodeStringToAnsiString(&narrow, &a), NDIS_STATUS_SUCCESS);
    TEXT_IS(text, "Port");
    narrow.MaximumLength = 3;
    IS(NdisUnicodeStringToAnsiString(&narrow, &a), NDIS_STATUS_FAILURE);
    NdisInitAnsiString(&narrow, "eth0");
    IS(RtlAnsiStringToUnicodeString(&b, &narrow, TRUE), STATUS_SUCCESS);
    IS(wcscmp(b.Buffer, L"eth0"), 0);
    IS(NdisUpcaseUnicodeString(&b, &b), NDIS_STATUS_SUCCESS);
    IS(wcscmp(b.Buffer, L"ETH0"), 0);
    NdisFreeString(b);
    IS(allocated, 0);
    NdisInitUnicodeString(&a, L"0x2F8");
    IS(RtlUnicodeStringToInteger(&a, 0, &value), STATUS_SUCCESS);
    IS(value, 0x2f8);
    a.Buffer = wide;
    a.MaximumLength = sizeof wide;
    IS(RtlIntegerToUnicodeString(760, 16, &a), STATUS_SUCCESS);
    IS(wcscmp(wide, L"2F8"), 0);
}

int main(void)
{
    start();
    characters();
    counted();
    return failures != 0;
}
