//! Where NDIS does what only NDIS does; the one part of the list that the contract does not say.

use super::super::edge::{Place, Seat};
use crate::cx::Irql;
use crate::event::{Entry, TakenBack, What};
use crate::face::Face;
use crate::rule::Rule;

/// The levels and locks of a CPU on which something happens.
fn below_device(place: Place) -> bool {
    place.irql() <= Irql::DISPATCH
}

/// A thread of NDIS's, or one that called from outside of everything.
fn outside(place: Place) -> bool {
    place.irql() == Irql::PASSIVE
}

/// Work of NDIS's own: at PASSIVE on its thread, or on top of something that holds no lock.
fn work(place: Place) -> bool {
    below_device(place) && place.locks() == 0
}

/// Whether `what` happens there at all, kept or broken. A driver does anything anywhere.
pub(super) fn happens(face: Face, seat: Seat, what: &What, place: Place) -> bool {
    if is_of_another(face, seat, what) {
        return false;
    }
    let with_miniport = matches!(seat, Seat::InCall | Seat::Pended);
    let dead = matches!(seat, Seat::Halted | Seat::Stopped);
    match *what {
        What::Allocate { .. } => seat == Seat::Pool,
        // On the sender's stack, whatever it holds, or later on NDIS's own.
        What::Submit { .. } | What::Unsend { .. } => seat == Seat::Ndis && below_device(place),
        What::Return { .. } => below_device(place),
        What::Deliver { .. } => seat == Seat::Returning && below_device(place),
        What::TakeBack { why: TakenBack::Raised, .. } => false, // goes home with the return
        // By a token that goes out of scope, or by a bug check: anywhere.
        What::TakeBack { why: TakenBack::Dropped | TakenBack::Halt, .. } => with_miniport,
        What::TakeBack { .. } => with_miniport && below_device(place),
        What::Register { .. } => seat == Seat::Initializing && outside(place),
        What::Start => match seat {
            Seat::Initializing => outside(place),
            // NdisMRestartComplete is called wherever the driver is done.
            _ => seat == Seat::Paused,
        },
        What::Pause => seat == Seat::Running && outside(place),
        What::Cancel { .. } => with_miniport && below_device(place),
        // The return that came before it said that it is on its way.
        What::Requeue { .. } => seat == Seat::Returning && below_device(place),
        What::ResetEnd => seat == Seat::Resetting && below_device(place),
        What::Halt => !dead && seat != Seat::Halting && outside(place),
        What::Halted => matches!(seat, Seat::Halting | Seat::Stopped) && outside(place),
        What::Stop => seat != Seat::Stopped,
        What::TimerFire { .. } => !dead && work(place),
        What::Enter { entry, .. } => enters(seat, entry, place),
        What::Leave { entry } => leaves(seat, entry),
        _ => true,
    }
}

/// What this contract does not have.
fn is_of_another(face: Face, seat: Seat, what: &What) -> bool {
    let owners: &[Face] = match what {
        What::Requeue { .. } | What::ResourcesAvailable => &[Face::Lan],
        What::Cancel { .. }
        | What::Enter { entry: Entry::CancelSend, .. }
        | What::Leave { entry: Entry::CancelSend } => &[Face::Lan, Face::Condis, Face::Ndis6],
        What::TakeBack { why: TakenBack::Paused, .. }
        | What::Pause
        | What::Paused
        | What::Enter { entry: Entry::Pause | Entry::Restart, .. }
        | What::Leave { entry: Entry::Pause | Entry::Restart } => &[Face::Ndis6],
        _ if matches!(seat, Seat::Pausing | Seat::Paused) => &[Face::Ndis6],
        _ => &Face::ALL,
    };
    !owners.contains(&face)
}

/// What cannot happen without a broken rule although the contract lets the event itself pass: a packet
/// is given up because it is late or its call is closed too early, a bug check has its reason.
pub(super) fn blames(seat: Seat, what: &What) -> Option<&'static [Rule]> {
    match *what {
        What::TakeBack { why: TakenBack::GivenUp, .. } => Some(&[Rule::Lost, Rule::Late]),
        What::Stop => Some(&[]),
        _ if seat == Seat::Stopped => Some(&[]),
        _ => None,
    }
}

/// Where NDIS calls an entry point: in which life, from where.
fn enters(seat: Seat, entry: Entry, place: Place) -> bool {
    calls_from(entry, place) && lives(seat, entry)
}

/// Where the CPU is before an entry point is called on it.
fn calls_from(entry: Entry, place: Place) -> bool {
    match entry {
        Entry::Initialize | Entry::Halt | Entry::Pause | Entry::Restart => outside(place),
        Entry::Shutdown => true,
        // On the stack of who sent or asked, whatever it holds; an interrupt preempts all of them.
        Entry::WanSend
        | Entry::Isr
        | Entry::SendComplete
        | Entry::Reset
        | Entry::QueryInformation
        | Entry::SetInformation
        | Entry::Status
        | Entry::CancelSend
        | Entry::ResetComplete => below_device(place),
        // Indicated with no lock held, or from a queue.
        Entry::Receive
        | Entry::ReceiveComplete
        | Entry::CheckForHang
        | Entry::HandleInterrupt
        | Entry::Timer
        | Entry::Dpc => work(place),
    }
}

/// Whether an entry point is ever called with so many locks held.
pub(super) fn begins_with(entry: Entry, locks: u8) -> bool {
    Place::all().any(|place| place.locks() == locks && calls_from(entry, place))
}

fn lives(seat: Seat, entry: Entry) -> bool {
    match entry {
        Entry::Initialize => seat == Seat::Initializing,
        Entry::Halt => seat == Seat::Halting,
        Entry::WanSend | Entry::CheckForHang | Entry::ResetComplete => seat == Seat::Running,
        Entry::Reset => seat == Seat::Resetting,
        Entry::CancelSend => !matches!(seat, Seat::Initializing | Seat::Halted | Seat::Stopped),
        Entry::Pause => seat == Seat::Pausing,
        Entry::Restart => matches!(seat, Seat::Initializing | Seat::Paused),
        Entry::QueryInformation | Entry::SetInformation => {
            matches!(seat, Seat::Running | Seat::Resetting)
        }
        Entry::Isr | Entry::HandleInterrupt | Entry::Timer | Entry::Dpc => {
            matches!(seat, Seat::Initializing | Seat::Running | Seat::Resetting | Seat::Halting)
        }
        Entry::SendComplete => seat != Seat::Initializing,
        Entry::Shutdown | Entry::Receive | Entry::ReceiveComplete | Entry::Status => {
            !matches!(seat, Seat::Halted | Seat::Stopped)
        }
    }
}

/// In which life an entry point returns: in that of its call, or in one that came meanwhile. It
/// returns at whatever level, with whatever locks, its driver left it.
fn leaves(seat: Seat, entry: Entry) -> bool {
    match entry {
        Entry::Initialize => matches!(seat, Seat::Initializing | Seat::Stopped),
        Entry::Halt => matches!(seat, Seat::Halting | Seat::Stopped),
        Entry::Reset => matches!(seat, Seat::Running | Seat::Resetting | Seat::Stopped),
        // A halt waits for its turn in a serialized miniport; of a deserialized one other CPUs may be
        // inside still.
        Entry::CheckForHang | Entry::QueryInformation | Entry::SetInformation | Entry::Shutdown => {
            seat != Seat::Halted && (seat != Seat::Initializing || lives(seat, entry))
        }
        _ => seat != Seat::Initializing || lives(seat, entry),
    }
}
