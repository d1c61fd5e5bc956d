//! The scenario that every side runs; `benchmarks/simulating/workload.py` says the same in Python.
//!
//! One line of 1 Gbit/s, first in first out, 64 packets that go round. Packet `n` has the size `sizes()[n % 4096]`, in the order
//! in which packets are sent. All 64 are sent at time 0, each again in the instant in which it comes back, until so many were sent
//! in all.

/// Packets in flight.
pub const WINDOW: u64 = 64;
/// 1 Gbit/s.
pub const NS_PER_BYTE: u64 = 8;
/// How many sizes there are, until they begin anew.
pub const CYCLE: usize = 4096;

/// What every side has to come to.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Packets that came back.
    pub count: u64,
    /// The sum of their latencies, from the send to the return.
    pub latency_ns: u128,
    /// When the last came back.
    pub end_ns: u64,
}

/// Sizes of 64 to 1,518 bytes from Knuth's MMIX generator, begun at 1.
pub fn sizes() -> Vec<u32> {
    let mut x: u64 = 1;
    let next = |_| {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        64 + ((x >> 33) % 1455) as u32
    };
    (0..CYCLE).map(next).collect()
}
