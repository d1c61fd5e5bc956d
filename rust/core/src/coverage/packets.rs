//! Where each packet and each adapter is, folded from events alone.
//!
//! The steps are the contract's own. An event that breaks a rule changes what it changes in the
//! engine: a completion at the wrong place brings its packet home, one of the wrong life does
//! nothing. A refused send is seen by the violation that follows it on its CPU.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::edge::{Edge, Seat};
use super::kind::Kind;
use super::seen::Seen;
use crate::contract::adapter::Life;
use crate::contract::may_complete;
use crate::contract::packet::{Owner, PacketState};
use crate::cx::Irql;
use crate::event::Name;
use crate::status::Status;

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

    #[inline(always)]
    #[allow(clippy::inline_always)] // at each event of a packet
    fn known_of(&mut self, key: u64) -> &mut Known {
        let at = key as usize;
        if at < self.near.len() {
            return &mut self.near[at];
        }
        self.further(key)
    }

    #[inline(never)]
    fn further(&mut self, key: u64) -> &mut Known {
        if key >= NEAR {
            return self.known.entry(key).or_default();
        }
        let at = key as usize;
        self.near.resize(at + 1, Known::default());
        &mut self.near[at]
    }

    /// Where an adapter is in its life; one whose beginning nobody saw runs.
    #[inline]
    pub(crate) fn life(&self, adapter: u16) -> Life {
        self.lives.get(usize::from(adapter)).copied().unwrap_or(Life::Running)
    }

    /// Before whatever happens: a send was refused if a broken rule follows it on its CPU.
    #[inline]
    pub(super) fn look_at_sent(&mut self, seen: &Seen) {
        if let Some((cpu, packet)) = self.sent
            && cpu == seen.cpu()
        {
            self.sent = None;
            if seen.refuses_a_send() {
                self.refuse(packet);
            }
        }
    }

    /// A packet's event happens: its edge, which depends on where the packet was, and the packet's last one.
    #[inline]
    pub(super) fn step(
        &mut self,
        kind: Kind,
        seen: &Seen,
        edge: impl FnOnce(Seat) -> Edge,
    ) -> (Edge, Option<Edge>) {
        let (name, life) = (seen.packet(), self.life(seen.adapter()));
        let key = key(name);
        let known = self.known_of(key);
        let seat = Seat::of_packet(known.state);
        known.state = after(known.state, kind, seen, life);
        let edge = edge(seat);
        let last = known.last.replace(edge);
        if kind == Kind::SEND && seat == Seat::Protocol {
            self.sent = Some((seen.cpu(), key));
        }
        (edge, last)
    }

    #[cold]
    fn refuse(&mut self, packet: u64) {
        let known = self.known_of(packet);
        known.state = known.state.unsend().unwrap_or(known.state);
    }

    /// An adapter's event happens: the adapter's life before.
    #[inline]
    pub(super) fn step_adapter(&mut self, kind: Kind, seen: &Seen) -> Life {
        let life = self.life(seen.adapter());
        if kind.is_of_lives() { self.change_life(kind, seen, life) } else { life }
    }

    /// The adapter's life before; the next one is noted.
    fn change_life(&mut self, kind: Kind, seen: &Seen, life: Life) -> Life {
        let before = if kind == Kind::REGISTER { Life::Initializing } else { life };
        let next = match kind {
            Kind::REGISTER => Life::Initializing,
            Kind::START if before == Life::Initializing => Life::Running,
            Kind::RESET_START if before.may_reset().is_ok() && seen.irql() <= Irql::DISPATCH => {
                Life::Resetting
            }
            Kind::START if before == Life::Paused => Life::Running,
            Kind::RESET_END if before == Life::Resetting => Life::Running,
            Kind::PAUSE if before == Life::Running => Life::Pausing,
            Kind::PAUSED if before == Life::Pausing => Life::Paused,
            Kind::HALT => before.max(Life::Halting),
            Kind::HALTED => before.max(Life::Halted),
            Kind::STOP => Life::Stopped,
            _ => before,
        };
        let at = usize::from(seen.adapter());
        if next != life {
            if self.lives.len() <= at {
                self.lives.resize(at + 1, Life::Running);
            }
            self.lives[at] = next;
        }
        before
    }
}

/// What a packet's state is after such an event about it.
#[inline]
fn after(now: PacketState, kind: Kind, seen: &Seen, life: Life) -> PacketState {
    let name = seen.packet();
    let own = name.adapter == seen.adapter();
    let next = match kind {
        Kind::ALLOCATE | Kind::DELIVER => return now.owned_by(Owner::Protocol),
        Kind::SEND if own => now.send(),
        Kind::SUBMIT => return PacketState::new(Owner::Miniport, name.generation),
        Kind::PENDED | Kind::ANSWERED => now.returned(name.generation, Status(seen.number())),
        Kind::COMPLETE if own => may_complete(now, name.generation, life),
        Kind::UNSEND => now.unsend(),
        Kind::FREE => now.free(),
        // The return that came before said that it is on its way.
        Kind::REQUEUE => return PacketState::new(Owner::Ndis, name.generation),
        Kind::CANCEL => now.cancel(name.generation),
        _ => match kind.why_taken_back() {
            Some(why) => now.take_back(why),
            None => return now,
        },
    };
    next.unwrap_or(now)
}
