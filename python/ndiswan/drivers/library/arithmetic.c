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

LIBRARY LARGE_INTEGER RtlLargeIntegerShiftLeft(LARGE_INTEGER a, CCHAR bits) { return large((LONGLONG)((ULONGLONG)a.QuadPart << (bits & 63))); }
LIBRARY LARGE_INTEGER RtlLargeIntegerShiftRight(LARGE_INTEGER a, CCHAR bits) { return large((LONGLONG)((ULONGLONG)a.QuadPart >> (bits & 63))); }
LIBRARY LARGE_INTEGER RtlLargeIntegerArithmeticShift(LARGE_INTEGER a, CCHAR bits) { return large(a.QuadPart >> (bits & 63)); }

/* The upper half of a product, which is how one divided by a constant. */
LIBRARY LARGE_INTEGER RtlExtendedMagicDivide(LARGE_INTEGER a, LARGE_INTEGER magic, CCHAR shift)
{
    ULONGLONG value = a.QuadPart < 0 ? 0 - (ULONGLONG)a.QuadPart : (ULONGLONG)a.QuadPart;
    ULONGLONG upper = (ULONGLONG)((unsigned __int128)value * (ULONGLONG)magic.QuadPart >> 64) >> (shift & 63);

    return large((LONGLONG)(a.QuadPart < 0 ? 0 - upper : upper));
}

LIBRARY ULONG RtlEnlargedUnsignedDivide(ULARGE_INTEGER a, ULONG b, PULONG remainder)
{
    if (remainder != NULL)
        *remainder = (ULONG)(a.QuadPart % b);
    return (ULONG)(a.QuadPart / b);
}

static INTERLOCKED_RESULT sign(LONG value) { return value == 0 ? ResultZero : value < 0 ? ResultNegative : ResultPositive; }

LIBRARY INTERLOCKED_RESULT ExInterlockedIncrementLong(PLONG value, PKSPIN_LOCK lock)
{
    (void)lock;
    return sign(InterlockedIncrement(value));
}

LIBRARY INTERLOCKED_RESULT ExInterlockedDecrementLong(PLONG value, PKSPIN_LOCK lock)
{
    (void)lock;
    return sign(InterlockedDecrement(value));
}

LIBRARY SIZE_T RtlCompareMemoryUlong(PVOID memory, SIZE_T length, ULONG pattern)
{
    SIZE_T i = 0;

    while (i < length / 4 && ((PULONG)memory)[i] == pattern)
        i++;
    return i * 4;
}

LIBRARY void RtlFillMemoryUlong(PVOID memory, SIZE_T length, ULONG pattern)
{
    SIZE_T i;

    for (i = 0; i < length / 4; i++)
        ((PULONG)memory)[i] = pattern;
}

LIBRARY SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T length)
{
    SIZE_T i = 0;

    while (i < length && ((const UCHAR *)a)[i] == ((const UCHAR *)b)[i])
        i++;
    return i;
}
