//! Random numbers as the explorers need them: whole numbers below a small bound, fast, and the same
//! in every version.
//!
//! The mappings from bits to answers are written out here, because those of a library may change
//! with its version, and a seed in a replay file must not come to mean something else.

use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

#[derive(Clone, Debug)]
pub(super) struct Rng(Xoshiro256PlusPlus);

impl Rng {
    pub(super) fn new(seed: u64) -> Rng {
        Rng(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    #[inline]
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`, or 0 if `n` is 0. The upper half of a product (Lemire, ACM Transactions
    /// on Modeling and Computer Simulation, 2019) without its correction: the bias is below
    /// `n / 2^64`, which no campaign can see.
    #[inline]
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// An index below `n`.
    #[inline]
    pub(super) fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// True in `of_256` of 256 cases.
    #[inline]
    pub(super) fn chance(&mut self, of_256: u32) -> bool {
        (self.bits() >> 56) < u64::from(of_256)
    }
}

/// A number that looks random and is a function of its arguments: the finalizer of SplitMix64
/// (Steele, Lea and Flood, OOPSLA 2014). It stands for a table of random numbers by task.
#[inline]
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
