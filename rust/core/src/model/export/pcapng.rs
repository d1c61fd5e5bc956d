//! The packets that were sent as a capture: what they carry is made up, when and how they went is not.
//!
//! A frame is written at the time when MiniportWanSend was called with it. It has the size of the packet and is an LCP
//! Discard-Request (RFC 1661, 5.9), which is made to carry nothing: its magic number is that of the link, its data the packet's
//! number. A packet of less than 12 octets has no room for one and is of PPP's Padding Protocol (RFC 1661, 2), which has no content.

use std::io::{self, Write};

use super::lives::{Left, Life, Name, Story};
use crate::capture::{CaptureWriter, Direction, LINK_PPP_HDLC};
use crate::event::milliseconds;

/// Address, control, LCP, Discard-Request; identifier, length and magic number follow.
const HEAD: [u8; 5] = [0xff, 0x03, 0xc0, 0x21, 0x0b];
/// Address, control, Padding Protocol; and with less than those have, the protocol alone in one octet.
const PADDING: [u8; 4] = [0xff, 0x03, 0x00, 0x01];
const SHORT: [u8; 1] = [0x01];
/// What a Discard-Request has at least, with address, control and protocol.
const LEAST: usize = 12;

/// Writes the frames of all links in the order in which they were sent.
pub(super) fn write(stories: &[Story<'_>], snaplen: u32, writer: impl Write) -> io::Result<()> {
    let mut capture = CaptureWriter::new(writer).map_err(io::Error::other)?.cut_at(snaplen);
    for story in stories {
        capture.interface(story.name, LINK_PPP_HDLC).map_err(io::Error::other)?;
    }
    let mut all: Vec<(u64, u32, &Life)> = (0..)
        .zip(stories)
        .flat_map(|(link, story)| story.lives.iter().map(move |life| (life.sent, link, life)))
        .collect();
    // Stable: packets of one instant stay in the order in which they were sent.
    all.sort_by_key(|(sent, link, _)| (*sent, *link));
    for (sent, link, life) in all {
        let data = content(life, link);
        let comment = comment(life);
        capture
            .frame(link, sent, &data, Some(Direction::Outbound), Some(&comment))
            .map_err(io::Error::other)?;
    }
    capture.finish().map(drop).map_err(io::Error::other)
}

/// The octets of a frame.
fn content(life: &Life, link: u32) -> Vec<u8> {
    let bytes = life.bytes as usize;
    if bytes < LEAST {
        let head: &[u8] = if bytes < PADDING.len() { &SHORT } else { &PADDING };
        return head.iter().copied().chain(life.seq.to_be_bytes()).take(bytes).collect();
    }
    let length = life.bytes.saturating_sub(4).min(0xffff) as u16;
    let mut data = Vec::with_capacity(bytes.max(20));
    data.extend_from_slice(&HEAD);
    data.push(life.seq as u8);
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(&(link + 1).to_be_bytes());
    data.extend_from_slice(&life.seq.to_be_bytes());
    data.resize(bytes, 0);
    data
}

/// Through whose hands a packet went, when, and how it ended.
fn comment(life: &Life) -> String {
    let owners = match life.completed {
        Some(_) => "protocol > NDIS > miniport > NDIS > protocol",
        None => "protocol > NDIS > miniport",
    };
    let mut parts = vec![format!("{}: {owners}", Name(life.seq))];
    parts.extend(life.offered.map(|at| format!("offered {} ms", milliseconds(at))));
    parts.push(format!("sent {} ms", milliseconds(life.sent)));
    parts.push(match life.completed {
        Some((at, status)) => {
            format!("completed and handed back {} ms, {status}", milliseconds(at))
        }
        None => "not completed yet".to_owned(),
    });
    parts.push(match life.left {
        Some(Left { at: Some(at), .. }) => format!("arrives {} ms", milliseconds(at)),
        Some(_) => "lost on the line".to_owned(),
        None => "has not left the card".to_owned(),
    });
    parts.join("; ")
}
