/* The other file has a Mine and a Late too: each file's is its own. */
#include <ndis.h>

int Other() { return Mine() + Late(); }
static int Mine() { return 5; }
static int Late() { return -3; }
