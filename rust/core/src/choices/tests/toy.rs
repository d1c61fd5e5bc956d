//! A world that is small enough to know everything about it: tasks are lists of operations on
//! shared cells, and each operation is one step.

use std::collections::HashSet;

use crate::choices::{Access, Choice, Ended, Explorer, Step};

/// One step of a task. Each has a register of its own.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Op {
    /// Touches nothing that is shared.
    Local,
    /// The register is the cell.
    Read(usize),
    /// The cell is the register and one more.
    Store(usize),
    Set(usize, u32),
    /// The register counts how often this was true: the cell has this value.
    Match(usize, u32),
    /// The register becomes a value below this, which the explorer chooses.
    Draw(u32),
    /// If the register is not this, the task ends.
    Expect(u32),
    /// It is waited for until the cell is 0, then it is 1.
    Lock(usize),
    Unlock(usize),
    /// The task of this number, which must be above that of this one, may begin.
    Spawn(usize),
    /// The world fails if the register is this.
    FailIf(u32),
}

use Op::{Draw, Expect, FailIf, Local, Lock, Match, Read, Set, Spawn, Store, Unlock};

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) tasks: Vec<Vec<Op>>,
    /// The world fails if this cell does not end with this value.
    pub(super) at_the_end: Option<(usize, u32)>,
}

/// What an execution came to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Outcome {
    pub(super) failed: bool,
    pub(super) cells: Vec<u32>,
    pub(super) registers: Vec<u32>,
    /// Who could not go on any more.
    pub(super) stuck: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) outcome: Outcome,
    pub(super) choices: Vec<Choice>,
    pub(super) steps: u64,
    pub(super) preemptions: u32,
    /// Who ran, step by step.
    pub(super) order: Vec<u32>,
}

const CELLS: usize = 4;

impl World {
    /// The accesses that a task makes, in order.
    pub(super) fn access(op: Op) -> Access {
        let (cell, write) = match op {
            Read(cell) | Match(cell, _) => (cell + 1, false),
            Store(cell) | Set(cell, _) | Lock(cell) | Unlock(cell) => (cell + 1, true),
            Local | Draw(_) | Expect(_) | Spawn(_) | FailIf(_) => (0, false),
        };
        Access { object: cell as u64, write }
    }

    /// Runs from the beginning to the end, or to the failure.
    pub(super) fn run(&self, explorer: &mut dyn Explorer) -> Execution {
        let mut cells = vec![0; CELLS];
        let mut registers = vec![0; self.tasks.len()];
        let mut at = vec![0; self.tasks.len()];
        let spawned: HashSet<usize> = self
            .tasks
            .iter()
            .flatten()
            .filter_map(|op| match op {
                Spawn(task) => Some(*task),
                _ => None,
            })
            .collect();
        let mut begun: Vec<bool> = (0..at.len()).map(|task| !spawned.contains(&task)).collect();
        let (mut choices, mut order, mut preemptions) = (Vec::new(), Vec::new(), 0);
        let (mut current, mut failed) = (usize::MAX, false);
        loop {
            let can = |task: usize| {
                begun[task]
                    && match self.tasks[task].get(at[task]) {
                        Some(Lock(cell)) => cells[*cell] == 0,
                        op => op.is_some(),
                    }
            };
            let goes_on = current < at.len() && can(current);
            let mut tasks: Vec<usize> = (0..at.len()).filter(|task| can(*task)).collect();
            if goes_on {
                tasks.retain(|task| *task != current);
                tasks.insert(0, current);
            }
            if tasks.is_empty() || failed {
                break;
            }
            let steps: Vec<Step> = tasks
                .iter()
                .map(|&task| Step {
                    task: task as u32,
                    access: World::access(self.tasks[task][at[task]]),
                    preempts: goes_on && task != current,
                })
                .collect();
            let chosen = explorer.step(&steps);
            if steps.len() > 1 {
                choices.push(Choice { n: steps.len() as u32, chosen: chosen as u32 });
            }
            preemptions += u32::from(steps[chosen].preempts);
            current = tasks[chosen];
            order.push(current as u32);
            let register = &mut registers[current];
            let op = self.tasks[current][at[current]];
            at[current] += 1;
            match op {
                Read(cell) => *register = cells[cell],
                Store(cell) => cells[cell] = *register + 1,
                Set(cell, value) => cells[cell] = value,
                Match(cell, value) => *register += u32::from(cells[cell] == value),
                Draw(n) => {
                    *register = explorer.value(n);
                    choices.push(Choice { n, chosen: *register });
                }
                Expect(value) if *register != value => at[current] = usize::MAX,
                Local | Expect(_) => {}
                Lock(cell) => cells[cell] = 1,
                Unlock(cell) => cells[cell] = 0,
                Spawn(task) => begun[task] = true,
                FailIf(value) => failed |= *register == value,
            }
        }
        let stuck = (0..at.len()).any(|task| at[task] < self.tasks[task].len() && begun[task]);
        if !stuck && !failed {
            failed = self.at_the_end.is_some_and(|(cell, value)| cells[cell] != value);
        }
        let steps = order.len() as u64;
        let outcome = Outcome { failed, cells, registers, stuck };
        Execution { outcome, choices, steps, preemptions, order }
    }

    /// Explores until the explorer is done, `see` says stop, or `most` executions are made. The
    /// edges are which operation ran after which one of another task, and with which register.
    pub(super) fn explore(
        &self,
        explorer: &mut dyn Explorer,
        most: u64,
        mut see: impl FnMut(&Execution) -> bool,
    ) -> u64 {
        let mut edges = HashSet::new();
        for executions in 1..=most {
            explorer.begin();
            let execution = self.run(explorer);
            let before = edges.len();
            World::edges(&execution, &mut edges);
            let ended = Ended {
                choices: &execution.choices,
                new_edges: edges.len() - before,
                failed: execution.outcome.failed,
                steps: execution.steps,
            };
            let goes_on = explorer.end(&ended);
            if !see(&execution) || !goes_on {
                return executions;
            }
        }
        most
    }

    /// The execution in which the explorer finds the failure.
    pub(super) fn found_after(&self, explorer: &mut dyn Explorer, most: u64) -> Option<u64> {
        let mut found = false;
        let executions = self.explore(explorer, most, |execution| {
            found = execution.outcome.failed;
            !found
        });
        found.then_some(executions)
    }

    /// How far each task came, with what it knew then.
    fn edges(execution: &Execution, edges: &mut HashSet<(u32, usize, u32)>) {
        for (task, register) in (0..).zip(&execution.outcome.registers) {
            let steps = execution.order.iter().filter(|other| **other == task).count();
            edges.insert((task, steps, *register));
        }
    }
}

/// Two tasks count to two, without a lock: one preemption loses one.
pub(super) fn lost_update(padding: usize) -> World {
    let mut task = vec![Local; padding];
    task.extend([Read(0), Store(0)]);
    task.extend(vec![Local; padding]);
    World { tasks: vec![task.clone(), task], at_the_end: Some((0, 2)) }
}

/// One task opens a window `windows` times, and the other must look through each: `2 * windows - 1`
/// preemptions.
pub(super) fn windows(windows: u32, padding: usize) -> World {
    let mut opens = vec![Local; padding];
    let mut looks = vec![Local; padding];
    for window in 1..=windows {
        opens.extend([Set(0, window), Set(0, 0)]);
        looks.push(Match(0, window));
    }
    looks.push(FailIf(windows));
    World { tasks: vec![opens, looks], at_the_end: None }
}

/// The same, but the one who looks gives up at the first window that it misses, so that how far it
/// came can be seen.
pub(super) fn gates(gates: u32, padding: usize) -> World {
    let mut world = windows(gates, padding);
    let looks = &mut world.tasks[1];
    looks.truncate(padding);
    for gate in 1..=gates {
        looks.extend([Match(0, gate), Expect(gate)]);
    }
    looks.push(FailIf(gates));
    world
}

/// A number must be guessed, digit by digit, and who is wrong goes no further.
pub(super) fn password(digits: &[u32], of: u32) -> World {
    let mut task = Vec::new();
    for digit in digits {
        task.extend([Draw(of), Expect(*digit)]);
    }
    task.extend([Draw(2), FailIf(1)]);
    World { tasks: vec![task], at_the_end: None }
}
