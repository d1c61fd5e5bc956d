//! The explorers cost next to nothing: what they need they have after the first executions.

use ndiswan::choices::{Access, Choice, Ended, Explorer, NAMES, Step, make};

const TASKS: usize = 3;
const STEPS: u32 = 16;

/// Three tasks with 16 steps each, every eighth of which asks for a value.
fn execution(explorer: &mut dyn Explorer, choices: &mut Vec<Choice>) {
    let mut done = [0; TASKS];
    let mut current = 0;
    choices.clear();
    explorer.begin();
    loop {
        let goes_on = done[current] < STEPS;
        let mut steps = [Step { task: 0, access: Access::default(), preempts: false }; TASKS];
        let mut n = 0;
        for offset in 0..TASKS {
            let task = (current + offset) % TASKS;
            if done[task] < STEPS {
                let object = u64::from(done[task] % 4);
                let access = Access { object, write: done[task] % 3 == 0 };
                steps[n] = Step { task: task as u32, access, preempts: goes_on && offset > 0 };
                n += 1;
            }
        }
        if n == 0 {
            break;
        }
        let chosen = explorer.step(&steps[..n]);
        if n > 1 {
            choices.push(Choice { n: n as u32, chosen: chosen as u32 });
        }
        current = steps[chosen].task as usize;
        done[current] += 1;
        if done[current] % 8 == 0 {
            choices.push(Choice { n: 5, chosen: explorer.value(5) });
        }
    }
    let steps = u64::from(STEPS) * TASKS as u64;
    assert!(explorer.end(&Ended { choices, new_edges: 0, failed: false, steps }));
}

#[test]
fn after_the_first_executions_no_explorer_allocates() {
    for name in NAMES {
        let mut explorer = make(name, 1).unwrap();
        let mut choices = Vec::with_capacity(100);
        // Some examples for those who learn.
        for seed in 0..20 {
            let mut random = make("random", seed).unwrap();
            execution(&mut *random, &mut choices);
            explorer.suggest(&choices);
        }
        for _ in 0..3_000 {
            execution(&mut *explorer, &mut choices);
        }
        let counted = allocation_counter::measure(|| {
            for _ in 0..2_000 {
                execution(&mut *explorer, &mut choices);
            }
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}
