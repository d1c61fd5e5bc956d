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

    /// The next values of the series, as many as there are.
    pub(super) fn record_all(&mut self, mut values: &[u64]) {
        self.make_room();
        while !values.is_empty() {
            if self.filled > 0 || (values.len() as u64) < self.size {
                let (now, later) = values.split_at(self.room().min(values.len() as u64) as usize);
                self.add(total(now), now.len() as u64);
                values = later;
            } else {
                // Whole batches at once.
                let size = self.size as usize;
                let many = (values.len() / size).min(MOST - self.sums.len());
                let (now, later) = values.split_at(many * size);
                if size == 1 {
                    self.sums.extend(now.iter().map(|value| u128::from(*value)));
                } else {
                    self.sums.extend(now.chunks_exact(size).map(total));
                }
                self.join_if_full();
                values = later;
            }
        }
    }

    fn close(&mut self) {
        self.make_room();
        self.sums.push(std::mem::take(&mut self.sum));
        self.filled = 0;
        self.join_if_full();
    }

    fn make_room(&mut self) {
        if self.sums.capacity() == 0 {
            self.sums.reserve_exact(MOST);
        }
    }

    fn join_if_full(&mut self) {
        if let Some(sums) = self.sums.first_chunk_mut::<MOST>() {
            for at in 0..MOST / 2 {
                sums[at] = sums[2 * at] + sums[2 * at + 1];
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

fn total(values: &[u64]) -> u128 {
    values.iter().map(|value| u128::from(*value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_are_the_same_as_one_by_one() {
        let values: Vec<u64> = (0..3_000).map(|n| n * n % 1_009).collect();
        let (mut single, mut many, mut rest) =
            (Batches::default(), Batches::default(), &values[..]);
        for value in &values {
            single.record(*value);
        }
        for part in (1..).map(|n| n * 7 % 130) {
            let (now, later) = rest.split_at(part.min(rest.len()));
            many.record_all(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        assert_eq!(single, many);
    }

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
