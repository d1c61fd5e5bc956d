//! Calls with many packets: the columns go up as one object, and what comes back is looked at for each.

use std::rc::Rc;
use std::sync::Arc;

use ndiswan::cx::Cpu;
use ndiswan::event::Side;
use ndiswan::face::Face;
use ndiswan::ndis::Batch;
use ndiswan::{FinalStatus, Mode, Name, Rule, Status};
use pyo3::prelude::*;

use super::{PyMiniport, PyProtocol, shared};
use crate::error::raise;
use crate::shared::Shared;

impl<M: Mode> PyMiniport<M> {
    /// Calls `wan_send_many`; what is to be made of each packet then, nothing for PENDING for all.
    pub(super) fn take_many(
        &self,
        py: Python<'_>,
        link: &Arc<ndiswan::Link>,
        batch: &Arc<Batch>,
    ) -> Vec<Status> {
        let shared = shared(&self.cell);
        let answer = self.ask_many(py, shared, link, batch).unwrap_or_else(|error| {
            self.world.keep(py, error);
            None
        });
        let names = || batch.names(shared.core.index);
        let Some(answers) = answer else {
            // Without an answer each packet goes back, unless it went back before.
            let gone =
                |name| if shared.core.disown(name) { Status::FAILURE } else { Status::PENDING };
            return names().map(gone).collect();
        };
        for (name, status) in names().zip(&answers) {
            let views = shared.views(name.slot);
            if views > 0 && *status != Status::PENDING && shared.core.is_with_miniport(name) {
                shared.part_from_views(py, name.slot);
                drop(shared.core.report_views(name, views));
            }
        }
        answers
    }

    /// The call, and its answer as statuses; `None` if it was none, which is reported.
    fn ask_many(
        &self,
        py: Python<'_>,
        shared: &Arc<Shared>,
        link: &Arc<ndiswan::Link>,
        batch: &Arc<Batch>,
    ) -> PyResult<Option<Vec<Status>>> {
        let Some(entry) = &self.entries.many else { return Ok(None) };
        let columns = Arc::clone(batch);
        let made = crate::batch::Batch::new(shared, link, columns, Side::Miniport, Vec::new());
        let made = Bound::new(py, made)?;
        let answer = entry.call(py, shared.link(py, link)?.bind(py), made.as_any())?;
        let wrong = match crate::batch::answers(py, &answer, batch.len())? {
            Ok(statuses) => return Ok(Some(statuses)),
            Err(wrong) => wrong,
        };
        let first = batch.names(shared.core.index).next();
        let detail = match self.face {
            Face::Wan => format!("wan_send_many returned {wrong}"),
            _ => self.no_status(&answer),
        };
        let violation = shared.core.report_broken(Rule::StatusUnknown, first, detail);
        raise::<()>(py, &self.world, Err(violation))?;
        Ok(None)
    }

    /// One packet for a driver that only takes many.
    pub(super) fn send_as_many(
        &self,
        py: Python<'_>,
        shared: &Arc<Shared>,
        name: Name,
    ) -> PyResult<Option<Status>> {
        let Some((link, batch)) = shared.core.batch_of(name) else { return Ok(None) };
        let answer = self.ask_many(py, shared, &link, &Arc::new(batch))?;
        Ok(answer.map(|statuses| statuses.first().copied().unwrap_or(Status::PENDING)))
    }
}

impl PyProtocol {
    /// Calls `send_complete_many`.
    pub(super) fn bring(
        &self,
        py: Python<'_>,
        link: &Arc<ndiswan::Link>,
        batch: Batch,
        statuses: Vec<Status>,
    ) {
        let Some(entry) = self.entries.many.as_ref() else { return };
        let shared = shared(&self.cell);
        let columns = Arc::new(batch);
        let made = crate::batch::Batch::new(shared, link, columns, Side::Protocol, statuses);
        let called = Bound::new(py, made).and_then(|made| entry.call_one(py, made.as_any()));
        if let Err(error) = called {
            self.world.keep(py, error);
        }
    }

    /// One packet for a protocol that only takes many. As those that come home together it is in the
    /// pool before the call, unless somebody holds it.
    pub(super) fn one_as_many(
        &self,
        py: Python<'_>,
        cpu: &Rc<Cpu>,
        shared: &Arc<Shared>,
        slot: u32,
        status: FinalStatus,
    ) {
        let core = &shared.core;
        self.part(py, slot);
        let name = shared.present(Name { adapter: core.index, slot, generation: 0 });
        let Some((link, batch)) = core.batch_of(name) else { return };
        match shared.protocol_packet(py, slot) {
            Ok(packet) => shared.let_go(py, cpu, packet),
            Err(error) => return self.world.keep(py, error),
        }
        self.bring(py, &link, batch, vec![status.get()]);
    }
}
