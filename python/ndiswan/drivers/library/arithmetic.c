/* Arithmetic on large integers, from the time when a compiler had none; and the comparison of memory. */
#include "library.h"

static LARGE_INTEGER large(LONGLONG value)
{
    LARGE_INTEGER made;

    made.QuadPart = value;
    return made;
}

LIBRARY LARGE_INTEGER RtlConvertLongToLargeInteger(LONG value) { return large(value); }
LIBRARY LARGE_INTEGER RtlConvertUlongToLargeInteger(ULONG value) { return large(value); }
LIBRARY LARGE_INTEGER RtlLargeIntegerAdd(LARGE_INTEGER a, LARGE_INTEGER b) { return large(a.QuadPart + b.QuadPart); }
LIBRARY LARGE_INTEGER RtlLargeIntegerSubtract(LARGE_INTEGER a, LARGE_INTEGER b) { return large(a.QuadPart - b.QuadPart); }
LIBRARY LARGE_INTEGER RtlLargeIntegerNegate(LARGE_INTEGER a) { return large(-a.QuadPart); }
LIBRARY LARGE_INTEGER RtlEnlargedIntegerMultiply(LONG a, LONG b) { return large((LONGLONG)a * b); }
LIBRARY LARGE_INTEGER RtlEnlargedUnsignedMultiply(ULONG a, ULONG b) { return large((LONGLONG)((ULONGLONG)a * b)); }
LIBRARY LARGE_INTEGER RtlExtendedIntegerMultiply(LARGE_INTEGER a, LONG b) { return large(a.QuadPart * b); }

LIBRARY LARGE_INTEGER RtlExtendedLargeIntegerDivide(LARGE_INTEGER a, ULONG b, PULONG remainder)
{
    if (remainder != NULL)
        *remainder = (ULONG)((ULONGLONG)a.QuadPart % b);
    return large((LONGLONG)((ULONGLONG)a.QuadPart / b));
}

LIBRARY LARGE_INTEGER RtlLargeIntegerDivide(LARGE_INTEGER a, LARGE_INTEGER b, PLARGE_INTEGER remainder)
{
    if (remainder != NULL)
        remainder->QuadPart = a.QuadPart % b.QuadPart;
    return large(a.QuadPart / b.QuadPart);
}

LIBRARY SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T length)
{
    SIZE_T i = 0;

    while (i < length && ((const UCHAR *)a)[i] == ((const UCHAR *)b)[i])
        i++;
    return i;
}
