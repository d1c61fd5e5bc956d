//! Memory that a driver asks for, and may not get (NdisAllocateMemoryWithTag).
//!
//! Drivers forget that an allocation can fail, since where they are written it does not. Under an
//! adversary each is a choice, of a kind of its own; elsewhere the answer is the plain one. What is
//! done with the memory is not looked at: the facts say nothing of levels or of leaks.

use super::Adapter;
use crate::choices::Access;

/// What the choice is for.
const FAULT: &str = "the allocation fails";

impl Adapter {
    /// Whether an allocation that the driver makes now succeeds: always in virtual and real time, in
    /// adversarial time if the explorer says so. For who has memory of another kind to give;
    /// [`allocate_memory`](Self::allocate_memory) asks it.
    pub fn has_memory(&self) -> bool {
        // Before it there is nothing that another CPU could change.
        let _around = self.ndis.around(Access::default());
        self.ndis.adversary().is_none_or(|adversary| adversary.value(2, FAULT) == 0)
    }

    /// So many zeroed bytes of the driver's own (NdisAllocateMemoryWithTag); dropping them is
    /// NdisFreeMemory. `None` is an allocation that failed, which a driver has to be ready for: when
    /// the explorer says so, or when the machine has no such memory.
    ///
    /// ```
    /// # use ndiswan::{Adapter, Status};
    /// fn copy(adapter: &Adapter, frame: &[u8]) -> Result<Vec<u8>, Status> {
    ///     let mut copy = adapter.allocate_memory(frame.len()).ok_or(Status::FAILURE)?;
    ///     copy.copy_from_slice(frame);
    ///     Ok(copy)
    /// }
    /// ```
    #[must_use = "what is not used was allocated for nothing"]
    pub fn allocate_memory(&self, length: usize) -> Option<Vec<u8>> {
        if !self.has_memory() {
            return None;
        }
        let mut memory = Vec::new();
        memory.try_reserve_exact(length).ok()?;
        memory.resize(length, 0);
        Some(memory)
    }
}
