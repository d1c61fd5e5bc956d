//! A driver in C and one card of it: what its functions are called with, and what it was given.

use std::collections::{BTreeMap, HashSet};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use ndiswan::cx::Cpu;
use ndiswan::{Adapter, Status};
use parking_lot::{Mutex, RwLock};

use crate::context::{self, Inside};
use crate::image::{Image, LoadError};
use crate::locks::Locks;
use crate::memory::{Access, Guard, Heap, Pages};
use crate::packets::Arena;

/// A value of the registry, for NdisReadConfiguration.
#[derive(Clone, Debug)]
pub enum Value {
    /// NdisParameterInteger.
    Integer(u32),
    /// NdisParameterString.
    Text(String),
    /// NdisParameterMultiString.
    Texts(Vec<String>),
    /// NdisParameterBinary.
    Binary(Vec<u8>),
}

type Told = dyn Fn(u32, &[u8]) + Send + Sync;
type Ready = dyn Fn(&Arc<Adapter>) + Send + Sync;
/// A device model: space, address, bytes, and the value that is written or none for a read; answers the value that is read.
pub type Port = dyn Fn(Space, u64, u8, Option<u64>) -> u64 + Send + Sync;

/// Which of the card's address spaces is meant.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Space {
    /// I/O ports.
    Port,
    /// Memory-mapped registers.
    Memory,
    /// PCI configuration.
    Pci,
    /// What the configuration of an EISA slot says of each function, 320 bytes one behind the other.
    Eisa,
    /// The programmable option select registers of a Micro Channel card, from 0x100 on.
    Mca,
    /// The attribute memory of a PCMCIA card.
    Pcmcia,
    /// The channels of the system's DMA controller.
    Dma,
}

/// What of the scenario's is due.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Due {
    /// A timer that is not the driver's.
    Timer,
    /// A deferred procedure call that is not the driver's.
    Dpc,
    /// A device.
    Device,
}

/// What a card is brought up with.
pub struct Settings {
    /// The registry of the adapter, by keyword.
    pub config: Vec<(String, Value)>,
    /// Whether packets and blocks of memory get pages of their own.
    pub guard: bool,
    /// NdisReadNetworkAddress's answer.
    pub address: Option<[u8; 6]>,
    /// Told of statuses that are not lines: TAPI events, vendors' own.
    pub on_status: Box<Told>,
    /// Told of what the driver prints, and of what it should hear.
    pub on_text: Box<dyn Fn(&str) + Send + Sync>,
    /// Told how and where the driver crashed, once, and what else it did that breaks no rule of the contract.
    pub on_crash: Box<dyn Fn(&str) + Send + Sync>,
    /// The device model, if there is one: reads (`None`) or writes a register, by space, address, bytes and value.
    pub on_port: Option<Box<Port>>,
    /// Memory of the card's that the device model shares with the driver, and is not asked for.
    pub memory: Vec<crate::mapped::SharedMemory>,
    /// A timer, DPC or device of the scenario's is due, by its number.
    pub on_due: Box<dyn Fn(Due, u32) + Send + Sync>,
    /// Called with the adapter before MiniportInitialize is.
    pub on_ready: Box<Ready>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A driver: its code, its memory, and what it registered.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) image: ManuallyDrop<Image>,
    pub(crate) heap: Heap,
    pub(crate) entered: Mutex<Option<Status>>,
    pub(crate) handlers: OnceLock<Handlers>,
    pub(crate) locks: Locks,
    /// Lookaside lists that are in use: the length of their entries, and their tag.
    pub(crate) lists: Mutex<BTreeMap<usize, (u32, u32)>>,
    /// What NdisMRegisterUnloadHandler was given.
    pub(crate) unload: AtomicUsize,
    pub(crate) loaded: Mutex<crate::unload::Loaded>,
    /// Where in its source UBSan has found something: the address of the file's name, and the line.
    pub(crate) undefined: Mutex<HashSet<(usize, u32)>>,
    /// Why nothing of it is called any more.
    pub(crate) crashed: OnceLock<String>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // SAFETY: taken once, at the end.
        let image = unsafe { ManuallyDrop::take(&mut self.image) };
        drop(crate::snapshot::keep(image));
    }
}

/// The functions of NDIS_MINIPORT_CHARACTERISTICS, 0 for those that are not there.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Handlers {
    pub(crate) allocate_complete: usize,
    pub(crate) check_for_hang: usize,
    pub(crate) disable_interrupt: usize,
    pub(crate) enable_interrupt: usize,
    pub(crate) halt: usize,
    pub(crate) handle_interrupt: usize,
    pub(crate) initialize: usize,
    pub(crate) isr: usize,
    pub(crate) query: usize,
    pub(crate) reset: usize,
    pub(crate) wan_send: usize,
    pub(crate) set: usize,
    pub(crate) shutdown: usize,
}

/// A timer of the driver's, by the address of its structure.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Timer {
    pub(crate) number: u32,
    pub(crate) function: usize,
    pub(crate) context: usize,
    pub(crate) address: usize,
}

/// One card of a driver: the miniport that is bound.
#[derive(Debug)]
pub struct Card {
    pub(crate) me: Weak<Card>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) settings: Settings,
    /// MiniportAdapterHandle.
    pub(crate) handle: usize,
    core: OnceLock<Arc<Adapter>>,
    /// MiniportAdapterContext.
    pub(crate) context: AtomicUsize,
    pub(crate) hang_seconds: AtomicU64,
    pub(crate) attributes_set: AtomicBool,
    pub(crate) arena: OnceLock<Box<Arena>>,
    /// Links by NdisLinkContext.
    pub(crate) links: RwLock<BTreeMap<usize, crate::exports::Line>>,
    pub(crate) timers: RwLock<Vec<Timer>>,
    pub(crate) dpcs: RwLock<Vec<Timer>>,
    pub(crate) interrupt: Mutex<Option<Interrupt>>,
    pub(crate) requests: Mutex<Vec<crate::requests::Open>>,
    pub(crate) shutdown: Mutex<Option<(usize, usize)>>,
    pub(crate) windows: Mutex<Vec<crate::mapped::Window>>,
    pub(crate) config: Mutex<BTreeMap<String, usize>>,
    pub(crate) things: Mutex<crate::exports::Things>,
}

/// What NdisMRegisterInterrupt was asked.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Interrupt {
    pub(crate) request_isr: bool,
}

static NEXT_HANDLE: AtomicUsize = AtomicUsize::new(0);
/// Bytes of addresses for handles, of 16 each.
const HANDLES: usize = 64 << 20;

/// Handles are addresses at which nothing is and nothing will be: a driver that looks inside of one faults, and memory that it is
/// given is never at one. After four million the first comes again.
pub(crate) fn new_handle() -> usize {
    static PLACE: OnceLock<(Option<Pages>, usize)> = OnceLock::new();
    let (_, start) = PLACE.get_or_init(|| {
        let pages = Pages::new(HANDLES);
        let start = pages.as_ref().map_or(0x3000_0000, |pages| pages.start);
        if let Some(pages) = &pages {
            pages.protect(start, HANDLES, Access::Nothing);
        }
        (pages, start)
    });
    start + 16 * (NEXT_HANDLE.fetch_add(1, Ordering::Relaxed) % (HANDLES / 16))
}

static CARDS: RwLock<BTreeMap<usize, Weak<Card>>> = RwLock::new(BTreeMap::new());

/// The card that has this MiniportAdapterHandle.
pub(crate) fn by_handle(handle: usize) -> Option<Arc<Card>> {
    CARDS.read().get(&handle)?.upgrade()
}

/// Every card that there is; none if somebody changes the list at the moment.
pub(crate) fn all() -> Vec<Arc<Card>> {
    let known = CARDS.try_read();
    known.iter().flat_map(|cards| cards.values()).filter_map(Weak::upgrade).collect()
}

impl Card {
    /// The other cards of the same driver.
    pub(crate) fn siblings(&self) -> Vec<Arc<Card>> {
        // One that goes meanwhile wants the list: none is let go of under its lock.
        let known = CARDS.read().values().filter_map(Weak::upgrade).collect();
        let mut others: Vec<Arc<Card>> = known;
        others.retain(|other| {
            Arc::ptr_eq(&other.driver, &self.driver) && other.handle != self.handle
        });
        others
    }

    /// Loads the driver at `path` for one card.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(path: &Path, settings: Settings) -> Result<Arc<Card>, LoadError> {
        let image = Image::load(path)?;
        crate::fault::install();
        Ok(Card::on(image, settings))
    }

    /// The first card of a driver; faults are looked after already.
    pub(crate) fn on(image: Image, settings: Settings) -> Arc<Card> {
        context::forget_calls();
        let guard = match (settings.guard, image.key.second_form) {
            (false, _) => Guard::Nobody,
            (true, false) => Guard::Kernel,
            (true, true) => Guard::Driver,
        };
        let driver = Arc::new(Driver {
            image: ManuallyDrop::new(image),
            heap: Heap::new(guard),
            entered: Mutex::new(None),
            handlers: OnceLock::new(),
            locks: Locks::default(),
            lists: Mutex::default(),
            unload: AtomicUsize::new(0),
            loaded: Mutex::default(),
            undefined: Mutex::default(),
            crashed: OnceLock::new(),
        });
        Card::of(driver, settings)
    }

    /// Another card of the same driver.
    pub fn another(&self, settings: Settings) -> Arc<Card> {
        Card::of(Arc::clone(&self.driver), settings)
    }

    fn of(driver: Arc<Driver>, settings: Settings) -> Arc<Card> {
        let handle = new_handle();
        let card = Arc::new_cyclic(|me| Card {
            me: Weak::clone(me),
            driver,
            settings,
            handle,
            core: OnceLock::new(),
            context: AtomicUsize::new(0),
            hang_seconds: AtomicU64::new(2),
            attributes_set: AtomicBool::new(false),
            arena: OnceLock::new(),
            links: RwLock::default(),
            timers: RwLock::default(),
            dpcs: RwLock::default(),
            interrupt: Mutex::default(),
            requests: Mutex::default(),
            shutdown: Mutex::default(),
            windows: Mutex::default(),
            config: Mutex::default(),
            things: Mutex::default(),
        });
        CARDS.write().insert(handle, Arc::downgrade(&card));
        card
    }

    /// The engine's adapter, once the card is bound.
    pub fn adapter(&self) -> Option<&Arc<Adapter>> {
        self.core.get()
    }

    pub(crate) fn bound(&self, adapter: &Arc<Adapter>) {
        let _ = self.core.set(Arc::clone(adapter));
    }

    /// Why the driver is not called any more: it crashed.
    pub fn crashed(&self) -> Option<&str> {
        self.driver.crashed.get().map(String::as_str)
    }

    /// Functions that the driver could be linked with and that are not there.
    pub fn missing(&self) -> &[String] {
        self.driver.image.missing()
    }

    pub(crate) fn handlers(&self) -> Handlers {
        self.driver.handlers.get().copied().unwrap_or_default()
    }

    /// Calls a function of the driver; none if there is none, or it crashed now or before.
    #[inline]
    #[must_use = "none is a crash, or nothing to call"]
    pub(crate) fn call(&self, function: usize, arguments: &[usize]) -> Option<usize> {
        Cpu::here(|cpu| {
            let inside = self.begin(cpu, function)?;
            let result = self.driver.image.invoke(function, arguments, inside.frame());
            self.end(inside, result)
        })
    }

    /// The same for MiniportWanSend.
    #[inline(always)]
    #[allow(clippy::inline_always)] // once for each packet
    #[must_use = "none is a crash, or nothing to call"]
    pub(crate) fn call_wan_send(&self, cpu: &Rc<Cpu>, link: usize, packet: usize) -> Option<usize> {
        let function = self.driver.handlers.get()?.wan_send;
        let inside = self.begin(cpu, function)?;
        let context = self.context.load(Ordering::Relaxed);
        let result = self.driver.image.send(function, [context, link, packet], inside.frame());
        self.end(inside, result)
    }

    /// Begins a call, if there is such a function and the driver can be called.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `call_wan_send`
    fn begin(&self, cpu: &Rc<Cpu>, function: usize) -> Option<Inside<'_>> {
        // Of an execution that is cut off nobody may see to it that it goes on.
        let over = || self.adapter().is_some_and(|adapter| adapter.ndis.is_cut_off());
        let may = function != 0 && self.driver.crashed.get().is_none() && !over();
        may.then(|| Inside::begin(self, cpu))
    }

    /// Ends it; what it came to, none if it had to be left.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `call_wan_send`
    fn end(&self, inside: Inside<'_>, result: Option<usize>) -> Option<usize> {
        inside.end();
        if result.is_none() && !crate::own_thread::take_end() {
            self.crash(context::take_crash());
        }
        // A sanitizer may have found something in a call that returned all the same.
        result.filter(|_| self.driver.crashed.get().is_none())
    }

    /// After a crash: what the driver owes goes back, with no blame for what it could not do any more.
    pub(crate) fn let_go(&self) {
        if self.crashed().is_some()
            && let Some(adapter) = self.adapter()
        {
            adapter.take_all_home();
        }
    }

    /// Whether a file of debug information is the driver's own source.
    pub(crate) fn is_source(file: &Path) -> bool {
        !file.to_string_lossy().contains("ndiswan/drivers/")
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        CARDS.write().remove(&self.handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_where_a_handle_is() {
        let first = new_handle();
        let blocks: Vec<Pages> = (0..64).filter_map(|_| Pages::new(1 << 20)).collect();
        assert_eq!(blocks.len(), 64);
        for _ in 0..2_000_000 {
            let handle = new_handle();
            let taken = |block: &Pages| (block.start..block.start + block.length).contains(&handle);
            assert!(!blocks.iter().any(taken), "{handle:#x}");
        }
        assert_eq!(crate::peek::get::<u8>(first), None);
        assert_eq!(crate::peek::get::<u8>(new_handle()), None);
    }
}
