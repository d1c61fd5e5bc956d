//! The JSON of chrome://tracing, the Trace Event Format: one object an event, times in microseconds.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::tracks::{Fact, Flow, Slice, Timeline, Track};

/// Nanoseconds as microseconds, to the last digit.
struct Microseconds(u64);

impl fmt::Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Writes a trace.
pub(super) struct Writer<W: Write> {
    writer: W,
    separator: &'static str,
}

fn thread(track: Track) -> u32 {
    track.owner as u32 * 10_000_000 + track.lane
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut writer: W) -> io::Result<Writer<W>> {
        writer.write_all(br#"{"displayTimeUnit":"ns","traceEvents":["#)?;
        Ok(Writer { writer, separator: "\n" })
    }

    /// One event; `rest` is the inside of its object, after the kind, the process and the time.
    fn event(&mut self, kind: char, link: u32, time: u64, rest: &str) -> io::Result<()> {
        let separator = std::mem::replace(&mut self.separator, ",\n");
        let (pid, time) = (u64::from(link) + 1, Microseconds(time));
        write!(self.writer, r#"{separator}{{"ph":"{kind}","pid":{pid},"ts":{time},{rest}}}"#)
    }
}

impl<W: Write> Timeline for Writer<W> {
    fn link(&mut self, link: u32, name: &str) -> io::Result<()> {
        let args = json!({ "name": name });
        self.event('M', link, 0, &format!(r#""name":"process_name","args":{args}"#))
    }

    fn track(&mut self, track: Track) -> io::Result<()> {
        let tid = thread(track);
        let args = json!({ "name": track.owner.name() });
        self.event(
            'M',
            track.link,
            0,
            &format!(r#""tid":{tid},"name":"thread_name","args":{args}"#),
        )
    }

    fn slice(&mut self, slice: &Slice) -> io::Result<()> {
        let (link, tid) = (slice.track.link, thread(slice.track));
        let mut name = slice.packet.to_string();
        if !slice.word.is_empty() {
            name = format!("{} {name}", slice.word);
        }
        let mut args = Map::new();
        for fact in &slice.facts {
            let (name, value) = match fact {
                Fact::Number(name, value) => (*name, Value::from(*value)),
                Fact::Text(name, value) => (*name, Value::from(value.as_str())),
            };
            args.insert(name.to_owned(), value);
        }
        let (args, took) = (Value::from(args), Microseconds(slice.end - slice.begin));
        let rest = format!(r#""tid":{tid},"name":"{name}","dur":{took},"args":{args}"#);
        self.event('X', link, slice.begin, &rest)?;
        let (kind, flow) = match slice.flow {
            Flow::None => return Ok(()),
            Flow::Begins(flow) => ('s', flow),
            Flow::Goes(flow) => ('t', flow),
            Flow::Ends(flow) => ('f', flow),
        };
        // "e": what encloses the time is meant, and not what comes next.
        let rest = format!(r#""tid":{tid},"name":"packet","cat":"packet","id":{flow},"bp":"e""#);
        self.event(kind, link, slice.begin, &rest)
    }

    fn outstanding(&mut self, link: u32, time: u64, packets: u64) -> io::Result<()> {
        let rest = format!(r#""name":"outstanding","args":{{"packets":{packets}}}"#);
        self.event('C', link, time, &rest)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.write_all(b"\n]}\n")?;
        self.writer.flush()
    }
}
