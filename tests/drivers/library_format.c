/* Formatting as Windows means it. */
#include "engine.h"

#define FORMATS(wanted, ...) (sprintf(text, __VA_ARGS__), TEXT_IS(text, wanted))

static char text[512];

static void numbers(void)
{
    FORMATS("4294967295 -1 ffffffff", "%lu %ld %lx", 0xffffffffffffffffUL, 0xffffffffUL, 0x1ffffffffUL);
    FORMATS("-9223372036854775808 FFFFFFFFFFFFFFFF", "%I64d %I64X", (LONGLONG)1 << 63, ~0ULL);
    FORMATS("123456789012", "%lld", 123456789012LL);
    FORMATS("ffff -1 -1", "%hx %hd %hhd", 0x1ffff, 0xffff, 0xff);
    FORMATS("00ab|0xab|   ab|ab   |", "%04x|%#x|%5x|%-5x|", 0xab, 0xab, 0xab, 0xab);
    FORMATS("+5| 5|005|-05|  005", "%+d|% d|%.3d|%03d|%*.*d", 5, 5, 5, -5, 5, 3, 5);
    FORMATS("017 0", "%#o %d", 15, 0);
    FORMATS("0000000000001234", "%p", (void *)0x1234);
    FORMATS("1 2 3 4 5 6 7 8", "%d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8);
    FORMATS("100%", "%d%%", 100);
}

static void strings(void)
{
    UNICODE_STRING wide = NDIS_STRING_CONST("wide");
    ANSI_STRING narrow = RTL_CONSTANT_STRING("narrow");

    FORMATS("a b c", "%s %c %s", "a", 'b', "c");
    FORMATS("wide wide wide", "%ws %S %ls", L"wide", L"wide", L"wide");
    FORMATS("narrow narrow", "%hs %hS", "narrow", "narrow");
    FORMATS("wide narrow", "%wZ %Z", &wide, &narrow);
    FORMATS("ab|   ab|ab   |", "%.2s|%5.2s|%-5.2s|", "abc", "abc", "abc");
    FORMATS("(null) (null)", "%s %wZ", (char *)NULL, (void *)NULL);
    FORMATS("w", "%wc", L'w');
}

static void limits(void)
{
    WCHAR out[16];

    memset(text, 'x', 8);
    IS(_snprintf(text, 4, "%s", "abc"), 3);
    TEXT_IS(text, "abc");
    IS(_snprintf(text, 3, "%s", "xyz"), 3);
    IS(text[3], 0);
    IS(_snprintf(text, 2, "%s", "123"), -1);
    IS(text[1], '2');
    IS(text[2], 'z');
    IS(swprintf(out, L"%s-%S-%d", L"ab", "cd", 5), 7);
    IS(wcscmp(out, L"ab-cd-5"), 0);
    DbgPrint("%s: %lx\n", "driver", 0x10UL);
    TEXT_IS(printed, "driver: 10\n");
}

int main(void)
{
    start();
    numbers();
    strings();
    limits();
    return failures != 0;
}
