//! A histogram of times, exact to 1 part in 64 (HDR: log-linear buckets, as in Tene's HdrHistogram).
//!
//! Values below 128 have a bucket each; above, each power of two is cut into 64. A power of two takes memory when its first
//! value comes, so a link that sees few magnitudes costs little. Counting is an index and an addition, which is why it is ours:
//! the crate `hdrhistogram` keeps its bounds resizable and costs several times as much a value.

/// Buckets to a power of two.
const PARTS: usize = 64;
const PARTS_BITS: u32 = PARTS.trailing_zeros();

/// How often which value was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    octaves: Vec<Option<Box<[u64; PARTS]>>>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// Which power of two, and which part of it.
#[inline]
fn place(value: u64) -> (usize, usize) {
    let shift = (value | PARTS as u64).ilog2() - PARTS_BITS;
    let octave = shift as usize + usize::from(value >= PARTS as u64);
    (octave, (value >> shift) as usize & (PARTS - 1))
}

/// The smallest value of a bucket, and how many values it stands for.
fn bucket(octave: usize, part: usize) -> (u64, u64) {
    if octave == 0 {
        return (part as u64, 1);
    }
    let shift = octave as u32 - 1;
    ((PARTS as u64 + part as u64) << shift, 1 << shift)
}

impl Histogram {
    /// Counts `value` once.
    #[inline]
    pub fn record(&mut self, value: u64) {
        if self.count == 0 || value < self.min {
            self.min = value;
        }
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += u128::from(value);
        let (octave, part) = place(value);
        match self.octaves.get_mut(octave) {
            Some(Some(parts)) => parts[part] += 1,
            _ => self.record_first(octave, part),
        }
    }

    #[cold]
    fn record_first(&mut self, octave: usize, part: usize) {
        if self.octaves.len() <= octave {
            self.octaves.resize(octave + 1, None);
        }
        self.octaves[octave].get_or_insert_with(|| Box::new([0; PARTS]))[part] += 1;
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
        if self.octaves.len() < other.octaves.len() {
            self.octaves.resize(other.octaves.len(), None);
        }
        for (mine, theirs) in self.octaves.iter_mut().zip(&other.octaves) {
            if let Some(theirs) = theirs {
                let mine = mine.get_or_insert_with(|| Box::new([0; PARTS]));
                mine.iter_mut().zip(theirs.iter()).for_each(|(mine, theirs)| *mine += theirs);
            }
        }
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their exact mean; NaN of none.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64
    }

    /// Their exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The smallest value, exactly; 0 of none.
    pub fn min(&self) -> u64 {
        self.min
    }

    /// The largest value, exactly; 0 of none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value below or at which the share `q` of all values lies: the middle of its bucket, within 1/128 of the exact one.
    pub fn quantile(&self, q: f64) -> u64 {
        let rank = ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (low, width, count) in self.buckets() {
            seen += count;
            if seen >= rank {
                return (low + width / 2).clamp(self.min, self.max);
            }
        }
        self.max
    }

    /// The buckets that are not empty, in order: smallest value, number of values, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.octaves.iter().enumerate().flat_map(|(octave, parts)| {
            parts.iter().flat_map(move |parts| {
                parts.iter().enumerate().filter(|(_, count)| **count > 0).map(
                    move |(part, count)| {
                        let (low, width) = bucket(octave, part);
                        (low, width, *count)
                    },
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket() {
        let mut values: Vec<u64> = (0..10_000).collect();
        values.extend((0..64).flat_map(|bit| [1u64 << bit, (1 << bit) - 1, (1 << bit) | 1]));
        values.push(u64::MAX);
        for value in values {
            let (octave, part) = place(value);
            let (low, width) = bucket(octave, part);
            assert!(low <= value && value - low < width, "{value}: {low} + {width}");
            assert!(width == 1 || low / width >= PARTS as u64, "{value}: too coarse");
        }
    }

    #[test]
    fn quantiles_are_within_one_part_in_64() {
        let mut histogram = Histogram::default();
        let mut values: Vec<u64> = (1..=20_000u64).map(|n| n * n % 1_000_003 + n).collect();
        for value in &values {
            histogram.record(*value);
        }
        values.sort_unstable();
        for q in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let (exact, got) = (values[rank - 1] as f64, histogram.quantile(q) as f64);
            assert!((got - exact).abs() <= exact / 64.0, "{q}: {got} for {exact}");
        }
        assert_eq!(histogram.sum(), values.iter().map(|value| u128::from(*value)).sum());
        assert_eq!((histogram.min(), histogram.max()), (values[0], values[values.len() - 1]));
    }

    #[test]
    fn two_halves_merged_are_the_whole() {
        let (mut whole, mut even, mut odd) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for value in (0..5_000u64).map(|n| n * 7_919 % 65_537) {
            whole.record(value);
            if value % 2 == 0 { even.record(value) } else { odd.record(value) }
        }
        let mut merged = Histogram::default();
        merged.merge(&odd);
        merged.merge(&even);
        assert_eq!(merged, whole);
    }
}
