//! Ours: a ring for each link under a tree of losers.

use ndiswan::model::event_set::{Event, EventSet};

use super::Set;

impl Set for EventSet {
    fn new(links: u32) -> EventSet {
        EventSet::new(links)
    }

    fn push(&mut self, at: u64, number: u64, link: u32) {
        EventSet::push(self, Event { at, number, link });
    }

    fn pop(&mut self) -> Option<(u64, u64, u32)> {
        EventSet::pop(self).map(|event| (event.at, event.number, event.link))
    }
}
