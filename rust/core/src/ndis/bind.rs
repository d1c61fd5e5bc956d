//! An adapter's beginning: bind, MiniportInitialize, the first line.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use super::adapter::{Adapter, Count, Drivers, Lent};
use super::alarm::Alarm;
use super::device::Devices;
use super::gate::Gate;
use super::homeward::Homeward;
use super::lines::Lines;
use super::timer::Timers;
use super::{Link, LinkSettings, Ndis};
use crate::biased::Biased;
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::event::{Entry, What};
use crate::face::Face;
use crate::info::{BadInfo, MAX_PACKETS, WanInfo};
use crate::late::Late;
use crate::miniport::{Miniport, Mode};
use crate::policy::Reentry;
use crate::pool::Pool;
use crate::protocol::Protocol;
use crate::status::Status;

/// Why an adapter did not come up.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// What the miniport says of itself cannot be.
    #[error("{0}")]
    Info(#[from] BadInfo),
    /// A pool of that size is not made.
    #[error("expected a pool of 1 to {MAX_PACKETS} packets, got {0}")]
    Packets(u32),
    /// MiniportInitialize failed, or MiniportRestart of NDIS 6 behind it.
    #[error("{entry} of {adapter:?} failed with {status}", entry = .entry.name())]
    Initialize {
        /// Which of them.
        entry: Entry,
        /// Whose.
        adapter: String,
        /// With what.
        status: Status,
    },
    /// The world is closed.
    #[error("this Ndis is closed; make a new one")]
    Closed,
    /// A thread is closing the world: nobody would halt the adapter any more.
    #[error("this Ndis is being closed; bind in a new one")]
    Closing,
    /// There are 65,535 adapters already.
    #[error("an Ndis takes 65,535 adapters at the most")]
    TooManyAdapters,
    /// Bound from inside of a callback.
    #[error("expected a thread at PASSIVE_LEVEL, came at {0}; bind outside of callbacks")]
    NotPassive(Irql),
}

impl Ndis {
    /// Binds a protocol to a miniport with a pool of `packets`: MiniportInitialize is called, then
    /// the first line comes up unless the miniport does that itself.
    ///
    /// # Errors
    /// [`BindError`] if what they say cannot be, or MiniportInitialize fails.
    pub fn bind<M: Miniport>(
        &self,
        protocol: impl Protocol,
        miniport: M,
        packets: u32,
        name: &str,
    ) -> Result<Arc<Link>, BindError> {
        let says_late = miniport.says_late();
        let info = miniport.info();
        info.validate()?;
        if packets == 0 || packets > MAX_PACKETS {
            return Err(BindError::Packets(packets));
        }
        if self.is_closed() {
            return Err(BindError::Closed);
        }
        let cpu = Cpu::current();
        if cpu.irql() != Irql::PASSIVE {
            return Err(BindError::NotPassive(cpu.irql()));
        }
        let (line_up, keep) = (miniport.line_up_at_bind(), self.history_length());
        let face = miniport.face();
        let ndis = self.me.upgrade().ok_or(BindError::Closed)?;
        let drivers = Drivers { miniport: Box::new(miniport), protocol: Box::new(protocol) };
        let drivers = Some(Arc::new(drivers));
        let adapter = self.add_adapter(|index| {
            let homeward = if ndis.queue.adversary.is_some() {
                Homeward::of_one_thread(packets as usize)
            } else {
                Homeward::new(packets as usize)
            };
            let (pool, info) = if says_late {
                (Late::unknown(), Late::unknown())
            } else {
                let pool = Pool::new(packets, &info, keep, &ndis.bias);
                (Late::known(pool), Late::known(info))
            };
            Arc::new_cyclic(|me| Adapter {
                index,
                name: name.to_string(),
                serialized: AtomicBool::new(M::Mode::SERIALIZED),
                pool,
                size: packets,
                face,
                stalled_since: AtomicU64::new(0),
                restarting: AtomicBool::new(false),
                restarted: AtomicU32::new(0),
                cancel_ids: Mutex::default(),
                without: Mutex::default(),
                info,
                me: std::sync::Weak::clone(me),
                drivers: ArcSwapOption::new(drivers.clone()),
                lent: Biased::new(&ndis.bias, Lent { call: drivers, ..Lent::default() }),
                life: AtomicU8::new(Life::Initializing as u8),
                links: Biased::new(&ndis.bias, Lines::new(index)),
                timers: Timers::new(&ndis.bias),
                devices: Devices::new(&ndis.bias),
                ndis,
                gate: Gate::default(),
                homeward,
                deliver_scheduled: AtomicBool::new(false),
                deliver_missed: AtomicBool::new(false),
                alarm: Alarm::default(),
                dpcs_running: AtomicU32::new(0),
                calls_running: AtomicU32::new(0),
                ignores_packet_timeout: AtomicBool::new(false),
                last_progress: AtomicU64::new(0),
                hang_reported: AtomicBool::new(false),
                went_down: AtomicBool::new(false),
                reset_since: AtomicU64::new(u64::MAX),
                storm: super::interrupt::Storm::default(),
                kept: Mutex::default(),
                past: Mutex::default(),
                count: Count::default(),
            })
        })?;
        adapter.initialize(&cpu, line_up)?;
        let link = adapter.links.lock().list.first().cloned();
        link.or_else(|| adapter.new_link(None)).ok_or(BindError::TooManyAdapters)
    }

    fn add_adapter(
        &self,
        make: impl FnOnce(u16) -> Arc<Adapter>,
    ) -> Result<Arc<Adapter>, BindError> {
        let mut adapters = self.adapters.lock();
        if self.full.load(Ordering::Relaxed) {
            return Err(BindError::Closing);
        }
        if adapters.len() >= self.blocks.load(Ordering::Relaxed) as usize {
            return Err(BindError::TooManyAdapters); // lines have the numbers that its own would have
        }
        let index = u16::try_from(adapters.len()).map_err(|_| BindError::TooManyAdapters)?;
        let adapter = make(index);
        adapters.push(Arc::clone(&adapter));
        Ok(adapter)
    }
}

impl Adapter {
    fn initialize(&self, cpu: &Rc<Cpu>, line_up: bool) -> Result<(), BindError> {
        let reentrant = self.ndis.config.policy.serialized_reentry == Reentry::Recursive;
        let (serialized, face) = (self.serialized(), self.face);
        self.emit(cpu, What::Register { serialized, reentrant, face });
        let _ = self.enter_and_wait(cpu, None); // nobody else knows it yet
        let this = self.arc();
        let result = self.call(cpu, Entry::Initialize, Irql::PASSIVE, |drivers| {
            drivers.miniport.initialize(cpu, &this)
        });
        let mut result = result.unwrap_or(Err(Status::FAILURE));
        let mut entry = Entry::Initialize;
        if result.is_ok() && self.face == Face::Ndis6 {
            // It begins paused, and is restarted.
            entry = Entry::Restart;
            result = match self.first_restart(cpu) {
                Status::SUCCESS => Ok(()),
                status => Err(status),
            };
        }
        self.describe(WanInfo::default()); // unless the miniport did, or said it before
        // Inside of the miniport still, so that a halt finds one life or the other.
        let runs = result.is_ok() && self.begin_to_run();
        if runs {
            self.emit(cpu, What::Start);
        }
        self.leave(cpu);
        if let Err(status) = result {
            self.finish();
            self.drop_drivers();
            return Err(BindError::Initialize { entry, adapter: self.name.clone(), status });
        }
        if !runs {
            // Who closes the world did not wait: the driver ends what it has begun all the same.
            self.call(cpu, Entry::Halt, Irql::PASSIVE, |drivers| drivers.miniport.halt(cpu));
            return Err(BindError::Closing);
        }
        let interval = self.hang_interval();
        if interval > 0 {
            self.ndis.queue.schedule_background(
                self.ndis.now() + interval,
                Work::HangCheck { adapter: self.index },
            );
        }
        if line_up
            && self.links.lock().list.is_empty()
            && let Some(link) = self.new_link(None)
        {
            // NDIS's own doing: what a driver may not do here does not apply.
            let before = cpu.irql();
            if self.serialized() {
                self.set_level(cpu, What::Raise { to: Irql::DISPATCH }, Irql::DISPATCH);
            }
            // NDIS's own word for it, since 0 closes the window of CoNDIS.
            let most = u16::try_from(self.info.max_transmit).unwrap_or(u16::MAX);
            let send_window = if self.face == Face::Condis { most } else { 0 };
            let settings = LinkSettings { send_window, ..LinkSettings::default() };
            self.bring_up(cpu, &link, settings);
            if self.serialized() {
                self.set_level(cpu, What::Lower { to: before }, before);
            }
        }
        // What a protocol sent when a line came up inside of MiniportInitialize has waited.
        self.pump_all(cpu);
        Ok(())
    }

    /// NDIS_ATTRIBUTE_IGNORE_PACKET_TIMEOUT of NdisMSetAttributesEx: a send may take as long as it likes.
    pub fn ignore_packet_timeout(&self) {
        self.ignores_packet_timeout.store(true, Ordering::Relaxed);
    }

    /// What NdisMSetAttributesEx says of the mode, for a miniport that [says it late](Miniport::says_late); from
    /// inside of its MiniportInitialize.
    pub fn set_deserialized(&self) {
        let cpu = Cpu::current();
        if self.life() != Life::Initializing || !self.serialized() {
            return;
        }
        self.leave(&cpu);
        self.serialized.store(false, Ordering::Relaxed);
        let reentrant = self.ndis.config.policy.serialized_reentry == Reentry::Recursive;
        self.emit(&cpu, What::Register { serialized: false, reentrant, face: self.face });
    }

    /// What the miniport answers to OID_WAN_GET_INFO, for one that [says it late](Miniport::says_late). The first
    /// answer counts.
    pub fn describe(&self, info: WanInfo) {
        let keep = self.ndis.history_length();
        self.pool.say(|| Pool::new(self.size, &info, keep, &self.ndis.bias));
        self.info.say(|| info);
    }

    /// Whether sends may go down from here on; not if another thread has begun to halt it.
    fn begin_to_run(&self) -> bool {
        let first = |now| (now == Life::Initializing as u8).then_some(Life::Running as u8);
        let begun = self.life.fetch_update(Ordering::AcqRel, Ordering::Acquire, first);
        begun.is_ok() || self.life() == Life::Stopped
    }

    fn set_level(&self, cpu: &Rc<Cpu>, event: What, to: Irql) {
        self.emit(cpu, event);
        cpu.state.borrow_mut().irql = to;
    }
}
