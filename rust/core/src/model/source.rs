//! A flow of packets at work: when its next packet comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::card::NEVER;
use super::duration::Duration;
use super::random::Stream;
use super::size::{Cycle, Size};
use super::traffic::{Arrivals, Traffic};

/// A flow that changes its state so often without a packet is as good as silent.
const SILENT: u32 = 1 << 24;

/// A flow at work.
#[derive(Debug)]
pub struct Source {
    spec: Traffic,
    arrivals: Stream,
    sizes: Stream,
    offered: u64,
    /// No more than this many.
    most: u64,
    /// Its packets are sent again as soon as they are back.
    turns: bool,
    /// Where the next size stands in a cycle, which saves a division.
    turn: usize,
    draws: u64,
    next: u64,
    /// Packets that found the queue full, and wait for room.
    turned_away: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Packets that go round without a thought, and are here.
    Round {
        here: u32,
    },
    /// Packets that go round: when those that are here are sent again.
    Thinking {
        think: Duration,
        until: BinaryHeap<Reverse<u64>>,
    },
    /// Every `interval`, the n-th counted from `since`.
    Constant {
        interval: f64,
        since: u64,
        n: u64,
    },
    Poisson {
        mean: f64,
    },
    /// It is on until then; the fraction of an interval at its end is lost.
    OnOff {
        interval: f64,
        since: u64,
        n: u64,
        until: u64,
    },
    Mmpp {
        state: usize,
    },
    At,
}

impl Source {
    /// The flow that `spec` describes, towards a link with this send window.
    pub fn new(spec: &Traffic, window: u32, arrivals: Stream, sizes: Stream) -> Source {
        let since = spec.start_ns;
        let state = match &spec.arrivals {
            Arrivals::ClosedLoop { packets, think: None } => State::Round { here: *packets },
            // One more than the window takes, so that one is waiting whenever it opens.
            Arrivals::Saturating => State::Round { here: window + 1 },
            Arrivals::ClosedLoop { packets, think: Some(think) } => {
                let until = (0..*packets).map(|_| Reverse(since)).collect();
                State::Thinking { think: *think, until }
            }
            Arrivals::Constant { interval_ns } => {
                State::Constant { interval: *interval_ns, since, n: 0 }
            }
            Arrivals::Poisson { mean_ns } => State::Poisson { mean: *mean_ns },
            Arrivals::OnOff { interval_ns, .. } => {
                State::OnOff { interval: *interval_ns, since, n: 0, until: since }
            }
            Arrivals::Mmpp { .. } => State::Mmpp { state: 0 },
            Arrivals::At { .. } => State::At,
        };
        let mut source = Source {
            most: spec.packets.unwrap_or(u64::MAX),
            spec: spec.clone(),
            arrivals,
            sizes,
            offered: 0,
            turns: matches!(state, State::Round { .. }),
            turn: 0,
            draws: 0,
            next: since,
            turned_away: 0,
            state,
        };
        source.next = match source.state {
            State::Poisson { .. } | State::Mmpp { .. } | State::At | State::OnOff { .. } => {
                source.after(since)
            }
            _ => since,
        };
        source.end_if_enough();
        source
    }

    /// When it offers its next packet; [`NEVER`] if it waits for one to come back, or is done.
    #[inline(always)]
    pub fn due(&self) -> u64 {
        self.next
    }

    /// Whether its packets are sent again when they are back.
    #[inline(always)]
    pub fn goes_round(&self) -> bool {
        matches!(self.state, State::Round { .. } | State::Thinking { .. })
    }

    /// One of its packets is back and is sent again at once, if that is how this flow goes: its number and its bytes.
    #[inline(always)]
    pub fn turn(&mut self) -> Option<(u64, u32)> {
        if !self.turns || self.offered >= self.most {
            return None;
        }
        let n = self.offered;
        self.offered += 1;
        Some((n, self.draw_size(n)))
    }

    /// How many of its packets may be sent again at once when they are back.
    pub(super) fn turns_left(&self) -> u64 {
        if self.turns { self.most.saturating_sub(self.offered) } else { 0 }
    }

    /// How many it has offered.
    pub(super) fn offered(&self) -> u64 {
        self.offered
    }

    /// The sizes, if they are in a cycle.
    pub(super) fn cycle(&self) -> Option<Cycle<'_>> {
        self.spec.size.cycle(self.turn)
    }

    /// How large its packets are, and the luck of that.
    pub(super) fn sizes(&self) -> (Size, Stream) {
        (self.spec.size.clone(), self.sizes)
    }

    /// The size of packet `n`, which it is asked for in order.
    #[inline(always)]
    pub(super) fn size(&self, n: u64) -> u32 {
        self.spec.size.draw(&self.sizes, n)
    }

    /// So many of its packets were sent again at once.
    pub(super) fn turned(&mut self, turns: u64) {
        self.offered += turns;
        if let Size::Cycle { bytes } = &self.spec.size {
            let (turn, size) = (self.turn as u64 + turns, bytes.len() as u64);
            self.turn = (if turn < size { turn } else { turn % size }) as usize;
        }
    }

    /// How many of its packets are here and go out at once when it is their time.
    pub(super) fn here(&self) -> u64 {
        let State::Round { here } = &self.state else { return 0 };
        u64::from(*here).min(self.most.saturating_sub(self.offered))
    }

    /// So many of them went out.
    pub(super) fn went(&mut self, packets: u64) {
        if let State::Round { here } = &mut self.state {
            *here -= packets as u32;
            if *here == 0 {
                self.next = NEVER;
            }
        }
        self.turned(packets);
        self.end_if_enough();
    }

    /// Whether they are sent again without a thought.
    pub(super) fn goes_round_at_once(&self) -> bool {
        self.turns
    }

    /// So many of its packets are back, and none of them goes out again.
    pub(super) fn done(&mut self, packets: u32) {
        if let State::Round { here } = &mut self.state {
            *here += packets;
        }
    }

    /// Which class its packets are of.
    pub fn class(&self) -> u8 {
        self.spec.class
    }

    /// Offers the packet that is due at `now`: its number in this flow, and its bytes.
    #[inline(always)]
    pub fn take(&mut self, now: u64) -> (u64, u32) {
        let n = self.offered;
        self.offered += 1;
        match &mut self.state {
            State::Round { here } => {
                *here -= 1;
                if *here == 0 {
                    self.next = NEVER;
                }
            }
            _ => self.next = self.after(now),
        }
        self.end_if_enough();
        (n, self.draw_size(n))
    }

    #[inline(always)]
    fn draw_size(&mut self, n: u64) -> u32 {
        let Size::Cycle { bytes } = &self.spec.size else {
            return self.spec.size.draw(&self.sizes, n);
        };
        let next = bytes[self.turn];
        self.turn = if self.turn + 1 == bytes.len() { 0 } else { self.turn + 1 };
        next
    }

    /// Its packet found the queue full. Whether it waits for room: one that is thought about comes again after that.
    pub fn turned_away(&mut self, now: u64) -> bool {
        let waits = match &mut self.state {
            State::Round { .. } => true,
            State::Thinking { think, .. } => think.draw(&self.arrivals, self.draws + 1) == 0,
            _ => return false,
        };
        if waits {
            self.turned_away += 1;
            self.draws += 1;
        } else {
            self.handed_back(now);
        }
        waits
    }

    /// There is room at `now` for those that were turned away.
    pub fn try_again(&mut self, now: u64) {
        let again = std::mem::take(&mut self.turned_away);
        match &mut self.state {
            State::Round { here } => *here += again,
            State::Thinking { until, .. } => until.extend((0..again).map(|_| Reverse(now))),
            _ => {}
        }
        if again > 0 {
            self.next = self.next.min(now);
            self.end_if_enough();
        }
    }

    /// One of its packets is back, or was dropped, at `now`.
    #[inline(always)]
    pub fn handed_back(&mut self, now: u64) {
        match &mut self.state {
            State::Round { here } => {
                *here += 1;
                self.next = self.next.min(now);
            }
            State::Thinking { think, until } => {
                self.draws += 1;
                let again = now.saturating_add(think.draw(&self.arrivals, self.draws));
                until.push(Reverse(again));
                self.next = self.next.min(again);
            }
            _ => return,
        }
        self.end_if_enough();
    }

    #[inline(always)]
    fn end_if_enough(&mut self) {
        if self.offered >= self.most {
            self.next = NEVER;
        }
    }

    fn draw(&mut self) -> u64 {
        self.draws += 1;
        self.draws - 1
    }

    /// When the packet comes that follows the one of `now`.
    fn after(&mut self, now: u64) -> u64 {
        let luck = self.arrivals;
        let later = |ns: f64| now.saturating_add(ns.min(super::duration::LONGEST_NS) as u64);
        match &mut self.state {
            State::Round { .. } => self.next,
            State::Thinking { until, .. } => {
                until.pop();
                until.peek().map_or(NEVER, |Reverse(at)| *at)
            }
            State::Constant { interval, since, n } => {
                *n += 1;
                since.saturating_add((*interval * *n as f64).round_ties_even() as u64)
            }
            State::Poisson { mean } => {
                let ns = *mean * luck.exponential(self.draws);
                self.draws += 1;
                later(ns.round_ties_even())
            }
            State::OnOff { .. } => self.after_on_off(),
            State::Mmpp { .. } => self.after_mmpp(now),
            State::At => match &self.spec.arrivals {
                Arrivals::At { times_ns } => {
                    let at = times_ns.get(self.offered as usize);
                    at.map_or(NEVER, |at| at.saturating_add(self.spec.start_ns))
                }
                _ => NEVER,
            },
        }
    }

    fn after_on_off(&mut self) -> u64 {
        let Arrivals::OnOff { on, off, .. } = self.spec.arrivals else { return NEVER };
        for _ in 0..SILENT {
            let State::OnOff { interval, since, n, until } = &mut self.state else { return NEVER };
            let at = since.saturating_add((*interval * *n as f64).round_ties_even() as u64);
            if at < *until {
                *n += 1;
                return at;
            }
            // The first time there was no "off" before.
            let first = self.draws == 0;
            let ended = *until;
            let position = self.draw();
            let pause = if first { 0 } else { off.draw(&self.arrivals, 2 * position) };
            let burst = on.draw(&self.arrivals, 2 * position + 1);
            let State::OnOff { since, n, until, .. } = &mut self.state else { return NEVER };
            (*since, *n) = (ended.saturating_add(pause), 0);
            *until = since.saturating_add(burst);
            if *until == NEVER {
                return NEVER;
            }
        }
        NEVER
    }

    fn after_mmpp(&mut self, now: u64) -> u64 {
        let mut at = now as f64;
        let luck = self.arrivals;
        for _ in 0..SILENT {
            let position = self.draw();
            let Arrivals::Mmpp { rates_pps, transitions_per_s } = &self.spec.arrivals else {
                return NEVER;
            };
            let State::Mmpp { state } = &mut self.state else { return NEVER };
            let (rate, leaves) = (rates_pps[*state], &transitions_per_s[*state]);
            let all: f64 = leaves
                .iter()
                .enumerate()
                .filter(|(to, _)| to != state)
                .map(|(_, r)| r)
                .sum::<f64>()
                + rate;
            at += luck.exponential(2 * position) * 1e9 / all;
            if at >= super::duration::LONGEST_NS {
                return NEVER;
            }
            let mut which = luck.unit(2 * position + 1) * all - rate;
            if which < 0.0 {
                return at.round_ties_even() as u64;
            }
            let others = leaves.iter().enumerate().filter(|(to, _)| to != state);
            let mut next = *state;
            for (to, rate) in others {
                next = to;
                which -= rate;
                if which < 0.0 {
                    break;
                }
            }
            *state = next;
        }
        NEVER
    }
}
