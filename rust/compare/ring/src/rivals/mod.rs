//! Other people's queues. Each at its best: batch interfaces where there are any, nothing blocking, no look-up or
//! allocation in the measured part.

pub mod channels;
pub mod disruptor;
pub mod enso;
pub mod native;
pub mod rbuffer;
pub mod rings;
pub mod rtrb;
