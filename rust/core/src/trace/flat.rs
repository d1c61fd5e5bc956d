//! A line of a trace, read at once: nine tenths of the time that serde takes for an event is for finding out
//! first which one it is.
//!
//! All fields that any event has are one structure here, and what is missing is nothing. A line that is not
//! understood so is read in the general way, which also says what is wrong with it.

use std::borrow::Cow;

use serde::Deserialize;

use super::write::Line;
use crate::cx::Irql;
use crate::event::{Entry, Event, Form, Name, Part, Side, TakenBack, What};
use crate::face::Face;
use crate::rule::Rule;
use crate::status::Status;

#[derive(Deserialize)]
struct Flat<'a> {
    time: u64,
    cpu: u32,
    irql: Irql,
    locks: u8,
    adapter: u16,
    #[serde(default)]
    site: u32,
    what: &'a str,
    packet: Option<Name>,
    link: Option<u32>,
    length: Option<u32>,
    window: Option<u32>,
    status: Option<Status>,
    why: Option<TakenBack>,
    side: Option<Side>,
    part: Option<Part>,
    lock: Option<u32>,
    form: Option<Form>,
    to: Option<Irql>,
    at: Option<u64>,
    entry: Option<Entry>,
    serialized: Option<bool>,
    reentrant: Option<bool>,
    #[serde(default)]
    face: Face,
    timer: Option<u32>,
    rule: Option<Rule>,
    data: Option<Cow<'a, str>>,
    net_buffers: Option<Vec<u32>>,
    detail: Option<Cow<'a, str>>,
    about: Option<Name>,
    #[serde(default)]
    warning: bool,
}

/// The line, if it is understood.
pub(super) fn line(text: &[u8]) -> Option<Line<'_>> {
    let flat: Flat<'_> = serde_json::from_slice(text).ok()?;
    let what = flat.what()?;
    let Flat {
        time,
        cpu,
        irql,
        locks,
        adapter,
        site,
        data,
        net_buffers,
        detail,
        about,
        warning,
        ..
    } = flat;
    let event = Event { time, cpu, irql, locks, adapter, site, what };
    let net_buffers = net_buffers.map(Cow::Owned);
    Some(Line { event, data, net_buffers, detail, about, warning })
}

impl Flat<'_> {
    fn what(&self) -> Option<What> {
        let (packet, link, lock, form) = (self.packet, self.link, self.lock, self.form);
        Some(match self.what {
            "allocate" => What::Allocate { packet: packet? },
            "send" => What::Send { packet: packet?, link: link?, length: self.length? },
            "submit" => What::Submit { packet: packet?, link: link? },
            "return" => What::Return { packet: packet?, status: self.status? },
            "complete" => What::Complete { packet: packet?, status: self.status? },
            "deliver" => What::Deliver { packet: packet?, link: link?, status: self.status? },
            "unsend" => What::Unsend { packet: packet?, link: link?, status: self.status? },
            "free" => What::Free { packet: packet? },
            "take_back" => What::TakeBack { packet: packet?, why: self.why? },
            "requeue" => What::Requeue { packet: packet?, link: link? },
            "cancel" => What::Cancel { packet: packet? },
            "touch" => What::Touch { packet: packet?, side: self.side?, part: self.part? },
            "line_up" => What::LineUp { link: link?, window: self.window? },
            "line_down" => What::LineDown { link: link? },
            "close_call" => What::CloseCall { link: link? },
            "indicate" => What::Indicate { link: link?, length: self.length? },
            "acquire" => What::Acquire { lock: lock?, form: form? },
            "release" => What::Release { lock: lock?, form: form? },
            "raise" => What::Raise { to: self.to? },
            "lower" => What::Lower { to: self.to? },
            "enter" => What::Enter { entry: self.entry?, at: Irql(u8::try_from(self.at?).ok()?) },
            "leave" => What::Leave { entry: self.entry? },
            "register" => {
                let (serialized, reentrant) = (self.serialized?, self.reentrant?);
                What::Register { serialized, reentrant, face: self.face }
            }
            "start" => What::Start,
            "reset_start" => What::ResetStart,
            "reset_complete" => What::ResetComplete { status: self.status? },
            "reset_end" => What::ResetEnd,
            "pause" => What::Pause,
            "paused" => What::Paused,
            "resources_available" => What::ResourcesAvailable,
            "halt" => What::Halt,
            "halted" => What::Halted,
            "stop" => What::Stop,
            "timer_set" => What::TimerSet { timer: self.timer?, at: self.at? },
            "timer_cancel" => What::TimerCancel { timer: self.timer? },
            "timer_fire" => What::TimerFire { timer: self.timer? },
            "violation" => What::Violation { rule: self.rule? },
            _ => return None,
        })
    }
}
