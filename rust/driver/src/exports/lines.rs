//! Lines that come up, and what is said of the calls that they are for.

use std::sync::Arc;

use ndiswan::{Adapter, Link, LinkSettings, Rule};

use super::wan::link_of;
use crate::card::{Card, new_handle};
use crate::context::Here;
use crate::peek;

pub(super) const LINE_UP: u32 = 0x4001_0008;
/// NDIS_TAPI_EVENT.ulMsg: LINE_CALLSTATE, with LINECALLSTATE_CONNECTED in ulParam1, and LINE_NEWCALL.
const CALL_STATE: u32 = 2;
const CONNECTED: u32 = 0x100;
const NEW_CALL: u32 = 500;

/// A link of a card's, and the call that its line-up named.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) link: Arc<Link>,
    /// ConnectionWrapperID.
    call: usize,
}

/// NDIS_MAC_LINE_UP: LinkSpeed, Quality, SendWindow, at 16 ConnectionWrapperID, NdisLinkHandle, NdisLinkContext.
pub(super) fn line_up(here: &Here, card: &Card, adapter: &Arc<Adapter>, buffer: usize) {
    let (Some([speed, quality, window]), Some([call, handle, context])) =
        (peek::get::<[u32; 3]>(buffer), peek::get::<[usize; 3]>(buffer + 16))
    else {
        return here.wrong("StatusBuffer", buffer, "the address of an NDIS_MAC_LINE_UP");
    };
    card.describe(adapter);
    let settings = LinkSettings {
        speed: u64::from(speed) * 100,
        quality: quality.min(2),
        send_window: (window & 0xFFFF) as u16,
    };
    if context != 0 {
        let Some(link) = link_of(here, card, context) else { return };
        if link.is_up() && link.handle != handle as u64 {
            here.wrong(
                "NdisLinkHandle",
                handle,
                &format!("{:#x}, with which this NdisLinkContext came up", link.handle),
            );
        }
        drop(adapter.line_up(Some(&link), Some(handle as u64), settings));
        return;
    }
    let twice = twice(card, handle, call);
    // Filled in before the protocol hears of it, since it may send at once.
    let fresh = new_handle();
    peek::put(buffer + 32, fresh);
    match adapter.line_up(None, Some(handle as u64), settings) {
        Ok(link) => {
            if let Some((argument, value, whose)) = twice {
                let expected = format!(
                    "one of its own, since link {whose} has that and is up; a line-up that changes it has its NdisLinkContext"
                );
                here.wrong(argument, value, &expected);
            }
            card.links.write().insert(fresh, Line { link, call });
            // Which call it is of stands in the structure: who made the call looks for it there.
            (card.settings.on_status)(LINE_UP, &peek::bytes(buffer, 40).unwrap_or_default());
        }
        Err(_) => drop(peek::put(buffer + 32, 0usize)),
    }
}

/// What of a new line is the name of another one that is up, its value, and the number of that one's link.
fn twice(card: &Card, handle: usize, call: usize) -> Option<(&'static str, usize, u32)> {
    let lines = card.links.read();
    let up = |line: &&Line| line.link.is_up();
    let by_handle = |line: &Line| line.link.handle == handle as u64;
    // Without a call it is 0.
    let by_call = |line: &Line| call != 0 && line.call == call;
    let found = lines.values().filter(up).find(|line| by_handle(line) || by_call(line))?;
    Some(if by_handle(found) {
        ("NdisLinkHandle", handle, found.link.id)
    } else {
        ("ConnectionWrapperID", call, found.link.id)
    })
}

/// NDIS_STATUS_TAPI_INDICATION. LINE_NEWCALL comes with no htCall: who is above gives one, in ulParam2. The parameters are
/// ULONG_PTR, or ULONG where the structure is shorter; where it is shortest, the handles are as well.
pub(super) fn event(here: &Here, card: &Card, event: usize, length: usize) {
    let (call, message, first, second) = match length {
        48.. => (8, 16, 24, 32),
        32..48 => (8, 16, 20, 24),
        24..32 => (4, 8, 12, 16),
        _ => return,
    };
    let word = |at| peek::get::<u32>(event + at);
    match word(message) {
        Some(NEW_CALL) if length >= 48 => drop(peek::put(event + second, new_handle() as u64)),
        Some(NEW_CALL) => drop(peek::put(event + second, new_handle() as u32)),
        Some(CALL_STATE) if word(first) == Some(CONNECTED) => {
            // A handle is never longer than that.
            connected(here, card, word(call).unwrap_or(0) as usize);
        }
        _ => {}
    }
}

/// Whoever made a call sends as soon as it is connected. A line that names no call may be that of any.
fn connected(here: &Here, card: &Card, call: usize) {
    let mut things = card.things.lock();
    things.connected.insert(call);
    let others = |line: &Line| line.call != call && things.connected.contains(&line.call);
    if card.links.read().values().any(|line| line.link.is_up() && !others(line)) {
        return;
    }
    drop(things);
    let text = format!(
        "LINECALLSTATE_CONNECTED of the call {call:#x} (htCall) was indicated, and no line is up for it; expected \
         NDIS_STATUS_WAN_LINE_UP first, since whoever made the call may send at once"
    );
    here.broken(Rule::Line, &text);
}
