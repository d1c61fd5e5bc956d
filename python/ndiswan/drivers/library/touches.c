/* What the compiler calls where a driver that is built with -fsanitize=address touches what is no object's. The runtime has functions
 * of these names too, which end the process after a few; these tell the engine, and the driver leaves its call. */
#include "library.h"

#define REPORT(bytes) \
    void __asan_report_load##bytes##_noabort(uintptr_t address) \
    { \
        ndiswan_touched(address, bytes, FALSE); \
    } \
    void __asan_report_store##bytes##_noabort(uintptr_t address) \
    { \
        ndiswan_touched(address, bytes, TRUE); \
    }

REPORT(1)
REPORT(2)
REPORT(4)
REPORT(8)
REPORT(16)

void __asan_report_load_n_noabort(uintptr_t address, uintptr_t bytes)
{
    ndiswan_touched(address, bytes, FALSE);
}

void __asan_report_store_n_noabort(uintptr_t address, uintptr_t bytes)
{
    ndiswan_touched(address, bytes, TRUE);
}
