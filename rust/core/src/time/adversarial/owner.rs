//! Whose world it is: all of it runs on the thread that made it.

use std::ptr::from_ref;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Adversary;
use crate::cx::Cpu;
use crate::ndis::{Ndis, Panic};

/// Whose [`Panic`] it is when another thread calls.
pub const FOREIGNER: &str = "another thread";

/// What it says.
pub const FOREIGN: &str = "adversarial time runs on the thread that made the world, and another thread called it: threads of a driver are begun by spawn of its Ndis";

thread_local! {
    static HERE: u8 = const { 0 };
}

/// A number that no other thread has while this one lives; cheaper than its `ThreadId`.
fn here() -> usize {
    HERE.with(|here| from_ref(here).addr())
}

/// The thread that made the world.
#[derive(Debug)]
pub(super) struct Owner {
    thread: usize,
    /// The same as its CPUs have it.
    number: u32,
    /// Whether it was said that another one called.
    said: AtomicBool,
}

impl Default for Owner {
    fn default() -> Owner {
        Owner { thread: here(), number: Cpu::thread(), said: AtomicBool::new(false) }
    }
}

impl Ndis {
    /// What decides here. None in other kinds of time, and for a thread that is not the world's: it is
    /// not kept from what it does, but nothing else happens, and the execution has failed.
    #[inline]
    pub(crate) fn adversary(&self) -> Option<&Adversary> {
        let adversary = self.queue.adversary.as_ref()?;
        if adversary.owner.thread == here() {
            return Some(adversary);
        }
        self.foreigner_came(adversary);
        None
    }

    /// The same for who has the CPU of the calling thread.
    #[inline]
    pub(super) fn is_foreign(&self, adversary: &Adversary, cpu: &Cpu) -> bool {
        let foreign = cpu.thread != adversary.owner.number;
        if foreign {
            self.foreigner_came(adversary);
        }
        foreign
    }

    #[cold]
    fn foreigner_came(&self, adversary: &Adversary) {
        if !adversary.owner.said.swap(true, Ordering::Relaxed) {
            let message = FOREIGN.to_string();
            self.caught(Panic { adapter: String::new(), entry: FOREIGNER, message });
        }
    }

    /// Whether the calling thread is not the one that this world in adversarial time runs on.
    pub fn is_foreign_thread(&self) -> bool {
        self.queue.adversary.is_some() && self.adversary().is_none()
    }
}
