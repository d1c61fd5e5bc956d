//! Thread numbers as shuttle's threads have them.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::registry::{Number, Registry};

shuttle::lazy_static! {
    static ref NUMBERS: Arc<Registry> = Arc::new(Registry::new(1));
}

shuttle::thread_local! {
    static HOLDER: OnceCell<Option<Rc<Number>>> = OnceCell::new();
}

pub(super) fn prepare() {}

pub(super) fn number() -> usize {
    hold().map_or(usize::MAX, |number| number.get())
}

pub(super) fn hold() -> Option<Rc<Number>> {
    HOLDER.with(|holder| holder.get_or_init(|| NUMBERS.claim().map(Rc::new)).clone())
}
