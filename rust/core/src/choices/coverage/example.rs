//! An execution as it is kept and changed, and how a changed one is played.

use super::super::Step;

/// Whose turn it is at a point with two steps or more.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// A task, and which of the steps it was.
    Task { task: u32, index: u32 },
    /// Whoever has this index, counted around.
    Any(u32),
    /// `steps[0]`.
    Plain,
    /// The task that another index (counted around) than `steps[0]` has takes over and keeps its
    /// turn for so many points, or until it cannot go on. What was to come waits.
    TakeOver { index: u32, points: u32 },
}

/// A value, and of how many.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Value {
    pub(super) n: u32,
    pub(super) value: u32,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Example {
    pub(super) turns: Vec<Turn>,
    pub(super) values: Vec<Value>,
    /// The turn and the value at which it began to be another one than the example that it was made
    /// from. What it found it found behind them, and probably not far behind.
    pub(super) parted: (usize, usize),
}

impl Example {
    pub(super) fn clear(&mut self) {
        self.turns.clear();
        self.values.clear();
        self.parted = (0, 0);
    }

    pub(super) fn copy(&mut self, other: &Example) {
        self.turns.clone_from(&other.turns);
        self.values.clone_from(&other.values);
        self.parted = other.parted;
    }

    pub(super) fn turn(&mut self, steps: &[Step], index: usize) {
        self.turns.push(Turn::Task { task: steps[index].task, index: index as u32 });
    }

    pub(super) fn value(&mut self, n: u32, value: u32) {
        self.values.push(Value { n, value });
    }
}

/// Plays a changed example; what is behind its end is left to chance.
#[derive(Clone, Debug, Default)]
pub(super) struct Player {
    pub(super) example: Example,
    turn: usize,
    value: usize,
    /// Who has taken over, and for how many points more.
    holds: Option<(u32, u32)>,
}

impl Player {
    pub(super) fn rewind(&mut self) {
        (self.turn, self.value, self.holds) = (0, 0, None);
    }

    pub(super) fn step(&mut self, steps: &[Step]) -> Option<usize> {
        if let Some((task, points)) = self.holds.take()
            && let (Some(index), 1..) = (index_of(steps, task), points)
        {
            self.holds = Some((task, points - 1));
            return Some(index);
        }
        loop {
            let turn = *self.example.turns.get(self.turn)?;
            self.turn += 1;
            let n = steps.len();
            return Some(match turn {
                Turn::Plain => 0,
                Turn::Any(index) => index as usize % n,
                Turn::TakeOver { index, points } => {
                    let index = 1 + index as usize % (n - 1);
                    self.holds = Some((steps[index].task, points));
                    index
                }
                Turn::Task { task, index } => match steps.get(index as usize) {
                    Some(step) if step.task == task => index as usize,
                    // Not there: it is blocked, or has nothing to do; its turn is over.
                    _ => match index_of(steps, task) {
                        Some(index) => index,
                        None => continue,
                    },
                },
            });
        }
    }

    /// The next value; one that was of another number is taken as far as it goes.
    pub(super) fn value(&mut self, n: u32) -> Option<u32> {
        let Value { value, .. } = *self.example.values.get(self.value)?;
        self.value += 1;
        Some(value.min(n - 1))
    }
}

fn index_of(steps: &[Step], task: u32) -> Option<usize> {
    steps.iter().position(|step| step.task == task)
}
