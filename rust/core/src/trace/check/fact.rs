//! What of the state contradicts an event, in words: the end of a finding's sentence.

use super::Check;
use crate::event::{Event, Name, What};
use crate::contract::adapter::Life;
use crate::rule::Rule;

impl Check<'_> {
    /// What of the present state contradicts the event.
    pub(super) fn fact(&self, event: &Event, rule: Rule, packet: Option<Name>) -> String {
        let cpu = self.state.cpus.get(&event.cpu);
        let life = self.state.adapters.get(&event.adapter).map(|adapter| adapter.life);
        match rule {
            Rule::Window | Rule::Line | Rule::Handle => {
                let link = match event.what {
                    What::Send { link, .. }
                    | What::Submit { link, .. }
                    | What::LineUp { link, .. }
                    | What::LineDown { link }
                    | What::CloseCall { link }
                    | What::Indicate { link, .. } => self.state.links.get(&link),
                    _ => None,
                };
                match link {
                    Some(link) if link.closed => "its call is closed".to_string(),
                    Some(link) if link.up => format!(
                        "{} sends are outstanding and the window is {}",
                        link.outstanding, link.window
                    ),
                    _ => "the line is not up".to_string(),
                }
            }
            Rule::LockHeld | Rule::LockRecursion | Rule::LockUnheld | Rule::LockOrder
            | Rule::LockForm | Rule::LockLeak => {
                let held = cpu.map(|cpu| cpu.held.iter().map(|held| held.lock).collect::<Vec<_>>());
                let names: Vec<_> =
                    held.iter().flatten().map(|lock| self.trace.lock_name(*lock)).collect();
                match names.is_empty() {
                    true => format!("the CPU holds no lock and is at {}", event.irql),
                    false => format!("the CPU is at {} and holds {}", event.irql, names.join(", ")),
                }
            }
            Rule::IrqlComplete | Rule::IrqlSend | Rule::IrqlLeak => {
                let entered = cpu.and_then(|cpu| cpu.inside.last());
                let inside = entered.map_or(String::new(), |inside| {
                    format!(" inside of {}, entered at {}", inside.entry.name(), inside.at)
                });
                format!("the CPU is at {}{inside}", event.irql)
            }
            Rule::Serial => "another entry point of this serialized adapter runs".to_string(),
            Rule::Indicate => "the CPU is in an entry point that may not indicate".to_string(),
            Rule::Timer => {
                let timers = self.state.timers_set(event.adapter).map(|timer| timer.to_string());
                match timers.collect::<Vec<_>>() {
                    timers if timers.is_empty() => "the adapter is halted".to_string(),
                    timers => format!("timer {} is set", timers.join(", ")),
                }
            }
            Rule::StatusPending => "a completion has a final status".to_string(),
            Rule::StatusResources => "a WAN miniport is never out of resources".to_string(),
            Rule::StatusUnknown => "this is no published status".to_string(),
            _ => {
                let state = packet
                    .and_then(|name| self.state.packets.get(&(name.adapter, name.slot)))
                    .filter(|_| !(rule == Rule::Halt && life >= Some(Life::Halted)));
                match (state, life) {
                    (Some(state), _) => {
                        let (owner, generation) = (state.owner, state.generation);
                        format!("the packet belongs to {owner:?} in life {generation}")
                    }
                    (None, Some(life)) => format!("the adapter is {life:?}"),
                    (None, None) => "the adapter is not known".to_string(),
                }
            }
        }
    }
}
