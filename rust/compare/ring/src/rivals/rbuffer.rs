//! rbuffer: one fetch-add for a place, which is waited for. It borrows its buffer.

use ::rbuffer::{MPSCConsumer, MPSCProducer, MPSCRBuffer};

use crate::queue::{Consumer, Entry, Producer, Queue};

/// A fetch-add ring; its capacity is a constant.
pub struct Rbuffer<const N: usize>(Box<MPSCRBuffer<Entry, N>>);

impl<const N: usize> Queue for Rbuffer<N> {
    const NAME: &'static str = "rbuffer";
    type Way<'a> = In<'a, N>;
    type Consumer<'a> = Out<'a, N>;

    fn make(capacity: usize, _: usize) -> Self {
        assert!(capacity <= N, "expected at most {N} entries, got {capacity}");
        Rbuffer(MPSCRBuffer::new_boxed())
    }

    fn split(&mut self, producers: usize) -> (Vec<In<'_, N>>, Out<'_, N>) {
        let (producer, consumer) = self.0.split();
        ((0..producers).map(|_| In(producer.clone())).collect(), Out(consumer))
    }
}

/// A way in.
pub struct In<'a, const N: usize>(MPSCProducer<'a, Entry, N>);
/// The way out.
pub struct Out<'a, const N: usize>(MPSCConsumer<'a, Entry, N>);

impl<const N: usize> Producer for In<'_, N> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        self.0.push(entry).is_ok()
    }
}

impl<const N: usize> Consumer for Out<'_, N> {
    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        self.0.try_pop()
    }
}
