//! What an Ndis keeps while it records, beside the events themselves.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Name};
use crate::packet::WanPacket;

/// What is said of one event and does not fit into it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Note {
    /// Nothing.
    #[default]
    Nothing,
    /// The data of the frame that goes down or comes up.
    Frame(Box<[u8]>),
    /// The same of a NET_BUFFER_LIST, and how long each of its NET_BUFFERs is: two or more.
    Frames(Box<[u8]>, Box<[u32]>),
    /// What the engine said when a rule was broken.
    Verdict { packet: Option<Name>, detail: String, warning: bool },
}

impl Note {
    /// What is said of a packet that goes down.
    pub(crate) fn of(packet: &WanPacket) -> Note {
        match packet.parts() {
            Some(parts) => Note::Frames(packet.data().into(), parts.into()),
            None => Note::Frame(packet.data().into()),
        }
    }
}

/// A link, as the head of a trace names it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LinkEntry {
    /// Its number in the events.
    pub id: u32,
    /// NdisLinkHandle.
    pub handle: u64,
    /// Whose it is.
    pub adapter: u16,
}

/// The recording of one world.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) events: Vec<Event>,
    /// By the number of the event, ascending.
    pub(crate) notes: Vec<(usize, Note)>,
    /// Links are gone when the world is closed; the trace names them all the same.
    pub(crate) links: Vec<LinkEntry>,
}

impl Recording {
    pub(crate) fn push(&mut self, event: Event, note: Note) {
        if note != Note::Nothing {
            self.notes.push((self.events.len(), note));
        }
        self.events.push(event);
    }

    pub(crate) fn link(&mut self, adapter: u16, id: u32, handle: u64) {
        self.links.push(LinkEntry { id, handle, adapter });
    }
}
