//! Many frames by one call of a protocol's.

use std::sync::Arc;

use ndiswan::event::Side;
use ndiswan::ndis::Frames;
use pyo3::prelude::*;

use crate::batch::Batch;
use crate::column::{Column, Item};
use crate::error::{raise_first, settle, usage, value};
use crate::link::Link;
use crate::packet::bytes_of;

impl Link {
    pub(crate) fn send_all(
        &self,
        py: Python<'_>,
        sizes: &Bound<'_, PyAny>,
        data: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Batch> {
        // A copy: drivers run while frames are left, and other threads may write to the array.
        let sizes: Vec<u32> = {
            let column = Column::<u32>::input("sizes", sizes)?;
            column.items(py).iter().map(u32::load).collect()
        };
        let data = data.map(|data| bytes_of(py, data)).transpose()?;
        let frames = Frames::new(&self.core.adapter, &sizes, data.as_deref())
            .map_err(|error| value(format!("{error}; nothing was sent")))?;
        let sent = self.core.send_many(&frames);
        raise_first(py, &self.shared.world, sent.broken)?;
        if let Some(error) = sent.stopped {
            let (done, all) = (sent.statuses.len(), sizes.len());
            return Err(usage(format!("{error}; {done} of {all} frames were sent")));
        }
        settle(py, &self.shared.world)?;
        let (shared, columns) = (&self.shared, &sent.batch);
        Ok(Batch::new(shared, &Arc::clone(&self.core), columns, Side::Protocol, sent.statuses))
    }
}
