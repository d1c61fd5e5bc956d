//! Luck: numbers that depend on a stream and on a position in it, and on nothing else.
//!
//! Whether packet 17 is lost is asked of position 17 of the link's stream "loss". So what one packet draws is not moved by what
//! became of the others, and two runs with other parameters meet the same luck (common random numbers). The function is
//! SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which is one of a counter; each stream has its own increment, so that two
//! streams are not two stretches of one sequence.
//!
//! Logarithms and powers come from the crate `libm`, which computes the same on every machine.

use serde::{Deserialize, Serialize};

/// One named source of random numbers.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    seed: u64,
    gamma: u64,
}

impl Stream {
    /// The stream of two words of a seed sequence, such as `numpy.random.SeedSequence` gives.
    pub fn new(seed: u64, gamma: u64) -> Stream {
        Stream { seed, gamma: mixed_gamma(gamma) }
    }

    /// The stream of this number of the family that `seed` names.
    pub fn of(seed: u64, number: u64) -> Stream {
        Stream::new(seed, mix(seed)).part(number)
    }

    /// A stream of its own for the part with this number: a flow, a link that is one of many alike.
    #[must_use]
    pub fn part(&self, number: u64) -> Stream {
        let family = Stream { seed: mix(self.seed ^ 0x5851_F42D_4C95_7F2D), gamma: self.gamma };
        Stream::new(family.bits(2 * number), family.bits(2 * number + 1))
    }

    /// The 64 bits at position `n`.
    #[inline]
    pub fn bits(&self, n: u64) -> u64 {
        mix(self.seed.wrapping_add(n.wrapping_add(1).wrapping_mul(self.gamma)))
    }

    /// Uniform in [0, 1), 53 bits.
    #[inline]
    pub fn unit(&self, n: u64) -> f64 {
        (self.bits(n) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&self, n: u64) -> f64 {
        -libm::log1p(-self.unit(n))
    }

    /// Uniform in 0..`below` (Lemire's multiplication; the bias is below `below` / 2⁶⁴).
    #[inline]
    pub fn below(&self, n: u64, below: u64) -> u64 {
        ((u128::from(self.bits(n)) * u128::from(below)) >> 64) as u64
    }
}

/// SplitMix64's finalizer (Stafford's variant 13).
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// An increment is odd, and has enough changes between neighbouring bits (SplitMix64's `mixGamma`).
fn mixed_gamma(gamma: u64) -> u64 {
    let odd = gamma | 1;
    if (odd ^ (odd >> 1)).count_ones() < 24 { odd ^ 0xAAAA_AAAA_AAAA_AAAA } else { odd }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_always_gives_the_same_number() {
        let stream = Stream::of(7, 3);
        let forwards: Vec<u64> = (0..100).map(|n| stream.bits(n)).collect();
        let backwards: Vec<u64> = (0..100).rev().map(|n| stream.bits(n)).collect();
        assert!(forwards.iter().eq(backwards.iter().rev()));
    }

    #[test]
    fn two_streams_are_not_two_stretches_of_one_sequence() {
        let (one, other) = (Stream::of(1, 0), Stream::of(1, 1));
        assert_ne!(one.gamma, other.gamma);
        let seen: std::collections::HashSet<u64> = (0..10_000).map(|n| one.bits(n)).collect();
        assert!((0..10_000).all(|n| !seen.contains(&other.bits(n))));
    }

    #[test]
    fn the_means_are_those_of_the_distributions() {
        let stream = Stream::of(2, 0);
        let n = 200_000;
        let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        // Three standard errors: 0.2887/447 and 1/447.
        assert!((mean(&|n| stream.unit(n)) - 0.5).abs() < 0.002);
        assert!((mean(&|n| stream.exponential(n)) - 1.0).abs() < 0.007);
        assert!((mean(&|n| stream.below(n, 10) as f64) - 4.5).abs() < 0.02);
    }
}
