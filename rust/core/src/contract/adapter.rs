//! An adapter's and a link's part of the contract: life cycle, serialization, line, window.

use serde::{Deserialize, Serialize};

use crate::event::Entry;
use crate::face::Face;
use crate::rule::Rule;

/// Where an adapter is in its life.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// MiniportInitialize has not returned.
    Initializing = 0,
    /// Sends go down.
    Running = 1,
    /// Between the call of MiniportReset and the end of the reset.
    Resetting = 2,
    /// Between the call of MiniportPause and the end of the pause (NDIS 6).
    Pausing = 3,
    /// Paused, until it is restarted or halted (NDIS 6).
    Paused = 4,
    /// MiniportHalt is called.
    Halting = 5,
    /// MiniportHalt has returned, or MiniportInitialize failed.
    Halted = 6,
    /// A bug check stopped it.
    Stopped = 7,
}

impl Life {
    /// The life that a byte stands for.
    pub(crate) fn from_u8(byte: u8) -> Life {
        match byte {
            0 => Life::Initializing,
            1 => Life::Running,
            2 => Life::Resetting,
            3 => Life::Pausing,
            4 => Life::Paused,
            5 => Life::Halting,
            6 => Life::Halted,
            _ => Life::Stopped,
        }
    }

    /// Whether the miniport may call NDIS about packets.
    ///
    /// # Errors
    /// `HALT` after halt has returned.
    pub fn may_call(self) -> Result<(), Rule> {
        if self >= Life::Halted { Err(Rule::Halt) } else { Ok(()) }
    }

    /// Whether a protocol may send: NDIS keeps the packet until the miniport may be called, or
    /// answers RESET_IN_PROGRESS or PAUSED.
    ///
    /// # Errors
    /// `HALT` from halt on.
    pub fn may_take_send(self) -> Result<(), Rule> {
        if self >= Life::Halting { Err(Rule::Halt) } else { Ok(()) }
    }

    /// Whether NDIS may call MiniportWanSend.
    ///
    /// # Errors
    /// `LINE` before initialization is over, `RESET` during a reset, `PAUSE` from a pause on, `HALT` from
    /// halt on.
    pub fn may_send(self) -> Result<(), Rule> {
        match self {
            Life::Running => Ok(()),
            Life::Initializing => Err(Rule::Line),
            Life::Resetting => Err(Rule::Reset),
            Life::Pausing | Life::Paused => Err(Rule::Pause),
            Life::Halting | Life::Halted | Life::Stopped => Err(Rule::Halt),
        }
    }

    /// Whether a reset may begin.
    ///
    /// # Errors
    /// `RESET` during another one, `HALT` for an adapter that does not run.
    pub fn may_reset(self) -> Result<(), Rule> {
        match self {
            Life::Running => Ok(()),
            Life::Resetting => Err(Rule::Reset),
            Life::Pausing | Life::Paused => Err(Rule::Pause),
            _ => Err(Rule::Halt),
        }
    }

    /// Whether a pause may complete.
    ///
    /// # Errors
    /// `PAUSE` if none is under way, `HALT` after the adapter's life.
    pub fn may_end_pause(self) -> Result<(), Rule> {
        match self {
            Life::Pausing => Ok(()),
            Life::Halted | Life::Stopped => Err(Rule::Halt),
            _ => Err(Rule::Pause),
        }
    }

    /// Whether NdisMResetComplete is expected.
    ///
    /// # Errors
    /// `RESET` if there is no reset.
    pub fn may_complete_reset(self) -> Result<(), Rule> {
        match self {
            Life::Resetting => Ok(()),
            Life::Halted | Life::Stopped => Err(Rule::Halt),
            _ => Err(Rule::Reset),
        }
    }
}

/// What the contract knows of one adapter.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct AdapterState {
    /// Whether NDIS serializes its entry points.
    pub serialized: bool,
    /// Whether a serialized miniport may be re-entered by policy (`Reentry::Recursive`).
    pub reentrant: bool,
    /// Where it is in its life.
    pub life: Life,
    /// How many of its entry points run (the ISR, which preempts, not counted).
    pub inside: u32,
    /// Which send interface it has.
    pub face: Face,
    /// It said that its reset cannot be: what it has stays with it.
    pub refused: bool,
    /// A serialized LAN miniport returned RESOURCES, and NDIS waits for it.
    pub stalled: bool,
}

impl AdapterState {
    /// Whether an entry point of the miniport may begin.
    ///
    /// # Errors
    /// `SERIAL` if it is serialized and one runs, `HALT` after its life.
    pub fn may_enter(&self, entry: Entry) -> Result<(), Rule> {
        if !counts(entry) {
            return Ok(());
        }
        if self.life >= Life::Halted {
            return Err(Rule::Halt);
        }
        if self.serialized && self.inside > 0 && !(self.reentrant && entry == Entry::WanSend) {
            return Err(Rule::Serial);
        }
        Ok(())
    }

    /// An entry point of the miniport begins.
    pub fn enter(&mut self, entry: Entry) {
        self.inside += u32::from(counts(entry));
    }

    /// An entry point of the miniport returned.
    pub fn leave(&mut self, entry: Entry) {
        self.inside = self.inside.saturating_sub(u32::from(counts(entry)));
    }
}

/// Whether serialization is about the entry point: the ISR preempts, a shutdown waits for nobody.
fn counts(entry: Entry) -> bool {
    entry != Entry::Isr && entry != Entry::Shutdown && !entry.is_protocol()
}

/// What the contract knows of one link.
#[derive(Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct LinkState {
    /// Whether it is up.
    pub up: bool,
    /// Whether the call was closed: the handle is of no use any more.
    pub closed: bool,
    /// How many uncompleted sends the miniport takes.
    pub window: u32,
    /// How many it has.
    pub outstanding: u32,
}

impl LinkState {
    /// Line-up, the first or a later one.
    ///
    /// # Errors
    /// `HANDLE` if the call was closed.
    pub fn line_up(&mut self, window: u32) -> Result<(), Rule> {
        if self.closed {
            return Err(Rule::Handle);
        }
        self.up = true;
        self.window = window;
        Ok(())
    }

    /// Line-down.
    ///
    /// # Errors
    /// `HANDLE` if the call was closed, `LINE` if it was not up.
    pub fn line_down(&mut self) -> Result<(), Rule> {
        self.may_indicate()?;
        self.up = false;
        Ok(())
    }

    /// Whether a receive or fragment may be indicated on it.
    ///
    /// # Errors
    /// `HANDLE` if the call was closed, `LINE` if it is not up.
    pub fn may_indicate(&self) -> Result<(), Rule> {
        if self.closed {
            Err(Rule::Handle)
        } else if self.up {
            Ok(())
        } else {
            Err(Rule::Line)
        }
    }

    /// Whether a protocol may send on it.
    ///
    /// # Errors
    /// As [`may_indicate`](Self::may_indicate).
    pub fn may_send(&self) -> Result<(), Rule> {
        self.may_indicate()
    }

    /// Whether the window lets another packet to the miniport.
    pub fn has_room(&self) -> bool {
        self.outstanding < self.window
    }

    /// A packet goes to the miniport.
    ///
    /// # Errors
    /// `WINDOW` if it is one too many, `LINE` if the link is down.
    pub fn submit(&mut self) -> Result<(), Rule> {
        self.may_send()?;
        if !self.has_room() {
            return Err(Rule::Window);
        }
        self.outstanding += 1;
        Ok(())
    }

    /// A packet is back: the window is open by one more.
    pub fn done(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }
}
