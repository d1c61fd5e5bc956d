//! Binding: two drivers, each of Python's or built in.

use std::marker::PhantomData;
use std::sync::Arc;

use ndiswan::face::Face;
use ndiswan::info::MAX_PACKETS;
use ndiswan::miniport::{Deserialized, Mode, Serialized};
use ndiswan::ndis::BindError;
use ndiswan::{Miniport, Protocol, Status, WanInfo};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::callbacks::{Cell, PyMiniport};
use crate::config::{self, Entries};
use crate::error::{settle, usage, value};
use crate::link::Link;
use crate::ndis::Ndis;
use crate::number::{Argument, Int, Seconds, arg};
use crate::shared::World;
use crate::status;

/// A pool's size, which Python takes from the user: looked at before a model or a card is bound, which happens once.
pub(crate) fn packets_of(packets: Int<arg::Packets>) -> PyResult<u32> {
    up_to(packets, MAX_PACKETS)
}

/// The same where the most is another number.
pub(crate) fn up_to(packets: Int<arg::Packets>, most: u32) -> PyResult<u32> {
    let packets = packets.0;
    let fits = u32::try_from(packets).ok().filter(|packets| (1..=most).contains(packets));
    fits.ok_or_else(|| value(format!("packets: expected 1 to {most}, got {packets}")))
}

/// A miniport of Python's before its mode is known.
struct Parts {
    world: Arc<World>,
    cell: Cell,
    driver: Py<PyAny>,
    entries: Entries,
    face: Face,
    info: WanInfo,
    hang_interval: u64,
    line_up_at_bind: bool,
}

impl Parts {
    fn driver<M: Mode>(self) -> PyMiniport<M> {
        let Parts { world, cell, driver, entries, face, info, hang_interval, line_up_at_bind } =
            self;
        PyMiniport {
            world,
            cell,
            driver,
            entries,
            face,
            info,
            hang_interval,
            line_up_at_bind,
            _mode: PhantomData,
        }
    }
}

/// ``ndiswan.InitializeError``.
fn not_up(py: Python<'_>, text: &str, status: Status) -> PyErr {
    let made = status::to_python(py, status).and_then(|status| {
        py.import("ndiswan.miniport")?.getattr("InitializeError")?.call1((text, status))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

impl Ndis {
    pub(crate) fn bind_as(
        &self,
        py: Python<'_>,
        protocol: impl Protocol,
        miniport: impl Miniport,
        packets: u32,
        name: &str,
    ) -> PyResult<Arc<ndiswan::Link>> {
        let core = &self.world.core;
        self.world.away(py, || core.bind(protocol, miniport, packets, name)).map_err(|error| {
            match error {
                BindError::Info(_) | BindError::Packets(_) => value(error.to_string()),
                BindError::Initialize { status, .. } => not_up(py, &error.to_string(), status),
                _ => usage(error.to_string()),
            }
        })
    }

    /// Binds a miniport of Python's; what it is was taken apart there.
    pub(crate) fn bind_miniport(
        &self,
        py: Python<'_>,
        protocol: impl Protocol,
        miniport: &Bound<'_, PyDict>,
        cell: &Cell,
        packets: u32,
        name: &str,
    ) -> PyResult<Arc<ndiswan::Link>> {
        let known = |key: &str| {
            miniport.get_item(key)?.ok_or_else(|| usage(format!("the miniport has no {key:?}")))
        };
        let entries = known("entries")?;
        let named: String = known("face")?.extract()?;
        let face = Face::by_id(&named)
            .ok_or_else(|| value(format!("expected wan, lan, condis or ndis6, got {named}")))?;
        let parts = Parts {
            world: Arc::clone(&self.world),
            cell: Arc::clone(cell),
            driver: known("driver")?.unbind(),
            entries: Entries::new("wan_send", entries.cast()?)?.of(face),
            face,
            info: config::wan_info(&known("info")?)?,
            hang_interval: known(arg::Hang::NAME)?
                .extract::<Seconds<arg::Hang>>()?
                .nanoseconds()?,
            line_up_at_bind: known("line_up_at_bind")?.extract()?,
        };
        if known("serialized")?.extract()? {
            self.bind_as(py, protocol, parts.driver::<Serialized>(), packets, name)
        } else {
            self.bind_as(py, protocol, parts.driver::<Deserialized>(), packets, name)
        }
    }

    /// What was bound as Python has it; an exception of initialize says more than that initialize failed.
    pub(crate) fn bound(
        &self,
        py: Python<'_>,
        cell: &Cell,
        core: PyResult<Arc<ndiswan::Link>>,
    ) -> PyResult<Py<Link>> {
        if let Some(shared) = cell.get() {
            self.adapters.lock().push(Arc::clone(shared));
        }
        settle(py, &self.world)?;
        let shared = cell.get().ok_or_else(|| usage("the miniport was not initialized"));
        let core = core?;
        shared?.link(py, &core)
    }
}
