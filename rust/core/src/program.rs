//! Programs: lists of operations on one link, played without a stop, as a test generates them.
//!
//! What a driver will have done by then is not known when a program is made. So an operation that
//! is not possible now (a send with the line down, a reset during a reset) is not a mistake of the
//! program: it is left out, and [`Operation::perform`] says so.

use std::sync::Arc;

use crate::contract::adapter::Life;
use crate::cx::Irql;
use crate::ndis::{FrameError, LinkSettings, PacketError, RequestError};
use crate::oid::Oid;
use crate::packet::BadFrame;
use crate::time::virtual_::RunError;
use crate::violation::Violation;
use crate::{Link, Ndis};

/// What operations are called, by their codes.
pub const NAMES: [&str; 10] = [
    "send",
    "run",
    "advance",
    "reset",
    "interrupt",
    "line_down",
    "line_up",
    "window",
    "request",
    "halt",
];

/// Events at most in an `advance`: a driver that polls would go on for ever.
const MOST_EVENTS: u64 = 10_000;

/// One step of a program.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// The protocol sends a frame of so many octets.
    Send(usize),
    /// So many events happen.
    Run(u64),
    /// So many nanoseconds pass.
    Advance(u64),
    /// NdisReset.
    Reset,
    /// The card raises its interrupt.
    Interrupt,
    /// The line goes down.
    LineDown,
    /// The line comes up again.
    LineUp,
    /// The line is told another SendWindow.
    Window(u16),
    /// The protocol asks for an OID.
    Request(Oid),
    /// The world ends.
    Halt,
}

/// What stopped a program.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// A rule was broken by the call itself.
    #[error("{0}")]
    Violation(Arc<Violation>),
    /// The frame cannot be sent by this adapter at all.
    #[error(transparent)]
    Frame(PacketError),
    /// The request cannot be answered.
    #[error(transparent)]
    Request(RequestError),
    /// The clock cannot be run from here.
    #[error(transparent)]
    Run(RunError),
}

impl From<Arc<Violation>> for ProgramError {
    fn from(violation: Arc<Violation>) -> ProgramError {
        ProgramError::Violation(violation)
    }
}

impl From<RunError> for ProgramError {
    fn from(error: RunError) -> ProgramError {
        match error {
            RunError::Broken(violation) => ProgramError::Violation(violation),
            error => ProgramError::Run(error),
        }
    }
}

impl Operation {
    /// The operation with this place in [`NAMES`]; `None` if there is none, or the argument is none of its.
    pub fn new(code: usize, argument: u64) -> Option<Operation> {
        let made = match *NAMES.get(code)? {
            "send" => Operation::Send(usize::try_from(argument).ok()?),
            "run" => Operation::Run(argument),
            "advance" => Operation::Advance(argument),
            "reset" => Operation::Reset,
            "interrupt" => Operation::Interrupt,
            "line_down" => Operation::LineDown,
            "line_up" => Operation::LineUp,
            "window" => Operation::Window(u16::try_from(argument).ok()?),
            "request" => Operation::Request(Oid(u32::try_from(argument).ok()?)),
            _ => Operation::Halt,
        };
        Some(made)
    }

    /// Whether it is possible now.
    pub fn is_enabled(self, ndis: &Ndis, link: &Link) -> bool {
        let life = link.adapter.life();
        let runs = life == Life::Running;
        match self {
            Operation::Run(_) | Operation::Advance(_) | Operation::Halt => !ndis.is_closed(),
            Operation::Send(_) | Operation::LineDown | Operation::Window(_) => {
                runs && link.is_up() && !link.is_closed()
            }
            Operation::LineUp => runs && !link.is_up() && !link.is_closed(),
            Operation::Reset => runs,
            Operation::Interrupt => runs || life == Life::Resetting,
            Operation::Request(_) => runs && !link.is_closed(),
        }
    }

    /// Does it; whether it was possible.
    ///
    /// # Errors
    /// [`ProgramError`]: a rule that the call itself broke, or what no program can do.
    pub fn perform(self, ndis: &Ndis, link: &Arc<Link>) -> Result<bool, ProgramError> {
        if !self.is_enabled(ndis, link) {
            return Ok(false);
        }
        let adapter = &link.adapter;
        match self {
            // Looked at before there are so many bytes: no machine may have them.
            Operation::Send(length) if length > adapter.info.room() => {
                let source = BadFrame::TooLong { room: adapter.info.room(), length };
                let adapter = adapter.name.clone();
                return Err(ProgramError::Frame(PacketError::Frame { adapter, source }));
            }
            Operation::Send(length) => match link.send_frame(&frame(length)) {
                Ok(_) => {}
                Err(FrameError::Packet(PacketError::Exhausted { .. })) => return Ok(false),
                Err(FrameError::Packet(error)) => return Err(ProgramError::Frame(error)),
                Err(FrameError::Violation(violation)) => return Err(violation.into()),
            },
            Operation::Run(events) => {
                ndis.run(None, Some(events))?;
            }
            Operation::Advance(delay) => {
                ndis.run(Some(ndis.now().saturating_add(delay)), Some(MOST_EVENTS))?;
            }
            Operation::Reset => {
                adapter.reset()?;
            }
            Operation::Interrupt => adapter.interrupt(),
            Operation::LineDown => at_dispatch(link, || adapter.line_down(link))?,
            Operation::LineUp => bring_up(link, 0)?,
            Operation::Window(window) => bring_up(link, window)?,
            Operation::Request(oid) => match link.query(oid) {
                Ok(_) | Err(RequestError::Status { .. }) => {}
                Err(RequestError::Violation(violation)) => return Err(violation.into()),
                Err(error) => return Err(ProgramError::Request(error)),
            },
            Operation::Halt => ndis.close()?,
        }
        Ok(true)
    }
}

fn bring_up(link: &Arc<Link>, send_window: u16) -> Result<(), Arc<Violation>> {
    let settings = LinkSettings { send_window, ..link.settings() };
    at_dispatch(link, || link.adapter.line_up(Some(link), None, settings)).map(drop)
}

/// Lines change in a DPC of the driver's.
fn at_dispatch<R>(
    link: &Link,
    change: impl FnOnce() -> Result<R, Arc<Violation>>,
) -> Result<R, Arc<Violation>> {
    let old = link.adapter.raise_irql(Irql::DISPATCH)?;
    let changed = change();
    link.adapter.lower_irql(old)?;
    changed
}

/// A frame of that many octets: PPP's address, control and LCP, then some that have to be escaped.
pub fn frame(length: usize) -> Vec<u8> {
    let rest = [0x7E, 0x55, 0x7D, 0x03, 0xAA, 0x11];
    [0xFF, 0x03, 0xC0, 0x21].into_iter().chain(rest.into_iter().cycle()).take(length).collect()
}
