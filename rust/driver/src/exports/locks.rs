//! Spin locks in both forms, and levels.

use ndiswan::event::Form;
use ndiswan::{Irql, Rule};

use super::{exports, guarded};
use crate::context::{Here, quickly};
use crate::lines::{caller, named_at};
use crate::locks::Lock;
use crate::peek;

/// The system's own lock for cancelling IRPs, at an address at which nothing is.
const CANCEL: usize = 0x3C00_0000;
/// What makes a lock.
const INITIALIZERS: [&str; 3] =
    ["NdisAllocateSpinLock", "KeInitializeSpinLock", "NdisInitializeReadWriteLock"];
const NEVER_USED: Lock = Lock { number: None, freed: None, to_free: false, site: 0 };
/// LockState of a LOCK_STATE.
const READS: u16 = 1;
const WRITES: u16 = 2;

/// The engine's number of the lock at `address`; none if it was freed, which is reported.
fn number(here: &Here, address: usize) -> Option<u32> {
    let card = here.card()?;
    if let Some(number) = card.driver.locks.cached(address) {
        return Some(number);
    }
    let (mut site, mut to_free) = (0, false);
    match card.driver.locks.get(address) {
        Some(Lock { number: Some(number), freed: None, .. }) => return Some(number),
        Some(Lock { freed: Some(by), site, .. }) => {
            let text = format!("{}: {} was freed before, by {by}", here.name, told(site, address));
            here.broken(Rule::Touch, &text);
            return None;
        }
        Some(known) => (site, to_free) = (known.site, known.to_free),
        None if peek::get::<u64>(address).is_none() => {
            here.wrong("SpinLock", address, "the address of an NDIS_SPIN_LOCK");
            return None;
        }
        None => {
            let text = format!(
                "{}: the spin lock at {address:#x} was never initialized (NdisAllocateSpinLock)",
                here.name
            );
            here.broken(Rule::LockForm, &text);
        }
    }
    let name = if address == CANCEL {
        "for cancelling".to_string()
    } else {
        named_at(site, &INITIALIZERS).unwrap_or_else(|| format!("{address:#x}"))
    };
    let number = card.adapter()?.spin_lock(&card.driver.locks.name(name));
    card.driver.locks.set(address, Lock { number: Some(number), freed: None, to_free, site });
    Some(number)
}

/// The lock, for people.
pub(crate) fn told(site: usize, address: usize) -> String {
    let name = named_at(site, &INITIALIZERS).map_or_else(String::new, |name| format!("{name} "));
    format!("the spin lock {name}at {address:#x}")
}

fn initialize(here: &Here, address: usize, frame: usize) {
    let Some(card) = here.card() else { return };
    if !peek::put(address, [0u64; 1]) {
        return here.wrong("SpinLock", address, "the address of an NDIS_SPIN_LOCK");
    }
    let to_free = here.name == INITIALIZERS[0];
    let lock = Lock { to_free, site: caller(frame).unwrap_or(0), ..NEVER_USED };
    card.driver.locks.set(address, lock);
}

/// A lock is freed, or the memory that it is in: nobody may hold it.
fn freed(here: &Here, address: usize, known: Lock) {
    let adapter = here.card().and_then(|card| card.adapter());
    if known.number.is_some_and(|number| adapter.is_some_and(|adapter| adapter.is_held(number))) {
        let text = format!("{}: {} is held", here.name, told(known.site, address));
        here.broken(Rule::LockLeak, &text);
    }
}

/// A block of the driver's memory was freed, and with it the locks that are in it.
pub(super) fn block_freed(here: &Here, start: usize, length: usize) {
    let Some(card) = here.card() else { return };
    for (address, known) in card.driver.locks.free_block(start, length, here.name) {
        freed(here, address, known);
    }
}

fn acquire(here: &Here, address: usize, form: Form) {
    if let (Some(number), Some(adapter)) =
        (number(here, address), here.card().and_then(|card| card.adapter()))
    {
        // What was refused is none, and so is the release that the driver has for it.
        if let Err(broken) = adapter.acquire(number, form)
            && !adapter.takes_all_the_same(broken.rule)
        {
            adapter.note_acquire(number, false, false);
        }
    }
}

fn release(here: &Here, address: usize, form: Form) {
    if let (Some(number), Some(adapter)) =
        (number(here, address), here.card().and_then(|card| card.adapter()))
        && adapter.note_release(number, false)
    {
        drop(adapter.release(number, form));
    }
}

/// Acquires a lock that was used before, by the plain form or the other, with nothing in the way; whether it did.
#[inline(never)] // a spin lock's whole way is one function, which knows its form and calls none
fn acquired<const PLAIN: bool>(address: usize) -> bool {
    quickly(|card, adapter, cpu| {
        let known = card.driver.locks.cached(address);
        known.is_some_and(|number| adapter.acquire_at_once(cpu, number, form::<PLAIN>()))
    })
}

/// The same for a release.
#[inline(never)] // see `acquired`
fn released<const PLAIN: bool>(address: usize) -> bool {
    quickly(|card, adapter, cpu| {
        let known = card.driver.locks.cached(address);
        known.is_some_and(|number| adapter.release_at_once(cpu, number, form::<PLAIN>()))
    })
}

const fn form<const PLAIN: bool>() -> Form {
    if PLAIN { Form::Plain } else { Form::Dpr }
}

fn level() -> u8 {
    ndiswan::cx::Cpu::current().irql().0
}

fn raise(here: &Here, to: u8) -> u8 {
    let old = level();
    if let Some(adapter) = here.card().and_then(|card| card.adapter()) {
        drop(adapter.raise_irql(Irql(to)));
    }
    old
}

/// Functions that make a lock. They get the frame pointer of the stub that calls, which nothing has touched yet, and the stack
/// pointer: the frame is the stub's if the stub's return address is right below it.
macro_rules! initializers {
    ($(fn $name:ident(here, lock: usize) {})*) => {
        /// Adds them.
        pub(super) fn list_initializers(add: &mut dyn FnMut(&'static str, usize)) {
            $({
                extern "C-unwind" fn rest(lock: usize, frame: usize, stack: usize) {
                    guarded(stringify!($name), move |here: &Here| {
                        initialize(here, lock, if frame == stack + 8 { frame } else { 0 });
                    });
                }
                // SAFETY: writes registers of arguments that the caller does not look at again, and goes on in a function that
                // takes these.
                #[unsafe(naked)]
                extern "C-unwind" fn begin(_: usize) {
                    std::arch::naked_asm!("mov rsi, rbp", "mov rdx, rsp", "jmp {}", sym rest);
                }
                add(stringify!($name), begin as *const () as usize);
            })*
        }
    };
}

initializers! {
    fn NdisAllocateSpinLock(here, lock: usize) {}
    fn KeInitializeSpinLock(here, lock: usize) {}
    fn NdisInitializeReadWriteLock(here, lock: usize) {}
}

exports! {
    fn NdisFreeSpinLock(here, lock: usize) {
        let Some(card) = here.card() else { return };
        let Some(known) = card.driver.locks.free(lock, here.name) else {
            return here.wrong("SpinLock", lock, "a spin lock of NdisAllocateSpinLock that was not freed");
        };
        freed(here, lock, known);
    }

    fn NdisAcquireSpinLock(here, lock: usize) unless { acquired::<true>(lock) } {
        acquire(here, lock, Form::Plain);
    }

    fn NdisReleaseSpinLock(here, lock: usize) unless { released::<true>(lock) } {
        release(here, lock, Form::Plain);
    }

    fn NdisDprAcquireSpinLock(here, lock: usize) unless { acquired::<false>(lock) } {
        acquire(here, lock, Form::Dpr);
    }

    fn NdisDprReleaseSpinLock(here, lock: usize) unless { released::<false>(lock) } {
        release(here, lock, Form::Dpr);
    }

    fn KeAcquireSpinLock(here, lock: usize, old: usize) {
        let before = level();
        acquire(here, lock, Form::Plain);
        if !peek::put(old, before) {
            here.wrong("OldIrql", old, "the address of a KIRQL");
        }
    }

    fn KeAcquireSpinLockRaiseToDpc(here, lock: usize) -> u8 {
        let before = level();
        acquire(here, lock, Form::Plain);
        before
    }

    fn KeReleaseSpinLock(here, lock: usize, old: u8) unless { released::<true>(lock) } {
        release(here, lock, Form::Plain);
    }

    fn KeAcquireSpinLockAtDpcLevel(here, lock: usize) unless { acquired::<false>(lock) } {
        acquire(here, lock, Form::Dpr);
    }

    fn KeReleaseSpinLockFromDpcLevel(here, lock: usize) unless { released::<false>(lock) } {
        release(here, lock, Form::Dpr);
    }

    fn KeGetCurrentIrql(here) -> u8 {
        level()
    }

    fn KeRaiseIrql(here, to: u8, old: usize) {
        let before = raise(here, to);
        if !peek::put(old, before) {
            here.wrong("OldIrql", old, "the address of a KIRQL");
        }
    }

    fn KeRaiseIrqlToDpcLevel(here) -> u8 {
        raise(here, Irql::DISPATCH.0)
    }

    fn KeLowerIrql(here, to: u8) {
        if let Some(adapter) = here.card().and_then(|card| card.adapter()) {
            drop(adapter.lower_irql(Irql(to)));
        }
    }

    fn IoAcquireCancelSpinLock(here, old: usize) {
        let Some(card) = here.card() else { return };
        card.driver.locks.set_if_new(CANCEL, NEVER_USED);
        let before = level();
        acquire(here, CANCEL, Form::Plain);
        if !peek::put(old, before) {
            here.wrong("Irql", old, "the address of a KIRQL");
        }
    }

    fn IoReleaseCancelSpinLock(here, old: u8) {
        let Some(card) = here.card() else { return };
        card.driver.locks.set_if_new(CANCEL, NEVER_USED);
        release(here, CANCEL, Form::Plain);
    }

    fn NdisAcquireReadWriteLock(here, lock: usize, write: u8, state: usize) {
        let Some(card) = here.card() else { return };
        // Readers wait for each other too: that is slower than Windows, and right. One that has the lock may read again.
        let own = (lock, ndiswan::cx::Cpu::current_id());
        let before = level();
        let again = match card.things.lock().shared.get_mut(&own) {
            Some((depth, writes)) if write == 0 || *writes => {
                *depth += 1;
                true
            }
            _ => false,
        };
        if !again {
            acquire(here, lock, Form::Plain);
            card.things.lock().shared.entry(own).or_insert((0, write != 0)).0 += 1;
        }
        // LOCK_STATE: LockState, which is NDIS's own, and OldIrql.
        if !peek::put(state, [if write == 0 { READS } else { WRITES }, u16::from(before)]) {
            here.wrong("LockState", state, "the address of a LOCK_STATE");
        }
    }

    fn NdisReleaseReadWriteLock(here, lock: usize, state: usize) {
        let Some(card) = here.card() else { return };
        let own = (lock, ndiswan::cx::Cpu::current_id());
        let acquired = peek::get::<u16>(state).is_some_and(|state| state == READS || state == WRITES);
        if !acquired {
            return here.wrong("LockState", state, "the LOCK_STATE that NdisAcquireReadWriteLock filled in, once");
        }
        peek::put(state, 0u16);
        let mut things = card.things.lock();
        match things.shared.get_mut(&own) {
            Some((depth, _)) if *depth > 1 => *depth -= 1,
            _ => {
                things.shared.remove(&own);
                drop(things);
                release(here, lock, Form::Plain);
            }
        }
    }
}
