//! Stacks: each virtual CPU runs on one of its own, all of them on one thread.
//!
//! A driver is suspended where it calls the engine, however deep: the engine goes on with another
//! stack and comes back later. For drivers in Rust the stacks are the crate `generator`'s; a language
//! binding brings its own.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use generator::{Generator, Gn};

/// What runs on a stack: it ends with the number of the stack that goes on then.
pub type Body = Box<dyn FnOnce() -> usize + Send>;

/// Stacks on one thread. Number 0 is the thread's own.
pub trait Stacks: Send + Sync {
    /// Has `body` run on stack `number` once that is switched to.
    fn start(&self, number: usize, body: Body);

    /// Goes on with stack `to`; returns when somebody switches back to `from`, the present one.
    fn switch(&self, from: usize, to: usize);
}

impl fmt::Debug for dyn Stacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stacks")
    }
}

/// Words of memory that a stack has: 512 KiB. Drivers nest at most 24 entry points deep.
const WORDS: usize = 0x1_0000;

type Stack = Generator<'static, (), usize>;

thread_local! {
    /// Made once a thread: mapping memory costs more than what most executions do.
    static STACKS: RefCell<Vec<Option<Stack>>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<Option<Body>> = const { Cell::new(None) };
}

/// Takes one body after the other.
fn stack() -> Stack {
    Gn::new_opt(WORDS, || {
        loop {
            go_on_with(NEXT.take().map_or(0, |body| body()));
        }
    })
}

/// The stacks of one world, in the language of none.
pub(crate) fn of_rust() -> Arc<dyn Stacks> {
    Arc::new(Generators::default())
}

/// Has the crate that makes stacks do what it does once in a process: it handles faults. A handler of somebody else's that is to
/// come first is set after this.
pub fn prepare() {
    let mut stack: Stack = Gn::new_opt(WORDS, || 0);
    let _ = stack.resume();
}

/// Suspends the present stack, which is not the thread's own.
#[allow(deprecated)] // the scope that its successor wants is not at hand where a driver calls the engine
fn go_on_with(to: usize) {
    generator::yield_with(to);
}

/// Stacks for drivers written in Rust.
#[derive(Debug, Default)]
pub(crate) struct Generators {
    waiting: parking_lot::Mutex<Vec<(usize, Bodied)>>,
    /// Whether there is any: most switches are to stacks that have begun.
    any: AtomicBool,
}

struct Bodied(Body);

impl fmt::Debug for Bodied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

impl Generators {
    /// Runs stack `to`, and those that are switched to from there, until it is stack 0's turn.
    fn run(&self, mut to: usize) {
        while to != 0 {
            let taken = STACKS.with_borrow_mut(|stacks| {
                if stacks.len() < to {
                    stacks.resize_with(to, || None);
                }
                stacks[to - 1].take()
            });
            let mut stack = taken.unwrap_or_else(stack);
            if self.any.load(Ordering::Relaxed) {
                let mut waiting = self.waiting.lock();
                if let Some(at) = waiting.iter().position(|(number, _)| *number == to) {
                    NEXT.set(Some(waiting.swap_remove(at).1.0));
                }
                self.any.store(!waiting.is_empty(), Ordering::Relaxed);
            }
            let next = stack.resume().unwrap_or(0);
            STACKS.with_borrow_mut(|stacks| stacks[to - 1] = Some(stack));
            to = next;
        }
    }
}

impl Stacks for Generators {
    fn start(&self, number: usize, body: Body) {
        self.waiting.lock().push((number, Bodied(body)));
        self.any.store(true, Ordering::Relaxed);
    }

    fn switch(&self, from: usize, to: usize) {
        if from == 0 {
            self.run(to);
        } else {
            go_on_with(to);
        }
    }
}
