/* Concurrency Kit's ring, many producers and one consumer. It has no batches. */
#include <stdlib.h>

#include <ck_ring.h>

#include "entry.h"

CK_RING_PROTOTYPE(entry, entry)

struct ck {
    struct ck_ring ring;
    struct entry places[];
};

#define NAME(function) ck_##function
ENDS_ARE_THE_QUEUE(NAME)

/* One place always stays free, and the size is a power of two. */
void *ck_new(size_t capacity, size_t producers)
{
    (void)producers;
    size_t size = capacity * 2;
    struct ck *queue = aligned_alloc(128, (sizeof *queue + size * sizeof(struct entry) + 127) / 128 * 128);
    if (queue)
        ck_ring_init(&queue->ring, (unsigned)size);
    return queue;
}

size_t ck_push(void *queue, struct entry *entry)
{
    struct ck *ck = queue;
    return ck_ring_enqueue_mpsc_entry(&ck->ring, ck->places, entry);
}

size_t ck_push_batch(void *queue, struct entry *entries, size_t count)
{
    size_t pushed = 0;
    while (pushed < count && ck_push(queue, entries + pushed))
        pushed++;
    return pushed;
}

size_t ck_pop(void *queue, struct entry *entry)
{
    struct ck *ck = queue;
    return ck_ring_dequeue_mpsc_entry(&ck->ring, ck->places, entry);
}

size_t ck_pop_batch(void *queue, struct entry *entries, size_t most)
{
    size_t popped = 0;
    while (popped < most && ck_pop(queue, entries + popped))
        popped++;
    return popped;
}
