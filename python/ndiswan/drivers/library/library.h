/* What the files of the library share. They are linked with every driver, in the form that the driver is compiled for. */
#ifndef NDISWAN_LIBRARY_H
#define NDISWAN_LIBRARY_H

#ifndef NDIS_MINIPORT_DRIVER
#define NDIS_MINIPORT_DRIVER 1
#endif
#include "../include/ndis.h"
#include "../include/ndiswan.h"
#include <stdint.h>

/* A driver may bring a function of the same name; then its own is the one that is called. */
#define LIBRARY __attribute__((weak))

/* What stands on the function's page of the level that it may be called at. */
#define AT_MOST(level) ndiswan_expect_level(__func__, level)

extern void ndiswan_leave_lists(void);
extern LONG ndiswan_compare(const STRING *a, const STRING *b, BOOLEAN ignore_case);
extern LONG ndiswan_compare_wide(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN ignore_case);

#endif
