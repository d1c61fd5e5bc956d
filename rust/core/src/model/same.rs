//! Times for which three histograms are one, as they came: they are counted when there are many, or when somebody asks.
//!
//! A list takes eight bytes for each of a hundred times, the counts of a histogram seven thousand that have to be zeroed first.

use super::histogram::Histogram;

/// No more are kept as they came: so many take as much memory as a histogram.
const MOST: usize = 1 << 10;

/// Times, without their sum.
#[derive(Clone, Debug, Default)]
pub(super) struct Same {
    times: Vec<u64>,
    counted: Histogram,
}

impl PartialEq for Same {
    /// Whether the two have seen the same; not how much of it is counted.
    fn eq(&self, other: &Same) -> bool {
        self.all() == other.all()
    }
}

impl Same {
    /// So many are to come: makes room for them, or for as many as are kept, if there is none.
    pub(super) fn expect(&mut self, times: u64) {
        if self.times.capacity() == 0 {
            self.times.reserve_exact(times.min(MOST as u64) as usize);
        }
    }

    /// Where the next times are put, no more than so many.
    pub(super) fn next(&mut self, times: usize) -> &mut Vec<u64> {
        if self.times.len() + times > MOST {
            self.count();
        }
        self.times.reserve(times);
        &mut self.times
    }

    /// Times are counted; [`next`](Self::next) ones may follow.
    pub(super) fn counted(&mut self) -> &mut Histogram {
        &mut self.counted
    }

    #[inline(never)]
    fn count(&mut self) {
        self.counted.count_all(&self.times);
        self.times.clear();
    }

    /// Adds what another one has seen.
    pub(super) fn merge(&mut self, other: &Same) {
        self.next(other.times.len()).extend_from_slice(&other.times);
        self.counted.merge(&other.counted);
    }

    /// All of it.
    pub(super) fn all(&self) -> Histogram {
        let mut all = self.counted.clone();
        all.count_all(&self.times);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_where_few_become_many() {
        let (mut same, mut histogram) = (Same::default(), Histogram::default());
        let mut other = Same::default();
        for n in 0..2_000_u64 {
            let time = (n * n % 1_013) << (n % 30);
            let part = if n % 3 == 0 { &mut other } else { &mut same };
            part.next((n % 90) as usize + 1).push(time);
            histogram.count_many(time, 1);
        }
        assert_ne!(same, other);
        same.merge(&other);
        assert_eq!(same.all(), histogram);
        assert!(same.times.len() <= MOST && !same.times.is_empty());
        let whole = Same { times: Vec::new(), counted: histogram };
        assert_eq!(same, whole);
    }
}
