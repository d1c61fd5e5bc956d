//! What a step says: who does it to whom, and what it is called. One arm a kind of event.

use super::Lane;
use crate::event::{Entry, Name, Side, What};
use crate::status::Status;
use crate::trace::Trace;

/// From whom to whom an event goes; `driver` is whose function runs on the CPU.
pub(super) fn way(what: &What, driver: Lane) -> (Lane, Lane) {
    use Lane::{Miniport, Ndis, Protocol};
    match *what {
        What::Allocate { .. } | What::Free { .. } | What::Touch { side: Side::Protocol, .. } => {
            (Protocol, Protocol)
        }
        What::Touch { side: Side::Miniport, .. } => (Miniport, Miniport),
        What::Send { .. } | What::CloseCall { .. } => (Protocol, Ndis),
        What::Submit { .. } | What::Cancel { .. } => (Ndis, Miniport),
        What::Deliver { .. } | What::Unsend { .. } => (Ndis, Protocol),
        What::Return { .. }
        | What::Complete { .. }
        | What::TakeBack { .. }
        | What::Requeue { .. }
        | What::ResourcesAvailable
        | What::LineUp { .. }
        | What::LineDown { .. }
        | What::Indicate { .. }
        | What::ResetComplete { .. }
        | What::TimerSet { .. }
        | What::TimerCancel { .. } => (Miniport, Ndis),
        What::Enter { entry, .. } => (Ndis, side(entry)),
        What::Leave { entry } => (side(entry), Ndis),
        What::Acquire { .. }
        | What::Release { .. }
        | What::Raise { .. }
        | What::Lower { .. }
        | What::Violation { .. } => (driver, driver),
        What::Register { .. }
        | What::Start
        | What::ResetStart
        | What::ResetEnd
        | What::Pause
        | What::Paused
        | What::Halt
        | What::Halted
        | What::Stop
        | What::TimerFire { .. } => (Ndis, Ndis),
    }
}

/// Whether it is the way back of a call.
pub(super) fn returns(what: &What) -> bool {
    matches!(what, What::Return { .. } | What::Leave { .. })
}

/// Whose entry point it is.
pub(super) fn side(entry: Entry) -> Lane {
    if entry.is_protocol() { Lane::Protocol } else { Lane::Miniport }
}

fn status(status: Status) -> String {
    status.name().map_or_else(|| format!("0x{:08X}", status.0), ToString::to_string)
}

/// What happened, shorter than a trace's line: the picture says who, and `focus` is the packet that
/// needs no name.
pub(super) fn words(trace: &Trace, what: &What, focus: Option<Name>) -> String {
    let text = match *what {
        What::Allocate { .. } => "takes it out of the pool".to_string(),
        What::Send { length, .. } => format!("NdisSend, {length} bytes"),
        What::Submit { packet, .. } => {
            format!("{} (life {})", trace.face(packet.adapter).send(), packet.generation)
        }
        What::Return { packet, status: s } => {
            format!("{} returned {}", trace.face(packet.adapter).send(), status(s))
        }
        What::Complete { packet, status: s } => match focus {
            Some(name) if is_same(name, packet) && name.generation != packet.generation => {
                let call = trace.face(packet.adapter).complete();
                format!("{call}({}) of life {}", status(s), packet.generation)
            }
            _ => format!("{}({})", trace.face(packet.adapter).complete(), status(s)),
        },
        What::Deliver { status: s, .. } => format!("has it back, {}", status(s)),
        What::Unsend { status: s, .. } => format!("has it back unsent, {}", status(s)),
        What::Free { .. } => "frees it".to_string(),
        What::TakeBack { why, .. } => format!("NDIS takes it back: {why}"),
        What::Touch { part, .. } => format!("uses {part}"),
        What::Acquire { .. } | What::Release { .. } => {
            trace.describe(what).replace("(lock \"", "(\"")
        }
        What::ResetComplete { status: s } => format!("NdisMResetComplete({})", status(s)),
        What::Enter { entry, .. } => trace.entry_name(entry).to_string(),
        What::TimerSet { timer, at } => {
            let at = crate::event::milliseconds(at);
            format!("NdisMSetTimer(timer {timer}), due at {} ms", at.trim_end_matches('0'))
                .replace(". ms", " ms")
        }
        _ => trace.describe(what),
    };
    match what.packet() {
        Some(packet) if focus.is_none_or(|name| !is_same(name, packet)) => {
            format!("{}: {text}", short(packet))
        }
        _ => text,
    }
}

/// A reset that ends because MiniportReset returned this.
pub(super) fn reset_returned(trace: &Trace, s: Status) -> String {
    format!("the reset ends: {} returned {}", trace.entry_name(Entry::Reset), status(s))
}

/// Whether two names are of one packet, in whatever life.
pub(super) fn is_same(one: Name, other: Name) -> bool {
    (one.adapter, one.slot) == (other.adapter, other.slot)
}

/// A packet's name in a picture.
pub(super) fn short(name: Name) -> String {
    format!("{}.{}", name.adapter, name.slot)
}
