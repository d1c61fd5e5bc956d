//! A trace as lines of JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Trace, TraceError};
use crate::event::{Event, Name};

/// One event's line; what is not there is not written.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(flatten)]
    pub(super) event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) net_buffers: Option<Cow<'a, [u32]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) about: Option<Name>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) warning: bool,
}

fn hex(data: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    data.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

impl Trace {
    /// Numbers the CPUs in the order in which they appear, from 0.
    pub(super) fn number_cpus(&mut self) {
        let mut numbers = BTreeMap::new();
        for event in &mut self.events {
            let next = numbers.len() as u32;
            event.cpu = *numbers.entry(event.cpu).or_insert(next);
        }
    }

    /// Writes the trace; `name` is what errors call the writer.
    ///
    /// # Errors
    /// [`TraceError::Io`]: the writer's own.
    pub fn write(&self, writer: impl Write, name: &str) -> Result<(), TraceError> {
        self.write_lines(writer).map_err(|source| {
            let (name, what) = (name.to_string(), "write the trace to it");
            TraceError::Io { name, what, source }
        })
    }

    fn write_lines(&self, mut writer: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut writer, &self.header)?;
        writer.write_all(b"\n")?;
        for (index, event) in self.events.iter().enumerate() {
            let verdict = self.verdicts.get(&index);
            let line = Line {
                event: *event,
                data: self.frames.get(&index).map(|data| hex(data).into()),
                net_buffers: self.net_buffers.get(&index).map(|parts| Cow::Borrowed(&**parts)),
                detail: verdict.map(|verdict| verdict.detail.as_str().into()),
                about: verdict.and_then(|verdict| verdict.packet),
                warning: verdict.is_some_and(|verdict| verdict.warning),
            };
            serde_json::to_writer(&mut writer, &line)?;
            writer.write_all(b"\n")?;
        }
        writer.flush()
    }
}
