//! Traffic: when packets are offered to a link, and how large they are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::duration::{Duration, LONGEST_NS};
use super::error::{ModelError, real, whole};
use super::size::Size;

/// When packets are offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Arrivals {
    /// At a constant rate (CBR).
    Constant {
        /// From one to the next.
        interval_ns: f64,
    },
    /// A Poisson process.
    Poisson {
        /// The mean time from one to the next.
        mean_ns: f64,
    },
    /// At a constant rate while it is on, not at all while it is off; begins with "on".
    OnOff {
        /// How long it is on.
        on: Duration,
        /// How long it is off.
        off: Duration,
        /// From one packet to the next while it is on.
        interval_ns: f64,
    },
    /// A Poisson process whose rate is that of the state of a Markov chain (MMPP: Fischer and Meier-Hellstern, Performance
    /// Evaluation, 1993); begins in the first state.
    Mmpp {
        /// Packets a second in each state.
        rates_pps: Vec<f64>,
        /// From each state to each other, a second; the diagonal is not looked at.
        transitions_per_s: Vec<Vec<f64>>,
    },
    /// So many packets go round: each is sent again when it is back and was thought about.
    ClosedLoop {
        /// How many.
        packets: u32,
        /// How long each is thought about.
        think: Option<Duration>,
    },
    /// There is always one more to send.
    Saturating,
    /// At these times.
    At {
        /// In ascending order; shared, not copied, among links.
        times_ns: Arc<[u64]>,
    },
}

/// One flow of packets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// When they come.
    pub arrivals: Arrivals,
    /// How large they are.
    pub size: Size,
    /// Nothing comes before.
    #[serde(default)]
    pub start_ns: u64,
    /// No more than this many.
    #[serde(default)]
    pub packets: Option<u64>,
    /// The class for queues that have classes; 0 goes first.
    #[serde(default)]
    pub class: u8,
}

impl Traffic {
    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.size.validate().map_err(|e| e.within("size"))?;
        whole("start_ns", self.start_ns, 0, 1 << 60)?;
        self.arrivals.validate().map_err(|e| e.within("arrivals"))
    }
}

impl Arrivals {
    fn validate(&self) -> Result<(), ModelError> {
        match self {
            Arrivals::Constant { interval_ns } => {
                real("interval_ns", *interval_ns, 1e-3, LONGEST_NS)
            }
            Arrivals::Poisson { mean_ns } => real("mean_ns", *mean_ns, 1e-3, LONGEST_NS),
            Arrivals::OnOff { on, off, interval_ns } => {
                on.validate().map_err(|e| e.within("on"))?;
                off.validate().map_err(|e| e.within("off"))?;
                real("on.mean_ns", on.mean_ns(), 1.0, LONGEST_NS)?;
                real("interval_ns", *interval_ns, 1e-3, LONGEST_NS)
            }
            Arrivals::Mmpp { rates_pps, transitions_per_s } => {
                let n = rates_pps.len();
                if n == 0
                    || transitions_per_s.len() != n
                    || transitions_per_s.iter().any(|t| t.len() != n)
                {
                    let expected = "a square matrix with a row for each of rates_pps";
                    let got = format!("{n} rates and {} rows", transitions_per_s.len());
                    return Err(ModelError::new("transitions_per_s", expected, got));
                }
                for (from, rate) in rates_pps.iter().enumerate() {
                    real(&format!("rates_pps[{from}]"), *rate, 0.0, 1e12)?;
                    let mut leaves = *rate;
                    for (to, rate) in
                        transitions_per_s[from].iter().enumerate().filter(|(to, _)| *to != from)
                    {
                        real(&format!("transitions_per_s[{from}][{to}]"), *rate, 0.0, 1e12)?;
                        leaves += rate;
                    }
                    real(
                        &format!("rates_pps[{from}] and what leaves its state"),
                        leaves,
                        1e-9,
                        1e13,
                    )?;
                }
                Ok(())
            }
            Arrivals::ClosedLoop { packets, think } => {
                whole("packets", (*packets).into(), 1, 1 << 20)?;
                think.map_or(Ok(()), |think| think.validate().map_err(|e| e.within("think")))
            }
            Arrivals::Saturating => Ok(()),
            Arrivals::At { times_ns } if times_ns.is_sorted() => Ok(()),
            Arrivals::At { .. } => Err(ModelError::new(
                "times_ns",
                "times in ascending order",
                "one before its predecessor",
            )),
        }
    }
}
