//! What is tried, in rounds, until a round finds nothing.
//!
//! Cheap and far-reaching first. A pass goes from the end to the beginning: what is behind a change
//! may lose its meaning, what is before it does not.

use super::super::Choice;
use super::Search;

/// How far choices are shifted when one becomes 0, and how many are taken out together with a
/// smaller value: a switch or a packet less moves what follows by a few points.
const SHIFT: usize = 8;
/// Of more choices than that, not every pair is tried.
const PAIRS: usize = 24;
/// Switches are joined with these many of the next ones.
const NEAR: usize = 3;
/// How many of the first answers that are not 0 are kept, at most, when one other is tried in place
/// of all the rest, and at how many places it is tried.
const KEPT: usize = 2;
const PLACES: usize = 128;
/// Values up to this are lowered to each smaller one; larger ones by halves and by one.
const SMALL: u32 = 16;

impl<R: FnMut(&[Choice]) -> Option<Vec<Choice>>> Search<R> {
    pub(super) fn until_nothing_helps(&mut self) {
        // Nothing is cheaper than to see that one answer is enough.
        self.make_zero();
        self.one_instead(0);
        loop {
            let before = self.best.clone();
            self.make_zero();
            self.take_out();
            self.lower();
            self.exchange();
            if self.best == before {
                self.make_zero_and_shift();
                self.make_two_zero();
                self.join();
                (1..=KEPT).for_each(|kept| self.one_instead(kept));
                self.lower_and_take_out();
            }
            if self.best == before || self.out {
                return;
            }
        }
    }

    /// Half of those that are not 0, a quarter, ... one.
    fn make_zero(&mut self) {
        let mut size = self.not_zero().len();
        while size > 0 {
            let mut end = self.not_zero().len();
            while end > 0 {
                let chunk = self.not_zero()[end.saturating_sub(size)..end].to_vec();
                self.attempt(|choices| chunk.iter().for_each(|&at| choices[at].chosen = 0));
                end = end.saturating_sub(size).min(self.not_zero().len());
            }
            size /= 2;
        }
    }

    /// Half of all, a quarter, ... one.
    fn take_out(&mut self) {
        let mut size = self.best.len();
        while size > 0 {
            let mut end = self.best.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                self.attempt(|choices| drop(choices.drain(start..end)));
                end = start.min(self.best.len());
            }
            size /= 2;
        }
    }

    fn lower(&mut self) {
        for at in self.not_zero().into_iter().rev() {
            let Some(&Choice { chosen, .. }) = self.best.get(at) else { continue };
            if chosen <= SMALL {
                let _ = (1..chosen).any(|value| self.attempt(|choices| choices[at].chosen = value));
                continue;
            }
            let (mut passes, mut fails) = (0, chosen);
            while fails - passes > 1 {
                let middle = passes + (fails - passes) / 2;
                if !self.attempt(|choices| choices[at].chosen = middle) {
                    passes = middle;
                } else if self.best.get(at).is_some_and(|choice| choice.chosen == middle) {
                    fails = middle;
                } else {
                    break;
                }
            }
        }
    }

    /// The same answer earlier or later: the next place, or one further on.
    fn exchange(&mut self) {
        for at in self.not_zero().into_iter().rev() {
            for distance in [1, 2, 4, 8, 16, 32] {
                self.swap(at, at + distance);
                if let Some(earlier) = at.checked_sub(distance) {
                    self.swap(earlier, at);
                }
            }
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        if b < self.best.len() {
            self.attempt(|choices| {
                let chosen = choices[a].chosen;
                choices[a].chosen = choices[b].chosen;
                choices[b].chosen = chosen;
            });
        }
    }

    /// A switch that is not made makes what follows come earlier or later.
    fn make_zero_and_shift(&mut self) {
        for at in self.not_zero().into_iter().rev() {
            for by in 1..=SHIFT {
                if at >= self.best.len() {
                    break;
                }
                let later = self.attempt(|choices| {
                    choices[at].chosen = 0;
                    let plain = choices[at];
                    choices.splice(at..at, std::iter::repeat_n(plain, by));
                });
                if later {
                    break;
                }
                if at + by < self.best.len() {
                    self.attempt(|choices| {
                        choices[at].chosen = 0;
                        choices.drain(at + 1..=at + by);
                    });
                }
            }
        }
    }

    /// There and back again.
    fn make_two_zero(&mut self) {
        let mut second = self.not_zero().len().min(PAIRS);
        while second > 0 {
            second -= 1;
            for first in (0..second).rev() {
                let places = self.not_zero();
                let (Some(&a), Some(&b)) = (places.get(first), places.get(second)) else {
                    continue;
                };
                self.attempt(|choices| (choices[a].chosen, choices[b].chosen) = (0, 0));
            }
        }
    }

    /// Joins what one task does in two goes, where another one runs between them: the earlier go is
    /// done later, or the later one earlier. That is two switches less, and no single change is.
    ///
    /// ```text
    /// 0 0 x 0 0 y 0 z 0     p p q q q p p q q     before
    /// 0 0 0 0 x 0 0 0 0     p p p p q q q q q     the first go of q is done later
    /// ```
    fn join(&mut self) {
        let places = self.not_zero();
        for (first, &a) in places.iter().enumerate().rev() {
            let after = &places[first + 1..];
            for (second, &b) in after.iter().enumerate().take(NEAR) {
                for &c in after[second + 1..].iter().take(NEAR) {
                    let joined = self.attempt(|choices| {
                        let chosen = choices[a].chosen;
                        for at in [a, b, c] {
                            choices[at].chosen = 0;
                        }
                        choices[a + (c - b)].chosen = chosen;
                    }) || after.iter().filter(|&&d| d > c).take(NEAR).any(|&d| {
                        self.attempt(|choices| {
                            let chosen = choices[b].chosen;
                            for at in [b, c, d] {
                                choices[at].chosen = 0;
                            }
                            choices[b + (d - c)].chosen = chosen;
                        })
                    });
                    if joined {
                        return;
                    }
                }
            }
        }
    }

    /// Another way to the same failure, which no change of this one leads to: so many of the first
    /// answers that are not 0, and one more, anywhere, in place of all the others.
    fn one_instead(&mut self, kept: usize) {
        let places = self.not_zero();
        if places.len() < kept + 2 {
            return;
        }
        let start = kept.checked_sub(1).map_or(0, |last| places[last] + 1);
        for at in start..(start + PLACES).min(self.best.len()) {
            // How many answers there are at that place is not known: a larger one is the last.
            for chosen in [1, u32::MAX - 1] {
                let instead = self.attempt(|choices| {
                    choices.truncate(start);
                    choices.resize(at, Choice { n: 2, chosen: 0 });
                    choices.push(Choice { n: chosen + 1, chosen });
                });
                if instead {
                    return;
                }
            }
        }
    }

    /// A packet less, and what was chosen for that packet.
    fn lower_and_take_out(&mut self) {
        for at in self.not_zero().into_iter().rev() {
            for size in 1..=SHIFT {
                let mut start = self.best.len().saturating_sub(size);
                while start > at {
                    if self.best[at].chosen == 0 {
                        break;
                    }
                    self.attempt(|choices| {
                        choices[at].chosen -= 1;
                        choices.drain(start..start + size);
                    });
                    start = (start - 1).min(self.best.len().saturating_sub(size));
                }
            }
        }
    }

    fn not_zero(&self) -> Vec<usize> {
        (0..self.best.len()).filter(|&at| self.best[at].chosen != 0).collect()
    }
}
