//! One line of an adapter: its window, and the queue of sends beyond it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::adapter::Drivers;
use super::{Adapter, Counters};
use crate::biased::Biased;
use crate::contract::adapter::LinkState;
use crate::info::{EXTRA_FRAME_BYTES, LinkInfo};
use crate::oid::Stats;
use crate::status::FinalStatus;

mod meter;

use meter::Meter;
pub use meter::{Measured, NoTimes};

/// What a line-up says of a link (`NDIS_MAC_LINE_UP`).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct LinkSettings {
    /// In bits per second; the structure has it in units of 100.
    pub speed: u64,
    /// 0 raw, 1 error control, 2 reliable.
    pub quality: u32,
    /// SendWindow; 0 means `WanInfo::max_transmit`.
    pub send_window: u16,
}

impl Default for LinkSettings {
    fn default() -> LinkSettings {
        LinkSettings { speed: 64_000, quality: 0, send_window: 0 }
    }
}

#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) state: LinkState,
    /// The adapter's, here because whoever submits or brings home has this lock already.
    pub(crate) drivers: Option<Arc<Drivers>>,
    pub(crate) queue: VecDeque<u32>,
    /// Somebody sends from the queue: others queue behind, so that the order holds.
    pub(crate) pumping: bool,
    /// The protocol is being told that the line goes down: what it sends meanwhile is queued.
    pub(crate) going_down: bool,
    pub(crate) settings: LinkSettings,
    pub(crate) info: LinkInfo,
    pub(crate) stats: Stats,
    pub(crate) count: Counters,
    /// What is measured, if somebody asked for it.
    pub(crate) meter: Option<Box<Meter>>,
}

impl Flow {
    /// Whether a send of `length` bytes goes to the miniport at once.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn is_clear_for(&self, length: u32) -> bool {
        self.state.may_send().is_ok()
            && self.state.has_room()
            && length <= self.info.max_send_frame_size + EXTRA_FRAME_BYTES
            && !self.going_down
            && !self.pumping
            && self.queue.is_empty()
    }

    /// How many sends the window lets through now.
    pub(crate) fn room(&self) -> usize {
        self.state.window.saturating_sub(self.state.outstanding) as usize
    }

    /// The longest frame that may be sent.
    pub(crate) fn longest(&self) -> u32 {
        self.info.max_send_frame_size + EXTRA_FRAME_BYTES
    }

    /// So many sends were taken and go to the miniport together; there is room for them, and the line is up.
    #[inline]
    pub(crate) fn go_down(&mut self, many: u32) {
        self.count.sends += u64::from(many);
        self.count.submitted += u64::from(many);
        self.state.outstanding += many;
    }

    /// So many packets are the protocol's again, of which `done`, of so many bytes together, with SUCCESS.
    pub(crate) fn come_home(&mut self, many: u32, done: u64, bytes: u64) {
        self.state.outstanding = self.state.outstanding.saturating_sub(many);
        self.count.completions += u64::from(many);
        self.count.delivered += u64::from(many);
        self.stats.frames_sent += done;
        self.stats.bytes_sent += bytes;
    }

    /// A send was taken and goes to the miniport at once.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn goes_down(&mut self) {
        self.go_down(1);
    }

    /// A packet is the protocol's again.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `Bias::alone`
    pub(crate) fn comes_home(&mut self, status: FinalStatus, length: u64) {
        self.state.done();
        self.count.delivered += 1;
        if status == FinalStatus::SUCCESS {
            self.stats.frames_sent += 1;
            self.stats.bytes_sent += length;
        }
    }
}

/// One line of an adapter.
#[derive(Debug)]
pub struct Link {
    /// Its number in its world.
    pub id: u32,
    /// NdisLinkHandle: the miniport's name for it.
    pub handle: u64,
    /// NdisLinkContext: NDIS's name for it.
    pub context: u64,
    /// Whose it is.
    pub adapter: Arc<Adapter>,
    pub(crate) flow: Biased<Flow>,
}

impl Link {
    pub(crate) fn new(adapter: Arc<Adapter>, id: u32, handle: u64) -> Arc<Link> {
        let info = LinkInfo::from_info(&adapter.info, handle);
        let flow = Flow {
            state: LinkState::default(),
            drivers: adapter.drivers.load_full(),
            queue: VecDeque::new(),
            pumping: false,
            going_down: false,
            settings: LinkSettings::default(),
            info,
            stats: Stats::default(),
            count: Counters::default(),
            meter: None,
        };
        // A context that is no small number, so that a handle given for it is found out.
        let context = 0x4E44_0000_0000 | u64::from(id);
        let bias = Arc::clone(&adapter.ndis.bias);
        Arc::new(Link { id, handle, context, adapter, flow: Biased::new(&bias, flow) })
    }

    /// Queues a send that was taken; false if the call was closed since then, and what is queued
    /// has gone back already.
    pub(crate) fn enqueue(&self, slot: u32) -> bool {
        let mut flow = self.flow.lock();
        if flow.state.closed {
            flow.count.delivered += 1; // in that it is not kept
        } else {
            flow.queue.push_back(slot);
        }
        !flow.state.closed
    }

    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        let flow = self.flow.lock();
        flow.state.up && !flow.going_down
    }

    /// Whether its call was closed.
    pub fn is_closed(&self) -> bool {
        self.flow.lock().state.closed
    }

    /// How many uncompleted sends the miniport takes.
    pub fn window(&self) -> u32 {
        self.flow.lock().state.window
    }

    /// How many it has.
    pub fn outstanding(&self) -> u32 {
        self.flow.lock().state.outstanding
    }

    /// How many sends wait in NDIS.
    pub fn queued(&self) -> usize {
        self.flow.lock().queue.len()
    }

    /// What the last line-up said.
    pub fn settings(&self) -> LinkSettings {
        self.flow.lock().settings
    }

    /// Its `NDIS_WAN_GET_LINK_INFO`.
    pub fn info(&self) -> LinkInfo {
        self.flow.lock().info.clone()
    }

    /// What went over it.
    pub fn stats(&self) -> Stats {
        self.flow.lock().stats
    }
}
