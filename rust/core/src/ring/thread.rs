//! The number of the calling thread, from its first push to its end.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use super::registry::{Number, Registry};

/// For a thread without a number: it is below no ring's count of lanes.
const NONE: usize = usize::MAX;
/// For a thread that has not pushed yet.
const UNKNOWN: usize = usize::MAX - 1;

/// 1,024 threads at a time have a number.
static NUMBERS: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(Registry::new(16)));

/// Gives the number back at the thread's end.
struct Holder(OnceCell<Option<Rc<Number>>>);

impl Drop for Holder {
    fn drop(&mut self) {
        // What other destructors of this thread push still goes by the overflow lane.
        LANE.set(NONE);
    }
}

thread_local! {
    // Apart from the holder, since what needs no destructor is read without a look at its state.
    static LANE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static HOLDER: Holder = const { Holder(OnceCell::new()) };
}

/// Makes what a first push needs.
pub(super) fn prepare() {
    LazyLock::force(&NUMBERS);
}

/// The calling thread's number; one that no ring has a lane for if it has none.
#[inline]
pub(super) fn number() -> usize {
    match LANE.get() {
        UNKNOWN => first(),
        number => number,
    }
}

#[cold]
fn first() -> usize {
    let number = hold().map_or(NONE, |number| number.get());
    LANE.set(number);
    number
}

/// The number itself, for who wants to keep it longer than a call.
pub(super) fn hold() -> Option<Rc<Number>> {
    if LANE.get() == NONE {
        return None;
    }
    let claim = |holder: &Holder| holder.0.get_or_init(|| NUMBERS.claim().map(Rc::new)).clone();
    HOLDER.try_with(claim).ok().flatten()
}
