//! Stacks: each virtual CPU runs on one of its own, all of them on one thread.
//!
//! A driver is suspended where it calls the engine, however deep: the engine goes on with another
//! stack and comes back later. For drivers in Rust the stacks are the crate `generator`'s; a language
//! binding brings its own.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Arc, OnceLock};

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
/// Bytes of the least stack that is worth a try, and of what belongs to a stack beside it.
const LEAST: usize = 32 * 1024;

/// The same where this process may have no stack of so many bytes (`ulimit -Hs`): as many as it may.
fn words() -> usize {
    static KNOWN: OnceLock<usize> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let most = most_of(&limits).unwrap_or(usize::MAX);
        WORDS.min(most.saturating_sub(LEAST).max(LEAST) / size_of::<usize>())
    })
}

/// The hard limit of a stack in the text of /proc/PID/limits, in bytes; none if there is none.
fn most_of(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max stack size"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

type Stack = Generator<'static, (), usize>;

thread_local! {
    /// Made once a thread: mapping memory costs more than what most executions do.
    static STACKS: RefCell<Vec<Option<Stack>>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<Option<Body>> = const { Cell::new(None) };
    /// What is to run on stacks that nobody has switched to yet, by their numbers. The switch follows at once.
    static WAITING: RefCell<Vec<(usize, Body)>> = const { RefCell::new(Vec::new()) };
}

/// Takes one body after the other.
fn stack() -> Stack {
    Gn::new_opt(words(), || {
        loop {
            go_on_with(NEXT.take().map_or(0, |body| body()));
        }
    })
}

/// Stacks in the language of none.
pub(crate) fn of_rust() -> Arc<dyn Stacks> {
    thread_local! {
        static KNOWN: Arc<dyn Stacks> = Arc::new(Generators);
    }
    // A thread that ends has none any more.
    KNOWN.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Generators))
}

/// Has the crate that makes stacks do what it does once in a process: it handles faults. A handler of somebody else's that is to
/// come first is set after this.
pub fn prepare() {
    let mut stack: Stack = Gn::new_opt(words(), || 0);
    let _ = stack.resume();
}

/// Suspends the present stack, which is not the thread's own.
#[allow(deprecated)] // the scope that its successor wants is not at hand where a driver calls the engine
fn go_on_with(to: usize) {
    generator::yield_with(to);
}

/// Stacks for drivers written in Rust: those of the thread.
#[derive(Debug)]
pub(crate) struct Generators;

impl Generators {
    /// Runs stack `to`, and those that are switched to from there, until it is stack 0's turn.
    fn run(mut to: usize) {
        while to != 0 {
            let taken = STACKS.with_borrow_mut(|stacks| {
                if stacks.len() < to {
                    stacks.resize_with(to, || None);
                }
                stacks[to - 1].take()
            });
            let mut stack = taken.unwrap_or_else(stack);
            WAITING.with_borrow_mut(|waiting| {
                // Most switches are to stacks that have begun.
                if let Some(at) = waiting.iter().position(|(number, _)| *number == to) {
                    NEXT.set(Some(waiting.swap_remove(at).1));
                }
            });
            let next = stack.resume().unwrap_or(0);
            STACKS.with_borrow_mut(|stacks| stacks[to - 1] = Some(stack));
            to = next;
        }
    }
}

impl Stacks for Generators {
    fn start(&self, number: usize, body: Body) {
        WAITING.with_borrow_mut(|waiting| waiting.push((number, body)));
    }

    fn switch(&self, from: usize, to: usize) {
        if from == 0 {
            Generators::run(to);
        } else {
            go_on_with(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_stack_is_the_hard_one() {
        let of = |line: &str| {
            most_of(&format!(
                "Limit   Soft Limit   Hard Limit   Units\n{line}\nMax core file size 0 0 bytes"
            ))
        };
        assert_eq!(
            of("Max stack size            8388608              16777216             bytes"),
            Some(16_777_216)
        );
        assert_eq!(
            of("Max stack size            8388608              unlimited            bytes"),
            None
        );
        assert_eq!(
            of("Max data size             unlimited            unlimited            bytes"),
            None
        );
    }
}
