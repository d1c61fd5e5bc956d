//! Memory of a world that has ended, for the next one of the thread: emptied, so that nothing of the one is in the other.

use std::cell::Cell;

use super::delays::Delays;
use super::{Inner, Pending, Virtual, Way};
use crate::choices::{Choice, Step};
use crate::coverage::Seen;

/// Lists without anything in them, but with room.
#[derive(Default)]
pub(super) struct Spare {
    pub(super) cpus: Vec<Virtual>,
    pub(super) pending: Vec<Pending>,
    pub(super) delays: Delays,
    pub(super) choices: Vec<Choice>,
    pub(super) steps: Vec<Step>,
    pub(super) ways: Vec<Way>,
    pub(super) told: Vec<Seen>,
}

thread_local! {
    static SPARE: Cell<Option<Spare>> = const { Cell::new(None) };
}

/// What it was when it had room for more than this is not kept.
const MOST: usize = 1 << 16;

fn emptied<T>(list: &mut Vec<T>) -> Vec<T> {
    let mut list = std::mem::take(list);
    list.clear();
    if list.capacity() > MOST { Vec::new() } else { list }
}

impl Spare {
    pub(super) fn take() -> Spare {
        // A thread that ends has none any more.
        SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()
    }

    pub(super) fn keep(inner: &mut Inner, mut told: Vec<Seen>) {
        let spare = Spare {
            cpus: emptied(&mut inner.cpus),
            pending: emptied(&mut inner.pending),
            delays: Delays(emptied(&mut inner.delays.0)),
            choices: emptied(&mut inner.choices),
            steps: emptied(&mut inner.steps),
            ways: emptied(&mut inner.ways),
            told: emptied(&mut told),
        };
        let _ = SPARE.try_with(|kept| kept.set(Some(spare)));
    }
}
