/* Dates: 100 ns since 1601, as NdisGetCurrentSystemTime counts them. Local time is the system's. */
#include "library.h"

#define SECOND 10000000LL
#define DAY (86400 * SECOND)
#define FROM_1601_TO_1970 11644473600LL

static int leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int days_of(int year, int month)
{
    static const UCHAR days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && leap(year));
}

/* The days from the first of 1601 to that of a year. */
static LONGLONG days_before(int year)
{
    LONGLONG years = year - 1601;

    return years * 365 + years / 4 - years / 100 + years / 400;
}

LIBRARY void RtlTimeToTimeFields(PLARGE_INTEGER time, TIME_FIELDS *fields)
{
    LONGLONG days = time->QuadPart / DAY, rest = time->QuadPart % DAY;
    int year = 1601 + (int)(days / 366), month = 1;

    fields->Weekday = (CSHORT)((days + 1) % 7);
    while (days_before(year + 1) <= days)
        year++;
    days -= days_before(year);
    for (; days >= days_of(year, month); month++)
        days -= days_of(year, month);
    fields->Year = (CSHORT)year;
    fields->Month = (CSHORT)month;
    fields->Day = (CSHORT)(days + 1);
    fields->Hour = (CSHORT)(rest / (3600 * SECOND));
    fields->Minute = (CSHORT)(rest / (60 * SECOND) % 60);
    fields->Second = (CSHORT)(rest / SECOND % 60);
    fields->Milliseconds = (CSHORT)(rest / 10000 % 1000);
}

LIBRARY BOOLEAN RtlTimeFieldsToTime(PTIME_FIELDS f, PLARGE_INTEGER time)
{
    LONGLONG days;
    int month;

    if (f->Year < 1601 || f->Month < 1 || f->Month > 12 || f->Day < 1 || f->Day > days_of(f->Year, f->Month) || f->Hour < 0 || f->Hour > 23
        || f->Minute < 0 || f->Minute > 59 || f->Second < 0 || f->Second > 59 || f->Milliseconds < 0 || f->Milliseconds > 999)
        return FALSE;
    days = days_before(f->Year) + f->Day - 1;
    for (month = 1; month < f->Month; month++)
        days += days_of(f->Year, month);
    time->QuadPart = days * DAY + (f->Hour * 3600LL + f->Minute * 60 + f->Second) * SECOND + f->Milliseconds * 10000LL;
    return TRUE;
}

LIBRARY BOOLEAN RtlTimeToSecondsSince1970(PLARGE_INTEGER time, PULONG seconds)
{
    LONGLONG since = time->QuadPart / SECOND - FROM_1601_TO_1970;

    if (since < 0 || since > MAXULONG)
        return FALSE;
    *seconds = (ULONG)since;
    return TRUE;
}

LIBRARY void RtlSecondsSince1970ToTime(ULONG seconds, PLARGE_INTEGER time)
{
    time->QuadPart = (seconds + FROM_1601_TO_1970) * SECOND;
}

LIBRARY void ExSystemTimeToLocalTime(PLARGE_INTEGER system, PLARGE_INTEGER local) { *local = *system; }
LIBRARY void ExLocalTimeToSystemTime(PLARGE_INTEGER local, PLARGE_INTEGER system) { *system = *local; }
