/* DPDK's ring for many producers, one at a time: made for more threads than cores. */
#define NAME(function) rte_hts_##function
#define FLAGS RING_F_MP_HTS_ENQ
#define ENQUEUE rte_ring_mp_hts_enqueue_bulk_elem
#include "rte.h"
