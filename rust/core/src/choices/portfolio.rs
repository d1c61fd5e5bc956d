//! All explorers, each as often as it earns.
//!
//! No explorer is the best on all programs, and which one it is cannot be told from outside. So the
//! next execution is given to one of them by chance, weighted by its *yield*: new edges and failures
//! per execution, where what is long ago counts less. Half of the executions are shared out evenly,
//! so nobody is judged by a bad start; what one explorer finds the others are told
//! ([`Explorer::suggest`]). This is a bandit whose arms' yields fall over time, played by
//! probability matching (Thompson, Biometrika, 1933) with a floor.

use super::bounded::Bounded;
use super::coverage::Coverage;
use super::pct::Pct;
use super::pos::Pos;
use super::random::Random;
use super::rng::Rng;
use super::surw::Surw;
use super::{Certificate, Choice, Ended, Explorer, Step};

/// What a failure is worth, in new edges.
const FAILURE: u64 = 16;
/// One edge, one execution: whole numbers, so that every machine draws the same.
const ONE: u64 = 1 << 16;
/// Of a yield, one part in so many is forgotten with each execution of the explorer.
const MEMORY: u64 = 200;

struct Arm {
    name: &'static str,
    explorer: Box<dyn Explorer>,
    /// Edges and failures of the last executions, and how many executions these were; in [`ONE`]s.
    found: u64,
    tried: u64,
    executions: u64,
}

impl Arm {
    fn new(name: &'static str, explorer: impl Explorer + 'static) -> Arm {
        // As if one edge had been found in one execution: everybody is promising at first.
        Arm { name, explorer: Box::new(explorer), found: ONE, tried: ONE, executions: 0 }
    }

    fn earns(&self) -> u64 {
        // Where nobody finds anything any more, all are equal.
        1 + self.found * ONE / self.tried
    }

    fn learn(&mut self, found: u64) {
        self.found = self.found - self.found / MEMORY + found.min(ONE) * ONE;
        self.tried = self.tried - self.tried / MEMORY + ONE;
        self.executions += 1;
    }
}

/// The mix.
pub struct Portfolio {
    rng: Rng,
    arms: Vec<Arm>,
    /// Who makes this execution.
    turn: usize,
    /// The search with sleep sets, which is over, saw the same answers lead elsewhere.
    unsteady: bool,
}

impl Portfolio {
    /// All explorers, each with a seed made from this one.
    pub fn new(seed: u64) -> Portfolio {
        let mut rng = Rng::new(seed);
        let mut seed = || rng.bits();
        let arms = vec![
            Arm::new("random", Random::new(seed())),
            Arm::new("pct2", Pct::new(seed(), 2)),
            Arm::new("pct3", Pct::new(seed(), 3)),
            Arm::new("pct5", Pct::new(seed(), 5)),
            Arm::new("pos", Pos::new(seed())),
            Arm::new("surw", Surw::new(seed())),
            Arm::new("coverage", Coverage::new(seed())),
            Arm::new("bounded-sleep", Bounded::with_sleep_sets()),
        ];
        Portfolio { rng, arms, turn: 0, unsteady: false }
    }

    /// How many executions each explorer has made.
    pub fn executions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.arms.iter().map(|arm| (arm.name, arm.executions))
    }

    /// Who makes the execution that has begun.
    pub fn turn(&self) -> &'static str {
        self.arms[self.turn].name
    }

    fn is_first(&self) -> bool {
        self.arms.iter().all(|arm| arm.executions == 0)
    }

    /// One half by what they earn, and one half evenly.
    fn draw(&mut self) -> usize {
        let all: u64 = self.arms.iter().map(Arm::earns).sum();
        let fair = all.div_ceil(self.arms.len() as u64);
        let mut drawn = self.rng.below(all + fair * self.arms.len() as u64);
        for (index, arm) in self.arms.iter().enumerate() {
            let share = arm.earns() + fair;
            if drawn < share {
                return index;
            }
            drawn -= share;
        }
        self.arms.len() - 1
    }
}

impl Explorer for Portfolio {
    fn begin(&mut self) {
        // The exhaustive search begins with what happens without an adversary, where many a mistake shows.
        self.turn = if self.is_first() { self.arms.len() - 1 } else { self.draw() };
        self.arms[self.turn].explorer.begin();
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        self.arms[self.turn].explorer.step(steps)
    }

    fn asks_lone(&self) -> bool {
        self.arms[self.turn].explorer.asks_lone()
    }

    fn value(&mut self, n: u32) -> u32 {
        self.arms[self.turn].explorer.value(n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        self.arms[self.turn].explorer.value_of(what, n)
    }

    /// `false` when the exhaustive search has been everywhere. It goes with sleep sets first, which
    /// find sooner, and then once more without: only that is a proof for drivers that have variables
    /// of their own.
    fn end(&mut self, ended: &Ended<'_>) -> bool {
        // To the first execution everything is new, which is no merit of whoever made it.
        let edges = if self.is_first() { 0 } else { ended.new_edges as u64 };
        let arm = &mut self.arms[self.turn];
        let goes_on = arm.explorer.end(ended);
        arm.learn(edges + if ended.failed { FAILURE } else { 0 });
        if ended.new_edges > 0 {
            for (index, arm) in self.arms.iter_mut().enumerate() {
                if index != self.turn {
                    arm.explorer.suggest(ended.choices);
                }
            }
        }
        if !goes_on && self.certificate().is_none() {
            // With sleep sets it is no proof, nor is it one if the same answers led elsewhere.
            self.unsteady |= self.arms[self.turn].explorer.is_unsteady();
            self.arms[self.turn] = Arm::new("bounded", Bounded::new());
            return true;
        }
        goes_on
    }

    fn suggest(&mut self, choices: &[Choice]) {
        for arm in &mut self.arms {
            arm.explorer.suggest(choices);
        }
    }

    fn certificate(&self) -> Option<Certificate> {
        if self.is_unsteady() {
            return None;
        }
        let bounded = self.arms.iter().find(|arm| arm.name == "bounded")?;
        bounded.explorer.certificate()
    }

    fn is_unsteady(&self) -> bool {
        self.unsteady || self.arms.iter().any(|arm| arm.explorer.is_unsteady())
    }
}
