//! What `Vec::drain(..)` and a push for each would do, for a hot loop: all values of a vector into a lane, 32 with one
//! reservation.
//!
//! A `Drain` keeps its position in memory, since its destructor asks for it there if the loop panics, and so each step
//! of the loop waits for the store of the one before. Here one counter says both which value is next and where its
//! entry goes, the destructor gets it by value, and the loop has it in a register.

use super::entry::Entry;
use super::producer::{Permits, Producer};

/// Entries that are put in together.
pub(super) const PIECE: usize = 32;

/// Where the loop is, should it panic.
struct Run<'a, V, E: Entry> {
    lane: &'a Producer<'a, E, Permits>,
    /// The vector says that it is empty: its values are the loop's.
    values: &'a mut Vec<V>,
    count: usize,
    entries: &'a mut [E; PIECE],
    /// The first value of this piece.
    base: usize,
    /// The value in the piece that is next; so many entries are not in the lane yet.
    at: usize,
}

/// Puts in what `with` makes of the values, in their order, and leaves none. Where it gives nothing, nothing is put
/// in. If it panics, what it gave before is in the lane, and the values that are left are dropped. `none` is any entry.
#[inline]
pub(super) fn take_all<V, E: Entry>(
    lane: &Producer<'_, E, Permits>,
    values: &mut Vec<V>,
    none: E,
    mut with: impl FnMut(V) -> Option<E>,
) {
    let count = values.len();
    // SAFETY: none is fewer. From here on the values are the run's, to be handed out or dropped; were it forgotten, they
    // would be too.
    unsafe { values.set_len(0) };
    let mut entries = [none; PIECE];
    let mut run = Run { lane, values, count, entries: &mut entries, base: 0, at: 0 };
    while run.base != run.count {
        let most = PIECE.min(run.count - run.base);
        while run.at != most {
            // SAFETY: `count` values were there, and each is read once. The vector does not move meanwhile, being
            // borrowed exclusively.
            let value = unsafe { run.values.as_ptr().add(run.base + run.at).read() };
            let Some(entry) = with(value) else { break };
            run.entries[run.at % PIECE] = entry;
            run.at += 1;
        }
        run.lane.push_batch(&run.entries[..run.at.min(PIECE)]);
        // A value of which nothing was made is gone as well.
        run.base += run.at + usize::from(run.at != most);
        run.at = 0;
    }
}

impl<V, E: Entry> Drop for Run<'_, V, E> {
    #[inline(always)]
    #[allow(clippy::inline_always)] // or it has an address, and is kept in memory
    fn drop(&mut self) {
        if self.base != self.count {
            let entries = &self.entries[..self.at.min(PIECE)];
            panicked(self.lane, entries, self.values, self.base + self.at + 1, self.count);
        }
    }
}

/// `with` panicked, and has dropped the value that it had.
#[cold]
#[inline(never)]
#[allow(clippy::ptr_arg)] // its length says nothing of what is left in it
fn panicked<V, E: Entry>(
    lane: &Producer<'_, E, Permits>,
    entries: &[E],
    values: &mut Vec<V>,
    next: usize,
    count: usize,
) {
    lane.push_batch(entries);
    for at in next..count {
        // SAFETY: as above; these have not been handed out.
        drop(unsafe { values.as_ptr().add(at).read() });
    }
}
