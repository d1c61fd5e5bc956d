//! Threads of a driver's own: their begin, their waits, and their end, which may come in the middle of their function.

use std::cell::Cell;

use ndiswan::Adapter;
use ndiswan::ndis::Waited;

use crate::card::Card;
use crate::peek;

thread_local! {
    /// Whether the innermost call of the driver ends with its thread, and not by a crash.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// What a library function panics with that ends the driver's thread.
pub(crate) struct Ends;

/// The driver's call, which is all of its thread, ends here.
pub(crate) fn end() -> ! {
    ENDS.set(true);
    std::panic::resume_unwind(Box::new(Ends))
}

/// Whether the call that was left ended so.
pub(crate) fn take_end() -> bool {
    ENDS.take()
}

/// A thread of the driver's own, whose object is signaled when it ends.
pub(crate) fn start(card: &Card, routine: usize, context: usize, object: usize) -> bool {
    let Some((card, adapter)) = card.me.upgrade().zip(card.adapter().cloned()) else {
        return false;
    };
    let its = adapter.clone();
    let begun = adapter.spawn(move || {
        // A crash is on record with the card; there is no call to give back.
        let call = || card.call(routine, &[context]);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
        peek::put(object + 4, 1u32);
        its.ndis.signaled(object);
    });
    begun.is_ok()
}

/// A thread of the driver's own waits; it ends here when its world does. Whether what it waits for is so.
pub(crate) fn wait(
    adapter: &Adapter,
    object: usize,
    limit: Option<u64>,
    taken: &mut dyn FnMut() -> bool,
) -> bool {
    let mut asked = 0;
    let met = || {
        // Who has waited begins anew; whose waits are over at once may be in an endless loop.
        if asked == 1 {
            crate::context::rests();
        }
        asked += 1;
        taken()
    };
    match adapter.wait_on(object, limit, met) {
        Waited::Met => true,
        Waited::Late => false,
        Waited::Over => end(),
    }
}
