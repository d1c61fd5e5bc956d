/* DPDK's ring for many producers: the default, in which a producer waits for those that began before it. */
#define NAME(function) rte_mp_##function
#define FLAGS 0
#define ENQUEUE rte_ring_mp_enqueue_bulk_elem
#include "rte.h"
