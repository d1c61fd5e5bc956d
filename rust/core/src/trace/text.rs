//! A trace as text: one line an event, in columns.
//!
//! ```text
//!     time in ms  cpu  level     adapter  event
//!       0.000000    1  DISPATCH  modem    MiniportWanSend(packet 0.3 (life 1)) on link 0
//! ```

use std::fmt::Write;
use std::io;

use super::{Trace, TraceError};
use crate::cx::Irql;
use crate::event::{Entry, Event, Form, What, milliseconds};
use crate::face::Face;

fn level(irql: Irql) -> String {
    irql.to_string().replace("_LEVEL", "")
}

impl Trace {
    /// The whole trace as text, one line an event below a line of headings.
    pub fn to_text(&self) -> String {
        let mut text = self.headings();
        for (index, event) in self.events.iter().enumerate() {
            text.push('\n');
            text.push_str(&self.line(index, event));
        }
        text.push('\n');
        text
    }

    /// The same line by line, for traces that are too long for the memory twice.
    ///
    /// # Errors
    /// [`TraceError::Io`]: the writer's own.
    pub fn write_text(&self, mut writer: impl io::Write) -> Result<(), TraceError> {
        let mut write = || {
            writeln!(writer, "{}", self.headings())?;
            for (index, event) in self.events.iter().enumerate() {
                writeln!(writer, "{}", self.line(index, event))?;
            }
            writer.flush()
        };
        write().map_err(|source| {
            let (name, what) = ("the text of the trace".to_string(), "write it");
            TraceError::Io { name, what, source }
        })
    }

    fn adapter_width(&self) -> usize {
        let names = self.header.adapters.iter().map(|adapter| adapter.name.chars().count());
        names.max().unwrap_or(0).max("adapter".len())
    }

    fn headings(&self) -> String {
        let width = self.adapter_width();
        format!("{:>14}  {:>3}  {:<8}  {:<width$}  event", "time in ms", "cpu", "level", "adapter")
    }

    fn line(&self, index: usize, event: &Event) -> String {
        let width = self.adapter_width();
        let (time, cpu, irql) = (milliseconds(event.time), event.cpu, level(event.irql));
        let name = self.adapter_name(event.adapter);
        let mut line = format!("{time:>14}  {cpu:>3}  {irql:<8}  {name:<width$}  ");
        line.push_str(&self.describe(&event.what));
        if let Some(frame) = self.frames.get(&index) {
            let _ = write!(line, ", {} bytes", frame.len());
        }
        if let Some(parts) = self.net_buffers.get(&index) {
            let lengths: Vec<String> = parts.iter().map(u32::to_string).collect();
            let _ = write!(line, " in net buffers of {}", lengths.join(", "));
        }
        if let Some(verdict) = self.verdicts.get(&index) {
            let _ = write!(line, ": {}", verdict.detail);
        }
        if let Some(site) = self.site(event) {
            let _ = write!(line, "  [{site}]");
        }
        line
    }

    /// The name of an entry point: of the one interface that the adapters have; of several the engine's.
    pub(crate) fn entry_name(&self, entry: Entry) -> &'static str {
        let mut faces = self.header.adapters.iter().map(|adapter| adapter.face);
        match faces.next() {
            Some(first) if faces.all(|face| face == first) => first.entry(entry),
            _ => entry.name(),
        }
    }

    /// The name of a spin lock.
    pub(super) fn lock_name(&self, lock: u32) -> String {
        let known = self.header.locks.get(lock as usize);
        known.map_or_else(|| format!("lock {lock}"), |name| format!("lock {name:?}"))
    }

    /// What happened, in the names of NDIS.
    pub fn describe(&self, what: &What) -> String {
        let form = |form| if form == Form::Dpr { "Dpr" } else { "" };
        match *what {
            What::Allocate { packet } => format!("the protocol takes {packet} out of the pool"),
            What::Send { packet, link, length } => {
                format!("NdisSend({packet}, {length} bytes) on link {link}")
            }
            What::Submit { packet, link } => {
                format!("{}({packet}) on link {link}", self.face(packet.adapter).send())
            }
            What::Return { packet, status } => {
                format!("{}({packet}) returned {status}", self.face(packet.adapter).send())
            }
            What::Complete { packet, status } => {
                format!("{}({packet}, {status})", self.face(packet.adapter).complete())
            }
            What::Deliver { packet, link, status } => {
                format!("the protocol has {packet} of link {link} back, {status}")
            }
            What::Unsend { packet, link, status } => {
                format!("{packet} was queued on link {link} and goes back unsent, {status}")
            }
            What::Free { packet } => format!("the protocol frees {packet}"),
            What::TakeBack { packet, why } => {
                format!("NDIS takes {packet} from the miniport: {why}")
            }
            What::Touch { packet, side, part } => format!("the {side} uses {part} of {packet}"),
            What::LineUp { link, window } => format!("line up: link {link}, window {window}"),
            What::LineDown { link } => format!("line down: link {link}"),
            What::CloseCall { link } => format!("the call of link {link} is closed"),
            What::Indicate { link, length: 0 } => format!("a fragment on link {link}"),
            What::Indicate { link, .. } => format!("NdisMWanIndicateReceive on link {link}"),
            What::Acquire { lock, form: f } => {
                format!("Ndis{}AcquireSpinLock({})", form(f), self.lock_name(lock))
            }
            What::Release { lock, form: f } => {
                format!("Ndis{}ReleaseSpinLock({})", form(f), self.lock_name(lock))
            }
            What::Raise { to } => format!("KeRaiseIrql({to})"),
            What::Lower { to } => format!("KeLowerIrql({to})"),
            What::Enter { entry, at } => {
                format!("{} begins at {}", self.entry_name(entry), level(at))
            }
            What::Leave { entry } => format!("{} returned", self.entry_name(entry)),
            What::Requeue { packet, link } => {
                format!("NDIS queues {packet} on link {link} again")
            }
            What::Cancel { packet } => format!("NDIS asks for {packet} back unsent"),
            What::Register { serialized, reentrant, face } => {
                let mode = if serialized { "serialized" } else { "deserialized" };
                let kind = if face == Face::Wan { "" } else { face.id() };
                let reentry = if reentrant { ", re-entered by policy" } else { "" };
                format!(
                    "a {mode} adapter{}{kind}{reentry}",
                    if kind.is_empty() { "" } else { " of " }
                )
            }
            What::Start => "the adapter runs".to_string(),
            What::ResetStart => "a reset begins".to_string(),
            What::ResetComplete { status } => format!("NdisMResetComplete({status})"),
            What::ResetEnd => "the reset is over".to_string(),
            What::Pause => "the adapter is to be paused".to_string(),
            What::Paused => "the adapter is paused".to_string(),
            What::ResourcesAvailable => "NdisMSendResourcesAvailable".to_string(),
            What::Halt => "the adapter is to be halted".to_string(),
            What::Halted => "the adapter is halted".to_string(),
            What::Stop => "a bug check stops the adapter".to_string(),
            What::TimerSet { timer, at } => {
                format!("NdisMSetTimer(timer {timer}), due at {} ms", milliseconds(at))
            }
            What::TimerCancel { timer } => format!("NdisMCancelTimer(timer {timer})"),
            What::TimerFire { timer } => format!("timer {timer} is due"),
            What::Violation { rule } => format!("** breaks {} **", rule.id()),
        }
    }
}
