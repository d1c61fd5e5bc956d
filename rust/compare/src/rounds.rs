//! Rounds: every side in turn, each round in another order.

use rustix::time::{ClockId, clock_gettime};

/// One thing that is measured.
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Does the work so many times.
    pub run: Box<dyn FnMut(u64)>,
}

/// The processor time of the calling thread, in nanoseconds.
pub fn cpu_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds for one time of each side, by round and side, after one round that warms up.
pub fn measure(sides: &mut [Side], rounds: usize, times: u64) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for round in 0..=rounds {
        let mut row = vec![0.0; sides.len()];
        for turn in 0..sides.len() {
            let side = (turn + round) % sides.len();
            let begin = cpu_time();
            (sides[side].run)(times);
            row[side] = (cpu_time() - begin) as f64 / times as f64;
        }
        all.push(row);
    }
    all.split_off(1)
}

/// The smallest, the middle and the largest of some numbers.
pub fn spread(mut numbers: Vec<f64>) -> (f64, f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len().saturating_sub(1);
    (numbers[0], numbers[last / 2], numbers[last])
}
