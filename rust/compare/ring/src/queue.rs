//! What the harness asks of a queue.

/// A completion as the issue has it: 16 bytes.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Entry {
    /// Which packet. In the harness: the number of the entry, counted by its producer.
    pub handle: u64,
    /// Its final status.
    pub status: u32,
    /// What the producer says besides. In the harness: which producer it was.
    pub tag: u32,
}

/// Entries in one batch.
pub const BATCH: usize = 32;
/// Packets in flight, and places in every queue, where each thread has a core.
pub const CAPACITY: usize = 256;
/// The same where there are more threads than cores: threads take turns, a turn ends when the packets are out, and with
/// 256 of them it is the scheduler that would be compared.
pub const CROWD: usize = 1024;
/// Places in the case where nobody takes anything out.
pub const LARGE: usize = 16_384;

/// A bounded queue with many producers and one consumer.
pub trait Queue: Sized {
    /// What the tables call it.
    const NAME: &'static str;
    /// How many producers it can have.
    const MOST_PRODUCERS: usize = usize::MAX;

    /// What a thread is given to become a producer.
    type Way<'a>: Way
    where
        Self: 'a;
    /// The way out.
    type Consumer<'a>: Consumer
    where
        Self: 'a;

    /// Makes a queue that takes at least `capacity` entries, for so many producers.
    fn make(capacity: usize, producers: usize) -> Self;

    /// Its two ends.
    fn split(&mut self, producers: usize) -> (Vec<Self::Way<'_>>, Self::Consumer<'_>);
}

/// Can be given to a thread, which then has a way in.
pub trait Way: Send {
    /// The way in; it may belong to its thread.
    type Producer: Producer;

    /// Makes the calling thread a producer.
    fn enter(self) -> Self::Producer;
}

impl<P: Producer + Send> Way for P {
    type Producer = P;

    fn enter(self) -> P {
        self
    }
}

/// A thread's way in.
pub trait Producer {
    /// Puts an entry in for which the caller knows that there is room. A queue that has to look all the same says
    /// whether there was.
    fn push(&mut self, entry: Entry) -> bool;

    /// The same where the caller knows nothing.
    #[inline]
    fn try_push(&mut self, entry: Entry) -> bool {
        self.push(entry)
    }

    /// Puts entries in, from the first on, and says how many. The caller knows that there is room for all.
    #[inline]
    fn push_batch(&mut self, entries: &[Entry]) -> usize {
        entries.iter().take_while(|entry| self.push(**entry)).count()
    }

    /// The same where the caller knows nothing.
    #[inline]
    fn try_push_batch(&mut self, entries: &[Entry]) -> usize {
        self.push_batch(entries)
    }
}

/// The way out.
pub trait Consumer: Send {
    /// Takes one entry out.
    fn pop(&mut self) -> Option<Entry>;

    /// Takes out about `most` entries and says how many there were.
    #[inline]
    fn drain(&mut self, most: usize, mut to: impl FnMut(Entry)) -> usize {
        let mut taken = 0;
        while taken < most {
            let Some(entry) = self.pop() else { break };
            to(entry);
            taken += 1;
        }
        taken
    }
}
