//! Random durations: how long until the next packet, a thought, a burst; how much a frame is delayed.

use serde::{Deserialize, Serialize};

use super::error::{ModelError, real};
use super::random::Stream;

/// The longest duration that a model takes, in nanoseconds: a hundred years.
pub const LONGEST_NS: f64 = 3.2e18;

/// A distribution of durations in nanoseconds.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Duration {
    /// Always the same.
    Constant {
        /// How long.
        ns: f64,
    },
    /// Any value between the two alike.
    Uniform {
        /// The shortest.
        low_ns: f64,
        /// The longest.
        high_ns: f64,
    },
    /// Memoryless.
    Exponential {
        /// The mean.
        mean_ns: f64,
    },
    /// Heavy-tailed, of the first kind: the density falls from `mean·(α−1)/α` on as t^(−α−1).
    Pareto {
        /// The mean.
        mean_ns: f64,
        /// The tail index α; above 1, and the variance is infinite up to 2.
        alpha: f64,
    },
    /// Normal, and 0 where that would be negative.
    Normal {
        /// The mean.
        mean_ns: f64,
        /// The standard deviation.
        deviation_ns: f64,
    },
}

impl Duration {
    /// The one at position `n` of `stream`, in nanoseconds; below 2⁶³.
    #[inline]
    pub fn draw(&self, stream: &Stream, n: u64) -> u64 {
        let ns = match *self {
            Duration::Constant { ns } => ns,
            Duration::Uniform { low_ns, high_ns } => low_ns + (high_ns - low_ns) * stream.unit(n),
            Duration::Exponential { mean_ns } => mean_ns * stream.exponential(n),
            Duration::Pareto { mean_ns, alpha } => {
                let least = mean_ns * (alpha - 1.0) / alpha;
                least * libm::exp(stream.exponential(n) / alpha)
            }
            Duration::Normal { mean_ns, deviation_ns } => {
                // Box and Muller, Annals of Mathematical Statistics, 1958; one of the two.
                let radius = libm::sqrt(2.0 * stream.exponential(2 * n));
                let angle = std::f64::consts::TAU * stream.unit(2 * n + 1);
                mean_ns + deviation_ns * radius * libm::cos(angle)
            }
        };
        ns.clamp(0.0, LONGEST_NS).round_ties_even() as u64
    }

    /// Its mean in nanoseconds (of the normal one before it is cut at 0).
    pub fn mean_ns(&self) -> f64 {
        match *self {
            Duration::Constant { ns } => ns,
            Duration::Uniform { low_ns, high_ns } => f64::midpoint(low_ns, high_ns),
            Duration::Exponential { mean_ns }
            | Duration::Pareto { mean_ns, .. }
            | Duration::Normal { mean_ns, .. } => mean_ns,
        }
    }

    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        match *self {
            Duration::Constant { ns } => real("ns", ns, 0.0, LONGEST_NS),
            Duration::Uniform { low_ns, high_ns } => {
                real("low_ns", low_ns, 0.0, LONGEST_NS)?;
                real("high_ns", high_ns, low_ns, LONGEST_NS)
            }
            Duration::Exponential { mean_ns } => real("mean_ns", mean_ns, 0.0, LONGEST_NS),
            Duration::Pareto { mean_ns, alpha } => {
                real("mean_ns", mean_ns, 0.0, LONGEST_NS)?;
                real("alpha", alpha, 1.000_001, 1000.0)
            }
            Duration::Normal { mean_ns, deviation_ns } => {
                real("mean_ns", mean_ns, 0.0, LONGEST_NS)?;
                real("deviation_ns", deviation_ns, 0.0, LONGEST_NS)
            }
        }
    }
}
