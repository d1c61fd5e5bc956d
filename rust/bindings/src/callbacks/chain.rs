//! Net buffer lists that come home by one call (NDIS 6): the packets go up as one list, each with its status in it.

use std::rc::Rc;

use ndiswan::cx::Cpu;
use ndiswan::ndis::DISPATCH_LEVEL;
use ndiswan::ring::Completion;
use ndiswan::{Irql, Name};
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::{PyProtocol, shared};

impl PyProtocol {
    /// The protocol's function for a chain, if it has one: it is called for one list, too, then.
    pub(super) fn for_chains(&self) -> Option<&Py<PyAny>> {
        self.entries.get("send_complete_chain")
    }

    /// Calls it.
    pub(super) fn bring_chain(
        &self,
        py: Python<'_>,
        cpu: &Rc<Cpu>,
        entry: &Py<PyAny>,
        chain: &[Completion],
    ) {
        let shared = shared(&self.cell);
        let mut packets = Vec::with_capacity(chain.len());
        for one in chain {
            self.part(py, one.slot);
            match shared.protocol_packet(py, one.slot) {
                Ok(packet) => {
                    packet.get().keep_status(py, one.status.get());
                    packets.push(packet);
                }
                Err(error) => self.world.keep(py, error),
            }
        }
        let flags = if cpu.irql() == Irql::DISPATCH { DISPATCH_LEVEL } else { 0 };
        // The list is dropped with the call: whoever has a packet then has kept it.
        let called = PyList::new(py, packets.iter().map(|packet| packet.clone_ref(py)))
            .and_then(|list| entry.call1(py, (list, flags)));
        if let Err(error) = called {
            self.world.keep(py, error);
        }
        for packet in packets {
            shared.let_go(py, cpu, packet);
        }
    }

    /// NDIS took the packet from a miniport that may still have views of its memory: those are parted from it.
    pub(super) fn part(&self, py: Python<'_>, slot: u32) {
        let shared = shared(&self.cell);
        let views = shared.views(slot);
        if views > 0 {
            shared.part_from_views(py, slot);
            let name = Name { adapter: shared.core.index, slot, generation: 0 };
            drop(shared.core.report_views(shared.present(name), views));
        }
    }
}
