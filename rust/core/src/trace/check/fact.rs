//! What of the state contradicts an event, in words: the end of a finding's sentence.

use super::Check;
use crate::contract::adapter::Life;
use crate::event::{Event, Name, What};
use crate::rule::{Family, Rule};

impl Check<'_> {
    /// What of the present state contradicts the event.
    pub(super) fn fact(&self, event: &Event, rule: Rule, packet: Option<Name>) -> String {
        match rule {
            Rule::Window | Rule::Line | Rule::Handle => self.link_fact(event),
            Rule::Serial => "another entry point of this serialized adapter runs".to_string(),
            Rule::Indicate => "the CPU is in an entry point that may not indicate".to_string(),
            Rule::StatusPending => "a completion has a final status".to_string(),
            Rule::StatusResources => "a WAN miniport is never out of resources".to_string(),
            Rule::Sync => "its interface has no answer but a completion".to_string(),
            Rule::StatusList => "that is no final status of NDIS 6".to_string(),
            Rule::Resources => "it had not been out of them".to_string(),
            Rule::StatusUnknown => "this is no published status".to_string(),
            Rule::Timer => {
                let timers = self.state.timers_set(event.adapter).map(|timer| timer.to_string());
                match timers.collect::<Vec<_>>() {
                    timers if timers.is_empty() => "the adapter is halted".to_string(),
                    timers => format!("timer {} is set", timers.join(", ")),
                }
            }
            _ if matches!(rule.family(), Family::Lock | Family::Irql) => self.cpu_fact(event),
            _ => self.packet_fact(event, rule, packet),
        }
    }

    fn life_fact(&self, event: &Event) -> String {
        match self.state.adapters.get(&event.adapter) {
            Some(adapter) => format!("the adapter is {}", adapter.life),
            None => "the adapter is not known".to_string(),
        }
    }

    fn link_fact(&self, event: &Event) -> String {
        let (What::Send { link, .. }
        | What::Submit { link, .. }
        | What::LineUp { link, .. }
        | What::LineDown { link }
        | What::CloseCall { link }
        | What::Indicate { link, .. }) = event.what
        else {
            return self.life_fact(event);
        };
        match self.state.links.get(&link) {
            Some(link) if link.closed => "its call is closed".to_string(),
            Some(link) if link.up => format!(
                "{} sends are outstanding and the window is {}; {}",
                link.outstanding,
                link.window,
                self.life_fact(event)
            ),
            _ => "the line is not up".to_string(),
        }
    }

    fn cpu_fact(&self, event: &Event) -> String {
        let cpu = self.state.cpus.get(&event.cpu).cloned().unwrap_or_default();
        let inside = cpu.inside.last().map_or(String::new(), |inside| {
            let name = self.trace.entry_name(inside.entry);
            format!(" inside of {name}, entered at {}", inside.at)
        });
        let held: Vec<_> = cpu.held.iter().map(|held| self.trace.lock_name(held.lock)).collect();
        let held = if held.is_empty() { "no lock".to_string() } else { held.join(", ") };
        format!("the CPU is at {}{inside} and holds {held}", event.irql)
    }

    fn packet_fact(&self, event: &Event, rule: Rule, packet: Option<Name>) -> String {
        let life = self.state.adapters.get(&event.adapter).map(|adapter| adapter.life);
        let state = packet.and_then(|name| self.state.packets.get(&(name.adapter, name.slot)));
        match state {
            Some(state) if rule != Rule::Halt || life < Some(Life::Halted) => {
                format!("the packet belongs to {} in life {}", state.owner(), state.generation())
            }
            _ => self.life_fact(event),
        }
    }
}
