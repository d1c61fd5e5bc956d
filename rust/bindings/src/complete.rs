//! NdisMWanSendComplete from Python: what was given is looked at, then the engine looks at the rest.
//!
//! Whatever is wrong with the status or with views that are still exported, a packet that the miniport
//! has goes home first; only then the error is raised.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::contract::packet::PacketState;
use ndiswan::event::{Part, Side};
use ndiswan::face::Face;
use ndiswan::{Name, Rule, Status, Violation};
use pyo3::prelude::*;

use crate::adapter::Adapter;
use crate::error::{raise, raise_broken, settle_warnings};
use crate::link::Link;
use crate::packet::Packet;
use crate::status;

impl Adapter {
    pub(crate) fn status_of(
        &self,
        py: Python<'_>,
        given: &Bound<'_, PyAny>,
        packet: Option<(u32, u32)>,
    ) -> PyResult<Status> {
        if let Some(status) = status::from_python(py, given)? {
            return Ok(status);
        }
        let adapter = self.shared.core.index;
        let name = |(slot, generation)| Name { adapter, slot, generation };
        let detail = format!("expected an NDIS_STATUS, got {}", status::describe(given));
        let violation =
            self.shared.core.report_broken(Rule::StatusUnknown, packet.map(name), detail);
        raise::<()>(py, &self.shared.world, Err(violation))?;
        Ok(Status::FAILURE)
    }

    pub(crate) fn complete(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.complete_as(py, Face::Wan, packet, status)
    }

    /// The same by the call of that interface.
    #[inline]
    pub(crate) fn complete_as(
        &self,
        py: Python<'_>,
        face: Face,
        packet: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let core = &self.shared.core;
        self.complete_by(py, packet, status, |name, status| {
            if face == Face::Wan && core.face() == Face::Wan {
                core.wan_send_complete(name, status)
            } else {
                core.send_complete_by(face, name, status)
            }
        })
    }

    /// The same by what is to be done with a packet of the miniport's, and its status.
    #[inline]
    pub(crate) fn complete_by(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, PyAny>,
        status: Option<&Bound<'_, PyAny>>,
        complete: impl FnOnce(Name, Status) -> Result<(), Arc<Violation>>,
    ) -> PyResult<()> {
        self.alive()?;
        let core = &self.shared.core;
        let Ok(packet) = packet.cast::<Packet>() else { return self.is_no_packet(packet) };
        let packet = packet.get();
        if packet.side == Side::Protocol || !Arc::ptr_eq(&packet.shared, &self.shared) {
            return self.is_not_the_miniports(py, packet);
        }
        // Not as one, so that it stays in registers: see `wan_send_complete`.
        let (slot, generation) = (packet.slot, packet.generation.load(Ordering::Relaxed));
        let adapter = core.index;
        let name = move || Name { adapter, slot, generation };
        let mut bad_status = None;
        let status = match status {
            None => Status::SUCCESS,
            Some(given) => match self.status_of(py, given, Some((slot, generation))) {
                Ok(status) => status,
                // The packet goes home all the same; then the error is raised.
                Err(error) => {
                    bad_status = Some(error);
                    Status::FAILURE
                }
            },
        };
        let mut touched = Ok(());
        let views = self.shared.views(slot);
        if views > 0 {
            touched = self.views_are_left(py, slot, generation, views);
        }
        // Only another status than SUCCESS is ever warned of.
        let before = (status != Status::SUCCESS).then(|| self.shared.world.core.violation_count());
        let result = complete(name(), status);
        if let Some(error) = bad_status {
            return Err(error);
        }
        raise_broken(py, &self.shared.world, result)?;
        raise_broken(py, &self.shared.world, touched)?;
        before.map_or(Ok(()), |before| settle_warnings(py, &self.shared.world, before))
    }

    #[cold]
    fn is_no_packet(&self, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let core = &self.shared.core;
        let got = status::describe(given);
        let send = core.face().functions().0;
        let detail = format!("expected the Packet that {send} was called with, got {got}");
        let rule = if given.is_instance_of::<Link>() || given.is_instance_of::<Adapter>() {
            Rule::Handle
        } else {
            Rule::Foreign
        };
        let violation = core.report_broken(rule, None, detail);
        raise::<()>(given.py(), &self.shared.world, Err(violation)).map(drop)
    }

    #[cold]
    fn is_not_the_miniports(&self, py: Python<'_>, packet: &Packet) -> PyResult<()> {
        let (core, name) = (&self.shared.core, packet.name());
        let (of, detail) = if Arc::ptr_eq(&packet.shared, &self.shared) {
            let detail = format!(
                "{name} was completed by the protocol's reference to it; complete with the one that {} got",
                core.face().functions().0
            );
            (Some(name), detail)
        } else {
            let detail = format!(
                "{name} of adapter {:?} was completed through adapter {:?}",
                packet.shared.core.name, core.name
            );
            (None, detail)
        };
        let violation = core.report_broken(Rule::Foreign, of, detail);
        raise::<()>(py, &self.shared.world, Err(violation)).map(drop)
    }

    /// Views of the packet are exported still; that is reported if the miniport has it.
    #[cold]
    fn views_are_left(
        &self,
        py: Python<'_>,
        slot: u32,
        generation: u32,
        views: u32,
    ) -> Result<(), Arc<Violation>> {
        let core = &self.shared.core;
        let name = Name { adapter: core.index, slot, generation };
        let touch =
            |state: PacketState| state.touch(generation, Side::Miniport, Part::Data).is_ok();
        if !core.state_of(name).is_some_and(touch) {
            return Ok(());
        }
        self.shared.part_from_views(py, slot);
        Err(core.report_views(name, views))
    }
}
