//! An event in numbers, as it is counted and compared: what the engine writes down of each while an explorer decides.
//!
//! Where the kind of event is known, making one is a few stores. Two events are the same, but for their call sites, if and
//! only if these are.

use super::kind::Kind;
use crate::cx::Irql;
use crate::event::{Event, Name, What};
use crate::history::words_of;
use crate::rule::Rule;
use crate::status::Status;

/// What an event says: its kind, which packet it is about, and its numbers.
///
/// ```text
/// code    kind (8) | detail (8) | the adapter in the packet's name (16)
/// packet  generation (32) | slot (32); of a timer, when it fires
/// number  link or timer (32) | length, status, lock (32)
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Said {
    pub(crate) packet: u64,
    pub(crate) number: u64,
    pub(crate) code: u32,
}

/// In the place of a kind: a broken rule, which has none.
const BROKEN: u8 = u8::MAX;

#[inline(always)]
#[allow(clippy::inline_always)] // see `Said::of`
fn both(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

impl Said {
    /// What this event says.
    #[inline(always)]
    #[allow(clippy::inline_always)] // of a constant kind it is no more than its numbers
    pub(crate) fn of(what: What) -> Said {
        let (link, number) = match what {
            What::Send { link, length: number, .. }
            | What::Indicate { link, length: number }
            | What::LineUp { link, window: number }
            | What::Deliver { link, status: Status(number), .. }
            | What::Unsend { link, status: Status(number), .. } => (link, number),
            What::Submit { link, .. }
            | What::Requeue { link, .. }
            | What::LineDown { link }
            | What::CloseCall { link }
            | What::TimerSet { timer: link, .. }
            | What::TimerCancel { timer: link }
            | What::TimerFire { timer: link } => (link, 0),
            What::Return { status: Status(number), .. }
            | What::Complete { status: Status(number), .. }
            | What::ResetComplete { status: Status(number) }
            | What::Acquire { lock: number, .. }
            | What::Release { lock: number, .. } => (0, number),
            What::Violation { rule } => (0, u32::from(refuses_a_send(rule))),
            _ => (0, 0),
        };
        let detail = match what {
            What::Raise { to: level }
            | What::Lower { to: level }
            | What::Enter { at: level, .. } => level.0,
            What::Register { serialized, reentrant, face } => {
                face as u8 | u8::from(serialized) << 6 | u8::from(reentrant) << 7
            }
            What::Violation { rule } => rule as u8,
            _ => 0,
        };
        let (packet, of) = match (what, what.packet()) {
            (What::TimerSet { at, .. }, _) => (at, 0),
            (_, Some(name)) => (both(name.generation, name.slot), name.adapter),
            _ => (0, 0),
        };
        let kind = Kind::of(&what).map_or(BROKEN, Kind::number);
        let code = u32::from(kind) | u32::from(detail) << 8 | u32::from(of) << 16;
        Said { packet, number: both(link, number), code }
    }
}

impl Said {
    /// The number of its kind; of a broken rule none that a kind has.
    #[inline]
    pub(crate) fn kind(self) -> u8 {
        self.code as u8
    }

    /// The adapter and the slot of the packet that it is about.
    #[inline]
    pub(crate) fn slot(self) -> (u16, u32) {
        ((self.code >> 16) as u16, self.packet as u32)
    }
}

/// Whether the rule can be why a send was refused; what is reported for other reasons may come
/// behind a send that was taken.
fn refuses_a_send(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::Line | Rule::Handle | Rule::Halt | Rule::Window | Rule::Padding | Rule::IrqlSend
    )
}

/// When and where something happened, and what.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    time: u64,
    /// CPU (32) | irql (8) | locks (8) | adapter (16).
    who: u64,
    said: Said,
}

impl Seen {
    /// That it happened then, where [`words_of`] says.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Said::of`
    pub(crate) fn new(time: u64, place: u64, adapter: u16, said: Said) -> Seen {
        Seen { time, who: place | u64::from(adapter), said }
    }

    /// Such an event.
    pub(crate) fn of(event: &Event) -> Seen {
        let place = words_of(event.cpu, event.irql, event.locks);
        Seen::new(event.time, place, event.adapter, Said::of(event.what))
    }

    /// Its kind; a broken rule is none.
    #[inline]
    pub(super) fn kind(&self) -> Option<Kind> {
        let kind = self.said.kind();
        (kind != BROKEN).then(|| Kind::from_index(usize::from(kind)))
    }

    #[inline]
    pub(crate) fn cpu(&self) -> u32 {
        (self.who >> 32) as u32
    }

    #[inline]
    pub(super) fn irql(&self) -> Irql {
        Irql((self.who >> 24) as u8)
    }

    #[inline]
    pub(super) fn locks(&self) -> u8 {
        (self.who >> 16) as u8
    }

    #[inline]
    pub(super) fn adapter(&self) -> u16 {
        self.who as u16
    }

    /// Which packet a packet's event is about.
    #[inline]
    pub(super) fn packet(&self) -> Name {
        Name {
            adapter: (self.said.code >> 16) as u16,
            slot: self.said.packet as u32,
            generation: (self.said.packet >> 32) as u32,
        }
    }

    /// Its status, or what else its kind has for a number.
    #[inline]
    pub(super) fn number(&self) -> u32 {
        self.said.number as u32
    }

    /// The number of the contract that an adapter is registered by.
    pub(super) fn face(&self) -> u8 {
        (self.said.code >> 8) as u8 & 0x3F
    }

    /// Whether it is the report of a rule that can be why a send was refused.
    pub(super) fn refuses_a_send(&self) -> bool {
        self.said.kind() == BROKEN && self.number() != 0
    }

    /// All of it in words, as if the CPU had that number.
    pub(crate) fn words(&self, cpu: u32) -> [u64; 5] {
        let who = u64::from(cpu) << 32 | u64::from(self.who as u32);
        [self.time, who, self.said.packet, self.said.number, self.said.code.into()]
    }
}
