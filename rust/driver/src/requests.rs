//! Requests as bytes: MiniportQueryInformation and MiniportSetInformation with the structures that the headers have.

use std::fmt;

use ndiswan::info::LinkInfo;
use ndiswan::oid::{Answer, Oid, Stats};
use ndiswan::{Rule, Status, WanInfo};

use crate::card::Card;

/// What the OIDs of TAPI and of WAN begin with.
const TAPI: u32 = 0x0703;
const WAN: u32 = 0x0401;
/// The longest answer that NDIS makes room for where a driver names its length.
const LONGEST: u32 = 1 << 16;

/// A request that the driver has: its handler runs, or has returned PENDING. It may complete it from the first moment on, from
/// any thread, as it may a send.
#[derive(Debug)]
pub(crate) struct Open {
    oid: u32,
    buffer: usize,
    length: usize,
    /// Where BytesWritten and BytesNeeded are: the driver's, too, until it completes the request.
    counts: usize,
    set: bool,
    /// Whether the handler has returned PENDING.
    pended: bool,
    done: Option<Status>,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.set { "set" } else { "query" };
        write!(f, "the {kind} of OID {:#010x}", self.oid)
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The status; PENDING until the driver completes it.
    pub status: Status,
    /// What is in the buffer, up to BytesWritten.
    pub bytes: Vec<u8>,
    /// BytesNeeded.
    pub needed: u32,
}

impl Card {
    /// Calls the driver's handler at the level that the caller has set. The buffer is the driver's memory while it is asked.
    pub(crate) fn ask(&self, set: bool, oid: u32, given: &[u8], room: usize) -> Outcome {
        let failed = |status| Outcome { status, bytes: Vec::new(), needed: 0 };
        let handlers = self.handlers();
        let function = if set { handlers.set } else { handlers.query };
        if function == 0 {
            return failed(Status::NOT_SUPPORTED);
        }
        let length = room.max(given.len());
        let heap = &self.driver.heap;
        let Some(buffer) = heap.allocate(length, "a request", 0) else {
            return failed(Status::RESOURCES);
        };
        let Some(counts) = heap.allocate(8, "a request (BytesWritten, BytesNeeded)", 0) else {
            return failed(Status::RESOURCES);
        };
        heap.fill(buffer, given);
        self.requests.lock().push(Open {
            oid,
            buffer,
            length,
            counts,
            set,
            pended: false,
            done: None,
        });
        let context = self.context.load(std::sync::atomic::Ordering::Relaxed);
        let answer =
            self.call(function, &[context, oid as usize, buffer, length, counts, counts + 4]);
        let status = answer.map_or(Status::FAILURE, |status| Status(status as u32));
        if status == Status::PENDING {
            let mut open = self.requests.lock();
            open.iter_mut()
                .filter(|open| open.buffer == buffer)
                .for_each(|open| open.pended = true);
            return failed(status);
        }
        self.answered(buffer, status);
        let open = Open { oid, buffer, length, counts, set, pended: false, done: None };
        self.outcome(&open, status)
    }

    /// Asks with as much room as the driver says that it needs, if it needs more.
    pub(crate) fn ask_again(&self, oid: u32, given: &[u8], room: usize) -> Outcome {
        let outcome = self.ask(false, oid, given, room);
        let short = matches!(outcome.status, Status::INVALID_LENGTH | Status::BUFFER_TOO_SHORT);
        if short && outcome.needed as usize > room && outcome.needed <= LONGEST {
            return self.ask(false, oid, given, outcome.needed as usize);
        }
        outcome
    }

    /// The request is over: its answer, and its memory is nobody's any more.
    fn outcome(&self, open: &Open, status: Status) -> Outcome {
        let heap = &self.driver.heap;
        let [written, needed] = heap.get::<[u32; 2]>(open.counts).unwrap_or_default();
        heap.free(open.counts);
        let counts = !open.set && open.oid >> 16 != TAPI;
        if counts && status == Status::SUCCESS && written as usize > open.length {
            self.said_too_much(open.oid, written, open.length);
        }
        // A TAPI request answers in its own structure, which is both ways and may not count what was written. Structures of the
        // WAN have their length.
        let counts = counts && (written > 0 || open.oid >> 16 != WAN);
        let count = if counts { (written as usize).min(open.length) } else { open.length };
        let bytes = heap.bytes(open.buffer, count).unwrap_or_default();
        if let (Some(text), Some(adapter)) = (heap.spoiled(open.buffer), self.adapter()) {
            drop(adapter.report_broken(Rule::Touch, None, text));
        }
        heap.free(open.buffer);
        Outcome { status, bytes, needed }
    }

    fn said_too_much(&self, oid: u32, written: u32, length: usize) {
        let Some(adapter) = self.adapter() else { return };
        let text = format!(
            "the query of OID {oid:#010x} was answered with SUCCESS and BytesWritten {written}; expected at most InformationBufferLength, \
             which is {length}: INVALID_LENGTH and BytesNeeded say that the buffer is too short"
        );
        drop(adapter.report_broken(Rule::Handle, None, text));
    }

    /// The handler has returned a final status: the request is over, and was not to be completed.
    fn answered(&self, buffer: usize, status: Status) {
        let mut requests = self.requests.lock();
        let Some(at) = requests.iter().position(|open| open.buffer == buffer) else { return };
        let open = requests.remove(at);
        drop(requests);
        if let (Some(done), Some(adapter)) = (open.done, self.adapter()) {
            let text = format!(
                "{open} was completed with {done}, and then the handler returned {status}; expected PENDING to be returned"
            );
            drop(adapter.report_broken(Rule::Handle, None, text));
        }
    }

    /// NdisMQueryInformationComplete or NdisMSetInformationComplete: of the oldest that there is; whether there was one.
    pub(crate) fn complete_request(&self, set: bool, status: Status) -> bool {
        let mut requests = self.requests.lock();
        let open = requests.iter_mut().find(|open| open.set == set && open.done.is_none());
        open.is_some_and(|open| open.done.replace(status).is_none())
    }

    /// What came of a request that was pending, once the driver has completed it.
    pub fn completed(&self) -> Option<Outcome> {
        let mut requests = self.requests.lock();
        let at = requests.iter().position(|open| open.pended && open.done.is_some())?;
        let open = requests.remove(at);
        drop(requests);
        Some(self.outcome(&open, open.done?))
    }

    /// The request that the driver owes a completion, in words.
    pub fn pending(&self) -> Option<String> {
        let requests = self.requests.lock();
        requests.iter().find(|open| open.pended && open.done.is_none()).map(ToString::to_string)
    }

    /// Sends a request to the driver, in its turn and at its level.
    ///
    /// # Errors
    /// [`ndiswan::ndis::RequestError`].
    pub fn request(
        &self,
        set: bool,
        oid: u32,
        given: &[u8],
        room: usize,
    ) -> Result<Outcome, ndiswan::ndis::RequestError> {
        let Some(adapter) = self.adapter() else {
            return Ok(Outcome { status: Status::ADAPTER_NOT_READY, bytes: Vec::new(), needed: 0 });
        };
        let entry =
            if set { ndiswan::Entry::SetInformation } else { ndiswan::Entry::QueryInformation };
        adapter.ask(Oid(oid), entry, || self.ask(set, oid, given, room))
    }

    /// OID_WAN_GET_INFO, as the structure of this library.
    pub(crate) fn wan_info(&self) -> Option<WanInfo> {
        let outcome = self.ask(false, Oid::WAN_GET_INFO.0, &[], 40);
        if outcome.status != Status::SUCCESS {
            return None;
        }
        let word = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(outcome.bytes.get(at..at + 4)?.try_into().ok()?))
        };
        Some(WanInfo {
            max_frame_size: word(0)?,
            max_transmit: word(4)?,
            header_padding: word(8)?,
            tail_padding: word(12)?,
            endpoints: word(16)?,
            memory_flags: word(20)?,
            highest_acceptable_address: u64::from(word(24)?) | (u64::from(word(28)?) << 32),
            framing_bits: word(32)?,
            desired_accm: word(36)?,
        })
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect()
}

/// How many bytes a buffer for the answer to `oid` has.
pub(crate) fn room_of(oid: Oid) -> usize {
    match oid {
        Oid::WAN_GET_INFO => 40,
        Oid::WAN_GET_LINK_INFO | Oid::WAN_SET_LINK_INFO => 48,
        Oid::WAN_PERMANENT_ADDRESS | Oid::WAN_CURRENT_ADDRESS => 6,
        Oid::WAN_MEDIUM_SUBTYPE => 4,
        Oid::WAN_GET_STATS_INFO => 8 + 2 * 4 * 32,
        _ => 256,
    }
}

/// The structure that goes down with a set.
pub(crate) fn encoded(value: &Answer) -> Vec<u8> {
    match value {
        Answer::Link(info) => {
            let mut bytes = info.link_handle.to_le_bytes().to_vec();
            for word in [
                info.max_send_frame_size,
                info.max_recv_frame_size,
                info.header_padding,
                info.tail_padding,
                info.send_framing_bits,
                info.recv_framing_bits,
                info.send_compression_bits,
                info.recv_compression_bits,
                info.send_accm,
                info.recv_accm,
            ] {
                bytes.extend(word.to_le_bytes());
            }
            bytes
        }
        Answer::Address(address) => address.to_vec(),
        Answer::Number(number) => number.to_le_bytes().to_vec(),
        Answer::Bytes(bytes) => bytes.clone(),
        Answer::Info(_) | Answer::Stats(_) => Vec::new(),
    }
}

/// The answer in the bytes that the driver wrote; none if they are not that structure. An OID without one is answered in bytes.
pub(crate) fn decoded(oid: Oid, bytes: &[u8]) -> Option<Answer> {
    match oid {
        Oid::WAN_GET_LINK_INFO => {
            let handle = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
            let w = words(bytes.get(8..48)?);
            Some(Answer::Link(LinkInfo {
                link_handle: handle,
                max_send_frame_size: w[0],
                max_recv_frame_size: w[1],
                header_padding: w[2],
                tail_padding: w[3],
                send_framing_bits: w[4],
                recv_framing_bits: w[5],
                send_compression_bits: w[6],
                recv_compression_bits: w[7],
                send_accm: w[8],
                recv_accm: w[9],
            }))
        }
        Oid::WAN_PERMANENT_ADDRESS | Oid::WAN_CURRENT_ADDRESS => {
            Some(Answer::Address(bytes.get(..6)?.try_into().ok()?))
        }
        Oid::WAN_MEDIUM_SUBTYPE => Some(Answer::Number(*words(bytes).first()?)),
        Oid::WAN_GET_STATS_INFO => {
            // Behind the NdisLinkHandle, the counters of the link itself; those of a tunnel are not looked at.
            let w: Vec<u64> = words(bytes.get(8..)?).into_iter().map(u64::from).collect();
            let at = |index: usize| w.get(index).copied().unwrap_or(0);
            Some(Answer::Stats(Stats {
                bytes_sent: at(0),
                bytes_rcvd: at(1),
                frames_sent: at(2),
                frames_rcvd: at(3),
                crc_errors: at(4),
                timeout_errors: at(5),
                alignment_errors: at(6),
                serial_overrun_errors: at(7),
                framing_errors: at(8),
                buffer_overrun_errors: at(9),
            }))
        }
        _ => Some(Answer::Bytes(bytes.to_vec())),
    }
}
