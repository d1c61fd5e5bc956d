//! What the sister contracts' modules of Python call: their completions, cancelling, pausing, and a packet's
//! out-of-band block.

use ndiswan::event::{Part, Side};
use ndiswan::face::Face;
use ndiswan::{Rule, Status};
use pyo3::prelude::*;

use crate::adapter::Adapter;
use crate::error::{raise, settle, usage};
use crate::number::{Short, Unsigned, arg};
use crate::packet::Packet;
use crate::status;

fn face_of(face: &str) -> PyResult<Face> {
    Face::by_id(face)
        .ok_or_else(|| usage(format!("expected wan, lan, condis or ndis6, got {face}")))
}

/// A completion by the call of that interface.
#[pyfunction]
pub(crate) fn complete_by(
    py: Python<'_>,
    adapter: &Adapter,
    face: &str,
    packet: &Bound<'_, PyAny>,
    status: &Bound<'_, PyAny>,
) -> PyResult<()> {
    adapter.complete_as(py, face_of(face)?, packet, Some(status))
}

/// NdisMCoSendComplete, which says the virtual connection once more.
#[pyfunction]
pub(crate) fn co_complete(
    py: Python<'_>,
    adapter: &Adapter,
    status: &Bound<'_, PyAny>,
    vc: &Bound<'_, PyAny>,
    packet: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // Whatever is said of the connection, the packet goes home.
    let given = adapter.link_of(vc);
    let mut wrong = Ok(());
    if let Ok(Some(vc)) = given
        && let Ok(packet) = packet.cast::<Packet>()
        && let Some(known) = adapter.shared.core.link_of(packet.get().name())
        && !std::sync::Arc::ptr_eq(vc, &known)
    {
        let name = packet.get().name();
        let detail = format!(
            "{name} of virtual connection {} was completed on {}",
            known.id & 0xFFFF,
            vc.id & 0xFFFF
        );
        wrong = Err(adapter.shared.core.report_broken(Rule::Handle, Some(name), detail));
    }
    let done = adapter.complete_as(py, Face::Condis, packet, Some(status));
    given?;
    raise(py, &adapter.shared.world, wrong)?;
    done
}

/// NdisMSendNetBufferListsComplete: each net buffer list with its own status. Those that break no rule come home together.
#[pyfunction]
pub(crate) fn complete_all(
    py: Python<'_>,
    adapter: &Adapter,
    chain: &Bound<'_, PyAny>,
    flags: Short<arg::Flags>,
) -> PyResult<()> {
    // All of it before anything is completed: what is iterated over may run anything, and raise.
    if chain.is_instance_of::<Packet>() {
        let text = "expected a list of net buffer lists, got a Packet; a chain of one is [nbl]";
        return Err(pyo3::exceptions::PyTypeError::new_err(text));
    }
    let lists: Vec<_> = chain.try_iter()?.collect::<PyResult<_>>()?;
    let core = &adapter.shared.core;
    adapter.alive()?;
    let told = core.look_at_flags(flags.0);
    let mut first = Ok(());
    let mut coming_home = core.chain();
    for list in &lists {
        if adapter.alive().is_err() {
            break; // a bug check: every list is home
        }
        let ended = match list.cast::<Packet>() {
            Ok(packet) => packet.get().kept_status(py, Status::SUCCESS),
            Err(_) => Status::FAILURE,
        };
        let ended = status::to_python(py, ended)?;
        let done = adapter.complete_by(py, list, Some(ended.bind(py)), |name, status| {
            coming_home.complete(name, status)
        });
        first = first.and(done);
    }
    drop(coming_home);
    first?;
    raise(py, &adapter.shared.world, told).map(drop)
}

/// NdisCancelSendPackets, NdisCancelSendNetBufferLists.
#[pyfunction]
pub(crate) fn cancel(
    py: Python<'_>,
    adapter: &Adapter,
    id: Unsigned<arg::CancelId>,
) -> PyResult<()> {
    let result = adapter.shared.core.cancel_sends(id.0);
    raise(py, &adapter.shared.world, result)?;
    settle(py, &adapter.shared.world)
}

/// NDIS pauses or restarts the adapter, or the miniport says that its pause is complete (NdisMPauseComplete), or what its
/// restart came to (NdisMRestartComplete).
#[pyfunction]
#[pyo3(signature = (adapter, what, ended=None))]
pub(crate) fn change_life(
    py: Python<'_>,
    adapter: &Adapter,
    what: &str,
    ended: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let (core, world) = (&adapter.shared.core, &adapter.shared.world);
    let result = match what {
        "pause" => core.pause(),
        "restart" => core.restart(),
        // From inside of the driver: what callbacks raised is for who called it.
        _ => {
            let done = match ended {
                Some(ended) => {
                    let ended = status::from_python(py, ended)?.unwrap_or(Status::FAILURE);
                    core.restart_complete(ended)
                }
                None => core.pause_complete(),
            };
            let done = raise(py, world, done)?.map_or(Status::FAILURE, |()| Status::SUCCESS);
            return status::to_python(py, done);
        }
    };
    let answer = raise(py, world, result);
    settle(py, world)?; // what callbacks raised came before that
    status::to_python(py, answer?.unwrap_or(Status::FAILURE))
}

/// The out-of-band status as NDIS sees it, whoever owns the packet; it sets it to `to` first if that is given.
#[pyfunction]
#[pyo3(signature = (packet, to=None))]
pub(crate) fn oob_status(
    py: Python<'_>,
    packet: &Packet,
    to: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    if let Some(to) = to {
        let status = status::from_python(py, to)?.unwrap_or(Status::FAILURE);
        packet.keep_status(py, status);
    }
    status::to_python(py, packet.kept_status(py, Status::SUCCESS))
}

impl Packet {
    pub(crate) fn kept_status(&self, py: Python<'_>, unless: Status) -> Status {
        let place = &self.shared.slots[self.slot as usize];
        place.with(py, |slot| slot.status).unwrap_or(unless)
    }

    pub(crate) fn keep_status(&self, py: Python<'_>, status: Status) {
        self.shared.slots[self.slot as usize].with(py, |slot| slot.status = Some(status));
    }

    pub(crate) fn set_status_of(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, Part::Data, |_| ())?;
        let Some(status) = status::from_python(py, given)? else {
            let got = status::describe(given);
            let detail =
                format!("expected an NDIS_STATUS as the status of {}, got {got}", self.name());
            let broken =
                self.shared.core.report_broken(Rule::StatusUnknown, Some(self.name()), detail);
            return raise::<()>(py, &self.shared.world, Err(broken)).map(drop);
        };
        self.keep_status(py, status);
        Ok(())
    }

    pub(crate) fn set_id_to_cancel(&self, py: Python<'_>, id: u64) -> PyResult<()> {
        if self.side == Side::Miniport {
            return self.with(py, Part::ProtocolReserved, |_| ());
        }
        let result = self.shared.core.set_cancel_id(self.name(), id);
        result.map_err(|violation| self.touched(py, &violation))
    }
}
