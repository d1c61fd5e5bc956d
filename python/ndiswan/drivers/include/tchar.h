/* <tchar.h>: texts that are of either width; those of a driver are not, so they are narrow. */
#ifndef NDISWAN_TCHAR_H
#define NDISWAN_TCHAR_H

#include "ndiswan_crt.h"

typedef char TCHAR, *PTCHAR, *PTSTR, *LPTSTR;
typedef const char *PCTSTR, *LPCTSTR;
#define _T(text) text
#define TEXT(text) text

#endif
