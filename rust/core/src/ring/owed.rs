//! A value that is used up in one of two ways: it is taken out, or it is dropped, and then somebody is told.
//!
//! `Option::take` would do the same without `unsafe`, but asks at each use whether the value is still there.

use std::mem::{ManuallyDrop, forget};

/// What becomes of a value that was let go.
pub(crate) trait LetGo {
    fn let_go(self);
}

/// A value that its owner has to take out.
#[derive(Debug)]
pub(crate) struct Owed<V: LetGo>(ManuallyDrop<V>);

impl<V: LetGo> Owed<V> {
    #[inline]
    pub(crate) fn new(value: V) -> Self {
        Owed(ManuallyDrop::new(value))
    }

    #[inline]
    pub(crate) fn take(mut self) -> V {
        // SAFETY: the value is taken once: `self` is forgotten in the next line, so neither `drop` nor anybody
        // else comes by here again.
        let value = unsafe { ManuallyDrop::take(&mut self.0) };
        forget(self);
        value
    }

    #[inline]
    pub(crate) fn get(&self) -> &V {
        &self.0
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut V {
        &mut self.0
    }
}

impl<V: LetGo> Drop for Owed<V> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a value is dropped once, and what was taken out is not dropped (`take` forgets it).
        let value = unsafe { ManuallyDrop::take(&mut self.0) };
        value.let_go();
    }
}
