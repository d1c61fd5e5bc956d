//! What the Python objects of one world, and of one adapter, share.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use ndiswan::contract::adapter::Life;
use ndiswan::cx::Cpu;
use ndiswan::event::Side;
use ndiswan::{Adapter, Name, Ndis, OnViolation, Violation};
use parking_lot::Mutex;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use crate::error::{settle, value};
use crate::gil_cell::GilCell;
use crate::link::Link;
use crate::number::{Int, arg};
use crate::packet::Packet;
use crate::packet_data::{is_only_reference, is_seen_weakly};
use crate::vectorcall::Method;

/// One world as Python sees it.
pub(crate) struct World {
    pub(crate) core: Arc<Ndis>,
    /// Exceptions of callbacks on their way to whoever called the engine.
    pub(crate) pending: Mutex<Vec<PyErr>>,
    /// Whether there are any.
    pub(crate) has_pending: AtomicBool,
    /// All exceptions of callbacks there were.
    pub(crate) errors: Mutex<Vec<PyErr>>,
    /// Violations that became exceptions, by address, and on which thread's CPU.
    pub(crate) raised: Mutex<HashSet<(usize, u32)>>,
    /// How many violations were looked at on the way out.
    pub(crate) scanned: AtomicUsize,
    /// How many violations were looked at for ones of other threads that this one is to see.
    pub(crate) told: AtomicUsize,
    /// How many panics were told of.
    pub(crate) heard: AtomicUsize,
}

/// One packet's Python side.
#[derive(Default)]
pub(crate) struct PySlot {
    /// The protocol's object while the packet is in flight, or a spare one.
    pub(crate) protocol: Option<Py<Packet>>,
    /// The miniport's object of the present life, or of the last.
    pub(crate) miniport: Option<Py<Packet>>,
    /// The one before: a driver that completes a packet may have the last one still when the slot's next one comes.
    pub(crate) before: Option<Py<Packet>>,
    /// ProtocolReserved1-4, MacReserved1-4.
    pub(crate) reserved: [Option<Py<PyAny>>; 2],
    /// WanPacketQueue.
    pub(crate) queue: Option<Py<PyAny>>,
    /// The status in the out-of-band block, or in the net buffer list, if one was ever set.
    pub(crate) status: Option<ndiswan::Status>,
    /// Memory that a view still looks at although the packet has gone on with other memory.
    pub(crate) graveyard: Vec<(u32, u32, Box<[u8]>)>,
    /// Counts the packet's memories.
    pub(crate) epoch: u32,
}

/// What is called by its number, where there is something.
pub(crate) type Routines = Vec<Option<Method>>;

/// Calls the one of this number, if there is one.
#[inline]
pub(crate) fn call_routine(py: Python<'_>, known: &GilCell<Routines>, at: u32) -> PyResult<()> {
    let hold = |known: &mut Routines| Some(known.get(at as usize)?.as_ref()?.hold(py));
    let Some(routine) = known.with(py, hold) else { return Ok(()) };
    routine.call().map(drop)
}

/// One adapter as Python sees it.
pub(crate) struct Shared {
    pub(crate) core: Arc<Adapter>,
    pub(crate) world: Arc<World>,
    pub(crate) slots: Box<[GilCell<PySlot>]>,
    /// For each slot how many views of its memory are exported.
    pub(crate) exports: Box<[AtomicU32]>,
    /// Whether any of them ever was: who completes many looks at each only then.
    pub(crate) exported: AtomicBool,
    pub(crate) links: GilCell<Vec<Py<Link>>>,
    pub(crate) timers: GilCell<Routines>,
    pub(crate) dpcs: GilCell<Routines>,
    pub(crate) devices: GilCell<Routines>,
}

/// What the explorer chooses of ``n``; 0 where there is none.
pub(crate) fn chosen(py: Python<'_>, world: &World, n: Int<arg::N>, what: &str) -> PyResult<u32> {
    let below = u32::try_from(n.0).ok().filter(|n| *n > 0);
    let wrong = || value(format!("n: expected 1 to {}, got {}", u32::MAX, n.0));
    let chosen = world.core.choose(below.ok_or_else(wrong)?, what);
    settle(py, world)?;
    Ok(chosen)
}

/// After a bug check nothing is asked of an adapter any more.
pub(crate) fn alive(adapter: &ndiswan::Adapter) -> PyResult<()> {
    if adapter.life() == ndiswan::contract::adapter::Life::Stopped {
        Err(crate::error::usage(adapter.why_stopped()))
    } else {
        Ok(())
    }
}

impl Shared {
    /// Where the adapter is in its life, in a word.
    pub(crate) fn life(&self) -> &'static str {
        match self.core.life() {
            Life::Initializing => "initializing",
            Life::Running => "running",
            Life::Resetting => "resetting",
            Life::Pausing => "pausing",
            Life::Paused => "paused",
            Life::Halting => "halting",
            Life::Halted => "halted",
            Life::Stopped => "stopped",
        }
    }

    pub(crate) fn new(core: &Arc<Adapter>, world: Arc<World>) -> Shared {
        let packets = core.packets();
        Shared {
            core: Arc::clone(core),
            world,
            slots: (0..packets).map(|_| GilCell::default()).collect(),
            exports: (0..packets).map(|_| AtomicU32::new(0)).collect(),
            exported: AtomicBool::new(false),
            links: GilCell::default(),
            timers: GilCell::default(),
            dpcs: GilCell::default(),
            devices: GilCell::default(),
        }
    }

    /// The Python object of a link.
    #[inline]
    pub(crate) fn link(
        self: &Arc<Self>,
        py: Python<'_>,
        link: &Arc<ndiswan::Link>,
    ) -> PyResult<Py<Link>> {
        self.bound_link(py, link).map(Bound::unbind)
    }

    /// The same, bound: one that is let go need not ask whether its thread has the interpreter.
    #[inline]
    pub(crate) fn bound_link<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        link: &Arc<ndiswan::Link>,
    ) -> PyResult<Bound<'py, Link>> {
        let at = (link.id & 0xFFFF) as usize;
        let known = self.links.with(py, |links| links.get(at).map(|link| link.bind(py).clone()));
        match known {
            Some(known) => Ok(known),
            None => self.new_link(py, link).map(|made| made.into_bound(py)),
        }
    }

    #[cold]
    fn new_link(self: &Arc<Self>, py: Python<'_>, link: &Arc<ndiswan::Link>) -> PyResult<Py<Link>> {
        let at = (link.id & 0xFFFF) as usize;
        let made = Py::new(py, Link { core: Arc::clone(link), shared: Arc::clone(self) })?;
        self.links.with(py, |links| {
            if links.len() == at {
                links.push(made.clone_ref(py));
            }
        });
        Ok(made)
    }

    /// The miniport's object for the life that `name` says: the one of the last life if nobody
    /// else holds it, else a new one, so that an old reference stays an old name.
    #[inline]
    pub(crate) fn miniport_packet<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        name: Name,
    ) -> PyResult<Bound<'py, Packet>> {
        let place = &self.slots[name.slot as usize];
        let (spare, scratch, gone) = place.with(py, |slot| {
            let is_spare = |packet: &Py<Packet>| is_only_reference(py, packet);
            let mut gone = None;
            if !slot.miniport.as_ref().is_some_and(is_spare) {
                std::mem::swap(&mut slot.miniport, &mut slot.before);
                // What somebody refers to weakly ends with the last reference to it that is none of ours.
                gone = slot.before.take_if(|packet| is_seen_weakly(py, packet));
            }
            let spare = slot.miniport.as_ref().filter(|packet| is_spare(packet));
            // MacReserved is of one life. Not dropped in here: that may run anything.
            (spare.map(|packet| packet.bind(py).clone()), slot.reserved[1].take(), gone)
        });
        drop((gone, scratch));
        match spare {
            Some(packet) => {
                packet.get().generation.store(name.generation, Ordering::Relaxed);
                Ok(packet)
            }
            None => self.new_miniport_packet(py, name),
        }
    }

    #[inline(never)]
    fn new_miniport_packet<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        name: Name,
    ) -> PyResult<Bound<'py, Packet>> {
        let made = Packet::new(Arc::clone(self), name.slot, name.generation, Side::Miniport);
        let packet = Bound::new(py, made)?;
        let kept = packet.clone().unbind();
        let old = self.slots[name.slot as usize].with(py, |slot| slot.miniport.replace(kept));
        drop(old);
        Ok(packet)
    }

    /// The protocol's object: the one that it sent, or a spare, or a new one.
    pub(crate) fn protocol_packet(
        self: &Arc<Self>,
        py: Python<'_>,
        slot: u32,
    ) -> PyResult<Py<Packet>> {
        if let Some(packet) = self.slots[slot as usize].with(py, |slot| slot.protocol.take()) {
            packet.get().holds.store(true, Ordering::Relaxed);
            return Ok(packet);
        }
        let made = Packet::new(Arc::clone(self), slot, 0, Side::Protocol);
        made.holds.store(true, Ordering::Relaxed);
        Py::new(py, made)
    }

    /// The protocol's callback is over: if nobody kept the packet, and it was not sent again, it
    /// goes back to the pool, and its object waits for the slot's next packet.
    pub(crate) fn let_go(&self, py: Python<'_>, cpu: &Rc<Cpu>, packet: Py<Packet>) {
        let this = packet.get();
        let alone = is_only_reference(py, &packet) && this.holds.load(Ordering::Relaxed);
        if !alone {
            return;
        }
        this.holds.store(false, Ordering::Relaxed);
        let name = Name { adapter: self.core.index, slot: this.slot, generation: 0 };
        let old = self.slots[name.slot as usize].with(py, |slot| slot.protocol.replace(packet));
        drop(old);
        self.core.release_on(cpu, name);
    }

    /// Drops what would keep a cycle of objects alive after the adapter's end.
    pub(crate) fn clear(&self, py: Python<'_>) {
        drop(self.links.with(py, std::mem::take));
        drop(self.timers.with(py, std::mem::take));
        drop(self.dpcs.with(py, std::mem::take));
        drop(self.devices.with(py, std::mem::take));
        for slot in &self.slots {
            let kept = slot.with(py, |slot| {
                (
                    slot.protocol.take(),
                    slot.miniport.take(),
                    slot.before.take(),
                    std::mem::take(&mut slot.reserved),
                    slot.queue.take(),
                )
            });
            drop(kept);
        }
    }
}

impl World {
    /// Runs what may wait without the interpreter; with it where all CPUs are on this one thread.
    pub(crate) fn away<R: Send>(&self, py: Python<'_>, f: impl FnOnce() -> R + Send) -> R {
        if self.core.config.time == ndiswan::TimeKind::Adversarial { f() } else { py.detach(f) }
    }

    /// Whether a broken rule becomes an exception at the call.
    pub(crate) fn raises(&self) -> bool {
        self.core.config.on_violation != OnViolation::Record
    }

    /// Keeps an exception of a callback until the outermost call can raise it.
    pub(crate) fn keep(&self, py: Python<'_>, error: PyErr) {
        self.keep_of(py, error, None);
    }

    /// The same of a callback that was called with a packet.
    pub(crate) fn keep_of(&self, py: Python<'_>, error: PyErr, packet: Option<Name>) {
        crate::error::note_where(py, &self.core, &error, packet);
        self.keep_as_it_is(py, error);
    }

    /// The same of an exception that says where it was.
    pub(crate) fn keep_as_it_is(&self, py: Python<'_>, error: PyErr) {
        // It may never be raised again; who finds it in `errors` wants to know where it was.
        error.value(py).setattr("__traceback__", error.traceback(py)).unwrap_or(());
        if error.is_instance_of::<PyKeyboardInterrupt>(py) {
            self.core.pause();
        }
        self.errors.lock().push(error.clone_ref(py));
        self.pending.lock().push(error);
        self.has_pending.store(true, Ordering::Release);
        Cpu::current().note_exception();
        self.core.interrupt_run();
    }

    /// The exceptions in `errors` have tracebacks, these have frames, and the frames have packets in
    /// local variables, which are then in use: clears the frames. Whether there were any.
    pub(crate) fn forget_frames(&self, py: Python<'_>) -> PyResult<bool> {
        let errors: Vec<_> =
            self.errors.lock().iter().map(|error| error.value(py).clone().unbind()).collect();
        let any = !errors.is_empty();
        py.import("ndiswan.ndis")?.call_method1("_forget_frames", (errors,))?;
        Ok(any)
    }

    /// Notes that a violation became an exception on the calling thread.
    pub(crate) fn mark(&self, violation: &Arc<Violation>) {
        self.raised.lock().insert((Arc::as_ptr(violation) as usize, violation.cpu));
    }

    pub(crate) fn is_marked(&self, violation: &Arc<Violation>) -> bool {
        self.raised.lock().contains(&(Arc::as_ptr(violation) as usize, violation.cpu))
    }
}
