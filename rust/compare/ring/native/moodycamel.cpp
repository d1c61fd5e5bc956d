/* moodycamel's ConcurrentQueue with a token for each producer and one for the consumer. */
#include <concurrentqueue/concurrentqueue.h>

#include "entry.h"

using Queue = moodycamel::ConcurrentQueue<entry>;

template <typename Token> struct End {
    Queue &queue;
    Token token;
    explicit End(void *from) : queue(*static_cast<Queue *>(from)), token(queue) {}
};

using In = End<moodycamel::ProducerToken>;
using Out = End<moodycamel::ConsumerToken>;

extern "C" {

/* Its memory is there from the beginning and the `try_` functions take no more: it is bounded as the others are.
   (An open loop has `grow`: blocks belong to the producer that had them first, so four that compete for a fixed number
   of them starve each other. It is never full then, which is in its favour.) */
void *moodycamel_new(size_t capacity, size_t producers) { return new Queue(capacity, producers, 0); }
void moodycamel_free(void *queue) { delete static_cast<Queue *>(queue); }
void *moodycamel_producer(void *queue) { return new In(queue); }
void moodycamel_producer_free(void *end) { delete static_cast<In *>(end); }
void *moodycamel_consumer(void *queue) { return new Out(queue); }
void moodycamel_consumer_free(void *end) { delete static_cast<Out *>(end); }

size_t moodycamel_push(void *end, const entry *one)
{
    auto in = static_cast<In *>(end);
    return in->queue.try_enqueue(in->token, *one);
}

size_t moodycamel_push_batch(void *end, const entry *entries, size_t count)
{
    auto in = static_cast<In *>(end);
    return in->queue.try_enqueue_bulk(in->token, entries, count) ? count : 0;
}

size_t moodycamel_grow_one(void *end, const entry *one)
{
    auto in = static_cast<In *>(end);
    return in->queue.enqueue(in->token, *one);
}

size_t moodycamel_grow(void *end, const entry *entries, size_t count)
{
    auto in = static_cast<In *>(end);
    return in->queue.enqueue_bulk(in->token, entries, count) ? count : 0;
}

size_t moodycamel_pop(void *end, entry *one)
{
    auto out = static_cast<Out *>(end);
    return out->queue.try_dequeue(out->token, *one);
}

size_t moodycamel_pop_batch(void *end, entry *entries, size_t most)
{
    auto out = static_cast<Out *>(end);
    return out->queue.try_dequeue_bulk(out->token, entries, most);
}
}
