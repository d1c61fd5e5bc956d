/* DPDK's ring in one of its modes; the including file says which, and how its functions are called. */
#include <stdlib.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "entry.h"

ENDS_ARE_THE_QUEUE(NAME)

/* Exactly `capacity` entries: a ring of that size would hold one less. */
void *NAME(new)(size_t capacity, size_t producers)
{
    (void)producers;
    ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct entry), (unsigned)capacity * 2);
    if (bytes <= 0)
        return NULL;
    struct rte_ring *ring = aligned_alloc(128, ((size_t)bytes + 127) / 128 * 128);
    if (ring && rte_ring_init(ring, "compare", (unsigned)capacity, FLAGS | RING_F_SC_DEQ | RING_F_EXACT_SZ)) {
        free(ring);
        return NULL;
    }
    return ring;
}

size_t NAME(push)(void *ring, const struct entry *entry)
{
    return ENQUEUE((struct rte_ring *)ring, entry, sizeof *entry, 1, NULL);
}

size_t NAME(push_batch)(void *ring, const struct entry *entries, size_t count)
{
    return ENQUEUE((struct rte_ring *)ring, entries, sizeof *entries, (unsigned)count, NULL);
}

size_t NAME(pop)(void *ring, struct entry *entry)
{
    return rte_ring_sc_dequeue_bulk_elem((struct rte_ring *)ring, entry, sizeof *entry, 1, NULL);
}

size_t NAME(pop_batch)(void *ring, struct entry *entries, size_t most)
{
    return rte_ring_sc_dequeue_burst_elem((struct rte_ring *)ring, entries, sizeof *entries, (unsigned)most, NULL);
}
