//! Where each packet and each adapter is, folded from events alone.
//!
//! The steps are the contract's own. An event that breaks a rule changes what it changes in the
//! engine: a completion at the wrong place brings its packet home, one of the wrong life does
//! nothing. A refused send is seen by the violation that follows it on its CPU.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::edge::{Edge, Seat};
use crate::contract::adapter::Life;
use crate::contract::may_complete;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Irql;
use crate::event::{Event, Name, What};
use crate::rule::Rule;

/// A quick hash for small keys; they are no input of an attacker's choice, and there are few.
#[derive(Default)]
pub(crate) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    #[allow(clippy::cast_sign_loss)] // which variant of an enumeration: never below 0
    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32 // the table takes its bits from both ends
    }
}

/// A map with that hash.
pub(crate) type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// What is known of one packet.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) state: PacketState,
    /// Its last edge.
    pub(super) last: Option<Edge>,
}

/// Where everything is. It allocates when it sees a packet or an adapter for the first time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets {
    /// The first packets of the first adapter, which most are.
    near: Vec<Known>,
    /// All others.
    known: QuickMap<u64, Known>,
    lives: Vec<Life>,
    /// The last send, until its CPU does something else: by which CPU, and which packet.
    sent: Option<(u32, u64)>,
}

/// How many packets are found by their number alone.
const NEAR: u64 = 256;

fn key(name: Name) -> u64 {
    u64::from(name.adapter) << 32 | u64::from(name.slot)
}

impl Packets {
    /// Forgets everything: another world begins.
    pub(crate) fn clear(&mut self) {
        self.near.clear();
        self.known.clear();
        self.lives.clear();
        self.sent = None;
    }

    /// What a packet's state is.
    #[cfg(test)]
    pub(crate) fn state(&mut self, name: Name) -> PacketState {
        self.known_of(key(name)).state
    }

    #[inline]
    fn known_of(&mut self, key: u64) -> &mut Known {
        if key >= NEAR {
            return self.known.entry(key).or_default();
        }
        let at = key as usize;
        if self.near.len() <= at {
            self.near.resize(at + 1, Known::default());
        }
        &mut self.near[at]
    }

    /// Where an adapter is in its life; one whose beginning nobody saw runs.
    #[inline]
    pub(crate) fn life(&self, adapter: u16) -> Life {
        self.lives.get(usize::from(adapter)).copied().unwrap_or(Life::Running)
    }

    /// Where the packet is that `event` is about, or the adapter; what was known of the packet is
    /// handed to `look`. Then the event happens.
    #[inline]
    pub(super) fn step(&mut self, event: &Event, look: impl FnOnce(&mut Known)) -> Seat {
        if let Some((cpu, packet)) = self.sent
            && cpu == event.cpu
        {
            self.sent = None;
            if let What::Violation { rule } = event.what
                && refuses_a_send(rule)
            {
                self.refuse(packet);
            }
        }
        let life = self.life(event.adapter);
        let Some(name) = event.what.packet() else {
            // What most are: they change no life.
            let plain = matches!(
                event.what,
                What::Acquire { .. }
                    | What::Release { .. }
                    | What::Enter { .. }
                    | What::Leave { .. }
                    | What::TimerSet { .. }
                    | What::TimerFire { .. }
            );
            return Seat::of_adapter(if plain { life } else { self.step_adapter(event, life) });
        };
        let key = key(name);
        let known = self.known_of(key);
        let (seat, next) = (Seat::of_packet(known.state), after(known.state, event, name, life));
        look(known);
        known.state = next;
        if let What::Send { .. } = event.what
            && seat == Seat::Protocol
        {
            self.sent = Some((event.cpu, key));
        }
        seat
    }

    /// The same where only the states matter.
    pub(crate) fn take(&mut self, event: &Event) -> Seat {
        self.step(event, |_| {})
    }

    #[cold]
    fn refuse(&mut self, packet: u64) {
        let known = self.known_of(packet);
        known.state = known.state.unsend().unwrap_or(known.state);
    }

    /// The adapter's life before; the next one is noted.
    fn step_adapter(&mut self, event: &Event, life: Life) -> Life {
        let before = if let What::Register { .. } = event.what { Life::Initializing } else { life };
        let next = match event.what {
            What::Register { .. } => Life::Initializing,
            What::Start if before == Life::Initializing => Life::Running,
            What::ResetStart if before.may_reset().is_ok() && event.irql <= Irql::DISPATCH => {
                Life::Resetting
            }
            What::Start if before == Life::Paused => Life::Running,
            What::ResetEnd if before == Life::Resetting => Life::Running,
            What::Pause if before == Life::Running => Life::Pausing,
            What::Paused if before == Life::Pausing => Life::Paused,
            What::Halt => before.max(Life::Halting),
            What::Halted => before.max(Life::Halted),
            What::Stop => Life::Stopped,
            _ => before,
        };
        let at = usize::from(event.adapter);
        if next != life {
            if self.lives.len() <= at {
                self.lives.resize(at + 1, Life::Running);
            }
            self.lives[at] = next;
        }
        before
    }
}

/// Whether the rule can be why a send was refused; what is reported for other reasons may come
/// behind a send that was taken.
fn refuses_a_send(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::Line | Rule::Handle | Rule::Halt | Rule::Window | Rule::Padding | Rule::IrqlSend
    )
}

/// What a packet's state is after an event about it.
#[inline]
fn after(now: PacketState, event: &Event, name: Name, life: Life) -> PacketState {
    let next = match event.what {
        What::Allocate { .. } | What::Deliver { .. } => return now.owned_by(Owner::Protocol),
        What::Send { .. } if name.adapter == event.adapter => now.send(),
        What::Submit { .. } => return PacketState::new(Owner::Miniport, name.generation),
        What::Return { status, .. } => now.returned(name.generation, status),
        What::Complete { .. } if name.adapter == event.adapter => {
            may_complete(now, name.generation, life)
        }
        What::Unsend { .. } => now.unsend(),
        What::Free { .. } => now.free(),
        What::TakeBack { why, .. } => now.take_back(why),
        // The return that came before said that it is on its way.
        What::Requeue { .. } => return PacketState::new(Owner::Ndis, name.generation),
        What::Cancel { .. } => now.cancel(name.generation),
        _ => return now,
    };
    next.unwrap_or(now)
}
