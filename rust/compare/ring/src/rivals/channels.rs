//! Channels: two kinds of handles, of which the sender is cloned.

use crate::queue::{Consumer, Entry, Producer, Queue};

/// A sender as a way in.
#[derive(Debug)]
pub struct In<T>(T);
/// A receiver as the way out, with a buffer for those that empty themselves at once.
#[derive(Debug)]
pub struct Out<T>(T, Vec<Entry>);

/// Implements the traits for a channel; `pop` is the consumer's trait methods.
macro_rules! channel {
    ($(#[$about:meta])* $name:ident, $sender:ty, $receiver:ty, $text:literal, $make:expr, $push:expr, { $($pop:tt)* }) => {
        $(#[$about])*
        pub struct $name(Option<($sender, $receiver)>);

        impl Queue for $name {
            const NAME: &'static str = $text;
            type Way<'a> = In<$sender>;
            type Consumer<'a> = Out<$receiver>;

            fn make(capacity: usize, _: usize) -> Self {
                $name(Some($make(capacity)))
            }

            fn split(&mut self, producers: usize) -> (Vec<In<$sender>>, Out<$receiver>) {
                let (sender, receiver) = self.0.take().expect("a channel is split once");
                let producers = (0..producers).map(|_| In(sender.clone())).collect();
                (producers, Out(receiver, Vec::with_capacity(crate::queue::LARGE)))
            }
        }

        impl Producer for In<$sender> {
            #[inline]
            fn push(&mut self, entry: Entry) -> bool {
                let push: fn(&$sender, Entry) -> bool = $push;
                push(&self.0, entry)
            }
        }

        impl Consumer for Out<$receiver> {
            $($pop)*
        }
    };
}

channel!(
    /// The channel that most people take.
    Crossbeam,
    crossbeam_channel::Sender<Entry>,
    crossbeam_channel::Receiver<Entry>,
    "crossbeam channel",
    crossbeam_channel::bounded,
    |sender, entry| sender.try_send(entry).is_ok(),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.try_recv().ok()
        }
    }
);
channel!(
    /// The standard library's.
    StdSync,
    std::sync::mpsc::SyncSender<Entry>,
    std::sync::mpsc::Receiver<Entry>,
    "std sync_channel",
    std::sync::mpsc::sync_channel,
    |sender, entry| sender.try_send(entry).is_ok(),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.try_recv().ok()
        }
    }
);
channel!(
    /// A lock around a deque; `drain` takes all there is under one lock.
    Flume,
    flume::Sender<Entry>,
    flume::Receiver<Entry>,
    "flume",
    flume::bounded,
    |sender, entry| sender.try_send(entry).is_ok(),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.try_recv().ok()
        }

        #[inline]
        fn drain(&mut self, _: usize, to: impl FnMut(Entry)) -> usize {
            let all = self.0.drain();
            let taken = all.len();
            all.for_each(to);
            taken
        }
    }
);
channel!(
    /// A lock around a deque; `drain_into` takes all there is under one lock.
    Kanal,
    kanal::Sender<Entry>,
    kanal::Receiver<Entry>,
    "kanal",
    kanal::bounded,
    |sender, entry| sender.try_send(entry).unwrap_or(false),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.try_recv().ok().flatten()
        }

        #[inline]
        fn drain(&mut self, _: usize, to: impl FnMut(Entry)) -> usize {
            let taken = self.0.drain_into(&mut self.1).unwrap_or(0);
            self.1.drain(..).for_each(to);
            taken
        }
    }
);
channel!(
    /// An actor's mailbox.
    Tachyonix,
    tachyonix::Sender<Entry>,
    tachyonix::Receiver<Entry>,
    "tachyonix",
    tachyonix::channel,
    |sender, entry| sender.try_send(entry).is_ok(),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.try_recv().ok()
        }
    }
);
channel!(
    /// Turn counters in the slots, tail by compare-and-swap.
    Nexus,
    nexus_queue::mpsc::Producer<Entry>,
    nexus_queue::mpsc::Consumer<Entry>,
    "nexus-queue",
    nexus_queue::mpsc::ring_buffer,
    |producer, entry| producer.push(entry).is_ok(),
    {
        #[inline]
        fn pop(&mut self) -> Option<Entry> {
            self.0.pop()
        }
    }
);
