//! A card as the engine's `Miniport`: each entry point calls the driver's function of that name.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndiswan::event::{Entry, Part, Side};
use ndiswan::oid::{Answer, Oid};
use ndiswan::{
    Adapter, Cx, Dirql, Dispatch, Disposition, Link, Miniport, Passive, Sending, Serialized,
    Status, WanInfo,
};

use crate::card::{Card, Due};
use crate::memory::Guard;
use crate::packets::{Arena, Finding};
use crate::requests;

/// What is bound: the card, which its driver's handles lead to as well.
#[derive(Debug)]
pub struct Attached(pub Arc<Card>);

const MEDIUM_WAN: u32 = 3;

impl Card {
    /// Says what the driver is once it can be asked: after MiniportInitialize, or when it brings a line up inside of that.
    pub(crate) fn describe(&self, adapter: &Arc<Adapter>) {
        if self.arena.get().is_some() {
            return;
        }
        let told = self.wan_info();
        let bad = told.as_ref().and_then(|info| info.validate().err());
        if let Some(bad) = &bad {
            let text = format!("OID_WAN_GET_INFO was answered with what no link can have: {bad}");
            drop(adapter.report_broken(ndiswan::Rule::Handle, None, text));
        }
        let info = told.filter(|_| bad.is_none()).unwrap_or_default();
        let slots = adapter.packets();
        let arena = |guard| Arena::new(adapter.index, slots, &info, guard);
        match arena(self.driver.heap.guard).or_else(|| arena(Guard::Nobody)) {
            Some(arena) => drop(self.arena.set(arena)),
            None => self.crash(
                "expected memory below 2 GiB for the packets of the adapter, got none: the driver has taken it"
                    .to_string(),
            ),
        }
        adapter.describe(info);
    }

    fn context(&self) -> usize {
        self.context.load(Ordering::Relaxed)
    }

    /// Calls an entry point that takes the context alone.
    fn enter(&self, function: usize) -> Option<usize> {
        let answer = self.call(function, &[self.context()]);
        if answer.is_none() {
            self.let_go();
        }
        answer
    }

    fn bring_up(&self) -> Result<(), Status> {
        let status = self.enter_driver();
        if status != Status::SUCCESS {
            return Err(status);
        }
        let handlers = self.handlers();
        if handlers.initialize == 0 || handlers.wan_send == 0 {
            return Err(Status::BAD_CHARACTERISTICS);
        }
        let heap = &self.driver.heap;
        let media: [u32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let (out, list) = (heap.allocate(16, "NDIS", 0), heap.allocate(48, "NDIS", 0));
        let (Some(out), Some(list)) = (out, list) else { return Err(Status::RESOURCES) };
        heap.put(list, media);
        let answer = self.call(
            handlers.initialize,
            &[out, out + 8, list, media.len(), self.handle, self.handle + 8],
        );
        let selected = heap.get::<u32>(out + 8).unwrap_or(u32::MAX);
        heap.free(out);
        heap.free(list);
        let status = answer.map_or(Status::FAILURE, |status| Status(status as u32));
        if status != Status::SUCCESS {
            return Err(status);
        }
        if media.get(selected as usize) != Some(&MEDIUM_WAN) {
            (self.settings.on_text)(&format!(
                "MiniportInitialize selected medium {selected}; expected the index of NdisMediumWan, {MEDIUM_WAN}"
            ));
            return Err(Status::UNSUPPORTED_MEDIA);
        }
        Ok(())
    }

    /// Copies what the driver did to the packet at `address` into the engine's, and reports what it should not have done.
    #[inline]
    pub(crate) fn take_back(&self, adapter: &Adapter, name: ndiswan::Name, address: usize) {
        let Some(arena) = self.arena.get() else { return };
        let found = adapter.with_own_packet(name, Side::Miniport, Part::Data, |body| {
            arena.take_back(address, body)
        });
        match found {
            None => arena.close(address),
            Some(found) if found.is_empty() => {}
            Some(found) => report(adapter, name, found),
        }
    }
}

#[cold]
fn report(adapter: &Adapter, name: ndiswan::Name, found: Vec<Finding>) {
    for (rule, text) in found {
        let text = format!("{text}; seen as it gave the packet back{}", crate::fault::callers());
        drop(adapter.report_broken(rule, Some(name), text));
    }
}

impl Miniport for Attached {
    type Mode = Serialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn says_late(&self) -> bool {
        true
    }

    fn line_up_at_bind(&self) -> bool {
        false
    }

    fn initialize(&self, cx: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        self.0.bound(adapter);
        (self.0.settings.on_ready)(adapter);
        self.0.bring_up()?;
        cx.raise(|_| self.0.describe(adapter));
        Ok(())
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<Dispatch>,
        link: &Arc<Link>,
        packet: Sending<'call, Serialized>,
    ) -> Disposition<'call> {
        let card = &*self.0;
        let held = packet.into_name();
        let (name, adapter) = (held.name, &*link.adapter);
        let Some(arena) = card.arena.get() else { return held.returned(Status::FAILURE) };
        let address = held.copied(adapter, cx, |body| arena.hand_over(name, body));
        let Some(address) = address else { return held.returned(Status::FAILURE) };
        let answer = card.call_wan_send(cx.cpu(), link.handle as usize, address);
        let Some(answer) = answer else {
            let had = adapter.disown(name);
            card.let_go();
            return held.returned(if had { Status::FAILURE } else { Status::PENDING });
        };
        let status = Status(answer as u32);
        if status != Status::PENDING && adapter.is_with_miniport(name) {
            card.take_back(adapter, name, address);
        }
        held.returned(status)
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        self.0.enter(self.0.handlers().halt);
        self.0.things.lock().halted();
        self.0.stop_io_timers();
    }

    fn reset(&self, _: &mut Cx<Dispatch>) -> (Status, bool) {
        let card = &*self.0;
        let Some(flag) = card.driver.heap.allocate(8, "NDIS", 0) else {
            return (Status::FAILURE, false);
        };
        let answer = card.call(card.handlers().reset, &[flag, card.context()]);
        let addressing = card.driver.heap.get::<u8>(flag).unwrap_or(0) != 0;
        card.driver.heap.free(flag);
        let none = if card.crashed().is_some() { Status::FAILURE } else { Status::SUCCESS };
        (answer.map_or(none, |status| Status(status as u32)), addressing)
    }

    fn timer_name(&self, timer: u32) -> Option<String> {
        let timers = self.0.timers.read();
        let function = timers.iter().find(|known| known.number == timer)?.function;
        crate::lines::function_at(function)
    }

    fn place_of(&self, entry: Entry) -> String {
        let handlers = self.0.handlers();
        crate::lines::told(&[match entry {
            Entry::Reset => handlers.reset,
            Entry::Isr if handlers.isr == 0 => handlers.handle_interrupt,
            Entry::Isr => handlers.isr,
            _ => 0,
        }])
    }

    fn has_check_for_hang(&self) -> bool {
        self.0.handlers().check_for_hang != 0
    }

    fn check_for_hang(&self, _: &mut Cx<Dispatch>) -> bool {
        if let (Some(arena), Some(adapter)) = (self.0.arena.get(), self.0.adapter()) {
            arena.sweep(|name| adapter.is_with_miniport(name) || adapter.gave_up(name));
        }
        self.0.enter(self.0.handlers().check_for_hang).is_some_and(|answer| answer & 0xFF != 0)
    }

    fn check_for_hang_interval(&self) -> u64 {
        self.0.hang_seconds.load(Ordering::Relaxed).max(1).saturating_mul(1_000_000_000)
    }

    fn query_information(&self, _: &mut Cx<Dispatch>, oid: Oid) -> Option<Result<Answer, Status>> {
        let card = &*self.0;
        if card.handlers().query == 0 {
            return None;
        }
        if oid == Oid::WAN_GET_INFO {
            return Some(card.wan_info().map(Answer::Info).ok_or(Status::FAILURE));
        }
        let link = card.links.read().values().next().map_or(0, |line| line.link.handle);
        let given = if matches!(
            oid,
            Oid::WAN_GET_LINK_INFO | Oid::WAN_GET_STATS_INFO | Oid::WAN_GET_COMP_INFO
        ) {
            link.to_le_bytes().to_vec()
        } else {
            Vec::new()
        };
        let outcome = card.ask_again(oid.0, &given, requests::room_of(oid));
        if outcome.status != Status::SUCCESS {
            return Some(Err(outcome.status));
        }
        Some(requests::decoded(oid, &outcome.bytes).ok_or(Status::INVALID_LENGTH))
    }

    fn set_information(
        &self,
        _: &mut Cx<Dispatch>,
        oid: Oid,
        value: &Answer,
    ) -> Option<Result<(), Status>> {
        let card = &*self.0;
        if card.handlers().set == 0 {
            return None;
        }
        let bytes = requests::encoded(value);
        let outcome = card.ask(true, oid.0, &bytes, bytes.len());
        let status = outcome.status;
        Some(if status == Status::SUCCESS { Ok(()) } else { Err(status) })
    }

    fn pends_requests(&self) -> bool {
        true
    }

    fn request_completed(&self, oid: Oid) -> Option<Result<Answer, Status>> {
        let outcome = self.0.completed()?;
        // Of a set nobody looks at the answer.
        let answer = || requests::decoded(oid, &outcome.bytes).unwrap_or(Answer::Number(0));
        Some(if outcome.status == Status::SUCCESS { Ok(answer()) } else { Err(outcome.status) })
    }

    fn isr(&self, _: &mut Cx<Dirql>) -> bool {
        let card = &*self.0;
        let Some(interrupt) = *card.interrupt.lock() else { return false };
        let handlers = card.handlers();
        if !interrupt.request_isr || handlers.isr == 0 {
            card.enter(handlers.disable_interrupt);
            return true;
        }
        let Some(out) = card.driver.heap.allocate(8, "NDIS", 0) else { return false };
        let _ = card.call(handlers.isr, &[out, out + 4, card.context()]);
        let queue = card.driver.heap.get::<u8>(out + 4).unwrap_or(0) != 0;
        card.driver.heap.free(out);
        queue
    }

    fn handle_interrupt(&self, _: &mut Cx<Dispatch>) {
        let handlers = self.0.handlers();
        self.0.enter(handlers.handle_interrupt);
        self.0.enter(handlers.enable_interrupt);
    }

    fn timer(&self, _: &mut Cx<Dispatch>, timer: u32) {
        let card = &*self.0;
        let known = card.timers.read().iter().rev().find(|known| known.number == timer).copied();
        let Some(known) = known else { return (card.settings.on_due)(Due::Timer, timer) };
        let _ = card.call(known.function, &[known.address, known.context, 0, 0]);
        card.let_go();
    }

    fn dpc(&self, _: &mut Cx<Dispatch>, dpc: u32) {
        let card = &*self.0;
        let known = card.dpcs.read().iter().find(|known| known.number == dpc).copied();
        let Some(known) = known else { return (card.settings.on_due)(Due::Dpc, dpc) };
        // KeRemoveQueueDpc took it from the queue, or its arguments are there.
        let queued = card.things.lock().queued.remove(&known.address);
        let Some([first, second]) = queued else { return };
        let _ = card.call(known.function, &[known.address, known.context, first, second]);
        card.let_go();
    }

    fn device(&self, device: u32) {
        (self.0.settings.on_due)(Due::Device, device);
    }

    fn shutdown(&self, _: &mut Cx<Passive>) {
        let registered = *self.0.shutdown.lock();
        match registered {
            Some((function, context)) => drop(self.0.call(function, &[context])),
            None => drop(self.0.enter(self.0.handlers().shutdown)),
        }
    }
}
