//! How a message names what the engine has a type for: for people, and so never by the type's own name.

use std::fmt;

use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::event::{Form, Part, Side, TakenBack, What, milliseconds};
use crate::oid::Oid;

/// `Display` by one word or a few for each variant.
macro_rules! words {
    ($($kind:ident { $($variant:ident => $words:literal),* $(,)? })*) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($kind::$variant => $words),* })
            }
        }
    )*};
}

words! {
    Life {
        Initializing => "not initialized yet",
        Running => "running",
        Resetting => "being reset",
        Pausing => "being paused",
        Paused => "paused",
        Halting => "being halted",
        Halted => "halted",
        Stopped => "stopped by a bug check",
    }
    Owner {
        Pool => "the pool",
        Protocol => "the protocol",
        Ndis => "NDIS",
        Miniport => "the miniport",
        Returning => "NDIS, which is giving it back",
    }
    Side {
        Protocol => "protocol",
        Miniport => "miniport",
    }
    Part {
        Data => "the data",
        ProtocolReserved => "ProtocolReserved",
        MacReserved => "MacReserved",
    }
    Form {
        Plain => "plain",
        Dpr => "Dpr",
    }
    TakenBack {
        Reset => "the reset is over",
        Halt => "the adapter is halted",
        Dropped => "its driver let go of it",
        GivenUp => "it is given up",
        Raised => "its driver raised an exception",
        Paused => "the pause is complete",
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Oid::ALL.iter().find(|(_, known)| known == self) {
            Some((name, _)) => write!(f, "OID_{name} ({:#010X})", self.0),
            None => write!(f, "OID {:#010X}", self.0),
        }
    }
}

/// What happened to an adapter, a link, a lock or a timer, in a few words.
pub(crate) fn of_no_packet(what: &What) -> String {
    match *what {
        What::LineUp { link, window } => format!("line up: link {link}, window {window}"),
        What::LineDown { link } => format!("line down: link {link}"),
        What::CloseCall { link } => format!("the call of link {link} is closed"),
        What::Indicate { link, length } => format!("indicated on link {link}, {length} bytes"),
        What::Acquire { lock, form } => format!("lock {lock} acquired, {form} form"),
        What::Release { lock, form } => format!("lock {lock} released, {form} form"),
        What::Raise { to } => format!("level raised to {to}"),
        What::Lower { to } => format!("level lowered to {to}"),
        What::Enter { entry, at } => format!("{} begins at {at}", entry.name()),
        What::Leave { entry } => format!("{} returned", entry.name()),
        What::Register { serialized: true, .. } => "a serialized adapter".into(),
        What::Register { .. } => "a deserialized adapter".into(),
        What::Start => "the adapter runs".into(),
        What::ResetStart => "a reset begins".into(),
        What::ResetComplete { status } => format!("NdisMResetComplete({status})"),
        What::ResetEnd => "the reset is over".into(),
        What::Pause => "the adapter is to be paused".into(),
        What::Paused => "the adapter is paused".into(),
        What::ResourcesAvailable => "NdisMSendResourcesAvailable".into(),
        What::Halt => "the adapter is to be halted".into(),
        What::Halted => "the adapter is halted".into(),
        What::Stop => "a bug check stops the adapter".into(),
        What::TimerSet { timer, at } => {
            format!("NdisMSetTimer(timer {timer}), due at {} ms", milliseconds(at))
        }
        What::TimerCancel { timer } => format!("NdisMCancelTimer(timer {timer})"),
        What::TimerFire { timer } => format!("timer {timer} is due"),
        // What is about a packet has its words where packets are told of.
        _ => String::new(),
    }
}
