//! The built-in card as a driver under the general engine: the same machine, called by NDIS.
//!
//! So a protocol of one's own, in Rust or Python, can have a card that nobody had to write, in any of the three kinds of time,
//! with every rule checked. The card's own events are those of a device; what it completes is completed by its interrupt's DPC.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::card::{Card, Coming, FarEnd, Frame, NEVER};
use super::card_spec::CardSpec;
use super::heard::{Ear, Heard};
use super::line::{Line, LineLuck, LineSpec};
use super::spec::Luck;
use crate::biased::Biased;
use crate::cx::{Cpu, Cx, Dispatch, Passive, UpToDispatch};
use crate::disposition::{Disposition, Sending};
use crate::event::Name;
use crate::info::WanInfo;
use crate::miniport::{Deserialized, Miniport};
use crate::ndis::{Adapter, Link};
use crate::status::{FinalStatus, Status};
use crate::time::TimeKind;

/// A deserialized miniport that drives a built-in card on a built-in line.
#[derive(Debug)]
pub struct CardDriver {
    card: CardSpec,
    line: LineSpec,
    window: u32,
    luck: Luck,
    listens: bool,
    up: OnceLock<Up>,
}

#[derive(Debug)]
struct Up {
    adapter: Arc<Adapter>,
    device: u32,
    /// The far end's: it happens when the next frame is heard there.
    far: u32,
    work: Biased<Work>,
}

#[derive(Debug)]
struct Work {
    card: Card,
    /// The lives of the packets that the card has, by slot: it holds names, and the ledger looks after them. A token for each
    /// would count a reference to the adapter twice for each packet.
    owed: Vec<Option<u32>>,
    sends: u64,
    set_for: u64,
    /// NdisMResetComplete is owed.
    resetting: bool,
    far: Far,
    /// When the far end's device is set for.
    heard_at: u64,
}

/// What has left the card.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Arrived {
    /// Frames that arrive at the far end.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Frames that the line lost.
    pub lost: u64,
    /// Frames whose packets came back with SUCCESS and that were in the memory of a card that died, or was halted.
    pub vanished: u64,
}

/// The far end: it counts, and if somebody listens there it keeps what is to be heard.
#[derive(Debug, Default)]
struct Far {
    arrived: Arrived,
    ear: Option<Ear>,
}

impl FarEnd for Far {
    #[inline]
    fn left(&mut self, frame: &Frame, at: Option<u64>) {
        if at.is_some() {
            self.arrived.received += 1;
            self.arrived.received_bytes += u64::from(frame.bytes);
        } else {
            self.arrived.lost += 1;
        }
        if let Some(ear) = &mut self.ear {
            ear.left(frame, at);
        }
    }

    fn vanished(&mut self, _: &Frame) {
        self.arrived.vanished += 1;
    }
}

impl CardDriver {
    /// A driver for such a card on such a line, with this send window. The parameters must be valid.
    pub fn new(card: CardSpec, line: LineSpec, window: u32, luck: Luck) -> CardDriver {
        CardDriver { card, line, window, luck, listens: false, up: OnceLock::new() }
    }

    /// The same, with somebody at the far end: whoever wraps it asks [`heard`](Self::heard) before each
    /// [`handle_interrupt`](Miniport::handle_interrupt) until nothing is. Of one that does not listen an interrupt in virtual time is
    /// served without a call of that.
    #[must_use]
    pub fn listening(self) -> CardDriver {
        CardDriver { listens: true, ..self }
    }

    /// What is heard at the far end by now and was not told yet.
    pub fn heard(&self, cpu: &Cpu) -> Option<Heard> {
        let up = self.up.get().filter(|_| self.listens)?;
        let mut work = up.work.lock_on(cpu);
        work.far.ear.as_mut()?.next(up.adapter.ndis.now())
    }

    /// Whether a source of hardware events is one of its own: who wraps it may have others.
    pub fn has_device(&self, device: u32) -> bool {
        self.up.get().is_some_and(|up| device == up.device || device == up.far)
    }

    /// What has left the card so far.
    pub fn arrived(&self) -> Arrived {
        self.up
            .get()
            .map_or_else(Arrived::default, |up| Cpu::here(|cpu| up.work.lock_on(cpu).far.arrived))
    }
}

impl Up {
    /// Has the device happen when the card is due, and the far end's when something is heard.
    fn arm(&self, cpu: &Cpu, work: &mut Work) {
        let heard = work.far.ear.as_ref().map_or(NEVER, Ear::due);
        if heard != work.heard_at {
            work.heard_at = heard;
            self.set(cpu, self.far, heard);
        }
        let due = work.card.due();
        self.arm_card(cpu, work, due);
    }

    /// Has the device happen then.
    #[inline]
    fn arm_card(&self, cpu: &Cpu, work: &mut Work, due: u64) {
        if due != work.set_for {
            work.set_for = due;
            self.set(cpu, self.device, due);
        }
    }

    fn set(&self, cpu: &Cpu, device: u32, due: u64) {
        if due == NEVER {
            self.adapter.cancel_device(device);
        } else {
            self.adapter.set_device_at(cpu, device, due);
        }
    }

    /// The card raises its interrupt. In virtual time its DPC runs at once, as it would at this moment anyway, without an ISR that
    /// has nothing to do: half of what a packet costs there. Elsewhere others may come in between. Who listens at the far end is told
    /// in a routine around this one.
    fn interrupt(&self, cpu: &Rc<Cpu>, listens: bool) {
        if self.adapter.ndis.config.time != TimeKind::Virtual {
            self.adapter.interrupt();
        } else if listens {
            self.adapter.interrupt_inside(cpu);
        } else {
            self.adapter.interrupt_within(cpu, || self.serve(cpu));
        }
    }

    /// Completes what is to be completed.
    fn serve(&self, cpu: &Rc<Cpu>) {
        loop {
            match self.next(cpu) {
                Next::Packet(name, status) => self.complete(cpu, name, status),
                Next::Reset => {
                    // VOID, too.
                    let _ = self.adapter.reset_complete(Status::SUCCESS);
                    return;
                }
                Next::Nothing => return,
            }
        }
    }

    /// The next packet that is to be completed. If there is none, the device is set for what comes next, and a reset may be over.
    #[inline]
    fn next(&self, cpu: &Cpu) -> Next {
        let now = self.adapter.ndis.now();
        let mut work = self.work.lock_on(cpu);
        let Work { card, far, owed, resetting, heard_at, .. } = &mut *work;
        match card.coming(now) {
            Coming::Frame => {
                if let Some((frame, at)) = card.take_frame() {
                    far.left(&frame, at);
                    let known = owed.get_mut(frame.handle as usize).and_then(Option::take);
                    if let Some(generation) = known {
                        let name = self.name(frame.handle, generation);
                        return Next::Packet(name, FinalStatus::SUCCESS);
                    }
                }
            }
            Coming::Later(due) if far.ear.is_none() && !*resetting && *heard_at == NEVER => {
                card.is_through();
                self.arm_card(cpu, &mut work, due);
                return Next::Nothing;
            }
            Coming::Later(_) | Coming::Else => {}
        }
        self.next_slowly(cpu, &mut work, now)
    }

    #[inline(never)]
    fn next_slowly(&self, cpu: &Cpu, work: &mut Work, now: u64) -> Next {
        let Work { card, far, owed, .. } = &mut *work;
        while let Some((slot, status)) = card.next(now, far) {
            if let Some(generation) = owed.get_mut(slot as usize).and_then(Option::take) {
                return Next::Packet(self.name(slot, generation), status);
            }
        }
        self.arm(cpu, work);
        let is_reset = work.resetting && !work.card.is_resetting();
        work.resetting &= !is_reset;
        if is_reset { Next::Reset } else { Next::Nothing }
    }

    fn name(&self, slot: u32, generation: u32) -> Name {
        Name { adapter: self.adapter.index, slot, generation }
    }

    /// NdisMWanSendComplete, which is VOID: what is wrong all the same, such as a halt in between, is on record.
    fn complete(&self, cpu: &Rc<Cpu>, name: Name, status: FinalStatus) {
        let _ = self.adapter.complete_on(cpu, name, status.get());
    }
}

/// What the card has to say at its interrupt.
enum Next {
    Packet(Name, FinalStatus),
    Reset,
    Nothing,
}

impl Miniport for CardDriver {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo {
            max_frame_size: self.line.mtu,
            max_transmit: self.window.min(u16::MAX.into()),
            ..WanInfo::default()
        }
    }

    fn initialize(&self, cx: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let luck = &self.luck;
        let line_luck = LineLuck { loss: luck.loss, jitter: luck.jitter, escapes: luck.escapes };
        let mut card = Card::new(&self.card, Line::new(&self.line, line_luck), luck.card);
        card.put_under_ndis();
        let work = Work {
            card,
            owed: Vec::new(),
            sends: 0,
            set_for: NEVER,
            resetting: false,
            far: Far { ear: self.listens.then(Ear::default), ..Far::default() },
            heard_at: NEVER,
        };
        let (adapter, device) = (Arc::clone(adapter), adapter.device_with_an_end());
        let far = if self.listens { adapter.device_with_an_end() } else { device };
        let work = Biased::new(&adapter.ndis.bias, work);
        let up = Up { adapter, device, far, work };
        up.arm(cx.cpu(), &mut up.work.lock());
        self.up.set(up).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        mut packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let Some(up) = self.up.get() else { return packet.complete(FinalStatus::FAILURE) };
        let copy = self.listens.then(|| packet.view().data().to_vec());
        let held = packet.into_name();
        let (now, slot) = (up.adapter.ndis.now(), held.name.slot);
        let bytes = up.adapter.pool.slot(slot).length.load(Ordering::Relaxed);
        let mut work = up.work.lock_on(cx.cpu());
        let seq = work.sends;
        work.sends += 1;
        if let (Some(ear), Some(bytes)) = (&mut work.far.ear, copy) {
            ear.sent(seq, bytes);
        }
        let wire_bytes = work.card.line().wire_bytes(seq, bytes);
        let frame = Frame { handle: slot, bytes, wire_bytes, seq, offered: now, finish: NEVER };
        let answer = work.card.send(now, frame);
        if answer.is_none() {
            let place = slot as usize;
            if work.owed.len() <= place {
                work.owed.resize(place + 1, None);
            }
            work.owed[place] = Some(held.name.generation);
        }
        up.arm(cx.cpu(), &mut work);
        held.returned(answer.map_or(Status::PENDING, FinalStatus::get))
    }

    fn device(&self, device: u32) {
        Cpu::here(|cpu| self.device_on(cpu, device));
    }

    fn device_on(&self, cpu: &Rc<Cpu>, device: u32) {
        let Some(up) = self.up.get() else { return };
        let mut work = up.work.lock_on(cpu);
        if device != up.device {
            // What is heard is told by the interrupt's DPC, where a protocol may be called and may send.
            work.heard_at = NEVER;
            drop(work);
            return up.interrupt(cpu, self.listens);
        }
        let Work { card, far, set_for, resetting, .. } = &mut *work;
        *set_for = NEVER;
        let now = up.adapter.ndis.now();
        let completes = matches!(card.coming(now), Coming::Frame) || card.advance(now, far);
        if completes || (*resetting && !card.is_resetting()) {
            drop(work);
            return up.interrupt(cpu, self.listens);
        }
        up.arm(cpu, &mut work);
    }

    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>) {
        if let Some(up) = self.up.get() {
            up.serve(cx.cpu());
        }
    }

    fn has_check_for_hang(&self) -> bool {
        self.card.dies.is_some()
    }

    fn check_for_hang_interval(&self) -> u64 {
        self.card.dies.as_ref().map_or(2_000_000_000, |dies| dies.check_for_hang_ns)
    }

    fn check_for_hang(&self, _: &mut Cx<Dispatch>) -> bool {
        self.up.get().is_some_and(|up| {
            let mut work = up.work.lock();
            let Work { card, far, .. } = &mut *work;
            card.is_hung(up.adapter.ndis.now(), far)
        })
    }

    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        let Some(up) = self.up.get() else { return (Status::FAILURE, false) };
        let mut work = up.work.lock();
        work.card.reset_by_ndis(up.adapter.ndis.now());
        if let Some(ear) = &mut work.far.ear {
            ear.forget_sent();
        }
        work.resetting = work.card.due() > up.adapter.ndis.now();
        let pends = work.resetting;
        up.arm(cx.cpu(), &mut work);
        drop(work);
        if pends {
            return (Status::PENDING, false);
        }
        while let Next::Packet(name, status) = up.next(cx.cpu()) {
            up.complete(cx.cpu(), name, status);
        }
        (Status::SUCCESS, false)
    }

    fn halt(&self, cx: &mut Cx<Passive>) {
        let Some(up) = self.up.get() else { return };
        up.adapter.cancel_device(up.device);
        up.adapter.cancel_device(up.far);
        let owed: Vec<_> = {
            let mut work = up.work.lock();
            let Work { card, owed, far, .. } = &mut *work;
            let order = card.give_up(up.adapter.ndis.now(), far);
            let take = |slot: u32| {
                let life = owed.get_mut(slot as usize).and_then(Option::take);
                life.map(|generation| up.name(slot, generation))
            };
            order.into_iter().filter_map(take).collect()
        };
        for name in owed {
            up.complete(cx.cpu(), name, FinalStatus::FAILURE);
        }
    }
}
