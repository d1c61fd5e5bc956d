//! Events of a world that counts them, or records.

use std::rc::Rc;

use super::Moment;
use crate::coverage::{Said, Seen};
use crate::cx::Cpu;
use crate::event::{Event, What};
use crate::history::who;
use crate::ndis::{Adapter, Ndis, Verify};
use crate::trace::record::Note;

impl Ndis {
    /// An event under an explorer, its parts in registers: who counts has it.
    #[inline(never)]
    pub(super) fn tell(
        &self,
        adapter: &Adapter,
        cpu: &Cpu,
        time: u64,
        code: u32,
        packet: u64,
        number: u64,
    ) {
        if let Some(adversary) = &self.queue.adversary {
            let who = who(cpu.number(), &cpu.state.borrow());
            adversary.see(cpu, Seen::new(time, who, adapter.index, Said { packet, number, code }));
        }
    }

    /// The same of a packet, whose history has it too.
    #[inline(never)]
    pub(super) fn tell_of(
        &self,
        adapter: &Adapter,
        cpu: &Cpu,
        time: u64,
        code: u32,
        packet: u64,
        number: u64,
    ) {
        let Some(adversary) = &self.queue.adversary else { return };
        let (who, said) = (who(cpu.number(), &cpu.state.borrow()), Said { packet, number, code });
        if self.config.verify >= Verify::LastOwner
            && let (of, slot) = said.slot()
            && of == adapter.index
            && let Some(slot) = adapter.pool.get(slot)
        {
            slot.history.keep_said(time, who, said);
        }
        adversary.see(cpu, Seen::new(time, who, adapter.index, said));
    }

    /// An event where the world records, or asks for call sites.
    #[inline(never)]
    pub(super) fn emit_slowly(
        &self,
        adapter: &Adapter,
        cpu: &Rc<Cpu>,
        moment: Moment,
        what: What,
        note: impl FnOnce() -> Note,
    ) {
        let keep = self.config.verify >= Verify::LastOwner;
        let packet = what.packet().filter(|name| name.adapter == adapter.index);
        let event = event_of(adapter, cpu, moment, what);
        if packet.is_some() || self.tells_all() {
            if keep && let Some(slot) = packet.and_then(|name| adapter.pool.get(name.slot)) {
                slot.history.keep(&event);
            }
            if let Some(adversary) = &self.queue.adversary {
                adversary.see(cpu, Seen::of(&event));
            }
        }
        if self.config.record {
            let note = note();
            self.recording.lock().push(event, note);
        }
    }
}

fn event_of(adapter: &Adapter, cpu: &Rc<Cpu>, moment: Moment, what: What) -> Event {
    let state = cpu.state.borrow();
    let (irql, locks) = (state.irql, state.held.len().min(255) as u8);
    let (cpu, adapter) = (cpu.number(), adapter.index);
    Event { time: moment.time, cpu, irql, locks, adapter, site: moment.site, what }
}
