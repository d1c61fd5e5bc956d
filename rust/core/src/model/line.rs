//! A point-to-point line: how long a frame is on it, when it arrives, and whether.
//!
//! ```text
//!  ready         start              finish            arrival
//!    ├─ waits ─────┼─ wire_bytes·8/rate ┼─ propagation, jitter ┤
//!                  └ the line is busy ──┘
//! ```
//!
//! Frames go one after the other, in the order in which they became ready. What is lost is lost at the far end: the sender's
//! completion is a success all the same, as it is of a real card.

use serde::{Deserialize, Serialize};

use super::duration::Duration;
use super::error::{ModelError, real, whole};
use super::framing::Framing;
use super::random::Stream;

/// The parameters of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineSpec {
    /// Bits per second, framing included; 8 to 10¹³.
    pub rate_bps: u64,
    /// From the last bit out to the last bit in, in nanoseconds.
    pub propagation_ns: u64,
    /// The largest frame in bytes, framing not counted; longer ones are refused.
    pub mtu: u32,
    /// What framing adds to a frame.
    pub framing: Framing,
    /// Which frames are lost.
    pub loss: Loss,
    /// What is added to the propagation of each frame.
    pub jitter: Option<Duration>,
    /// Whether a frame may overtake another by jitter; else it waits for those before it.
    pub reorder: bool,
}

impl Default for LineSpec {
    fn default() -> LineSpec {
        LineSpec {
            rate_bps: 64_000,
            propagation_ns: 0,
            mtu: 1500,
            framing: Framing::None,
            loss: Loss::None,
            jitter: None,
            reorder: false,
        }
    }
}

/// Which frames are lost on the line.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    /// None.
    None,
    /// Each bit is wrong with this probability, independently; a frame with a wrong bit is lost.
    BitErrors {
        /// The probability.
        rate: f64,
    },
    /// Two states that change between frames (Gilbert, Bell System Technical Journal, 1960; Elliott, 1963).
    GilbertElliott {
        /// From good to bad, a frame.
        p: f64,
        /// From bad to good, a frame.
        r: f64,
        /// The share of frames lost in the good state (Elliott's 1−k).
        loss_good: f64,
        /// The share of frames lost in the bad state (Elliott's 1−h).
        loss_bad: f64,
    },
}

impl Loss {
    /// The share of frames of `bits` bits that are lost in the long run.
    pub fn mean(&self, bits: u64) -> f64 {
        match *self {
            Loss::None => 0.0,
            Loss::BitErrors { rate } => 1.0 - libm::exp(bits as f64 * libm::log1p(-rate)),
            Loss::GilbertElliott { p, r, loss_good, loss_bad } => {
                (r * loss_good + p * loss_bad) / (p + r)
            }
        }
    }

    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        match *self {
            Loss::None => Ok(()),
            Loss::BitErrors { rate } => real("rate", rate, 0.0, 0.5),
            Loss::GilbertElliott { p, r, loss_good, loss_bad } => {
                real("p", p, 0.0, 1.0)?;
                real("r", r, 1e-12, 1.0)?;
                real("loss_good", loss_good, 0.0, 1.0)?;
                real("loss_bad", loss_bad, 0.0, 1.0)
            }
        }
    }
}

impl LineSpec {
    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        whole("rate_bps", self.rate_bps, 8, 10_000_000_000_000)?;
        whole("propagation_ns", self.propagation_ns, 0, 1 << 60)?;
        whole("mtu", self.mtu.into(), 1, 65_536)?;
        self.loss.validate().map_err(|e| e.within("loss"))?;
        self.jitter.map_or(Ok(()), |jitter| jitter.validate().map_err(|e| e.within("jitter")))
    }
}

/// The luck of one line.
#[derive(Copy, Clone, Debug)]
pub struct LineLuck {
    /// Which frames are lost.
    pub loss: Stream,
    /// How much each is delayed.
    pub jitter: Stream,
    /// How many octets of each are escaped.
    pub escapes: Stream,
}

/// How fast a line is, and until when it is busy.
#[derive(Copy, Clone, Debug)]
pub(super) struct Clock {
    /// Nanoseconds a byte, times 2³².
    per_byte: u64,
    free_at: u64,
    busy: u64,
}

impl Clock {
    /// Of a line that has had nothing, of so many bits per second.
    pub(super) fn new(rate_bps: u64) -> Clock {
        let per_byte = ((8_000_000_000u128 << 32) / u128::from(rate_bps)) as u64;
        Clock { per_byte, free_at: 0, busy: 0 }
    }

    /// How long `wire_bytes` take, in nanoseconds, to the nearest; at least 1.
    #[inline(always)]
    fn wire_ns(self, wire_bytes: u32) -> u64 {
        let parts = u64::from(wire_bytes).checked_mul(self.per_byte);
        parts.map_or_else(|| self.long_ns(wire_bytes), |parts| ((parts >> 31) + 1) >> 1).max(1)
    }

    /// The same for a frame that takes seconds.
    #[cold]
    fn long_ns(self, wire_bytes: u32) -> u64 {
        ((u128::from(wire_bytes) * u128::from(self.per_byte) + (1 << 31)) >> 32) as u64
    }

    /// Takes a frame that is ready at `ready`: when its last bit is out.
    #[inline(always)]
    pub(super) fn transmit(&mut self, ready: u64, wire_bytes: u32) -> u64 {
        let took = self.wire_ns(wire_bytes);
        self.busy += took;
        self.free_at = ready.max(self.free_at).saturating_add(took);
        self.free_at
    }

    /// The same for a frame that is ready when the one before it is out, or sooner; [`was_busy_until`](Self::was_busy_until) follows.
    #[inline(always)]
    pub(super) fn transmit_next(&mut self, wire_bytes: u32) -> u64 {
        self.free_at = self.free_at.saturating_add(self.wire_ns(wire_bytes));
        self.free_at
    }

    /// Nothing is on it up to then.
    pub(super) fn idle_until(&mut self, at: u64) {
        self.free_at = self.free_at.max(at);
    }

    /// It has had frames without a gap, and is now `after`.
    pub(super) fn was_busy_until(&mut self, after: Clock) {
        self.busy += after.free_at - self.free_at;
        self.free_at = after.free_at;
    }

    /// Whether a packet may take so long that times of many cannot be added up in a word: with so many before it that are that large.
    pub(super) fn is_slow(&self, packets: usize, largest: u32, since: u64) -> bool {
        let new = u128::from(self.wire_ns(largest)) * packets as u128;
        (new | u128::from(self.free_at.saturating_sub(since))) >> 48 != 0
    }
}

/// The last time, in nanoseconds, at which anything is on a line: 146 years. Times beyond it could not be added any more.
pub(super) const LAST: u64 = 1 << 62;

/// A line at work.
#[derive(Clone, Debug)]
pub struct Line {
    spec: LineSpec,
    luck: LineLuck,
    clock: Clock,
    last_arrival: u64,
    bad: bool,
    perfect: bool,
}

impl Line {
    /// An idle line with the parameters of `spec`.
    pub fn new(spec: &LineSpec, luck: LineLuck) -> Line {
        Line {
            clock: Clock::new(spec.rate_bps),
            last_arrival: 0,
            bad: false,
            perfect: spec.loss == Loss::None && spec.jitter.is_none(),
            spec: spec.clone(),
            luck,
        }
    }

    /// How long `wire_bytes` take, in nanoseconds, to the nearest; at least 1.
    #[inline(always)]
    pub fn wire_ns(&self, wire_bytes: u32) -> u64 {
        self.clock.wire_ns(wire_bytes)
    }

    /// Whether it adds nothing to a frame, loses none and delivers it when its last bit is out.
    pub(super) fn is_bare(&self) -> bool {
        self.perfect && self.spec.propagation_ns == 0 && self.spec.framing == Framing::None
    }

    /// Whether a packet may take so long that times of many cannot be added up in a word; `packets` are on their way, and the first
    /// of them was sent at `since`.
    pub(super) fn is_slow(&self, packets: usize, since: u64) -> bool {
        self.clock.is_slow(packets, self.spec.mtu, since)
    }

    /// How fast it is, and until when it is busy.
    pub(super) fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// How many bytes go over the line for frame number `seq` of `bytes` bytes.
    #[inline(always)]
    pub fn wire_bytes(&self, seq: u64, bytes: u32) -> u32 {
        self.spec.framing.wire_bytes(bytes, &self.luck.escapes, seq)
    }

    /// The largest frame.
    pub fn mtu(&self) -> u32 {
        self.spec.mtu
    }

    /// Takes a frame that is ready at `ready`: when its last bit is out.
    #[inline(always)]
    pub fn transmit(&mut self, ready: u64, wire_bytes: u32) -> u64 {
        self.clock.transmit(ready, wire_bytes)
    }

    /// Whether it has taken frames that would be out after [`LAST`].
    pub(super) fn is_beyond(&self) -> bool {
        self.clock.free_at > LAST
    }

    /// When a frame whose last bit is out at `finish` arrives; `None` if it is lost.
    #[inline(always)]
    pub fn arrival(&mut self, seq: u64, finish: u64, wire_bytes: u32) -> Option<u64> {
        let at = finish.saturating_add(self.spec.propagation_ns);
        if self.perfect { Some(at) } else { self.imperfect_arrival(seq, at, wire_bytes) }
    }

    fn imperfect_arrival(&mut self, seq: u64, mut at: u64, wire_bytes: u32) -> Option<u64> {
        if let Some(jitter) = &self.spec.jitter {
            at = at.saturating_add(jitter.draw(&self.luck.jitter, seq));
        }
        if !self.spec.reorder {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        let lost = match self.spec.loss {
            Loss::None => false,
            Loss::BitErrors { .. } => {
                let bits = u64::from(wire_bytes) * 8;
                self.luck.loss.unit(seq) < self.spec.loss.mean(bits)
            }
            Loss::GilbertElliott { p, r, loss_good, loss_bad } => {
                let changes = self.luck.loss.unit(2 * seq) < if self.bad { r } else { p };
                self.bad ^= changes;
                self.luck.loss.unit(2 * seq + 1) < if self.bad { loss_bad } else { loss_good }
            }
        };
        (!lost).then_some(at)
    }

    /// For how many nanoseconds the line is busy with all that it has taken, what is still to go out included.
    pub fn busy(&self) -> u64 {
        self.clock.busy
    }

    /// For how many nanoseconds it was busy up to `now`, if it is busy without a gap with what is still to go out.
    pub(super) fn busy_without_gaps(&self, now: u64) -> u64 {
        self.clock.busy - self.clock.free_at.saturating_sub(now)
    }

    /// The line is cut at `now`, up to when it was busy for `busy` nanoseconds: what was to go out after that does not.
    pub fn cut(&mut self, now: u64, busy: u64) {
        self.clock.busy = busy;
        self.clock.free_at = self.clock.free_at.min(now);
    }
}
