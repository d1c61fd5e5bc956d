//! What `rust/core/src/ring/sync.rs` has, by shuttle, which takes every ordering to be SeqCst.

use std::time::Duration;

pub(super) use shuttle::sync::atomic::{AtomicBool, AtomicU64};
pub(super) use std::sync::Arc;

pub(super) mod order {
    use std::sync::atomic::Ordering;

    pub(crate) const fn publish() -> Ordering {
        Ordering::SeqCst
    }
    pub(crate) use self::publish as claim;
    pub(crate) use self::publish as free;
    pub(crate) use self::publish as give_up;
    pub(crate) use self::publish as listen;
    pub(crate) use self::publish as observe;
    pub(crate) use self::publish as observe_all;
    pub(crate) use self::publish as publish_all;
    pub(crate) use self::publish as rouse;
    pub(crate) use self::publish as see_free;
    pub(crate) use self::publish as see_ticket;
    pub(crate) use self::publish as ticket;
}

pub(super) fn light() {}

pub(super) fn heavy() {}

pub(super) fn can_heavy() -> bool {
    true
}

pub(super) const LINE: usize = 1;
pub(super) const LANES: usize = 32;
pub(super) const BLOCK: usize = 2;
pub(super) const SOME: usize = 1;
pub(super) const TURN: usize = 2;
pub(super) const SWEEP: u32 = 2;
pub(super) const FEW: usize = 1;
pub(super) const PAUSES: u32 = 0;

pub(super) type Word = AtomicU64;

pub(super) fn writing(_: &Word) {}

pub(super) fn reading(_: &Word) {}

pub(super) fn soon(_: *const Word) {}

pub(super) fn words(count: usize) -> Box<[Word]> {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}

pub(super) fn bits(words: usize) -> Box<[AtomicU64]> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

/// One end of a parking place: a token that is left, and taken.
#[derive(Clone, Debug)]
pub(super) struct Parker(Arc<(shuttle::sync::Mutex<bool>, shuttle::sync::Condvar)>);
pub(super) type Unparker = Parker;

pub(super) fn pair() -> (Parker, Unparker) {
    let place = (shuttle::sync::Mutex::new(false), shuttle::sync::Condvar::new());
    let place = Parker(Arc::new(place));
    (place.clone(), place)
}

impl Parker {
    pub(super) fn park(&self) {
        let (token, changed) = &*self.0;
        let mut token = token.lock().unwrap();
        while !*token {
            token = changed.wait(token).unwrap();
        }
        *token = false;
    }

    pub(super) fn park_timeout(&self, _: Duration) -> bool {
        self.park();
        true
    }

    pub(super) fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}
