//! What framing adds to a frame on the line.

use serde::{Deserialize, Serialize};

use super::random::Stream;

/// The framing of a line.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Framing {
    /// Nothing: a frame's bytes are the line's.
    None,
    /// A fixed number of bytes, such as a header, a check sequence and a gap.
    Overhead {
        /// How many.
        bytes: u32,
    },
    /// PPP in HDLC-like framing on an asynchronous line (RFC 1662): two flags, two octets of FCS, and an escape for each octet
    /// that needs one. For packets without data the octets are taken as random: each needs an escape with probability
    /// (2 + characters in the ACCM) / 256. Packets with data have theirs counted ([`crate::hdlc::encode`]).
    Ppp {
        /// The asynchronous control character map: which of the 32 control characters are escaped.
        accm: u32,
    },
}

impl Framing {
    /// How many bytes go over the line for a frame of `bytes` random bytes, with the luck of position `n`.
    #[inline]
    pub fn wire_bytes(&self, bytes: u32, luck: &Stream, n: u64) -> u32 {
        match *self {
            Framing::None => bytes,
            Framing::Overhead { bytes: more } => bytes.saturating_add(more),
            Framing::Ppp { accm } => {
                let stuffed = bytes.saturating_add(2);
                let share = f64::from(2 + accm.count_ones()) / 256.0;
                let own = Stream::of(luck.bits(n), 0);
                stuffed.saturating_add(2).saturating_add(binomial(stuffed, share, &own))
            }
        }
    }
}

/// How many of `trials` succeed: the gaps between successes are geometric (Devroye, Non-Uniform Random Variate Generation, X.4.3).
fn binomial(trials: u32, share: f64, luck: &Stream) -> u32 {
    let log_failure = libm::log1p(-share);
    let (mut at, mut successes) = (0.0, 0);
    loop {
        at += libm::floor(-luck.exponential(successes.into()) / log_failure) + 1.0;
        if at > f64::from(trials) {
            return successes;
        }
        successes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hdlc;

    #[test]
    fn random_octets_are_escaped_as_often_as_the_encoder_escapes_them() {
        for accm in [0, 0x000A_0000, 0xFFFF_FFFF] {
            let luck = Stream::of(4, u64::from(accm));
            let (mut modelled, mut encoded) = (0u64, 0u64);
            for n in 0..2_000 {
                let bytes = 40 + (n % 1460) as u32;
                modelled += u64::from(Framing::Ppp { accm }.wire_bytes(bytes, &luck, n));
                let own = Stream::of(9, n);
                let data: Vec<u8> = (0..bytes).map(|k| own.bits(k.into()) as u8).collect();
                let mut out = Vec::new();
                hdlc::encode(&data, accm, &mut out);
                encoded += out.len() as u64;
            }
            let ratio = modelled as f64 / encoded as f64;
            assert!((ratio - 1.0).abs() < 0.002, "ACCM {accm:08x}: {modelled} for {encoded}");
        }
    }

    #[test]
    fn a_frame_of_no_special_octets_costs_two_flags_and_an_fcs() {
        assert_eq!(Framing::None.wire_bytes(100, &Stream::of(0, 0), 0), 100);
        assert_eq!(Framing::Overhead { bytes: 38 }.wire_bytes(100, &Stream::of(0, 0), 0), 138);
        let least = (0..50).map(|n| Framing::Ppp { accm: 0 }.wire_bytes(1, &Stream::of(0, 0), n));
        assert_eq!(least.min(), Some(5));
    }
}
