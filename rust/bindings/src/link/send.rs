//! One send of a protocol's: a frame, so many zeros, or a packet that it has.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::cx::Cpu;
use ndiswan::event::Side;
use ndiswan::ndis::{FrameError, PacketError};
use ndiswan::{Name, Status, Violation};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

use crate::error::{raise, raise_broken, settle_inside, usage, value};
use crate::link::Link;
use crate::number::number;
use crate::packet::{Packet, bytes_or};
use crate::status;

impl Link {
    /// Does what needs a packet with this frame, a second time if the pool was exhausted by packets in
    /// the frames of exceptions that are kept.
    pub(crate) fn with_frame<R>(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        expected: &str,
        f: impl Fn(&[u8]) -> Result<R, FrameError>,
    ) -> PyResult<Result<R, Arc<Violation>>> {
        if let Ok(bytes) = data.cast::<PyBytes>() {
            return self.insist(py, || f(bytes.as_bytes()));
        }
        let bytes = bytes_or(py, data, expected)?;
        self.insist(py, || f(&bytes))
    }

    /// Does what needs a packet, a second time if it is worth it: see [`with_frame`](Self::with_frame).
    fn insist<R>(
        &self,
        py: Python<'_>,
        mut attempt: impl FnMut() -> Result<R, FrameError>,
    ) -> PyResult<Result<R, Arc<Violation>>> {
        let mut done = attempt();
        if matches!(done, Err(FrameError::Packet(PacketError::Exhausted { .. })))
            && self.shared.world.forget_frames(py)?
        {
            done = attempt();
        }
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(FrameError::Violation(violation)) => Ok(Err(violation)),
            Err(FrameError::Packet(error @ PacketError::Exhausted { .. })) => {
                Err(usage(error.to_string()))
            }
            Err(FrameError::Packet(error)) => Err(value(error.to_string())),
        }
    }

    /// Sends bytes or so many zeros if nothing is in the way; if something is, nothing was done.
    #[inline]
    pub(crate) fn send_at_once(&self, cpu: &Rc<Cpu>, data: &Bound<'_, PyAny>) -> Option<Status> {
        if data.is_exact_instance_of::<PyBytes>() {
            return self.core.send_at_once(cpu, data.cast::<PyBytes>().ok()?.as_bytes());
        }
        let is_size = data.is_exact_instance_of::<PyInt>();
        self.core.send_zeros_at_once(cpu, is_size.then(|| data.extract().ok())??)
    }

    /// `send` from inside of a driver, without pyo3's function around it.
    #[inline(never)]
    pub(crate) fn send_directly(
        &self,
        py: Python<'_>,
        cpu: Option<&Rc<Cpu>>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let status = match cpu.and_then(|cpu| self.send_at_once(cpu, data)) {
            Some(status) => status,
            None => self.send_any(py, data)?,
        };
        settle_inside(py, &self.shared.world)?;
        status::to_python(py, status)
    }

    /// Sends whatever can be sent.
    #[inline(never)]
    pub(crate) fn send_any(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Status> {
        if let Ok(packet) = data.cast::<Packet>() {
            return self.send_packet(py, packet);
        }
        // Numbers of NumPy's have buffers, as arrays, which have numbers' methods; but a number has no length.
        let is_size = data.is_instance_of::<PyInt>()
            || (data.hasattr("__index__")? && !data.hasattr("__len__")?);
        let sent = if is_size { self.send_size(py, data) } else { self.send_frame(py, data) };
        Ok(sent?.map_or(Status::FAILURE, |(_, status)| status))
    }

    /// Sends so many zeros; `None` if that broke a rule which is only on record.
    #[inline]
    pub(crate) fn send_size(
        &self,
        py: Python<'_>,
        size: &Bound<'_, PyAny>,
    ) -> PyResult<Option<(Name, Status)>> {
        let size = number("data", 32, size)?;
        match self.core.send_zeros(size) {
            Ok(sent) => Ok(Some(sent)),
            Err(first) => {
                let mut first = Some(first);
                let again = || first.take().map_or_else(|| self.core.send_zeros(size), Err);
                let sent = self.insist(py, again)?;
                raise(py, &self.shared.world, sent)
            }
        }
    }

    /// Sends a frame; `None` if that broke a rule which is only on record.
    #[inline]
    pub(crate) fn send_frame(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Option<(Name, Status)>> {
        let first = data.cast::<PyBytes>().ok().map(|bytes| self.core.send_frame(bytes.as_bytes()));
        match first {
            Some(Ok(sent)) => Ok(Some(sent)),
            Some(Err(FrameError::Violation(violation))) => {
                raise(py, &self.shared.world, Err(violation))
            }
            _ => self.send_frame_again(py, data),
        }
    }

    /// The same for what is not `bytes`, or was not taken.
    #[inline(never)]
    fn send_frame_again(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Option<(Name, Status)>> {
        let expected = "bytes-like data, or a size (int)";
        let sent = self.with_frame(py, data, expected, |frame| self.core.send_frame(frame))?;
        raise(py, &self.shared.world, sent)
    }

    pub(crate) fn send_packet(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, Packet>,
    ) -> PyResult<Status> {
        let going = match self.goes(py, packet) {
            Ok(going) => going,
            Err(violation) => {
                raise::<()>(py, &self.shared.world, Err(violation))?;
                return Ok(Status::FAILURE);
            }
        };
        let result = self.core.send_name(going.name);
        if !matches!(result, Ok(Status::PENDING)) {
            going.is_back(py, packet.get());
        }
        let status = raise(py, &self.shared.world, result)?.unwrap_or(Status::FAILURE);
        raise_broken(py, &self.shared.world, going.touched)?;
        Ok(status)
    }

    /// Gets the object of a packet ready for a send on this link.
    pub(crate) fn goes(
        &self,
        py: Python<'_>,
        packet: &Bound<'_, Packet>,
    ) -> Result<Going, Arc<Violation>> {
        let this = packet.get();
        let core = &self.core.adapter;
        let name = this.name();
        let foreign = !Arc::ptr_eq(&this.shared, &self.shared);
        if foreign || this.side == Side::Miniport {
            let (rule, detail) = if foreign {
                (
                    ndiswan::Rule::Foreign,
                    format!(
                        "{name} of adapter {:?} was sent on a link of {:?}",
                        this.shared.core.name, core.name
                    ),
                )
            } else {
                (
                    ndiswan::Rule::Touch,
                    format!(
                        "{name} was sent by the miniport, which got it to transmit; a layered driver sends a packet of its own"
                    ),
                )
            };
            return Err(core.report_broken(rule, None, detail));
        }
        let views = self.shared.views(name.slot);
        let mut touched = Ok(());
        if views > 0 && this.holds.load(Ordering::Relaxed) {
            self.shared.part_from_views(py, name.slot);
            touched = Err(core.report_views(name, views));
        }
        // In flight the slot keeps the object, so that the protocol gets the same one back.
        let held = this.holds.swap(false, Ordering::Relaxed);
        if held {
            let kept = packet.clone().unbind();
            let place = &self.shared.slots[name.slot as usize];
            let old = place.with(py, |slot| slot.protocol.replace(kept));
            drop(old);
        }
        Ok(Going { name, held, touched })
    }
}

/// A packet whose object is in its slot while it is under way.
pub(crate) struct Going {
    pub(crate) name: Name,
    held: bool,
    pub(crate) touched: Result<(), Arc<Violation>>,
}

impl Going {
    /// It was not sent, or has come back by the send's return.
    pub(crate) fn is_back(&self, py: Python<'_>, packet: &Packet) {
        if self.held {
            let place = &packet.shared.slots[self.name.slot as usize];
            let kept = place.with(py, |slot| slot.protocol.take());
            packet.holds.store(true, Ordering::Relaxed);
            drop(kept);
        }
    }
}
