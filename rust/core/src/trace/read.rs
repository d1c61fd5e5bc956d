//! Reading a trace, with errors that name the file, the line, what was expected and what came.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::write::Line;
use super::{FORMAT, Header, Trace, TraceError, VERSION, Verdict};

/// How much of a line an error shows.
const SHOWN: usize = 60;

impl Trace {
    /// Reads the trace file at `path`.
    ///
    /// # Errors
    /// [`TraceError`]: the file cannot be read, is no trace, is of a newer version, or is broken.
    pub fn read(path: impl AsRef<Path>) -> Result<Trace, TraceError> {
        let name = path.as_ref().display().to_string();
        match File::open(path) {
            Ok(file) => Trace::read_from(BufReader::new(file), &name),
            Err(source) => Err(TraceError::Io { name, what: "open it", source }),
        }
    }

    /// Reads a trace from `reader`; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_from(reader: impl BufRead, name: &str) -> Result<Trace, TraceError> {
        let mut lines = Lines { reader, name, line: 0, text: Vec::new() };
        let mut trace = Trace { header: lines.header()?, ..Trace::default() };
        while lines.next()? {
            if lines.text.trim_ascii().is_empty() {
                continue;
            }
            let line = lines.event(trace.events.len())?;
            let index = trace.events.len();
            if let Some(data) = &line.data {
                let data = unhex(data)
                    .ok_or_else(|| lines.broken("`data` is not an even number of hex digits"))?;
                if let Some(parts) = line.net_buffers {
                    let sum: u64 = parts.iter().copied().map(u64::from).sum();
                    if sum != data.len() as u64 || parts.len() < 2 || parts.contains(&0) {
                        let what =
                            "`net_buffers` are not the lengths of two or more parts of `data`";
                        return Err(lines.broken(what));
                    }
                    trace.net_buffers.insert(index, parts.into_owned().into());
                }
                trace.frames.insert(index, data);
            }
            if let Some(detail) = line.detail {
                let (detail, packet, warning) = (detail.into_owned(), line.about, line.warning);
                trace.verdicts.insert(index, Verdict { detail, packet, warning });
            }
            trace.events.push(line.event);
        }
        Ok(trace)
    }
}

struct Lines<'a, R> {
    reader: R,
    name: &'a str,
    line: usize,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    fn io(&self, source: std::io::Error) -> TraceError {
        TraceError::Io { name: self.name.to_string(), what: "read it", source }
    }

    fn next(&mut self) -> Result<bool, TraceError> {
        self.text.clear();
        self.line += 1;
        match self.reader.read_until(b'\n', &mut self.text) {
            Ok(read) => Ok(read > 0),
            Err(source) => Err(self.io(source)),
        }
    }

    /// The first line. What does not begin as JSON does is not read as a line: it may have no end.
    fn header(&mut self) -> Result<Header, TraceError> {
        let name = self.name.to_string();
        let begin = match self.reader.fill_buf() {
            Ok([]) => return Err(TraceError::Empty { name }),
            Ok(begin) => begin[..begin.len().min(SHOWN)].to_vec(),
            Err(source) => return Err(self.io(source)),
        };
        let not_trace = |text: &[u8]| {
            let hint = hint(text);
            TraceError::NotTrace { name: name.clone(), found: show(text), hint }
        };
        if !begin.trim_ascii_start().starts_with(b"{") {
            return Err(not_trace(&begin));
        }
        self.next()?;
        let value: serde_json::Value = serde_json::from_slice(&self.text).map_err(|error| {
            let is_ours = self.text.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes());
            if is_ours && error.is_eof() && !self.text.ends_with(b"\n") {
                return TraceError::NoHead { name: name.clone() };
            }
            not_trace(&self.text)
        })?;
        if value["format"] != FORMAT {
            return Err(not_trace(&self.text));
        }
        match value["version"].as_u64() {
            Some(version) if version > u64::from(VERSION) => {
                Err(TraceError::Newer { name, version })
            }
            Some(1..) => Header::deserialize(value).map_err(|error| self.broken(error)),
            _ => Err(self.broken(format!("`version` has to be a number from 1 to {VERSION}"))),
        }
    }

    fn event(&self, whole: usize) -> Result<Line<'_>, TraceError> {
        let text = self.text.trim_ascii();
        if let Some(line) = super::flat::line(text) {
            return Ok(line);
        }
        serde_json::from_slice(text).map_err(|error: serde_json::Error| {
            if error.is_eof() && !self.text.ends_with(b"\n") {
                TraceError::Truncated { name: self.name.to_string(), line: self.line, whole }
            } else {
                self.broken(error)
            }
        })
    }

    fn broken(&self, what: impl std::fmt::Display) -> TraceError {
        let what = what.to_string();
        // The line that serde_json counts is always the first of what it was given.
        let what = what.split(" at line ").next().unwrap_or_default().to_string();
        let expected = if self.line == 1 { "the head of a trace" } else { "an event" };
        let (name, line, got) = (self.name.to_string(), self.line, show(&self.text));
        TraceError::Line { name, line, expected, got, what }
    }
}

fn show(text: &[u8]) -> String {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let printable = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ' || *octet >= 0x80;
    match std::str::from_utf8(text) {
        Ok(text) if text.chars().count() > SHOWN => {
            format!("{}…", text.chars().take(SHOWN).collect::<String>())
        }
        Ok(text) if text.bytes().all(|octet| printable(&octet)) => text.to_string(),
        _ => {
            let octets = text.iter().take(8).map(|octet| format!("{octet:02x}"));
            format!("the octets {}", octets.collect::<Vec<_>>().join(" "))
        }
    }
}

fn hint(text: &[u8]) -> &'static str {
    match text {
        [0x0a, 0x0d, 0x0d, 0x0a, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xc3, 0xd4, ..] => {
            " (this is a capture of frames: it can be sent through a driver, not checked)"
        }
        [0x1f, 0x8b, ..] => " (this is compressed: unpack it with gunzip first)",
        _ => "",
    }
}

fn unhex(text: &str) -> Option<Box<[u8]>> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let octet = |pair: &[u8]| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8);
    text.as_bytes().chunks_exact(2).map(octet).collect()
}
