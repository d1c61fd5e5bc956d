//! One CPU's part of the contract: its IRQL, the spin locks it holds, the entry points it is in.

use serde::{Deserialize, Serialize};

use crate::cx::Irql;
use crate::event::{Entry, Form};
use crate::rule::Rule;

/// A lock that is held.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct Held {
    /// Which lock.
    pub lock: u32,
    /// By which form it was acquired.
    pub form: Form,
    /// The level before: the lock remembers it (`NDIS_SPIN_LOCK.OldIrql`).
    pub old: Irql,
}

/// An entry point that has not returned.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct Inside {
    /// Whose it is.
    pub adapter: u16,
    /// Which one.
    pub entry: Entry,
    /// The level that it was entered at.
    pub at: Irql,
    /// The level to go back to.
    pub old: Irql,
    /// How many locks were held when it was entered.
    pub locks: u32,
}

/// What the contract knows of one CPU.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct CpuState {
    /// Its level.
    pub irql: Irql,
    /// The locks it holds, in order of acquisition.
    pub held: Vec<Held>,
    /// The entry points on its stack, outermost first.
    pub inside: Vec<Inside>,
}

impl Default for CpuState {
    fn default() -> CpuState {
        CpuState { irql: Irql::PASSIVE, held: Vec::new(), inside: Vec::new() }
    }
}

impl CpuState {
    /// Whether the CPU may acquire `lock` by `form` now.
    ///
    /// # Errors
    /// `LOCK_RECURSION` if it holds it, `LOCK_FORM` at the wrong level.
    #[inline]
    pub fn may_acquire(&self, lock: u32, form: Form) -> Result<(), Rule> {
        if self.held.iter().any(|h| h.lock == lock) {
            return Err(Rule::LockRecursion);
        }
        let level_fits = match form {
            Form::Plain => self.irql <= Irql::DISPATCH,
            Form::Dpr => self.irql == Irql::DISPATCH,
        };
        if level_fits { Ok(()) } else { Err(Rule::LockForm) }
    }

    /// Notes that it holds `lock`; the level goes to DISPATCH.
    #[inline]
    pub fn acquire(&mut self, lock: u32, form: Form) {
        let old = self.irql;
        self.irql = old.max(Irql::DISPATCH);
        self.held.push(Held { lock, form, old });
    }

    /// Whether the CPU may release `lock` by `form` now.
    ///
    /// # Errors
    /// `LOCK_UNHELD`, `LOCK_FORM` if it was acquired by the other form, `LOCK_ORDER` if another
    /// lock was acquired later and is still held.
    pub fn may_release(&self, lock: u32, form: Form) -> Result<(), Rule> {
        let at = self.held.iter().rposition(|h| h.lock == lock).ok_or(Rule::LockUnheld)?;
        if self.held[at].form != form {
            Err(Rule::LockForm)
        } else if at + 1 != self.held.len() {
            Err(Rule::LockOrder)
        } else {
            Ok(())
        }
    }

    /// Notes that it released `lock`. In order, the level goes to what the lock remembers; out of
    /// order (after the report) the remembered levels change hands, so that the level ends right.
    pub fn release(&mut self, lock: u32) {
        let Some(at) = self.held.iter().rposition(|h| h.lock == lock) else { return };
        let gone = self.held.remove(at);
        match self.held.get_mut(at) {
            Some(next) => next.old = gone.old,
            None if gone.form == Form::Plain => self.irql = gone.old,
            None => {}
        }
    }

    /// Notes that it released `lock`, if that is the one that it acquired last and it may release it by `form`: what
    /// [`may_release`](Self::may_release) and [`release`](Self::release) do then. Whether it did.
    #[inline]
    pub fn release_last(&mut self, lock: u32, form: Form) -> bool {
        let Some(&Held { lock: last, form: by, old }) = self.held.last() else { return false };
        if last != lock || by != form {
            return false;
        }
        self.held.pop();
        if form == Form::Plain {
            self.irql = old;
        }
        true
    }

    /// Whether the level may go up to `to`.
    ///
    /// # Errors
    /// `IRQL_LEAK` if that is down.
    pub fn may_raise(&self, to: Irql) -> Result<(), Rule> {
        if to >= self.irql { Ok(()) } else { Err(Rule::IrqlLeak) }
    }

    /// Whether the level may go down to `to`.
    ///
    /// # Errors
    /// `IRQL_LEAK` if that is up, or below DISPATCH with a lock held.
    pub fn may_lower(&self, to: Irql) -> Result<(), Rule> {
        if to > self.irql || (to < Irql::DISPATCH && !self.held.is_empty()) {
            Err(Rule::IrqlLeak)
        } else {
            Ok(())
        }
    }

    /// Whether NdisMWanSendComplete may be called here.
    ///
    /// # Errors
    /// `LOCK_HELD`, `IRQL_COMPLETE`.
    pub fn may_complete(&self, serialized: bool) -> Result<(), Rule> {
        if !self.held.is_empty() {
            Err(Rule::LockHeld)
        } else if self.irql > Irql::DISPATCH || (serialized && self.irql < Irql::DISPATCH) {
            Err(Rule::IrqlComplete)
        } else {
            Ok(())
        }
    }

    /// Whether NdisSend may be called here.
    ///
    /// # Errors
    /// `IRQL_SEND` above DISPATCH.
    pub fn may_send(&self) -> Result<(), Rule> {
        if self.irql > Irql::DISPATCH { Err(Rule::IrqlSend) } else { Ok(()) }
    }

    /// Whether a function may be called here whose page allows `most` at most.
    ///
    /// # Errors
    /// `IRQL_CALL` above that.
    #[inline]
    pub fn may_call(&self, most: Irql) -> Result<(), Rule> {
        if self.irql > most { Err(Rule::IrqlCall) } else { Ok(()) }
    }

    /// Whether a status or a receive may be indicated here.
    ///
    /// # Errors
    /// `INDICATE` from MiniportHalt, MiniportISR, MiniportShutdown, or a serialized
    /// MiniportInitialize; `LOCK_HELD`; `IRQL_COMPLETE` where a completion would not be allowed.
    pub fn may_indicate(&self, adapter: u16, serialized: bool) -> Result<(), Rule> {
        // What a DPC has interrupted is not its place.
        let is_dpc =
            |i: &&Inside| matches!(i.entry, Entry::Timer | Entry::Dpc | Entry::HandleInterrupt);
        let forbidden = self.inside.iter().rev().take_while(|i| !is_dpc(i)).any(|i| {
            i.adapter == adapter
                && match i.entry {
                    Entry::Halt | Entry::Isr | Entry::Shutdown => true,
                    Entry::Initialize => serialized,
                    _ => false,
                }
        });
        if forbidden { Err(Rule::Indicate) } else { self.may_complete(serialized) }
    }

    /// An entry point begins at level `at`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // twice for each packet, as `leave_clean`
    pub fn enter(&mut self, adapter: u16, entry: Entry, at: Irql) {
        let locks = self.held.len() as u32;
        self.inside.push(Inside { adapter, entry, at, old: self.irql, locks });
        self.irql = at;
    }

    /// Whether the entry point that began last may return now.
    ///
    /// # Errors
    /// `LOCK_LEAK` if it holds a lock that it did not begin with, `IRQL_LEAK` at another level.
    #[inline]
    pub fn may_leave(&self) -> Result<(), Rule> {
        let Some(inside) = self.inside.last() else { return Ok(()) };
        if self.held.len() as u32 > inside.locks {
            Err(Rule::LockLeak)
        } else if self.irql != inside.at {
            Err(Rule::IrqlLeak)
        } else {
            Ok(())
        }
    }

    /// The entry point that began last returned: [`leave`](Self::leave), if it may and left nothing
    /// over. Whether it did.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `enter`
    pub fn leave_clean(&mut self) -> bool {
        if self.may_leave().is_err() {
            return false;
        }
        if let Some(inside) = self.inside.pop() {
            self.irql = inside.old;
        }
        true
    }

    /// The entry point that began last returned: what it left over is put right. Returns the
    /// locks that had to be taken from it.
    pub fn leave(&mut self) -> Vec<u32> {
        let Some(inside) = self.inside.pop() else { return Vec::new() };
        let leaked = if self.held.len() > inside.locks as usize {
            self.held.drain(inside.locks as usize..).map(|h| h.lock).collect()
        } else {
            Vec::new()
        };
        self.irql = inside.old;
        leaked
    }
}
