//! Coverage-guided: what reached something new is changed a little and tried again.
//!
//! Fuzzers do this with bytes (Zalewski's AFL, 2013; energy to what is rare: Böhme, Pham and
//! Roychoudhury, CCS 2016), and with the order of tasks since MUZZ (Chen et al., USENIX Security
//! 2020). Here an example is an execution that reached an ownership edge for the first time, kept
//! as two lists: whose turn it was at each point, and each value. A change in one does not shift
//! the other, and turns name tasks and not indexes, so that most of an example still means what it
//! meant when something is put in front of it.
//!
//! Behind the end of a mutated example everything is chance. A share of the executions is chance
//! altogether, and so are all while there is no example.

mod corpus;
mod example;
mod mutate;

use corpus::Corpus;
use example::{Example, Player};

use super::random::Random;
use super::replay::Replay;
use super::rng::Rng;
use super::{Choice, Ended, Explorer, Step};

/// Suggestions that wait; more are forgotten, the oldest first.
const SUGGESTIONS: usize = 256;

/// How an execution is made.
#[derive(Clone, Debug)]
enum Plan {
    Chance,
    Suggested(Replay),
    Mutated,
}

/// The coverage-guided explorer.
#[derive(Clone, Debug)]
pub struct Coverage {
    rng: Rng,
    chance: Random,
    corpus: Corpus,
    suggested: std::collections::VecDeque<Vec<Choice>>,
    plan: Plan,
    player: Player,
    /// What this execution does.
    record: Example,
}

impl Coverage {
    /// An explorer with an empty corpus.
    pub fn new(seed: u64) -> Coverage {
        let mut rng = Rng::new(seed);
        let chance = Random::new(rng.bits());
        Coverage {
            rng,
            chance,
            corpus: Corpus::default(),
            suggested: std::collections::VecDeque::new(),
            plan: Plan::Chance,
            player: Player::default(),
            record: Example::default(),
        }
    }

    /// How many examples it has.
    pub fn examples(&self) -> usize {
        self.corpus.len()
    }
}

impl Explorer for Coverage {
    fn begin(&mut self) {
        self.chance.begin();
        self.record.clear();
        self.plan = if let Some(choices) = self.suggested.pop_front() {
            Plan::Suggested(Replay::new(choices))
        } else if self.corpus.is_empty() || self.rng.chance(32) {
            Plan::Chance
        } else {
            self.record.parted = self.player.load(&mut self.rng, &mut self.corpus);
            Plan::Mutated
        };
    }

    fn step(&mut self, steps: &[Step]) -> usize {
        if steps.len() < 2 {
            return 0;
        }
        let index = match &mut self.plan {
            Plan::Suggested(replay) => replay.step(steps),
            Plan::Mutated => self.player.step(steps).unwrap_or_else(|| self.chance.step(steps)),
            Plan::Chance => self.chance.step(steps),
        };
        self.record.turn(steps, index);
        index
    }

    fn asks_lone(&self) -> bool {
        false
    }

    fn value(&mut self, n: u32) -> u32 {
        self.value_of(n, n)
    }

    fn value_of(&mut self, what: u32, n: u32) -> u32 {
        let value = match &mut self.plan {
            Plan::Suggested(replay) => replay.value(n),
            Plan::Mutated => self.player.value(n).unwrap_or_else(|| self.chance.value_of(what, n)),
            Plan::Chance => self.chance.value_of(what, n),
        };
        self.record.value(n, value);
        value
    }

    fn end(&mut self, ended: &Ended<'_>) -> bool {
        let suggested = matches!(self.plan, Plan::Suggested(_));
        self.corpus.executed();
        if ended.new_edges > 0 || suggested {
            self.corpus.add(&mut self.rng, &self.record, ended.new_edges);
        }
        true
    }

    fn suggest(&mut self, choices: &[Choice]) {
        if self.suggested.len() == SUGGESTIONS {
            self.suggested.pop_front();
        }
        self.suggested.push_back(choices.to_vec());
    }
}
