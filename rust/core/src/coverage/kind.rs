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
const PLAIN: [What; 47] = [
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

    /// The kind of an event; a broken rule is none, it has a report of its own.
    #[inline]
    pub fn of(what: &What) -> Option<Kind> {
        Some(Kind(match *what {
            What::Allocate { .. } => 0,
            What::Send { .. } => 1,
            What::Submit { .. } => 2,
            What::Return { status, .. } => 3 + u8::from(status != Status::PENDING),
            What::Complete { .. } => 5,
            What::Deliver { .. } => 6,
            What::Unsend { .. } => 7,
            What::Free { .. } => 8,
            What::TakeBack { why, .. } => 9 + why as u8,
            What::Requeue { .. } => 15,
            What::Cancel { .. } => 16,
            What::Touch { side, part, .. } => 17 + side as u8 * 3 + part as u8,
            What::LineUp { .. } => 23,
            What::LineDown { .. } => 24,
            What::CloseCall { .. } => 25,
            What::Indicate { .. } => 26,
            What::Acquire { form, .. } => 27 + form as u8,
            What::Release { form, .. } => 29 + form as u8,
            What::Raise { .. } => 31,
            What::Lower { .. } => 32,
            What::Register { .. } => 33,
            What::Start => 34,
            What::ResetStart => 35,
            What::ResetComplete { .. } => 36,
            What::ResetEnd => 37,
            What::Halt => 38,
            What::Halted => 39,
            What::Stop => 40,
            What::TimerSet { .. } => 41,
            What::TimerCancel { .. } => 42,
            What::TimerFire { .. } => 43,
            What::Pause => 44,
            What::Paused => 45,
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
