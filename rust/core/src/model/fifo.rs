//! The events of one link: what finishes in the order in which it began needs no event list, only a ring.
//!
//! `std`'s `VecDeque` does the same in three times the instructions, since it looks at its capacity and its end at each step; here
//! the capacity is a power of two, and a position is cut off.

/// First in, first out, of small things.
#[derive(Clone, Debug)]
pub(super) struct Fifo<T> {
    /// A power of two of places, or none.
    places: Box<[T]>,
    /// How many were ever taken out, and put in; the places are these, cut off.
    first: usize,
    end: usize,
}

impl<T: Copy + Default> Fifo<T> {
    /// An empty one.
    pub(super) fn new() -> Fifo<T> {
        Fifo { places: Box::default(), first: 0, end: 0 }
    }

    /// Makes room for so many, if there is nothing in it.
    pub(super) fn reserve(&mut self, items: usize) {
        if self.is_empty() && items > self.places.len() {
            self.places = vec![T::default(); items.next_power_of_two()].into();
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// The oldest.
    #[inline(always)]
    pub(super) fn front(&self) -> Option<T> {
        if self.first == self.end {
            return None;
        }
        self.places.get(self.first & self.places.len().wrapping_sub(1)).copied()
    }

    /// Takes the oldest out; one is there.
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        debug_assert!(!self.is_empty());
        self.first = self.first.wrapping_add(1);
    }

    /// Puts one in.
    #[inline(always)]
    pub(super) fn push(&mut self, item: T) {
        if self.end.wrapping_sub(self.first) == self.places.len() {
            self.grow();
        }
        let place = self.end & self.places.len().wrapping_sub(1);
        if let Some(place) = self.places.get_mut(place) {
            *place = item;
        }
        self.end = self.end.wrapping_add(1);
    }

    /// The places, and how many were ever taken out and put in.
    pub(super) fn parts(&mut self) -> (&mut [T], &mut usize, &mut usize) {
        (&mut self.places, &mut self.first, &mut self.end)
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.places.len();
        let old = |n: usize| self.places[self.first.wrapping_add(n) & (size - 1)];
        let mut places: Vec<T> = (0..size).map(old).collect();
        places.resize((2 * size).max(4), T::default());
        (self.places, self.first, self.end) = (places.into(), 0, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn it_does_what_a_deque_does_however_it_grows_and_wraps() {
        let (mut fifo, mut deque) = (Fifo::new(), VecDeque::new());
        (fifo.first, fifo.end) = (usize::MAX - 1, usize::MAX - 1);
        let mut next = 0u64;
        for round in 0..2_000u64 {
            for _ in 0..(round * 7 % 13) {
                fifo.push(next);
                deque.push_back(next);
                next += 1;
            }
            for _ in 0..(round * 5 % 14) {
                assert_eq!(fifo.front(), deque.front().copied());
                if deque.pop_front().is_some() {
                    fifo.advance();
                }
            }
            assert_eq!(fifo.is_empty(), deque.is_empty());
        }
        assert!(next > 10_000);
    }
}
