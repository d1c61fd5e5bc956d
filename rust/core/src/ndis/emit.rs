//! Events on their way: into the packets' histories, and into the recording if there is one.

mod tell;

use std::rc::Rc;

use super::{Adapter, Config, Link, Ndis, Verify};
use crate::coverage::Said;
use crate::cx::Cpu;
use crate::event::{Name, What};
use crate::history::who;
use crate::pool::Slot;
use crate::status::Status;
use crate::time::TimeKind;
use crate::trace::record::Note;

/// Where events go.
#[derive(Copy, Clone, Debug)]
pub(super) enum Watch {
    /// Nowhere.
    Nothing,
    /// Into the packets' histories.
    Histories,
    /// There, in numbers and without their call sites, and to the explorer that counts them.
    Counted,
    /// There with their call sites, into the recording, or both.
    Everything,
}

impl Watch {
    pub(super) fn of(config: &Config) -> Watch {
        let counted = config.adversity.is_some() && !config.record;
        match config.verify {
            Verify::CallSites => Watch::Everything,
            _ if config.record => Watch::Everything,
            _ if counted => Watch::Counted,
            Verify::Off | Verify::Counters => Watch::Nothing,
            Verify::LastOwner | Verify::History => Watch::Histories,
        }
    }
}

/// When and where a driver's call came in: looked up once, for all the events that it makes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) time: u64,
    site: u32,
}

impl Ndis {
    #[cold]
    fn site(&self) -> u32 {
        let Some(text) = self.config.call_site.and_then(|call_site| call_site()) else { return 0 };
        let mut sites = self.sites.lock();
        let known = sites.iter().rposition(|site| *site == text);
        let index = known.unwrap_or_else(|| {
            std::sync::Arc::make_mut(&mut sites).push(text);
            sites.len() - 1
        });
        index as u32 + 1
    }

    /// Records an event: in the packet's history, and in the recording if there is one.
    #[inline(always)]
    #[allow(clippy::inline_always)] // a constant event folds to five stores at each call
    pub(crate) fn emit(&self, adapter: &Adapter, cpu: &Rc<Cpu>, what: What) {
        if !matches!(self.watch, Watch::Nothing) {
            self.emit_at(adapter, cpu, self.moment(), what);
        }
    }

    /// Whether a broken rule says which call of the driver's broke it.
    pub(crate) fn looks_where(&self) -> bool {
        self.config.verify == Verify::CallSites || self.queue.adversary.is_some()
    }

    /// Whether events without a packet are of use too.
    #[inline]
    pub(crate) fn tells_all(&self) -> bool {
        self.told
    }

    /// Now, in a span: it does not ask where the driver is.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn instant(&self) -> Moment {
        Moment { time: self.queue.clock.simulated(), site: 0 }
    }

    /// Now, and where the driver is. The clock is not read if nobody asks for the time later.
    pub(crate) fn moment(&self) -> Moment {
        let site = if self.config.verify == Verify::CallSites { self.site() } else { 0 };
        let unused = self.config.time == TimeKind::Real
            && self.verify_off()
            && matches!(self.watch, Watch::Nothing);
        Moment { time: if unused { 0 } else { self.now() }, site }
    }

    /// The same place at a later time: a driver's function ran in between.
    #[inline]
    pub(crate) fn later(&self, moment: Moment) -> Moment {
        if matches!(self.watch, Watch::Nothing) {
            return moment; // only events tell these two apart
        }
        Moment { time: self.now(), ..moment }
    }

    /// The same for an event of a call that came in at `moment`.
    #[inline(always)]
    #[allow(clippy::inline_always)] // where the kind of event is known, packing it is a few stores
    fn emit_at(&self, adapter: &Adapter, cpu: &Rc<Cpu>, moment: Moment, what: What) {
        match (self.watch, what.packet()) {
            (Watch::Nothing, _) | (Watch::Histories, None) => {}
            (Watch::Histories, Some(name)) => {
                if name.adapter == adapter.index
                    && let Some(place) = adapter.pool.get(name.slot)
                {
                    keep(place, cpu, moment, what);
                }
            }
            (Watch::Counted | Watch::Everything, _) => {
                self.emit_with(adapter, cpu, moment, what, || Note::Nothing);
            }
        }
    }

    /// The same for an event of the packet in `place`: the common case, which has to be cheap.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(crate) fn note(
        &self,
        adapter: &Adapter,
        place: &Slot,
        cpu: &Rc<Cpu>,
        moment: Moment,
        what: What,
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => keep(place, cpu, moment, what),
            Watch::Counted | Watch::Everything => {
                self.emit_with(adapter, cpu, moment, what, || Note::Nothing);
            }
        }
    }

    /// That the packet in `place`, `packet` before that, was taken, sent and submitted.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn note_sent<'a>(
        &self,
        link: &Link,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        (now, who): (Moment, u64),
        length: u32,
        frame: impl FnOnce() -> &'a [u8],
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => {
                place.history.keep_sent(now.time, who, packet.generation, length, link.id);
            }
            Watch::Counted | Watch::Everything => self.tell_sent(link, packet, cpu, now, frame()),
        }
    }

    #[cold]
    fn tell_sent(&self, link: &Link, packet: Name, cpu: &Rc<Cpu>, now: Moment, frame: &[u8]) {
        let taken = What::Allocate { packet };
        self.emit_with(&link.adapter, cpu, now, taken, || Note::Nothing);
        let frame = (frame.len() as u32, Note::Frame(frame.into()));
        self.tell_again(link, packet, cpu, now, frame);
    }

    /// That the packet in `place`, which the protocol had as `packet`, was sent and submitted.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn note_again(
        &self,
        link: &Link,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        (now, who): (Moment, u64),
        length: u32,
        frame: impl FnOnce() -> Note,
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => {
                place.history.keep_again(now.time, who, packet.generation, length, link.id);
            }
            Watch::Counted | Watch::Everything => {
                self.tell_again(link, packet, cpu, now, (length, frame()));
            }
        }
    }

    #[cold]
    fn tell_again(
        &self,
        link: &Link,
        packet: Name,
        cpu: &Rc<Cpu>,
        now: Moment,
        (length, frame): (u32, Note),
    ) {
        let id = link.id;
        let send = What::Send { packet, link: id, length };
        self.emit_with(&link.adapter, cpu, now, send, || Note::Nothing);
        let packet = Name { generation: packet.generation.wrapping_add(1), ..packet };
        let submit = What::Submit { packet, link: id };
        self.emit_with(&link.adapter, cpu, now, submit, || frame);
    }

    /// That the packet of that name was completed by a call that completes many.
    #[cold]
    pub(super) fn tell_claimed(
        &self,
        adapter: &Adapter,
        handle: u64,
        cpu: &Rc<Cpu>,
        now: Moment,
        status: Status,
    ) {
        let packet = Name::of_handle(handle, adapter.index);
        self.emit_with(adapter, cpu, now, What::Complete { packet, status }, || Note::Nothing);
    }

    /// That the packet in `place` is in the pool again.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn note_freed(
        &self,
        adapter: &Adapter,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        now: Moment,
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => {
                let who = who(cpu.number(), &cpu.state.borrow());
                place.history.keep_freed(now.time, who, packet);
            }
            Watch::Counted | Watch::Everything => self.tell_freed(adapter, packet, cpu, now),
        }
    }

    #[inline(never)]
    fn tell_freed(&self, adapter: &Adapter, packet: Name, cpu: &Rc<Cpu>, now: Moment) {
        self.emit_with(adapter, cpu, now, What::Free { packet }, || Note::Nothing);
    }

    /// That the packet in `place` was completed and delivered.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn note_back(
        &self,
        link: &Link,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        (now, who): (Moment, u64),
        status: Status,
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => {
                place.history.keep_back(now.time, who, packet.generation, status.0, link.id);
            }
            Watch::Counted | Watch::Everything => {
                self.note(&link.adapter, place, cpu, now, What::Complete { packet, status });
                let back = What::Deliver { packet, link: link.id, status };
                self.note(&link.adapter, place, cpu, now, back);
            }
        }
    }

    /// That it was completed, delivered and given back to the pool.
    #[cold]
    pub(super) fn tell_done(
        &self,
        link: &Link,
        (handle, place): (u64, &Slot),
        cpu: &Rc<Cpu>,
        now: Moment,
        status: Status,
    ) {
        let adapter = &link.adapter;
        let packet = Name::of_handle(handle, adapter.index);
        self.note(adapter, place, cpu, now, What::Complete { packet, status });
        self.note(adapter, place, cpu, now, What::Deliver { packet, link: link.id, status });
        self.note(adapter, place, cpu, now, What::Free { packet });
    }

    /// That the call with the packet in `place` was answered with PENDING.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(super) fn note_pended(
        &self,
        adapter: &Adapter,
        (packet, place): (Name, &Slot),
        cpu: &Rc<Cpu>,
        (now, who): (Moment, u64),
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Histories => place.history.keep_pended(now.time, who, packet),
            Watch::Counted | Watch::Everything => {
                let what = What::Return { packet, status: Status::PENDING };
                self.note(adapter, place, cpu, now, what);
            }
        }
    }

    /// The same with what only the recording keeps: a frame's data, a verdict's words.
    #[inline(always)]
    #[allow(clippy::inline_always)] // see `emit_at`
    pub(crate) fn emit_with(
        &self,
        adapter: &Adapter,
        cpu: &Rc<Cpu>,
        moment: Moment,
        what: What,
        note: impl FnOnce() -> Note,
    ) {
        match self.watch {
            Watch::Nothing => {}
            Watch::Counted => {
                let Said { packet, number, code } = Said::of(what);
                if what.packet().is_some() {
                    self.tell_of(adapter, cpu, moment.time, code, packet, number);
                } else {
                    self.tell(adapter, cpu, moment.time, code, packet, number);
                }
            }
            _ => self.emit_slowly(adapter, cpu, moment, what, note),
        }
    }
}

#[inline(always)]
#[allow(clippy::inline_always)] // see `emit_at`
fn keep(place: &Slot, cpu: &Rc<Cpu>, moment: Moment, what: What) {
    let who = who(cpu.number(), &cpu.state.borrow());
    place.history.keep_words(what, moment.time, who, moment.site);
}
