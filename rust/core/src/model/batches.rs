//! Batch means: the mean of each of some equal batches of latencies, for a confidence interval from one run.
//!
//! The number of packets is not known in advance. So when all batches are full, neighbours are joined and a batch holds twice as
//! many from then on (Yeh and Schmeiser, ACM Transactions on Modeling and Computer Simulation, 2000): there are always between
//! half of [`MOST`] and [`MOST`] of them, of equal size, in constant memory.

/// No more batches than this.
pub const MOST: usize = 64;

/// Batches of a series of values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batches {
    sums: Vec<u128>,
    size: u64,
    filled: u64,
    sum: u128,
}

impl Default for Batches {
    fn default() -> Batches {
        Batches { sums: Vec::new(), size: 1, filled: 0, sum: 0 }
    }
}

impl Batches {
    /// The next value of the series.
    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        self.sum += u128::from(value);
        self.filled += 1;
        if self.filled == self.size {
            self.close();
        }
    }

    /// How many more the batch takes that is being filled.
    pub(super) fn room(&self) -> u64 {
        self.size - self.filled
    }

    /// The next values of the series, no more than there is room for, added up.
    pub(super) fn add(&mut self, sum: u128, values: u64) {
        self.sum += sum;
        self.filled += values;
        if self.filled == self.size {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.sums.capacity() == 0 {
            self.sums.reserve_exact(MOST);
        }
        self.sums.push(std::mem::take(&mut self.sum));
        self.filled = 0;
        if self.sums.len() == MOST {
            for at in 0..MOST / 2 {
                self.sums[at] = self.sums[2 * at] + self.sums[2 * at + 1];
            }
            self.sums.truncate(MOST / 2);
            self.size *= 2;
        }
    }

    /// The means of the batches that are full, in order; what came after the last is left out.
    pub fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| *sum as f64 / self.size as f64).collect()
    }

    /// How many values a batch holds.
    pub fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_equal_and_their_mean_is_the_mean() {
        for n in [1u64, 63, 64, 65, 1_000, 4_096] {
            let mut batches = Batches::default();
            (0..n).for_each(|value| batches.record(value));
            let means = batches.means();
            assert!(means.len() < MOST && (n < 32 || means.len() >= MOST / 2), "{n}");
            let counted = batches.size() * means.len() as u64;
            let mean = means.iter().sum::<f64>() / means.len() as f64;
            assert!((mean - (counted - 1) as f64 / 2.0).abs() < 1e-9, "{n}: {mean}");
        }
    }
}
