//! Multilink PPP: several cards and lines that carry the fragments of each packet together (RFC 1990).
//!
//! ```text
//!  packet ─ fragments of at most so many bytes, each with a header ─┬─ window ─ card ═ line ─┬─ put together ─ far end
//!                                                                   └─ window ─ card ═ line ─┘
//! ```
//!
//! Each fragment is a WAN packet of its own, under the contract, as NDISWAN sends it. The next one goes to the next member in turn
//! that has room in its window. The packet comes back when all of its fragments have, and arrives when the last of them does.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::card::{Card, FarEnd, Frame, NEVER};
use super::card_spec::CardSpec;
use super::error::{ModelError, whole};
use super::line::{Line, LineLuck, LineSpec};
use super::spec::Luck;
use crate::contract::packet::{Owner, PacketState};
use crate::status::{FinalStatus, Status};

/// One of the links of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its line.
    pub line: LineSpec,
    /// Its card.
    #[serde(default)]
    pub card: CardSpec,
    /// Its send window.
    pub window: u32,
}

/// A bundle of links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultilinkSpec {
    /// The links.
    pub members: Vec<Member>,
    /// The most bytes of a packet in a fragment.
    pub fragment_bytes: u32,
    /// What is before each fragment: RFC 1990's header has 4 bytes, 2 with short sequence numbers.
    pub header_bytes: u32,
}

impl MultilinkSpec {
    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        whole("members", self.members.len() as u64, 1, 64)?;
        whole("fragment_bytes", self.fragment_bytes.into(), 1, 65_536)?;
        whole("header_bytes", self.header_bytes.into(), 0, 64)?;
        for (n, member) in self.members.iter().enumerate() {
            let at = format!("members[{n}]");
            member.line.validate().map_err(|e| e.within("line").within(&at))?;
            member.card.validate().map_err(|e| e.within("card").within(&at))?;
            whole("window", member.window.into(), 1, 1 << 20).map_err(|e| e.within(&at))?;
            let longest = self.fragment_bytes + self.header_bytes;
            if longest > member.line.mtu {
                let expected = format!("at least a fragment with its header, {longest}");
                return Err(ModelError::new("line.mtu", &expected, member.line.mtu).within(&at));
            }
        }
        Ok(())
    }
}

/// A packet of which fragments are on their way.
#[derive(Copy, Clone, Debug)]
struct Whole {
    frame: Frame,
    /// Bytes that are in no fragment yet.
    rest: u32,
    /// Fragments that were not completed, and that have not left their card.
    owed: u32,
    inside: u32,
    fragments: u64,
    status: FinalStatus,
    arrives: Option<u64>,
    lost: bool,
    /// A fragment of it was in the memory of a card that died.
    vanished: bool,
    handed_back: bool,
}

/// A fragment's place.
#[derive(Copy, Clone, Debug)]
struct Fragment {
    state: PacketState,
    whole: usize,
    /// It was completed, and it has left its card: then the place is free.
    completed: bool,
    left: bool,
}

/// A bundle at work: it takes whole packets as a card does.
#[derive(Debug)]
pub(super) struct Trunk {
    spec: MultilinkSpec,
    cards: Vec<Card>,
    outstanding: Vec<u32>,
    turn: usize,
    wholes: Vec<Whole>,
    free_wholes: Vec<usize>,
    fragments: Vec<Fragment>,
    free: Vec<u32>,
    /// Packets that are not all in fragments.
    waiting: VecDeque<usize>,
    broken: u64,
    /// When it was asked for something last: what is there already is there then.
    now: u64,
}

/// The far end of the members.
struct Inside<'a> {
    wholes: &'a mut [Whole],
    fragments: &'a mut [Fragment],
    far: &'a mut dyn FarEnd,
}

impl Inside<'_> {
    /// A fragment is in its card no more; with the last one it is known what became of the packet.
    fn is_out(&mut self, frame: &Frame, note: impl FnOnce(&mut Whole)) {
        let fragment = &mut self.fragments[frame.handle as usize];
        fragment.left = true;
        let whole = &mut self.wholes[fragment.whole];
        whole.inside -= 1;
        note(whole);
        // Of which a reset took a part, its sender knows that it did not go out.
        if whole.inside > 0 || whole.rest > 0 || whole.status != FinalStatus::SUCCESS {
            return;
        }
        let frame = Frame { finish: frame.finish, ..whole.frame };
        if whole.vanished {
            self.far.vanished(&frame);
        } else {
            self.far.left(&frame, whole.arrives.filter(|_| !whole.lost));
        }
    }
}

impl FarEnd for Inside<'_> {
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        self.is_out(frame, |whole| {
            whole.lost |= at.is_none();
            whole.arrives = whole.arrives.max(at);
        });
    }

    fn vanished(&mut self, frame: &Frame) {
        self.is_out(frame, |whole| whole.vanished = true);
    }
}

impl Trunk {
    /// An idle bundle; each member has luck of its own.
    pub(super) fn new(spec: &MultilinkSpec, luck: &Luck) -> Trunk {
        let card = |(n, member): (usize, &Member)| {
            let luck = luck.part(n as u64);
            let line_luck =
                LineLuck { loss: luck.loss, jitter: luck.jitter, escapes: luck.escapes };
            Card::new(&member.card, Line::new(&member.line, line_luck), luck.card).kept_long()
        };
        Trunk {
            cards: spec.members.iter().enumerate().map(card).collect(),
            outstanding: vec![0; spec.members.len()],
            spec: spec.clone(),
            turn: 0,
            wholes: Vec::new(),
            free_wholes: Vec::new(),
            fragments: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            broken: 0,
            now: 0,
        }
    }

    pub(super) fn send(&mut self, now: u64, frame: Frame) {
        self.now = now;
        let whole = Whole {
            frame,
            rest: frame.bytes,
            owed: 0,
            inside: 0,
            fragments: 0,
            status: FinalStatus::SUCCESS,
            arrives: None,
            lost: false,
            vanished: false,
            handed_back: false,
        };
        let index = self.free_wholes.pop().unwrap_or(self.wholes.len());
        if index == self.wholes.len() {
            self.wholes.push(whole);
        } else {
            self.wholes[index] = whole;
        }
        self.waiting.push_back(index);
        self.dispatch(now);
    }

    /// Fragments go to the members in turn, as far as their windows are open.
    fn dispatch(&mut self, now: u64) {
        while let Some(index) = self.waiting.front().copied() {
            let members = self.cards.len();
            let room = |member: &usize| {
                self.outstanding[*member] < self.spec.members[*member].window
                    && self.cards[*member].accepts()
            };
            let Some(member) = (0..members).map(|n| (self.turn + n) % members).find(room) else {
                return;
            };
            self.turn = (member + 1) % members;
            self.send_fragment(now, index, member);
            if self.wholes[index].rest == 0 {
                self.waiting.pop_front();
            }
        }
    }

    fn send_fragment(&mut self, now: u64, index: usize, member: usize) {
        let whole = &mut self.wholes[index];
        let bytes = whole.rest.min(self.spec.fragment_bytes);
        whole.rest -= bytes;
        whole.owed += 1;
        whole.inside += 1;
        let seq = whole.frame.seq << 8 | whole.fragments & 0xFF;
        whole.fragments += 1;
        let handle = self.free.pop().unwrap_or(self.fragments.len() as u32);
        if handle as usize == self.fragments.len() {
            let state = PacketState::new(Owner::Pool, 0);
            self.fragments.push(Fragment { state, whole: 0, completed: false, left: false });
        }
        let fragment = &mut self.fragments[handle as usize];
        (fragment.whole, fragment.completed, fragment.left) = (index, false, false);
        let bytes = bytes + self.spec.header_bytes;
        let card = &mut self.cards[member];
        let wire_bytes = card.line().wire_bytes(seq, bytes);
        let offered = whole.frame.offered;
        let sent = fragment.state.allocate().and_then(PacketState::send);
        let submitted = sent.and_then(PacketState::submit);
        let frame = Frame { handle, bytes, wire_bytes, seq, offered, finish: NEVER };
        let answer = card.send(now, frame);
        let status = answer.map_or(Status::PENDING, Status::from);
        match submitted.and_then(|state| state.returned(state.generation(), status)) {
            Ok(state) => fragment.state = state,
            Err(_) => self.broken += 1,
        }
        self.outstanding[member] += 1;
        if let Some(status) = answer {
            self.outstanding[member] -= 1;
            self.came_back(handle, status);
        }
    }

    /// A fragment is the protocol's again.
    fn came_back(&mut self, handle: u32, status: FinalStatus) {
        let fragment = &mut self.fragments[handle as usize];
        match fragment.state.deliver().and_then(PacketState::free) {
            Ok(state) => fragment.state = state,
            Err(_) => self.broken += 1,
        }
        fragment.completed = true;
        let whole = &mut self.wholes[fragment.whole];
        whole.owed -= 1;
        if status != FinalStatus::SUCCESS {
            whole.status = status;
            if !fragment.left {
                // What a reset took never leaves its card.
                fragment.left = true;
                whole.inside -= 1;
            }
        }
    }

    pub(super) fn due(&self) -> u64 {
        if self.wholes.iter().any(Whole::is_back) {
            return self.now;
        }
        self.cards.iter().map(Card::due).min().unwrap_or(NEVER).max(self.now)
    }

    /// The next packet of which all fragments have come back by `now`.
    pub(super) fn next(&mut self, now: u64, far: &mut dyn FarEnd) -> Option<(u32, FinalStatus)> {
        self.now = now;
        loop {
            if let Some(index) = self.wholes.iter().position(Whole::is_back) {
                let whole = &mut self.wholes[index];
                whole.handed_back = true;
                let done = (whole.frame.handle, whole.status);
                self.tidy();
                return Some(done);
            }
            let mut any = false;
            for member in 0..self.cards.len() {
                let mut inside = Inside {
                    wholes: &mut self.wholes,
                    fragments: &mut self.fragments,
                    far: &mut *far,
                };
                if self.cards[member].due() > now {
                    continue;
                }
                any = true;
                let Some((handle, status)) = self.cards[member].next(now, &mut inside) else {
                    continue;
                };
                self.outstanding[member] -= 1;
                self.cards[member].may_have_all_back();
                let fragment = &mut self.fragments[handle as usize];
                match fragment.state.complete(fragment.state.generation()) {
                    Ok(state) => fragment.state = state,
                    Err(_) => self.broken += 1,
                }
                self.came_back(handle, status);
                self.dispatch(now);
                break;
            }
            if !any {
                self.tidy();
                self.dispatch(now);
                if !self.wholes.iter().any(Whole::is_back) {
                    return None;
                }
            }
        }
    }

    /// Places that nobody needs any more are free.
    fn tidy(&mut self) {
        for (handle, fragment) in self.fragments.iter_mut().enumerate() {
            if fragment.completed && fragment.left {
                (fragment.completed, fragment.left) = (false, false);
                self.free.push(handle as u32);
            }
        }
        for (index, whole) in self.wholes.iter_mut().enumerate() {
            if whole.handed_back && whole.inside == 0 {
                whole.handed_back = false;
                whole.fragments = 0;
                self.free_wholes.push(index);
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.cards.iter().all(Card::is_idle)
    }

    /// For how many nanoseconds the members' lines were busy, on average.
    pub(super) fn busy_until(&self, now: u64) -> u64 {
        let busy: u64 = self.cards.iter().map(|card| card.busy_until(now)).sum();
        busy / self.cards.len() as u64
    }

    pub(super) fn is_beyond(&self) -> bool {
        self.cards.iter().any(Card::is_beyond)
    }

    pub(super) fn interrupts(&self) -> u64 {
        self.cards.iter().map(Card::interrupts).sum()
    }

    pub(super) fn resets(&self) -> u64 {
        self.cards.iter().map(Card::resets).sum()
    }

    /// Contract rules that fragments broke: 0, or the model is wrong.
    pub(super) fn broken(&self) -> u64 {
        self.broken
    }
}

impl Whole {
    /// Whether all of its fragments were completed, and it was not handed back.
    fn is_back(&self) -> bool {
        self.rest == 0 && self.owed == 0 && self.fragments > 0 && !self.handed_back
    }
}
