//! enso-channel: batches are claimed, written and committed.

use enso_channel::mpsc::{Receiver, Sender, channel};
use enso_channel::prelude::*;
use enso_channel::slot_recycler::ResetWithDefault;

use crate::queue::{Consumer, Entry, Producer, Queue};

/// The channel for several producers.
pub struct Enso(Option<(Sender<Entry>, Receiver<Entry>)>);

impl Queue for Enso {
    const NAME: &'static str = "enso-channel";
    type Way<'a> = Sender<Entry>;
    type Consumer<'a> = Receiver<Entry>;

    fn make(capacity: usize, _: usize) -> Self {
        Enso(Some(channel(capacity).expect("a power of two")))
    }

    fn split(&mut self, producers: usize) -> (Vec<Sender<Entry>>, Receiver<Entry>) {
        let (sender, receiver) = self.0.take().expect("split once");
        ((0..producers).map(|_| sender.clone()).collect(), receiver)
    }
}

impl Producer for Sender<Entry> {
    #[inline]
    fn push(&mut self, entry: Entry) -> bool {
        self.try_send(entry).is_ok()
    }

    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        let Ok(mut places) = self.try_send_at_most(entries.len(), ResetWithDefault) else {
            return 0;
        };
        let mut written = 0;
        for entry in entries {
            let Some(place) = places.next() else { break };
            place.write(*entry);
            written += 1;
        }
        places.commit();
        written
    }
}

impl Consumer for Receiver<Entry> {
    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        self.try_recv().ok().map(|entry| *entry)
    }

    #[inline]
    fn drain(&mut self, most: usize, mut to: impl FnMut(Entry)) -> usize {
        let Ok(entries) = self.try_recv_at_most(most) else { return 0 };
        let taken = entries.len();
        entries.iter().for_each(|entry| to(*entry));
        taken
    }
}
