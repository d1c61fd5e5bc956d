//! What is pending on many links, in one order: by time, then by number.
//!
//! ```text
//!  link 0  ring ─ next ─┐
//!  link 1  ring ─ next ─┤  tree of losers ── first
//!  link 2  ring ─ next ─┘
//! ```
//!
//! Completions of a link come in order, so each link has a first-in first-out ring, and only the heads of the rings are compared: in
//! a tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1), where the next event of the link that was first costs one
//! comparison a level. Which of two is first is as good as random, so nothing branches on it: a misprediction would cost more than
//! the level. Times, numbers and links are arrays of their own, since a pair that is written in two words and read in one load waits
//! for the store.

use std::collections::VecDeque;

/// The latest time, 292 years: differences have a sign.
pub const LATEST: u64 = NEVER - 1;
/// "Nothing", as a time.
const NEVER: u64 = i64::MAX as u64;

/// Something that happens on a link.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// When; [`LATEST`] at the latest.
    pub at: u64,
    /// Of two at the same time the smaller number is first.
    pub number: u64,
    /// On which link.
    pub link: u32,
}

/// Events of links, each link's in order.
#[derive(Debug)]
pub struct EventSet {
    rings: Vec<VecDeque<(u64, u64)>>,
    /// What follows on each link upon that which is in the tree; `NEVER` if nothing does.
    next_at: Vec<u64>,
    next_number: Vec<u64>,
    /// Whether the tree has an event of the link.
    takes_part: Vec<bool>,
    /// Who lost at each node; the winner of node 1 is `first`. The leaves, which are not stored, follow upon the nodes.
    at: Vec<u64>,
    number: Vec<u64>,
    link: Vec<u32>,
    first: Event,
    /// `first` was taken; what follows on its link has yet to play for its place.
    taken: bool,
}

/// All ones if the first is before the second, else 0. Both times are below 2⁶³, so the sign of the difference tells; as a
/// comparison the compiler would branch on it.
#[inline]
fn before((at, number): (u64, u64), (other, its): (u64, u64)) -> u64 {
    let difference = at.wrapping_sub(other).wrapping_sub(u64::from(number < its));
    (difference >> 63).wrapping_neg()
}

/// The first for all ones, the second for 0.
#[inline]
fn select(mask: u64, one: u64, other: u64) -> u64 {
    other ^ ((one ^ other) & mask)
}

impl EventSet {
    /// Room for links with the numbers below `links`.
    pub fn new(links: u32) -> EventSet {
        let leaves = links.next_power_of_two();
        let count = links as usize;
        // At first all are idle, and of two the left one has won.
        let loser = |node: u32| {
            let right = 2 * node + 1;
            (right << (leaves.ilog2() - right.ilog2())) - leaves
        };
        EventSet {
            rings: vec![VecDeque::new(); count],
            next_at: vec![NEVER; count],
            next_number: vec![NEVER; count],
            takes_part: vec![false; count],
            at: vec![NEVER; leaves as usize],
            number: vec![NEVER; leaves as usize],
            link: (0..leaves).map(|node| if node == 0 { 0 } else { loser(node) }).collect(),
            first: Event { at: NEVER, number: NEVER, link: 0 },
            taken: false,
        }
    }

    /// Puts an event in, which is not before those of its link that are in already.
    ///
    /// # Panics
    /// If the link's number is not below that which [`new`](EventSet::new) was told, or the time is after [`LATEST`].
    #[inline]
    pub fn push(&mut self, event: Event) {
        assert!(event.at <= LATEST, "expected a time up to {LATEST} ns, got {}", event.at);
        let link = event.link as usize;
        if self.rings.len() == 1 || self.next_at[link] != NEVER {
            return self.rings[link].push_back((event.at, event.number));
        }
        if !self.takes_part[link] {
            return self.wake(event);
        }
        (self.next_at[link], self.next_number[link]) = (event.at, event.number);
    }

    /// Takes the first event out.
    #[inline]
    pub fn pop(&mut self) -> Option<Event> {
        if self.rings.len() == 1 {
            let event = self.rings[0].pop_front();
            return event.map(|(at, number)| Event { at, number, link: 0 });
        }
        if self.taken {
            self.play();
        }
        self.taken = self.first.at != NEVER;
        self.taken.then_some(self.first)
    }

    /// When the event is that [`pop`](EventSet::pop) would take out.
    pub fn due(&self) -> Option<u64> {
        let (leaves, link) = (self.link.len(), self.first.link as usize);
        let due = match &self.rings[..] {
            [ring] => ring.front().map_or(NEVER, |(at, _)| *at),
            _ if !self.taken => self.first.at,
            _ => {
                // Whoever is next lost to the first, or follows it.
                let path = std::iter::successors(Some((leaves + link) >> 1), |node| Some(node / 2));
                let losers = path.take_while(|node| *node > 0).map(|node| self.at[node]);
                losers.fold(self.next_at[link], u64::min)
            }
        };
        (due != NEVER).then_some(due)
    }

    /// What follows on the link that was first plays its way up.
    #[inline]
    fn play(&mut self) {
        let leaves = self.link.len();
        let (ats, numbers, links) =
            (&mut self.at[..leaves], &mut self.number[..leaves], &mut self.link[..leaves]);
        let link = self.first.link as usize;
        let mut up =
            Event { at: self.next_at[link], number: self.next_number[link], link: self.first.link };
        self.takes_part[link] = up.at != NEVER;
        let mut node = (leaves + link) >> 1;
        while node >= 1 {
            let loser = Event { at: ats[node], number: numbers[node], link: links[node] };
            let wins = before((loser.at, loser.number), (up.at, up.number));
            ats[node] = select(wins, up.at, loser.at);
            numbers[node] = select(wins, up.number, loser.number);
            links[node] = select(wins, up.link.into(), loser.link.into()) as u32;
            up.at = select(wins, loser.at, up.at);
            up.number = select(wins, loser.number, up.number);
            up.link = select(wins, loser.link.into(), up.link.into()) as u32;
            node /= 2;
        }
        self.first = up;
        (self.next_at[link], self.next_number[link]) =
            self.rings[link].pop_front().unwrap_or((NEVER, NEVER));
    }

    /// A link that had nothing has something.
    #[cold]
    fn wake(&mut self, event: Event) {
        if self.taken {
            self.play();
            self.taken = false;
        }
        self.takes_part[event.link as usize] = true;
        if self.first.link == event.link {
            self.first = event;
            return;
        }
        let leaves = self.link.len();
        let mut node = (leaves + event.link as usize) >> 1;
        while self.link[node] != event.link {
            node /= 2;
        }
        // It lost here, to somebody who lost further up or is the first. Does it still?
        loop {
            let mut above = node / 2;
            while above > 0 {
                let leaf = leaves + self.link[above] as usize;
                if leaf >> (leaf.ilog2() - node.ilog2()) == node {
                    break;
                }
                above /= 2;
            }
            let winner = if above == 0 { self.first } else { self.loser(above) };
            if before((event.at, event.number), (winner.at, winner.number)) == 0 {
                return self.put(node, event);
            }
            self.put(node, winner);
            if above == 0 {
                self.first = event;
                return;
            }
            node = above;
        }
    }

    fn loser(&self, node: usize) -> Event {
        Event { at: self.at[node], number: self.number[node], link: self.link[node] }
    }

    fn put(&mut self, node: usize, event: Event) {
        (self.at[node], self.number[node], self.link[node]) = (event.at, event.number, event.link);
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::super::random::Stream;
    use super::*;

    #[test]
    fn the_order_is_that_of_a_heap_whatever_number_of_links_is_idle() {
        let luck = Stream::of(5, 0);
        let mut draw = (0..).map(|n| luck.bits(n));
        let mut draw = |below: u64| draw.next().unwrap() % below;
        for links in [1, 2, 3, 4, 5, 7, 8, 13, 64, 100] {
            // Now more come than go, now more go than come.
            for more in [0, 1, 2, 3] {
                let mut set = EventSet::new(links);
                let mut heap = BinaryHeap::new();
                let mut last = vec![0; links as usize];
                for number in 0..20_000 {
                    if draw(3) < more {
                        let link = draw(links.into()) as u32;
                        let at = last[link as usize] + draw(4);
                        last[link as usize] = at;
                        set.push(Event { at, number, link });
                        heap.push(Reverse((at, number, link)));
                    } else {
                        let due = heap.peek().map(|Reverse((at, ..))| *at);
                        assert_eq!(set.due(), due, "{links} links, event {number}");
                        let expected = heap.pop().map(|Reverse(event)| event);
                        let got = set.pop().map(|event| (event.at, event.number, event.link));
                        assert_eq!(got, expected, "{links} links, event {number}");
                    }
                }
            }
        }
    }
}
