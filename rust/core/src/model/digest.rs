//! The fingerprint of what happens on a link, and how turns of a saturated one are folded in.

use crate::status::Status;

/// The fingerprint of a stream of events: each turns, changes and multiplies what was there, so that order counts.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Digest(pub u64);

/// By how much a digest turns with each event.
const TURN: u32 = 26;
const OF_TIME: u64 = 0x9E37_79B9_7F4A_7C15;
const OF_ALL: u64 = 0x2545_F491_4F6C_DD1D;

/// What turns are folded in with, as numbers that the compiler does not know: it would write each into the instructions where it
/// is needed, twice as long as reading it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Factors {
    time: u64,
    all: u64,
    /// What is the same of each completion.
    back: u64,
    /// What is the same of each send.
    sent: u64,
}

impl Factors {
    pub(super) fn unknown() -> Factors {
        std::hint::black_box(Factors {
            time: OF_TIME,
            all: OF_ALL,
            // Multiplied by what is odd the highest bit, all that is left of kind 4, stays the highest: it can come in one step later.
            back: 2 << 61 ^ 1 << (TURN - 1),
            sent: 1 << 61 ^ u64::from(Status::PENDING.0) << 16,
        })
    }
}

impl Digest {
    /// Folds one event in.
    #[inline]
    pub fn fold(&mut self, kind: u64, time: u64, seq: u64, detail: u64) {
        let word = time.wrapping_mul(OF_TIME) ^ seq ^ detail << 16 ^ kind << 61;
        self.0 = (self.0.rotate_left(TURN) ^ word).wrapping_mul(OF_ALL);
    }

    /// Folds in the three events of a turn at `now`: packet `back` left the card and was completed, and `seq` was sent.
    #[inline(always)]
    pub(super) fn fold_turn(&mut self, with: &Factors, now: u64, back: u64, seq: u64, bytes: u32) {
        let mut fold =
            |word: u64| self.0 = (self.0.rotate_left(TURN) ^ word).wrapping_mul(with.all);
        let time = now.wrapping_mul(with.time);
        let word = time ^ back;
        fold(word);
        fold(word ^ with.back);
        fold(time ^ seq ^ u64::from(bytes) << 48 ^ with.sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sink::Sink;
    use crate::status::FinalStatus;

    #[test]
    fn a_turn_is_its_three_events() {
        let (mut each, mut turns) = (Digest(5), Digest(5));
        for n in 0..1_000u64 {
            let (time, back, seq) = (n * n * 7_919, n ^ 1 << 50, n + 64);
            let bytes = (n * 1_048_573 % 65_537) as u32;
            each.fold(4, time, back, 0);
            each.completed(time, back, FinalStatus::SUCCESS);
            each.sent(time, seq, bytes, Status::PENDING);
            turns.fold_turn(&Factors::unknown(), time, back, seq, bytes);
            assert_eq!(each, turns, "{n}");
        }
    }
}
