//! The recorded trace: what happened, as a file that can be read, checked and shown later.
//!
//! A trace is JSON lines. The first line is the head ([`Header`]): what it is, its version, how the
//! world was set up, and the names of what events give by number. Each further line is one
//! [`Event`] in the order of recording, `{"time":0,"cpu":1,"irql":2,"locks":0,"adapter":0,
//! "what":"submit",…}`; a frame that goes down or comes up has its octets in `data` (hexadecimal), a
//! `violation` has the engine's words in `detail` and the packet that it is about in `about`.
//!
//! CPUs are numbered in the order in which they appear, so that the same run gives the same file.
//!
//! ```text
//! Ndis --trace--> Trace --write--> file --read--> Trace --check------> what was broken
//!                                                      \--to_text----> lines
//!                                                      \--to_pcapng--> Wireshark
//! ```
//!
//! The order of two CPUs' events is that in which they were recorded: a send that passed the check
//! and a line-down of another thread may have changed places.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Name};
use crate::face::Face;
use crate::info::WanInfo;
use crate::ndis::{Adapter, Ndis, OnViolation};
use crate::policy::Policy;
use crate::time::TimeKind;

mod check;
mod flat;
mod pcapng;
mod read;
pub(crate) mod record;
mod table;
mod text;
mod write;

pub use check::Found;
pub use record::LinkEntry;
pub use table::{Row, Table};

/// What a trace says that it is.
pub const FORMAT: &str = "ndiswan-trace";
/// The version that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// An adapter, as the head of a trace names it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdapterEntry {
    /// Its number in the events.
    pub index: u16,
    /// Its name in reports.
    pub name: String,
    /// Whether NDIS serializes its entry points.
    pub serialized: bool,
    /// Which send interface its miniport has.
    #[serde(skip_serializing_if = "crate::event::is_wan")]
    pub face: Face,
    /// How many packets its pool has.
    pub packets: usize,
    /// What its miniport said of itself.
    pub info: Option<WanInfo>,
}

/// The first line of a trace. Only `format` and `version` have to be there.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The switches that were set; they decide what breaks a rule.
    pub policy: Policy,
    /// Which clock.
    pub time: TimeKind,
    /// The verification level of the engine that recorded it, 0 to 4; 0 too if none did.
    pub verify: u8,
    /// Whether broken rules were only recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub records: bool,
    /// The adapters.
    pub adapters: Vec<AdapterEntry>,
    /// Names of the spin locks, by number.
    pub locks: Vec<String>,
    /// The links.
    pub links: Vec<LinkEntry>,
    /// Source lines, by [`Event::site`] less one.
    pub sites: Vec<String>,
}

/// What the engine said when a rule was broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// What was expected and what came.
    pub detail: String,
    /// The packet that it is about, if it is about one.
    pub packet: Option<Name>,
    /// Whether it only warned.
    pub warning: bool,
}

/// A recording with what is needed to understand it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace {
    /// The head.
    pub header: Header,
    /// What happened, in the order of recording.
    pub events: Vec<Event>,
    /// The frames, by the number of the event that carries them.
    pub frames: BTreeMap<usize, Box<[u8]>>,
    /// How long each NET_BUFFER of such a frame is, where there are several; together they are the frame.
    pub net_buffers: BTreeMap<usize, Box<[u32]>>,
    /// The engine's words, by the number of the violation event.
    pub verdicts: BTreeMap<usize, Verdict>,
}

/// Why a trace cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The operating system refused.
    #[error("{name}: cannot {what}: {source}")]
    Io {
        /// The file.
        name: String,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in the file.
    #[error("{name}: the file is empty; expected a trace, as `Ndis.save` writes it")]
    Empty {
        /// The file.
        name: String,
    },
    /// It begins as no trace does.
    #[error(
        "{name}: line 1: not a trace: expected {{\"format\":\"{FORMAT}\",\"version\":{VERSION},…}}, got {found}; \
         give a file that `Ndis.save` wrote{hint}"
    )]
    NotTrace {
        /// The file.
        name: String,
        /// How it begins.
        found: String,
        /// What it seems to be.
        hint: &'static str,
    },
    /// A later version of the library wrote it.
    #[error(
        "{name}: line 1: this trace is of version {version}; expected {VERSION} or older. \
         Install the version of ndiswan that wrote it, or a newer one"
    )]
    Newer {
        /// The file.
        name: String,
        /// Its version.
        version: u64,
    },
    /// A line is not what it has to be.
    #[error(
        "{name}: line {line}: expected {expected}, got {got}: {what}; mend the line or remove it"
    )]
    Line {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What it should be.
        expected: &'static str,
        /// How it begins.
        got: String,
        /// What is wrong.
        what: String,
    },
    /// The first line was not written to its end.
    #[error(
        "{name}: line 1: the file ends in the middle of the trace's head: the recording was cut off before its first event; \
         give one that has some"
    )]
    NoHead {
        /// The file.
        name: String,
    },
    /// The last line was not written to its end.
    #[error(
        "{name}: line {line}: the file ends in the middle of this line: the recording was cut off. \
         The {whole} events before are whole; remove the last line to read them"
    )]
    Truncated {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// How many events came before.
        whole: usize,
    },
}

impl Trace {
    /// Which send interface an adapter's miniport has.
    pub fn face(&self, adapter: u16) -> Face {
        let known = self.header.adapters.iter().find(|entry| entry.index == adapter);
        known.map_or(Face::Wan, |entry| entry.face)
    }

    /// The name of an adapter.
    pub fn adapter_name(&self, index: u16) -> String {
        let known = self.header.adapters.iter().find(|adapter| adapter.index == index);
        known.map_or_else(|| format!("adapter {index}"), |adapter| adapter.name.clone())
    }

    /// The frames of an event: none, one, or one for each NET_BUFFER.
    pub fn frames_of(&self, index: usize) -> Vec<&[u8]> {
        let Some(mut rest) = self.frames.get(&index).map(|data| &**data) else { return Vec::new() };
        let mut frames = Vec::new();
        for length in self.net_buffers.get(&index).map_or(&[][..], |parts| parts) {
            let frame;
            (frame, rest) = rest.split_at(rest.len().min(*length as usize));
            frames.push(frame);
        }
        if frames.is_empty() { vec![rest] } else { frames }
    }

    /// The source line of an event, if it was recorded at verification level 4.
    pub fn site(&self, event: &Event) -> Option<&str> {
        self.header.sites.get((event.site as usize).checked_sub(1)?).map(String::as_str)
    }
}

impl Adapter {
    /// What a trace says of it.
    pub(crate) fn entry(&self) -> AdapterEntry {
        AdapterEntry {
            index: self.index,
            name: self.name.clone(),
            serialized: self.serialized(),
            face: self.face(),
            packets: self.packets(),
            info: Some((*self.info).clone()),
        }
    }
}

impl Ndis {
    /// The recording so far; no events unless [`Config::record`](crate::Config::record) is on.
    pub fn trace(&self) -> Trace {
        let recording = self.recording.lock();
        let mut trace = Trace {
            events: recording.events.clone(),
            header: Header { links: recording.links.clone(), ..Header::default() },
            ..Trace::default()
        };
        for (index, note) in recording.notes.iter().cloned() {
            match note {
                record::Note::Nothing => {}
                record::Note::Frame(data) => drop(trace.frames.insert(index, data)),
                record::Note::Frames(data, parts) => {
                    trace.frames.insert(index, data);
                    trace.net_buffers.insert(index, parts);
                }
                record::Note::Verdict { packet, detail, warning } => {
                    trace.verdicts.insert(index, Verdict { detail, packet, warning });
                }
            }
        }
        drop(recording);
        trace.header.adapters = self.adapter_entries();
        trace.header.format = FORMAT.to_string();
        trace.header.version = VERSION;
        trace.header.policy = self.config.policy;
        trace.header.time = self.config.time;
        trace.header.verify = self.config.verify as u8;
        trace.header.records = self.config.on_violation == OnViolation::Record;
        trace.header.locks = self.locks.names();
        trace.header.sites.clone_from(&**self.sites.lock());
        trace.number_cpus();
        trace
    }

    /// Which send interface each adapter has, by its index, also when the world is closed.
    pub fn faces(&self) -> BTreeMap<u16, Face> {
        self.adapter_entries().into_iter().map(|entry| (entry.index, entry.face)).collect()
    }

    /// What a trace says of the adapters; of a closed world, what it said at its end.
    pub(crate) fn adapter_entries(&self) -> Vec<AdapterEntry> {
        // In this order: what is told when they are gone is there before they are.
        let adapters = self.adapters();
        match self.gone.get() {
            Some((entries, _)) => entries.clone(),
            None => adapters.iter().map(|adapter| adapter.entry()).collect(),
        }
    }

    /// Writes the recording as a trace.
    ///
    /// # Errors
    /// [`TraceError::Io`]: the writer's own.
    pub fn write_trace(&self, writer: impl Write) -> Result<(), TraceError> {
        self.trace().write(writer, "the trace")
    }

    /// Saves the recording as a trace file.
    ///
    /// # Errors
    /// [`TraceError::Io`] if the file cannot be written.
    pub fn save_trace(&self, path: impl AsRef<Path>) -> Result<(), TraceError> {
        let name = path.as_ref().display().to_string();
        let file = File::create(path).map_err(|source| {
            let (name, what) = (name.clone(), "create it");
            TraceError::Io { name, what, source }
        })?;
        self.trace().write(BufWriter::new(file), &name)
    }
}

#[cfg(test)]
mod tests;
