//! disruptor: a sequence is claimed, the event is written in place, the sequence is published.

use ::disruptor::{
    BusySpin, EventPoller, MultiProducer, MultiProducerBarrier, Producer as _,
    SingleConsumerBarrier, build_multi_producer,
};

use crate::queue::{Consumer, Entry, Producer, Queue};

type Sender = MultiProducer<Entry, SingleConsumerBarrier>;
type Receiver = EventPoller<Entry, MultiProducerBarrier>;

/// The Disruptor with several producers and the consumer that polls.
pub struct Disruptor(Option<(Sender, Receiver)>);

impl Queue for Disruptor {
    const NAME: &'static str = "disruptor";
    type Way<'a> = Sender;
    type Consumer<'a> = Receiver;

    fn make(capacity: usize, _: usize) -> Self {
        let builder = build_multi_producer(capacity, Entry::default, BusySpin);
        let (poller, builder) = builder.new_event_poller();
        Disruptor(Some((builder.build(), poller)))
    }

    fn split(&mut self, producers: usize) -> (Vec<Sender>, Receiver) {
        let (sender, receiver) = self.0.take().expect("split once");
        ((0..producers).map(|_| sender.clone()).collect(), receiver)
    }
}

impl Producer for Sender {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        self.try_publish(|place| *place = entry).is_ok()
    }

    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        let pushed = self.try_batch_publish(entries.len(), |places| {
            places.zip(entries).for_each(|(place, entry)| *place = *entry);
        });
        if pushed.is_ok() { entries.len() } else { 0 }
    }
}

impl Consumer for Receiver {
    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        let mut events = self.take(1).ok()?;
        (&mut events).next().copied()
    }

    #[inline]
    fn drain(&mut self, most: usize, mut to: impl FnMut(Entry)) -> usize {
        let Ok(mut events) = self.take(most as u64) else { return 0 };
        let mut taken = 0;
        for entry in &mut events {
            to(*entry);
            taken += 1;
        }
        taken
    }
}
