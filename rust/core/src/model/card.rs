//! A WAN card with its driver, as a machine without a clock: what was sent goes in, what is to be completed comes out.
//!
//! ```text
//!  wan_send ─ waiting ─┬─ descriptors: frames on their way out ── unreported ── interrupt ─ completed
//!                      └─ (a card that copies: its memory) ─────────────────┘
//! ```
//!
//! It has no notion of who calls it. The simulation drives it in a tight loop, and [`super::driver`] drives the same machine as a
//! [`crate::Miniport`] under the general engine: one behaviour, two ways to be run.

use std::collections::VecDeque;

mod busy;
mod interrupt;
mod life;
mod plain;

use life::Life;
pub(super) use plain::Coming;

use super::card_spec::{CardSpec, Completes};
use super::fifo::Fifo;
use super::line::Line;
use super::multilink::Trunk;
use super::random::Stream;
use crate::status::FinalStatus;

/// "Not at all", as a time.
pub const NEVER: u64 = u64::MAX;

/// A frame that the card has.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// The packet's name for whoever sent it.
    pub handle: u32,
    /// Bytes of the packet.
    pub bytes: u32,
    /// Bytes on the line.
    pub wire_bytes: u32,
    /// The packet's number on its link: what its luck depends on.
    pub seq: u64,
    /// When the packet was offered, for the latency at the far end.
    pub offered: u64,
    /// When its last bit is out; meaningful once it is on the line.
    pub finish: u64,
}

/// Hears which frames left the card.
pub trait FarEnd {
    /// A frame whose last bit is out arrives at `at`, or is lost.
    fn left(&mut self, frame: &Frame, at: Option<u64>);

    /// A frame whose packet came back with SUCCESS was still in the memory of a card that died.
    fn vanished(&mut self, _frame: &Frame) {}
}

/// A card at work.
#[derive(Debug)]
pub struct Card {
    spec: CardSpec,
    line: Line,
    luck: Stream,
    /// No limit of descriptors, no moderation, no copying, no death: the common case, kept short. Then only `out` is used.
    plain: bool,
    /// When which packet's last bit is out.
    out: Fifo<(u64, u32)>,
    waiting: VecDeque<Frame>,
    frames: VecDeque<Frame>,
    /// A card that copies: the frame that it copies, and until when.
    copying: Option<(Frame, u64)>,
    /// Finished, and to be reported by the next interrupt.
    unreported: VecDeque<u32>,
    /// Held back to come out in another order.
    mixed: Vec<u32>,
    completed: VecDeque<(u32, FinalStatus)>,
    interrupt_at: u64,
    interrupts: u64,
    mixes: u64,
    resets: u64,
    /// A reset is over, and what it aborted has not all come back: NDIS holds sends back until then.
    aborting: bool,
    /// NDIS asks and resets it, not this model of NDIS.
    under_ndis: bool,
    life: Life,
    /// It is no card at all but a bundle of them.
    trunk: Option<Box<Trunk>>,
}

impl Card {
    /// A card with the parameters of `spec` at the near end of `line`.
    pub fn new(spec: &CardSpec, line: Line, luck: Stream) -> Card {
        let mut card = Card {
            plain: spec.is_plain(),
            out: Fifo::new(),
            spec: spec.clone(),
            line,
            luck,
            waiting: VecDeque::new(),
            frames: VecDeque::new(),
            copying: None,
            unreported: VecDeque::new(),
            mixed: Vec::new(),
            completed: VecDeque::new(),
            interrupt_at: NEVER,
            interrupts: 0,
            mixes: 0,
            resets: 0,
            aborting: false,
            under_ndis: false,
            life: Life::Well { until: NEVER },
            trunk: None,
        };
        card.live_on(0);
        card
    }

    /// A bundle in the place of a card; what `line` says of framing holds for whole packets.
    pub(super) fn of_bundle(line: Line, trunk: Trunk, luck: Stream) -> Card {
        let card = Card::new(&CardSpec::default(), line, luck);
        Card { plain: false, trunk: Some(Box::new(trunk)), ..card }
    }

    /// One that is driven by `send`, `due` and `next`, plain or not.
    pub(super) fn kept_long(self) -> Card {
        Card { plain: false, ..self }
    }

    /// Contract rules that were broken inside of it.
    pub(super) fn broken(&self) -> u64 {
        self.trunk.as_ref().map_or(0, |trunk| trunk.broken())
    }

    /// The line.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Whether the short form will do: [`send_plain`](Self::send_plain), [`due_plain`](Self::due_plain) and
    /// [`next_plain`](Self::next_plain).
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// MiniportWanSend of a plain card at `now`; always PENDING.
    #[inline(always)]
    pub fn send_plain(&mut self, now: u64, handle: u32, wire_bytes: u32) {
        let finish = self.line.transmit(now, wire_bytes);
        self.out.push((finish, handle));
    }

    /// When a plain card completes next; [`NEVER`] if it has nothing.
    #[inline(always)]
    pub fn due_plain(&self) -> u64 {
        self.out.front().map_or(NEVER, |(finish, _)| finish)
    }

    /// The packet that a plain card completes next, and when.
    #[inline(always)]
    pub(super) fn front_plain(&self) -> Option<(u64, u32)> {
        self.out.front()
    }

    /// It is completed.
    #[inline(always)]
    pub(super) fn advance_plain(&mut self) {
        self.out.advance();
        self.interrupts += 1;
    }

    /// The packet that is complete at `now`, if one is, and when its last bit was out. The caller asks the line for its arrival.
    #[inline(always)]
    pub fn next_plain(&mut self, now: u64) -> Option<(u64, u32)> {
        let (finish, handle) = self.out.front()?;
        if finish > now {
            return None;
        }
        self.advance_plain();
        Some((finish, handle))
    }

    /// When a frame whose last bit is out at `finish` arrives; `None` if it is lost.
    #[inline(always)]
    pub fn arrival(&mut self, seq: u64, finish: u64, wire_bytes: u32) -> Option<u64> {
        self.line.arrival(seq, finish, wire_bytes)
    }

    /// Whether it has nothing at all to do: no frame, and no completion that is to come.
    pub fn is_idle(&self) -> bool {
        self.out.is_empty()
            && self.frames.is_empty()
            && self.waiting.is_empty()
            && self.copying.is_none()
            && self.unreported.is_empty()
            && self.mixed.is_empty()
            && self.completed.is_empty()
            && self.trunk.as_ref().is_none_or(|trunk| trunk.is_idle())
    }

    /// For how many nanoseconds the line was busy up to `now`: before frames that are still to be programmed it is idle.
    pub fn busy_until(&self, now: u64) -> u64 {
        if let Some(trunk) = &self.trunk {
            return trunk.busy_until(now);
        }
        if self.plain {
            // There is no gap between those that a plain card has.
            return self.line.busy_without_gaps(now);
        }
        let to_come = |frame: &Frame| {
            frame.finish.saturating_sub(now).min(self.line.wire_ns(frame.wire_bytes))
        };
        self.line.busy() - self.frames.iter().map(to_come).sum::<u64>()
    }

    /// Whether it has frames that would be out after [`LAST`](super::line::LAST).
    pub(super) fn is_beyond(&self) -> bool {
        self.line.is_beyond() || self.trunk.as_ref().is_some_and(|trunk| trunk.is_beyond())
    }

    /// How often it interrupted.
    pub fn interrupts(&self) -> u64 {
        self.trunk.as_ref().map_or(self.interrupts, |trunk| trunk.interrupts())
    }

    /// How often it was reset.
    pub fn resets(&self) -> u64 {
        self.trunk.as_ref().map_or(self.resets, |trunk| trunk.resets())
    }

    /// Whether NDIS sends to it: not while it is being reset.
    #[inline]
    pub fn accepts(&self) -> bool {
        self.plain || !(self.aborting || matches!(self.life, Life::Resetting { .. }))
    }

    /// Something was taken that came back: NDIS sends again once that is all which a reset aborted.
    pub(super) fn may_have_all_back(&mut self) {
        self.aborting &= !self.completed.is_empty();
    }

    /// MiniportWanSend at `now`: `Some` if it is answered at once, `None` is PENDING.
    pub fn send(&mut self, now: u64, frame: Frame) -> Option<FinalStatus> {
        let well = self.waiting.is_empty() && matches!(self.life, Life::Well { .. });
        if self.plain && well {
            self.put_on_line(now, frame);
            return None;
        }
        if let Some(trunk) = &mut self.trunk {
            trunk.send(now, frame);
            return None;
        }
        let inline = well
            && self.spec.completes == Completes::Inline
            // What is being copied came before, and goes before.
            && self.copying.is_none()
            && self.has_room();
        if inline {
            self.put_on_line(now.saturating_add(self.spec.program_ns), frame);
            return Some(FinalStatus::SUCCESS);
        }
        self.waiting.push_back(frame);
        self.program(now);
        None
    }

    /// When it does something by itself next; [`NEVER`] if nothing is to come.
    pub fn due(&self) -> u64 {
        if self.is_well_plain() {
            return self.frames.front().map_or(NEVER, |frame| frame.finish);
        }
        if !self.completed.is_empty() {
            return 0;
        }
        if let Some(trunk) = &self.trunk {
            return trunk.due();
        }
        match self.life {
            Life::Hung { .. } if self.under_ndis => NEVER,
            Life::Hung { seen } => seen,
            Life::Resetting { until } => until,
            Life::Well { until } => {
                let out = self.frames.front().map_or(NEVER, |frame| frame.finish);
                let copied = self.copying.map_or(NEVER, |(_, at)| at);
                until.min(out).min(copied).min(self.interrupt_at)
            }
        }
    }

    /// The next completion that is due at `now`, if one is. Ask until none is left, and then for [`due`](Self::due).
    pub fn next(&mut self, now: u64, far: &mut dyn FarEnd) -> Option<(u32, FinalStatus)> {
        match self.coming(now) {
            Coming::Frame => {
                let (frame, at) = self.take_frame()?;
                far.left(&frame, at);
                return Some((frame.handle, FinalStatus::SUCCESS));
            }
            Coming::Else if self.advance(now, far) => {}
            Coming::Later(_) | Coming::Else => self.is_through(),
        }
        self.completed.pop_front()
    }

    /// What is due happens, up to the first completion; whether there is one.
    pub(super) fn advance(&mut self, now: u64, far: &mut dyn FarEnd) -> bool {
        while self.completed.is_empty() && self.due() <= now {
            match &mut self.trunk {
                Some(trunk) => self.completed.extend(trunk.next(now, far)),
                None => self.happen(far),
            }
        }
        !self.completed.is_empty()
    }

    /// Whether one more frame can be put into the card.
    fn has_room(&self) -> bool {
        // A descriptor is free again when the interrupt that reports it was served; memory when its frame is out.
        let taken = match self.spec.completes {
            Completes::WhenSent => self.frames.len() + self.unreported.len(),
            _ => self.frames.len() + usize::from(self.copying.is_some()),
        };
        self.spec.descriptors == 0 || taken < self.spec.descriptors as usize
    }

    fn put_on_line(&mut self, ready: u64, mut frame: Frame) {
        frame.finish = self.line.transmit(ready, frame.wire_bytes);
        self.frames.push_back(frame);
    }

    /// Puts into the card what there is room for.
    fn program(&mut self, now: u64) {
        if !matches!(self.life, Life::Well { .. }) {
            return;
        }
        while self.copying.is_none() && self.has_room() {
            let Some(frame) = self.waiting.pop_front() else { return };
            let ready = now.saturating_add(self.spec.program_ns);
            match self.spec.completes {
                Completes::WhenSent => self.put_on_line(ready, frame),
                Completes::WhenCopied | Completes::Inline if ready > now => {
                    self.copying = Some((frame, ready));
                }
                Completes::WhenCopied | Completes::Inline => self.copied(now, frame),
            }
        }
    }

    fn copied(&mut self, now: u64, frame: Frame) {
        self.put_on_line(now, frame);
        self.report(now, frame.handle);
    }

    /// The earliest thing that is due happens.
    fn happen(&mut self, far: &mut dyn FarEnd) {
        let at = self.due();
        match self.life {
            Life::Hung { seen } => self.reset(seen),
            Life::Resetting { until } => self.come_up(until, far),
            Life::Well { until } if until == at => self.hang(at),
            Life::Well { .. } if self.frames.front().is_some_and(|f| f.finish == at) => {
                self.frame_is_out(far);
            }
            Life::Well { .. } if self.copying.is_some_and(|(_, until)| until == at) => {
                if let Some((frame, _)) = self.copying.take() {
                    self.copied(at, frame);
                }
                self.program(at);
            }
            Life::Well { .. } => self.interrupt(at),
        }
    }

    fn frame_is_out(&mut self, far: &mut dyn FarEnd) {
        let Some(frame) = self.frames.pop_front() else { return };
        let arrival = self.line.arrival(frame.seq, frame.finish, frame.wire_bytes);
        far.left(&frame, arrival);
        if self.spec.completes == Completes::WhenSent {
            self.report(frame.finish, frame.handle);
        }
        self.program(frame.finish);
        // Nothing goes on by itself then, even if the driver has frames for which the ring has no room.
        let idle = self.frames.is_empty() && self.copying.is_none();
        let flushes = self.spec.moderation.is_some_and(|m| m.ns == 0);
        // What is held back would wait for an interrupt that no frame causes.
        let held = self.unreported.is_empty() && !self.mixed.is_empty();
        if idle && (flushes && !self.unreported.is_empty() || held) {
            let at = frame.finish.saturating_add(self.spec.interrupt_ns);
            self.interrupt_at = self.interrupt_at.min(at);
        }
    }
}
