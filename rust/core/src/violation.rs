//! A broken rule, with all that its reader needs: who, where, the packet's history, what to do.

use std::fmt;

use crate::cx::{Cpu, Irql};
use crate::event::{Entry, Event, Name, What, milliseconds};
use crate::face::Face;
use crate::ndis::Ndis;
use crate::rule::Rule;

/// A rule that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// What was expected and what came, in a sentence.
    pub detail: String,
    /// The adapter's name.
    pub adapter: String,
    /// The adapter's send interface.
    pub face: Face,
    /// The packet that it is about, if it is about one.
    pub packet: Option<Name>,
    /// The packet's last events, oldest first; the adapter's own events if there is no packet.
    pub history: Vec<Event>,
    /// The level of the CPU that broke it.
    pub irql: Irql,
    /// The names of the spin locks that this CPU held.
    pub locks: Vec<String>,
    /// The entry points on that CPU's stack, outermost first.
    pub inside: Vec<Entry>,
    /// That CPU's number.
    pub cpu: u32,
    /// When, in nanoseconds of the Ndis's clock.
    pub time: u64,
    /// Whether it only warns.
    pub warning: bool,
    /// The source line of the driver's call that broke it, where an explorer asks and at verification level 4.
    pub site: Option<String>,
    /// Source lines of the events' call sites, by [`Event::site`], at verification level 4.
    pub sites: std::sync::Arc<Vec<String>>,
}

impl Violation {
    fn site(&self, event: &Event) -> Option<&String> {
        self.sites.get((event.site as usize).checked_sub(1)?)
    }

    /// The driver's call, unless the packet's history has it.
    fn call(&self) -> Option<&String> {
        let called = self.site.as_ref()?;
        let told = self.history.iter().any(|event| self.site(event) == Some(called));
        (!told).then_some(called)
    }
}

/// One event as a line of a history, of a WAN adapter.
pub fn describe(event: &Event) -> String {
    describe_as(Face::Wan, event)
}

/// One event as a line of a history, of an adapter with that interface.
pub fn describe_as(face: Face, event: &Event) -> String {
    let text = match event.what {
        What::Allocate { .. } => "allocated by the protocol".into(),
        What::Send { length, link, .. } => {
            format!("sent by the protocol, {length} bytes, link {link}")
        }
        What::Submit { packet, .. } => {
            format!("{} called (life {})", face.send(), packet.generation)
        }
        What::Return { status, .. } => format!("{} returned {status}", face.send()),
        What::Complete { packet, status } => {
            format!("{}(life {}, {status})", face.complete(), packet.generation)
        }
        What::Deliver { status, .. } => format!("protocol has it back, {status}"),
        What::Unsend { status, .. } => format!("queued send given back, {status}"),
        What::Free { .. } => "freed by the protocol".into(),
        What::TakeBack { why, .. } => format!("taken back by NDIS ({why})"),
        What::Requeue { .. } => "queued again: the miniport is out of resources".into(),
        What::Cancel { .. } => "cancelled: NDIS asks for it back".into(),
        What::Touch { side, part, .. } => format!("{part} touched by the {side}"),
        What::Violation { rule } => format!("** breaks {} **", rule.id()),
        What::Enter { entry, at } => format!("{} begins at {at}", face.entry(entry)),
        What::Leave { entry } => format!("{} returned", face.entry(entry)),
        other => crate::words::of_no_packet(&other),
    };
    format!(
        "{:>14} ms  cpu {} {:<14} {}",
        milliseconds(event.time),
        event.cpu,
        event.irql.to_string(),
        text
    )
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.rule.info();
        writeln!(f, "{}: {}", self.rule.id(), self.detail)?;
        write!(f, "  rule      {}", self.rule.sentence(self.face))?;
        write!(f, "\n  where     adapter {:?}, cpu {} at {}", self.adapter, self.cpu, self.irql)?;
        if let Some(entry) = self.inside.last() {
            write!(f, ", inside {}", self.face.entry(*entry))?;
        }
        if !self.locks.is_empty() {
            write!(f, ", holding {}", self.locks.join(", "))?;
        }
        if let Some(call) = self.call() {
            write!(f, ", at {call}")?;
        }
        if let Some(packet) = self.packet {
            write!(f, "\n  packet    {packet}")?;
        }
        for (index, event) in self.history.iter().enumerate() {
            let head = if index == 0 { "history" } else { "" };
            write!(f, "\n  {head:<9} {}", describe_as(self.face, event))?;
            if let Some(site) = self.site(event) {
                write!(f, "  [{site}]")?;
            }
        }
        write!(f, "\n  the page  {}\n  source    {}", info.page, info.source)?;
        write!(f, "\n  to mend   {}", self.rule.remedy(self.face))
    }
}

impl std::error::Error for Violation {}

impl Ndis {
    /// Where the calling thread is, and when: the callback that it is in and whose that is, and the packet that it was called
    /// with. None outside of callbacks.
    pub fn whereabouts(&self, packet: Option<Name>) -> Option<String> {
        let cpu = Cpu::current();
        let inside = *cpu.state.borrow().inside.last()?;
        let adapter = self.adapter(inside.adapter)?;
        let (entry, irql, at) = (adapter.face().entry(inside.entry), cpu.irql(), self.now());
        let packet = packet.map(|packet| format!(", with {packet}")).unwrap_or_default();
        let (name, number, at) = (&adapter.name, cpu.number(), milliseconds(at));
        Some(format!("in {entry} of adapter {name:?} at {at} ms, cpu {number} at {irql}{packet}"))
    }
}
