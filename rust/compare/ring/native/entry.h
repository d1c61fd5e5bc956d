/* What crosses the border to Rust (src/rivals/native.rs): the same ten functions for each of the queues here. */
#ifndef NDISWAN_COMPARE_ENTRY_H
#define NDISWAN_COMPARE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/* Entry in src/queue.rs. */
struct entry {
    uint64_t handle;
    uint32_t status;
    uint32_t tag;
};

/* For a queue whose ends are the queue itself. */
#define ENDS_ARE_THE_QUEUE(NAME)                       \
    void NAME(free)(void *queue) { free(queue); }      \
    void *NAME(producer)(void *queue) { return queue; } \
    void NAME(producer_free)(void *end) { (void)end; } \
    void *NAME(consumer)(void *queue) { return queue; } \
    void NAME(consumer_free)(void *end) { (void)end; }

#endif
