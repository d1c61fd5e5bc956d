//! The frames of a trace as a capture: what went down to a miniport and what came up from it.
//!
//! One interface a link. Each NET_BUFFER of a list is a frame of its own. A frame that goes down is written when MiniportWanSend is called, as the
//! protocol sent it; its comment says which packet it was, through whose hands it went and how it
//! ended. Times are those of the trace: nanoseconds since the world began.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;

use super::Trace;
use crate::capture::{
    CaptureError, CaptureWriter, Direction, LINK_ETHERNET, LINK_PPP, LINK_PPP_HDLC,
};
use crate::event::{Event, Name, What, milliseconds};
use crate::face::Face;
use crate::status::Status;

/// Address and control of PPP in HDLC-like framing.
const HDLC: [u8; 2] = [0xff, 0x03];

/// One life of a packet.
#[derive(Default)]
struct Life {
    owners: Vec<&'static str>,
    begin: u64,
    end: Option<(Status, u64)>,
    broken: BTreeSet<&'static str>,
}

impl Life {
    /// It leaves the miniport; a second time is of no effect.
    fn completed(&mut self) {
        if self.owners.last() == Some(&"miniport") {
            self.owners.push("NDIS");
        }
    }

    fn comment(&self, name: Name) -> String {
        let mut text = format!("{name}: {}", self.owners.join(" > "));
        match self.end {
            Some((status, at)) => {
                let took = milliseconds(at.saturating_sub(self.begin));
                let _ = write!(text, ", {status} after {took} ms");
            }
            None => text.push_str(", never given back"),
        }
        for rule in &self.broken {
            let _ = write!(text, ", breaks {rule}");
        }
        text
    }
}

impl Trace {
    /// Writes the frames as pcapng, which Wireshark and tshark read; returns how many there were. A
    /// trace that was not recorded by the engine may have none.
    ///
    /// A link's type is Ethernet for a LAN or NDIS 6 miniport; else PPP in HDLC-like framing if all of its frames
    /// begin with `ff 03`, and PPP if not.
    ///
    /// # Errors
    /// The writer's own.
    pub fn to_pcapng(&self, writer: impl Write) -> Result<usize, CaptureError> {
        let mut capture = CaptureWriter::new(writer)?;
        let types = self.link_types();
        let lives = self.lives();
        let mut count = 0;
        for &index in self.frames.keys() {
            let Some(event) = self.events.get(index) else { continue };
            let (link, way, comment) = match event.what {
                What::Submit { packet, link } => {
                    let comment = lives.get(&packet).map(|life| life.comment(packet));
                    (link, Direction::Outbound, comment)
                }
                What::Indicate { link, .. } => (link, Direction::Inbound, None),
                _ => continue,
            };
            let name = format!("{} link {link}", self.adapter_name(event.adapter));
            let link_type = types.get(&link).copied().unwrap_or(LINK_PPP);
            let interface = capture.interface(&name, link_type)?;
            for frame in self.frames_of(index) {
                capture.frame(interface, event.time, frame, Some(way), comment.as_deref())?;
                count += 1;
            }
        }
        capture.finish()?;
        Ok(count)
    }

    fn link_types(&self) -> BTreeMap<u32, u16> {
        let mut types = BTreeMap::new();
        for index in self.frames.keys() {
            let event = self.events.get(*index);
            let Some(Event {
                adapter,
                what: What::Submit { link, .. } | What::Indicate { link, .. },
                ..
            }) = event
            else {
                continue;
            };
            let known = self.header.adapters.iter().find(|known| known.index == *adapter);
            if known.is_some_and(|known| matches!(known.face, Face::Lan | Face::Ndis6)) {
                types.insert(*link, LINK_ETHERNET);
                continue;
            }
            let all = types.entry(*link).or_insert(LINK_PPP_HDLC);
            if self.frames_of(*index).iter().any(|frame| !frame.starts_with(&HDLC)) {
                *all = LINK_PPP;
            }
        }
        types
    }

    /// Every life of every packet, by its name while the miniport had it.
    fn lives(&self) -> BTreeMap<Name, Life> {
        let mut lives: BTreeMap<Name, Life> = BTreeMap::new();
        let mut sent = BTreeMap::new();
        for (index, event) in self.events.iter().enumerate() {
            let Some(name) = event.what.packet() else {
                if let What::Violation { rule } = event.what
                    && let Some(name) = self.verdicts.get(&index).and_then(|said| said.packet)
                    && let Some(life) = lives.get_mut(&name)
                {
                    life.broken.insert(rule.id());
                }
                continue;
            };
            match event.what {
                What::Send { .. } => drop(sent.insert((name.adapter, name.slot), event.time)),
                What::Submit { .. } => {
                    let life = lives.entry(name).or_default();
                    let begin = sent.remove(&(name.adapter, name.slot));
                    life.begin = begin.unwrap_or(event.time);
                    life.owners = vec!["protocol", "NDIS", "miniport"];
                }
                What::Complete { .. } | What::Return { .. } | What::TakeBack { .. } => {
                    let final_ =
                        !matches!(event.what, What::Return { status: Status::PENDING, .. });
                    if let Some(life) = lives.get_mut(&name).filter(|_| final_) {
                        life.completed();
                    }
                }
                What::Deliver { status, .. } => {
                    if let Some(life) = lives.get_mut(&name).filter(|life| life.end.is_none()) {
                        life.owners.push("protocol");
                        life.end = Some((status, event.time));
                    }
                }
                _ => {}
            }
        }
        lives
    }
}
