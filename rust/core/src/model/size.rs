//! How large packets are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::{ModelError, real, whole};
use super::random::Stream;

/// A distribution of packet sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Size {
    /// Always the same.
    Fixed {
        /// How large.
        bytes: u32,
    },
    /// Every size from one to the other alike.
    Uniform {
        /// The smallest.
        low: u32,
        /// The largest.
        high: u32,
    },
    /// Exponential, to the nearest byte and at least 1, at most `max`.
    Exponential {
        /// The mean before it is cut.
        mean: f64,
        /// The largest.
        max: u32,
    },
    /// These sizes with these weights.
    Mix {
        /// The sizes.
        bytes: Vec<u32>,
        /// The weight of each; they need not sum to 1.
        weights: Vec<f64>,
    },
    /// These sizes, one after the other, and from the start again.
    Cycle {
        /// The sizes; shared, not copied, among links.
        bytes: Arc<[u32]>,
    },
}

/// The largest packet of a model: a link's MTU is at most this.
pub const LARGEST: u32 = 1 << 20;

/// Sizes in a cycle, and where it stands.
pub(super) struct Cycle<'a> {
    sizes: &'a [u32],
    next: usize,
}

impl Cycle<'_> {
    #[inline(always)]
    pub(super) fn next(&mut self) -> u32 {
        let size = self.sizes[self.next];
        self.next = if self.next + 1 == self.sizes.len() { 0 } else { self.next + 1 };
        size
    }
}

impl Size {
    /// The size of packet number `n`, in bytes.
    #[inline]
    pub fn draw(&self, stream: &Stream, n: u64) -> u32 {
        match self {
            Size::Fixed { bytes } => *bytes,
            Size::Uniform { low, high } => low + stream.below(n, u64::from(high - low) + 1) as u32,
            Size::Exponential { mean, max } => {
                (mean * stream.exponential(n)).round_ties_even().clamp(1.0, f64::from(*max)) as u32
            }
            Size::Mix { bytes, weights } => {
                let mut at = stream.unit(n) * weights.iter().sum::<f64>();
                for (bytes, weight) in bytes.iter().zip(weights) {
                    at -= weight;
                    if at < 0.0 {
                        return *bytes;
                    }
                }
                bytes[bytes.len() - 1]
            }
            Size::Cycle { bytes } => bytes[(n % bytes.len() as u64) as usize],
        }
    }

    /// The sizes from the one in place `next` on, if they are in a cycle.
    pub(super) fn cycle(&self, next: usize) -> Option<Cycle<'_>> {
        let Size::Cycle { bytes } = self else { return None };
        Some(Cycle { sizes: bytes, next })
    }

    /// The sizes of the packets from number `n` on, one a call.
    pub(super) fn draws<'a>(&'a self, stream: &'a Stream, mut n: u64) -> impl FnMut() -> u32 + 'a {
        let mut turn = match self {
            Size::Cycle { bytes } => (n % bytes.len() as u64) as usize,
            _ => 0,
        };
        move || {
            let size = match self {
                // Without a division for each.
                Size::Cycle { bytes } => {
                    let size = bytes[turn];
                    turn = if turn + 1 == bytes.len() { 0 } else { turn + 1 };
                    size
                }
                other => other.draw(stream, n),
            };
            n += 1;
            size
        }
    }

    /// Its mean in bytes (of the exponential one before it is cut).
    pub fn mean(&self) -> f64 {
        match self {
            Size::Fixed { bytes } => f64::from(*bytes),
            Size::Uniform { low, high } => f64::midpoint(f64::from(*low), f64::from(*high)),
            Size::Exponential { mean, .. } => *mean,
            Size::Mix { bytes, weights } => {
                let sum: f64 = bytes.iter().zip(weights).map(|(b, w)| f64::from(*b) * w).sum();
                sum / weights.iter().sum::<f64>()
            }
            Size::Cycle { bytes } => {
                bytes.iter().map(|b| f64::from(*b)).sum::<f64>() / bytes.len() as f64
            }
        }
    }

    /// The largest that it gives.
    pub fn largest(&self) -> u32 {
        match self {
            Size::Fixed { bytes } => *bytes,
            Size::Uniform { high, .. } => *high,
            Size::Exponential { max, .. } => *max,
            Size::Mix { bytes, .. } => bytes.iter().copied().max().unwrap_or(0),
            Size::Cycle { bytes } => bytes.iter().copied().max().unwrap_or(0),
        }
    }

    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be; a frame has at least one byte.
    pub fn validate(&self) -> Result<(), ModelError> {
        let one = |at: &str, bytes: u32| whole(at, bytes.into(), 1, LARGEST.into());
        let each = |bytes: &[u32]| {
            let wrong = bytes.iter().position(|bytes| !(1..=LARGEST).contains(bytes));
            wrong.map_or(Ok(()), |n| one(&format!("bytes[{n}]"), bytes[n]))
        };
        match self {
            Size::Fixed { bytes } => one("bytes", *bytes),
            Size::Uniform { low, high } => {
                one("low", *low)?;
                whole("high", (*high).into(), (*low).into(), LARGEST.into())
            }
            Size::Exponential { mean, max } => {
                real("mean", *mean, 1.0, LARGEST.into())?;
                one("max", *max)
            }
            Size::Mix { bytes, weights } => {
                if bytes.is_empty() || bytes.len() != weights.len() {
                    let got = format!("{} sizes and {} weights", bytes.len(), weights.len());
                    return Err(ModelError::new("weights", "one weight for each size", got));
                }
                each(bytes)?;
                let weight = |(n, w): (usize, &f64)| real(&format!("weights[{n}]"), *w, 0.0, 1e12);
                weights.iter().enumerate().try_for_each(weight)?;
                if weights.iter().sum::<f64>() > 0.0 {
                    return Ok(());
                }
                Err(ModelError::new("weights", "a weight above 0", "none"))
            }
            Size::Cycle { bytes } if bytes.is_empty() => {
                Err(ModelError::new("bytes", "at least one size", "none"))
            }
            Size::Cycle { bytes } => each(bytes),
        }
    }
}
