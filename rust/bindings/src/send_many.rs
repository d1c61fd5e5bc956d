//! Many frames by one call of a protocol's.

use std::sync::Arc;

use ndiswan::event::{Part, Side};
use ndiswan::ndis::Frames;
use ndiswan::{Name, Status};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyTuple};

use crate::batch::Batch;
use crate::column::{Column, Item};
use crate::error::{raise_first, settle, usage, value};
use crate::link::Link;
use crate::packet::{Packet, bytes_of};

/// What the sister contracts send as one array or chain: packets, each with what belongs to it.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // an argument of a call from Python
pub(crate) fn send_chain(
    py: Python<'_>,
    link: &Link,
    packets: Vec<Bound<'_, Packet>>,
) -> PyResult<Batch> {
    link.send_together(py, &packets)
}

/// A packet that is a NET_BUFFER_LIST with a NET_BUFFER of each of these.
#[pyfunction]
pub(crate) fn net_buffer_list(
    py: Python<'_>,
    link: &Link,
    frames: &Bound<'_, PyAny>,
) -> PyResult<Py<Packet>> {
    let each = frames.try_iter()?.map(|frame| bytes_of(py, &frame?));
    let frames: Vec<Vec<u8>> = each.collect::<PyResult<_>>()?;
    let whole = PyBytes::new(py, &frames.concat());
    let nbl = link.packet(py, whole.as_any())?;
    let parts: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let info = &link.core.adapter.info;
    let filled = nbl.get().with(py, Part::Data, |packet| packet.fill_net_buffers(info, &parts))?;
    filled.map_err(|error| value(error.to_string()))?;
    Ok(nbl)
}

/// A list of frames: how long each is, and their bytes. None for what is an array of sizes, or is wrong as one.
fn frames_of(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Option<(Vec<u32>, Vec<u8>)>> {
    let list = given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>();
    if !list || given.get_item(0).is_ok_and(|first| first.is_instance_of::<PyInt>()) {
        return Ok(None);
    }
    let (mut sizes, mut data) = (Vec::new(), Vec::new());
    for frame in given.try_iter()? {
        let bytes = bytes_of(py, &frame?)?;
        sizes.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        data.extend(bytes);
    }
    Ok(Some((sizes, data)))
}

impl Link {
    pub(crate) fn send_all(
        &self,
        py: Python<'_>,
        sizes: &Bound<'_, PyAny>,
        data: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Batch> {
        let (sizes, data) = if data.is_none()
            && let Some((sizes, data)) = frames_of(py, sizes)?
        {
            (sizes, Some(data))
        } else {
            // A copy: drivers run while frames are left, and other threads may write to the array.
            let column = Column::<u32>::input("sizes", sizes)?;
            let sizes: Vec<u32> = column.items(py).iter().map(u32::load).collect();
            drop(column);
            (sizes, data.map(|data| bytes_of(py, data)).transpose()?)
        };
        let frames = Frames::new(&self.core.adapter, &sizes, data.as_deref())
            .map_err(|error| value(format!("{error}; nothing was sent")))?;
        let sent = self.core.send_many(&frames);
        raise_first(py, &self.shared.world, sent.broken)?;
        if let Some(error) = sent.stopped {
            let (done, all) = (sent.statuses.len(), sizes.len());
            return Err(usage(format!("{error}; {done} of {all} frames were sent")));
        }
        settle(py, &self.shared.world)?;
        Ok(Batch::new(&self.shared, &self.core, sent.batch, Side::Protocol, sent.statuses))
    }

    /// Sends packets of the protocol's by one call. What breaks a rule is not sent, and has the name 0 and FAILURE.
    fn send_together(&self, py: Python<'_>, packets: &[Bound<'_, Packet>]) -> PyResult<Batch> {
        let core = &self.core.adapter;
        let (mut broken, time) = (Vec::new(), core.ndis.now());
        let mut going = Vec::with_capacity(packets.len());
        for packet in packets {
            let size = core.length_of(packet.get().name());
            match self.goes(py, packet) {
                Ok(goes) => going.push(Some((goes, size))),
                Err(violation) => {
                    broken.push(violation);
                    going.push(None);
                }
            }
        }
        let names: Vec<Name> = going.iter().flatten().map(|(goes, _)| goes.name).collect();
        let mut answers = self.core.send_chain(&names).into_iter();
        let mut columns = ndiswan::ndis::Batch::default();
        let mut statuses = Vec::with_capacity(packets.len());
        for (packet, goes) in packets.iter().zip(going) {
            let answer = goes.as_ref().and_then(|_| answers.next());
            let (mut name, mut sent) = (Name { adapter: 0, slot: 0, generation: 0 }, 0);
            if let Some((goes, size)) = goes {
                if !matches!(answer, Some(Ok(Status::PENDING))) {
                    goes.is_back(py, packet.get());
                }
                if let Some(Ok(_)) = answer {
                    let generation = goes.name.generation.wrapping_add(1);
                    (name, sent) = (Name { generation, ..goes.name }, size);
                }
                broken.extend(goes.touched.err());
            }
            columns.push(name, sent, time);
            statuses.push(match answer {
                Some(Ok(status)) => status,
                Some(Err(violation)) => {
                    broken.push(violation);
                    Status::FAILURE
                }
                None => Status::FAILURE,
            });
        }
        raise_first(py, &self.shared.world, broken)?;
        settle(py, &self.shared.world)?;
        let columns = Arc::new(columns);
        Ok(Batch::new(&self.shared, &self.core, columns, Side::Protocol, statuses))
    }
}
