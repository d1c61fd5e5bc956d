//! Kinds of events: [`What`] without its numbers. One row of [`KINDS`] and one arm of [`Kind::of`] each.

use std::fmt;
use std::sync::OnceLock;

use crate::cx::Irql;
use crate::event::{Entry, Form, Name, Part, Side, TakenBack, What};
use crate::face::Face;
use crate::status::Status;

/// A kind of event.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Kind(u8);

const PACKET: Name = Name { adapter: 0, slot: 0, generation: 0 };
const LINK: u32 = 0;

const fn take_back(why: TakenBack) -> What {
    What::TakeBack { packet: PACKET, why }
}

const fn touch(side: Side, part: Part) -> What {
    What::Touch { packet: PACKET, side, part }
}

/// An event of each kind but those of entry points. What is about a packet comes first.
pub(crate) const PLAIN: [What; 47] = [
    What::Allocate { packet: PACKET },
    What::Send { packet: PACKET, link: LINK, length: 1 },
    What::Submit { packet: PACKET, link: LINK },
    What::Return { packet: PACKET, status: Status::PENDING },
    What::Return { packet: PACKET, status: Status::SUCCESS },
    What::Complete { packet: PACKET, status: Status::SUCCESS },
    What::Deliver { packet: PACKET, link: LINK, status: Status::SUCCESS },
    What::Unsend { packet: PACKET, link: LINK, status: Status::SUCCESS },
    What::Free { packet: PACKET },
    take_back(TakenBack::Reset),
    take_back(TakenBack::Halt),
    take_back(TakenBack::Dropped),
    take_back(TakenBack::GivenUp),
    take_back(TakenBack::Raised),
    take_back(TakenBack::Paused),
    What::Requeue { packet: PACKET, link: LINK },
    What::Cancel { packet: PACKET },
    touch(Side::Protocol, Part::Data),
    touch(Side::Protocol, Part::ProtocolReserved),
    touch(Side::Protocol, Part::MacReserved),
    touch(Side::Miniport, Part::Data),
    touch(Side::Miniport, Part::ProtocolReserved),
    touch(Side::Miniport, Part::MacReserved),
    What::LineUp { link: LINK, window: 1 },
    What::LineDown { link: LINK },
    What::CloseCall { link: LINK },
    What::Indicate { link: LINK, length: 1 },
    What::Acquire { lock: 0, form: Form::Plain },
    What::Acquire { lock: 0, form: Form::Dpr },
    What::Release { lock: 0, form: Form::Plain },
    What::Release { lock: 0, form: Form::Dpr },
    What::Raise { to: Irql::DISPATCH },
    What::Lower { to: Irql::DISPATCH },
    What::Register { serialized: false, reentrant: false, face: Face::Wan },
    What::Start,
    What::ResetStart,
    What::ResetComplete { status: Status::SUCCESS },
    What::ResetEnd,
    What::Halt,
    What::Halted,
    What::Stop,
    What::TimerSet { timer: 0, at: 0 },
    What::TimerCancel { timer: 0 },
    What::TimerFire { timer: 0 },
    What::Pause,
    What::Paused,
    What::ResourcesAvailable,
];

/// Every entry point, in the order of the enumeration.
const ENTRIES: [Entry; 20] = [
    Entry::Initialize,
    Entry::Halt,
    Entry::WanSend,
    Entry::Reset,
    Entry::CheckForHang,
    Entry::QueryInformation,
    Entry::SetInformation,
    Entry::Isr,
    Entry::HandleInterrupt,
    Entry::Timer,
    Entry::Dpc,
    Entry::Shutdown,
    Entry::CancelSend,
    Entry::Pause,
    Entry::Restart,
    Entry::SendComplete,
    Entry::Receive,
    Entry::ReceiveComplete,
    Entry::Status,
    Entry::ResetComplete,
];

const ENTER: u8 = PLAIN.len() as u8;
const LEAVE: u8 = ENTER + ENTRIES.len() as u8;

impl Kind {
    /// How many there are; a kind's number is below.
    pub const COUNT: usize = LEAVE as usize + ENTRIES.len();
    /// How many of them are about a packet: the first ones.
    pub const PACKET: usize = 23;

    pub(super) const ALLOCATE: Kind = Kind(0);
    pub(super) const SEND: Kind = Kind(1);
    pub(super) const SUBMIT: Kind = Kind(2);
    /// A return with PENDING; and one with another status.
    pub(super) const PENDED: Kind = Kind(3);
    pub(super) const ANSWERED: Kind = Kind(4);
    pub(super) const COMPLETE: Kind = Kind(5);
    pub(super) const DELIVER: Kind = Kind(6);
    pub(super) const UNSEND: Kind = Kind(7);
    pub(super) const FREE: Kind = Kind(8);
    const TAKEN_BACK: u8 = 9;
    pub(super) const REQUEUE: Kind = Kind(15);
    pub(super) const CANCEL: Kind = Kind(16);
    pub(super) const REGISTER: Kind = Kind(33);
    pub(super) const START: Kind = Kind(34);
    pub(super) const RESET_START: Kind = Kind(35);
    pub(super) const RESET_END: Kind = Kind(37);
    pub(super) const HALT: Kind = Kind(38);
    pub(super) const HALTED: Kind = Kind(39);
    pub(super) const STOP: Kind = Kind(40);
    pub(super) const PAUSE: Kind = Kind(44);
    pub(super) const PAUSED: Kind = Kind(45);

    /// The kind of an event; a broken rule is none, it has a report of its own.
    #[inline(always)]
    #[allow(clippy::inline_always)] // of a known event it is a constant
    pub fn of(what: &What) -> Option<Kind> {
        Some(Kind(match *what {
            What::Allocate { .. } => Kind::ALLOCATE.0,
            What::Send { .. } => Kind::SEND.0,
            What::Submit { .. } => Kind::SUBMIT.0,
            What::Return { status: Status::PENDING, .. } => Kind::PENDED.0,
            What::Return { .. } => Kind::ANSWERED.0,
            What::Complete { .. } => Kind::COMPLETE.0,
            What::Deliver { .. } => Kind::DELIVER.0,
            What::Unsend { .. } => Kind::UNSEND.0,
            What::Free { .. } => Kind::FREE.0,
            What::TakeBack { why, .. } => Kind::TAKEN_BACK + why as u8,
            What::Requeue { .. } => Kind::REQUEUE.0,
            What::Cancel { .. } => Kind::CANCEL.0,
            What::Touch { side, part, .. } => 17 + side as u8 * 3 + part as u8,
            What::LineUp { .. } => 23,
            What::LineDown { .. } => 24,
            What::CloseCall { .. } => 25,
            What::Indicate { .. } => 26,
            What::Acquire { form, .. } => 27 + form as u8,
            What::Release { form, .. } => 29 + form as u8,
            What::Raise { .. } => 31,
            What::Lower { .. } => 32,
            What::Register { .. } => Kind::REGISTER.0,
            What::Start => Kind::START.0,
            What::ResetStart => Kind::RESET_START.0,
            What::ResetComplete { .. } => 36,
            What::ResetEnd => Kind::RESET_END.0,
            What::Halt => Kind::HALT.0,
            What::Halted => Kind::HALTED.0,
            What::Stop => Kind::STOP.0,
            What::TimerSet { .. } => 41,
            What::TimerCancel { .. } => 42,
            What::TimerFire { .. } => 43,
            What::Pause => Kind::PAUSE.0,
            What::Paused => Kind::PAUSED.0,
            What::ResourcesAvailable => 46,
            What::Enter { entry, .. } => ENTER + entry as u8,
            What::Leave { entry } => LEAVE + entry as u8,
            What::Violation { .. } => return None,
        }))
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Kind> {
        (0..Self::COUNT as u8).map(Kind)
    }

    /// Whether it may change an adapter's life.
    #[inline]
    pub(super) fn is_of_lives(self) -> bool {
        const LIVES: u64 = 0xFF << 33 | 1 << Kind::PAUSE.0 | 1 << Kind::PAUSED.0;
        self.0 < 64 && LIVES >> self.0 & 1 != 0
    }

    /// Why NDIS took the packet back, if that is what happened.
    pub(super) fn why_taken_back(self) -> Option<TakenBack> {
        let why = self.index().checked_sub(usize::from(Kind::TAKEN_BACK))?;
        TakenBack::ALL.get(why).copied()
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // see `of`
    pub(super) fn number(self) -> u8 {
        self.0
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn from_index(index: usize) -> Kind {
        Kind(index as u8)
    }

    /// Whether it is about a packet.
    pub fn is_of_packet(self) -> bool {
        self.index() < Self::PACKET
    }

    /// An event of this kind, its numbers 0.
    pub fn sample(self) -> What {
        let entry = |first| ENTRIES[usize::from(self.0 - first)];
        match self.0 {
            LEAVE.. => What::Leave { entry: entry(LEAVE) },
            ENTER.. => What::Enter { entry: entry(ENTER), at: Irql::PASSIVE },
            plain => PLAIN[usize::from(plain)],
        }
    }

    /// Its name in files, such as `complete` or `enter_wan_send`.
    pub fn id(self) -> &'static str {
        &names()[self.index()].0
    }

    /// The kind of that name.
    pub fn by_id(id: &str) -> Option<Kind> {
        names().iter().position(|(known, _)| known == id).map(Self::from_index)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names()[self.index()].1)
    }
}

/// Of each kind the name in files and the one for people. Both are made from the names that events
/// have in traces, so that a kind is named in one place.
fn names() -> &'static [(String, String)] {
    static NAMES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    NAMES.get_or_init(|| Kind::all().map(|kind| name(&kind.sample())).collect())
}

fn name(what: &What) -> (String, String) {
    let value = serde_json::to_value(what).unwrap_or_default(); // numbers and names: it does not fail
    let mut id = value["what"].as_str().unwrap_or_default().to_string();
    let mut words: String = id.split('_').map(capital).collect();
    for field in ["entry", "why", "side", "part", "form"] {
        let Some(text) = value[field].as_str().filter(|text| *text != "plain") else { continue };
        id = format!("{id}_{text}");
        let more = match *what {
            What::Enter { entry, .. } | What::Leave { entry } => entry.name().to_string(),
            What::Touch { part, .. } if field == "part" => format!("{part:?}"),
            _ => format!("({})", text.replace('_', " ")),
        };
        words = format!("{words} {more}");
    }
    if let What::Return { status, .. } = *what {
        let pending = status == Status::PENDING;
        id.push_str(if pending { "_pending" } else { "_final" });
        words.push_str(if pending { " PENDING" } else { " a final status" });
    }
    (id, words)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
