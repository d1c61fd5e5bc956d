//! Perfetto's own form: protocol buffers, of which a trace needs three wire types and five messages.
//!
//! The numbers of fields are those of `protos/perfetto/trace/`: Trace.packet 1; TracePacket.timestamp 8,
//! trusted_packet_sequence_id 10, track_event 11, sequence_flags 13, track_descriptor 60; TrackDescriptor.uuid 1, name 2,
//! process 3, parent_uuid 5, counter 8; ProcessDescriptor.pid 1, process_name 6; TrackEvent.debug_annotations 4, type 9,
//! track_uuid 11, name 23, counter_value 30, flow_ids 47, terminating_flow_ids 48; DebugAnnotation.uint_value 3,
//! string_value 6, name 10.

use std::io::{self, Write};

use super::tracks::{Fact, Flow, Slice, Timeline, Track};

const BEGIN: u64 = 1;
const END: u64 = 2;
const INSTANT: u64 = 3;
const COUNTER: u64 = 4;
/// All packets are of one sequence.
const SEQUENCE: u64 = 1;

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u32, value: u64) -> Message {
        self.varint(u64::from(field) << 3);
        self.varint(value);
        self
    }

    fn fixed(mut self, field: u32, value: u64) -> Message {
        self.varint(u64::from(field) << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u32, value: &[u8]) -> Message {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(self, field: u32, value: &str) -> Message {
        self.bytes(field, value.as_bytes())
    }

    fn message(self, field: u32, value: &Message) -> Message {
        self.bytes(field, &value.0)
    }
}

/// Writes a trace.
pub(super) struct Writer<W: Write>(W);

impl<W: Write> Writer<W> {
    pub(super) fn new(writer: W) -> io::Result<Writer<W>> {
        let mut own = Writer(writer);
        // What is said once is said at the beginning: nothing is interned, so there is no state.
        own.packet(Message::default().number(13, 1))?;
        Ok(own)
    }

    fn packet(&mut self, packet: Message) -> io::Result<()> {
        let packet = packet.number(10, SEQUENCE);
        self.0.write_all(&Message::default().message(1, &packet).0)
    }

    fn event(&mut self, time: u64, event: &Message) -> io::Result<()> {
        self.packet(Message::default().number(8, time).message(11, event))
    }
}

/// The name of a link's own track; 0 is none.
fn process(link: u32) -> u64 {
    (u64::from(link) + 1) << 32
}

fn counter(link: u32) -> u64 {
    process(link) | 1
}

fn uuid(track: Track) -> u64 {
    process(track.link) | (track.owner as u64) << 28 | u64::from(track.lane)
}

impl<W: Write> Timeline for Writer<W> {
    fn link(&mut self, link: u32, name: &str) -> io::Result<()> {
        let who = Message::default().number(1, u64::from(link) + 1).text(6, name);
        let track = Message::default().number(1, process(link)).message(3, &who);
        self.packet(Message::default().message(60, &track))?;
        let track = Message::default()
            .number(1, counter(link))
            .text(2, "outstanding")
            .number(5, process(link))
            .message(8, &Message::default());
        self.packet(Message::default().message(60, &track))
    }

    fn track(&mut self, track: Track) -> io::Result<()> {
        let described = Message::default()
            .number(1, uuid(track))
            .text(2, track.owner.name())
            .number(5, process(track.link));
        self.packet(Message::default().message(60, &described))
    }

    fn slice(&mut self, slice: &Slice) -> io::Result<()> {
        let name = match slice.word {
            "" => slice.packet.to_string(),
            word => format!("{word} {}", slice.packet),
        };
        let moment = slice.begin == slice.end;
        let mut event = Message::default()
            .number(9, if moment { INSTANT } else { BEGIN })
            .number(11, uuid(slice.track))
            .text(23, &name);
        for fact in &slice.facts {
            let fact = match fact {
                Fact::Number(name, value) => Message::default().text(10, name).number(3, *value),
                Fact::Text(name, value) => Message::default().text(10, name).text(6, value),
            };
            event = event.message(4, &fact);
        }
        event = match slice.flow {
            Flow::None => event,
            Flow::Begins(flow) | Flow::Goes(flow) => event.fixed(47, flow),
            Flow::Ends(flow) => event.fixed(48, flow),
        };
        self.event(slice.begin, &event)?;
        if moment {
            return Ok(());
        }
        let event = Message::default().number(9, END).number(11, uuid(slice.track));
        self.event(slice.end, &event)
    }

    fn outstanding(&mut self, link: u32, time: u64, packets: u64) -> io::Result<()> {
        let event =
            Message::default().number(9, COUNTER).number(11, counter(link)).number(30, packets);
        self.event(time, &event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
