//! What `Vec::drain(..)` does, for a hot loop.
//!
//! That one keeps its position in memory, since its destructor asks for it there if the loop panics, and so
//! each step of the loop waits for the store of the one before. Here the destructor gets the position by
//! value, and the loop has it in a register.

/// Takes all values out of a vector, from the first on, which is empty afterwards.
pub(super) struct Taking<'a, V> {
    values: &'a mut Vec<V>,
    next: usize,
    count: usize,
}

impl<'a, V> Taking<'a, V> {
    #[inline]
    pub(super) fn new(values: &'a mut Vec<V>) -> Self {
        let count = values.len();
        // SAFETY: none is fewer. From here on the values are this one's, to be handed out or dropped; were it
        // forgotten, they would be too.
        unsafe { values.set_len(0) };
        Taking { values, next: 0, count }
    }
}

impl<V> Iterator for Taking<'_, V> {
    type Item = V;

    #[inline(always)]
    #[allow(clippy::inline_always)] // or it has an address, and is kept in memory
    fn next(&mut self) -> Option<V> {
        if self.next == self.count {
            return None;
        }
        let at = self.next;
        self.next += 1;
        // SAFETY: `count` values were there, and each is read once. The vector does not move meanwhile, being
        // borrowed exclusively.
        Some(unsafe { self.values.as_ptr().add(at).read() })
    }
}

impl<V> Drop for Taking<'_, V> {
    #[inline(always)]
    #[allow(clippy::inline_always)] // as above
    fn drop(&mut self) {
        if self.next != self.count {
            rest(self.values, self.next, self.count);
        }
    }
}

#[cold]
#[inline(never)]
#[allow(clippy::ptr_arg)] // its length says nothing of what is left in it
fn rest<V>(values: &mut Vec<V>, next: usize, count: usize) {
    for at in next..count {
        // SAFETY: as in `next`; these have not been handed out.
        drop(unsafe { values.as_ptr().add(at).read() });
    }
}
