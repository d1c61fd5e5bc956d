//! A histogram of times, exact to 1 part in 64 (HDR: log-linear buckets, as in Tene's HdrHistogram).
//!
//! Values below 128 have a bucket each; above, each power of two is cut into 64. There are as many buckets as the largest value
//! needs, 13 KiB for a second. Counting is an index and an addition, which is why it is ours:
//! the crate `hdrhistogram` keeps its bounds resizable and costs several times as much a value.

use std::cell::Cell;

/// Buckets to a power of two.
const PARTS: usize = 64;
const PARTS_BITS: u32 = PARTS.trailing_zeros();

/// How often which value was seen.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: Vec::new(), sum: 0, min: u64::MAX, max: 0 }
    }
}

impl PartialEq for Histogram {
    /// Whether the two have seen the same; not whether they have room for the same.
    fn eq(&self, other: &Histogram) -> bool {
        let ends = |of: &Histogram| (of.sum, of.min, of.max);
        ends(self) == ends(other) && self.buckets().eq(other.buckets())
    }
}

/// The bucket of a value: 0 to 127 have their own, then each power of two has [`PARTS`].
#[derive(Copy, Clone, Debug)]
pub(super) struct Place(usize);

impl Place {
    /// The place of `value`.
    #[inline(always)]
    pub(super) const fn of(value: u64) -> Place {
        let shift = (value | PARTS as u64).ilog2() - PARTS_BITS;
        Place(shift as usize * PARTS + (value >> shift) as usize)
    }
}

/// The smallest value of a bucket, and how many values it stands for.
fn bucket(place: usize) -> (u64, u64) {
    let shift = (place / PARTS).saturating_sub(1) as u32;
    (((place - shift as usize * PARTS) as u64) << shift, 1 << shift)
}

/// Counts of values by their places, beside histograms that they are added to ([`Histogram::add_counts`]). They are used again
/// and again, since making so many zeros takes as long as a hundred packets.
pub(super) struct Counts {
    at: [u32; Place::of(u64::MAX).0 + 1],
    min: u64,
    max: u64,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts { at: [0; Place::of(u64::MAX).0 + 1], min: u64::MAX, max: 0 }
    }
}

thread_local! {
    /// Counts of which nobody has need at the moment, all of them zero.
    static SPARE: Cell<Option<Box<Counts>>> = const { Cell::new(None) };
}

impl Counts {
    /// Does something with counts that are zero, and that [`give`](Self::give) makes so again.
    pub(super) fn lent<R>(f: impl FnOnce(&mut Counts) -> R) -> R {
        let mut counts = SPARE.take().unwrap_or_default();
        let result = f(&mut counts);
        SPARE.set(Some(counts));
        result
    }
}

/// What counts values and leaves their sum to the caller.
pub(super) trait Tally {
    /// Counts `value` once, the time that a packet of so many bytes took.
    fn count(&mut self, value: u64, bytes: u32);
}

impl Tally for Counts {
    /// Less than 2³² times in all.
    #[inline(always)]
    fn count(&mut self, value: u64, _: u32) {
        if value < self.min || value > self.max {
            self.widen(value);
        }
        if let Some(count) = self.at.get_mut(Place::of(value).0) {
            *count += 1;
        }
    }
}

impl Counts {
    #[cold]
    fn widen(&mut self, value: u64) {
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
    }

    /// Gives what was counted to `histogram`, without the sum, and begins anew.
    pub(super) fn give(&mut self, histogram: &mut Histogram) {
        if self.min > self.max {
            return;
        }
        histogram.add_counts(self);
        self.at[Place::of(self.min).0..=Place::of(self.max).0].fill(0);
        (self.min, self.max) = (u64::MAX, 0);
    }
}

impl Histogram {
    /// Adds counts, of which there are some, without the sum.
    fn add_counts(&mut self, other: &Counts) {
        let (from, to) = (Place::of(other.min).0, Place::of(other.max));
        self.widen(other.max, to);
        self.min = self.min.min(other.min);
        let mine = self.counts[from..=to.0].iter_mut();
        mine.zip(&other.at[from..=to.0]).for_each(|(mine, more)| *mine += u64::from(*more));
    }

    /// Counts `value` once.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.count_only(value);
        self.add_sum(value.into());
    }

    /// Counts `value` and leaves the sum to the caller, who knows it for many at once ([`add_sum`](Self::add_sum)).
    #[inline(always)]
    pub(super) fn count_only(&mut self, value: u64) {
        self.count_at(value, Place::of(value));
    }

    /// The same for a value whose place is known.
    #[inline(always)]
    pub(super) fn count_at(&mut self, value: u64, place: Place) {
        if value < self.min || value > self.max {
            self.widen(value, place);
        }
        // It is there since `widen`.
        if let Some(count) = self.counts.get_mut(place.0) {
            *count += 1;
        }
    }

    /// Counts `value` so many times, without the sum.
    #[inline(never)]
    pub(crate) fn count_many(&mut self, value: u64, times: u64) {
        let place = Place::of(value);
        self.widen(value, place);
        self.counts[place.0] += times;
    }

    /// Counts all of these, without the sum.
    pub(super) fn count_all(&mut self, values: &[u64]) {
        let (Some(min), Some(max)) = (values.iter().min(), values.iter().max()) else { return };
        self.widen(*max, Place::of(*max));
        self.min = self.min.min(*min);
        for value in values {
            if let Some(count) = self.counts.get_mut(Place::of(*value).0) {
                *count += 1;
            }
        }
    }

    /// The sum of values that were only counted.
    pub(super) fn add_sum(&mut self, sum: u128) {
        self.sum += sum;
    }

    #[cold]
    fn widen(&mut self, value: u64, place: Place) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if self.counts.len() <= place.0 {
            // To the end of its power of two, so that a series that grows does not grow this each time.
            self.counts.resize((place.0 | (PARTS - 1)) + 1, 0);
        }
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Histogram) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
            return;
        }
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their exact mean; NaN of none.
    pub fn mean(&self) -> f64 {
        self.sum() as f64 / self.count() as f64
    }

    /// Their exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The smallest value, exactly; 0 of none.
    pub fn min(&self) -> u64 {
        if self.min > self.max { 0 } else { self.min }
    }

    /// The largest value, exactly; 0 of none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value below or at which the share `q` of all values lies: the middle of its bucket, within 1/128 of the exact one.
    pub fn quantile(&self, q: f64) -> u64 {
        if q <= 0.0 {
            return self.min();
        }
        let rank = ((q.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (low, width, count) in self.buckets() {
            seen += count;
            if seen >= rank {
                return (low + width / 2).clamp(self.min(), self.max);
            }
        }
        self.max
    }

    /// The buckets that are not empty, in order: smallest value, number of values, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(place, count)| {
            let (low, width) = bucket(place);
            (low, width, *count)
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
            let (low, width) = bucket(Place::of(value).0);
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
