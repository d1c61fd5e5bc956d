//! Programs of a driver writer who is not careful: operations on an adapter, the wrong ones among them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ndiswan::event::{Form, Part, Side};
use ndiswan::miniport::CanComplete;
use ndiswan::{
    Config, Cx, Dispatch, Disposition, Face, FinalStatus, Irql, LinkSettings, Mode, Name, Rule,
    Sending, Status, WanInfo, at_passive,
};

use super::card::{Card, Rig, Shared};

/// How MiniportWanSend answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With a final status.
    Done(FinalStatus),
    /// PENDING; the token is kept.
    Keep,
    /// PENDING, and it completed in the call.
    Early(FinalStatus),
    /// It lets the token go.
    Drop,
    /// It panics with the token.
    Panic,
    /// PENDING; the name is kept.
    Name,
    /// By name: completed in the call with one status, then the other is returned.
    EarlyThen(Status, Status),
    /// By name: any status.
    Returns(Status),
    /// Keeps the lock, and answers with success.
    LockLeak,
    /// Stays at DISPATCH, and answers with success.
    IrqlLeak,
    /// Sends one more from inside.
    Reenter,
    /// Prepends a header for which it has not asked for room.
    Prepend,
}

/// What only the sister contracts have, from outside.
#[derive(Clone, Copy, Debug)]
pub enum Twin {
    ResourcesAvailable,
    /// The answer of MiniportPause, and whether it completes what it has first.
    Pause(Status, bool),
    PauseComplete,
    Restart,
    /// A packet is sent that can be cancelled.
    SendToCancel,
    Cancel,
}

/// What is done from outside, on one thread, at whatever level it is.
#[derive(Clone, Debug)]
pub enum Op {
    Send(Answer),
    /// The token with this number, modulo how many there are.
    CompleteToken(usize, FinalStatus),
    DropToken(usize),
    ForgetToken(usize),
    /// A name that was handed over once, its life shifted by so much.
    CompleteName(usize, i8, Status),
    SendName(usize),
    FreeName(usize),
    Touch(usize, i8, Side, Part),
    Acquire(u32, Form),
    Release(u32, Form),
    Raise(Irql),
    Lower(Irql),
    SetTimer(u64),
    CancelTimer,
    Run(u64),
    Reset(Status, bool),
    ResetComplete(Status),
    LineUp(u16),
    LineDown,
    Indicate,
    CloseCall,
    Drain,
    /// What only the sister contracts have.
    Twin(Twin),
    /// With a line-down from inside of MiniportHalt, or without.
    Halt(bool),
}

/// What the card shall do next.
#[derive(Default)]
pub struct Plan {
    answers: Mutex<VecDeque<Answer>>,
    reset: Mutex<Option<(Status, bool)>>,
    halt_indicates: AtomicBool,
    pause: Mutex<Option<(Status, bool)>>,
}

fn answer<'c, M: Mode>(
    plan: &Plan,
    shared: &Shared<M>,
    cx: &mut Cx<M::SendLevel>,
    packet: Sending<'c, M>,
) -> Disposition<'c> {
    let adapter = Arc::clone(shared.adapter());
    let next = plan.answers.lock().unwrap().pop_front();
    match next.unwrap_or(Answer::Keep) {
        Answer::Done(status) => packet.complete(status),
        Answer::Keep => shared.keep(packet),
        Answer::Early(status) => {
            let (answer, pending) = packet.pend();
            pending.complete(cx, status);
            answer
        }
        Answer::Drop => packet.pend().0,
        Answer::Panic => std::panic::resume_unwind(Box::new("planned")),
        Answer::Name => packet.into_name().returned(Status::PENDING),
        Answer::EarlyThen(first, status) => {
            let held = packet.into_name();
            let _ = adapter.wan_send_complete(held.name, first);
            held.returned(status)
        }
        Answer::Returns(status) => packet.into_name().returned(status),
        Answer::LockLeak => {
            let _ = adapter.acquire(0, Form::Plain);
            packet.complete(FinalStatus::SUCCESS)
        }
        Answer::IrqlLeak => {
            let _ = adapter.raise_irql(Irql::DISPATCH);
            packet.complete(FinalStatus::SUCCESS)
        }
        Answer::Reenter => {
            if let Ok(other) = adapter.packet(b"inner") {
                let name = other.into_name();
                if !matches!(adapter.links()[0].send_name(name), Ok(Status::PENDING)) {
                    let _ = adapter.free(name);
                }
            }
            packet.complete(FinalStatus::SUCCESS)
        }
        Answer::Prepend => {
            let mut packet = packet;
            let _ = packet.prepend(&[0]);
            packet.complete(FinalStatus::SUCCESS)
        }
    }
}

/// A world in which programs run.
pub struct Run<M: Mode> {
    pub rig: Rig<M>,
    plan: Arc<Plan>,
}

impl<M: Mode> Run<M>
where
    Dispatch: CanComplete<M>,
{
    /// The world of a card with this face.
    pub fn with(config: Config, face: Face) -> Run<M> {
        let plan = Arc::new(Plan::default());
        let (send, reset, halt) = (Arc::clone(&plan), Arc::clone(&plan), Arc::clone(&plan));
        let card = Card::<M>::new(move |shared, cx, packet| answer(&send, shared, cx, packet));
        let pause = Arc::clone(&plan);
        let card = card.with(|card| {
            card.face = face;
            card.pause = Some(Box::new(move |shared, _| {
                let planned = *pause.pause.lock().unwrap();
                let (status, completes) = planned.unwrap_or((Status::SUCCESS, true));
                if completes {
                    for packet in shared.all() {
                        let name = packet.name();
                        std::mem::forget(packet);
                        let _ = shared.adapter().wan_send_complete(name, Status::PAUSED);
                    }
                }
                status
            }));
            card.cancel = Some(Box::new(|shared| {
                let aborted = shared.adapter().face().cancelled().get();
                if let Some(packet) = shared.oldest() {
                    let name = packet.name();
                    std::mem::forget(packet);
                    let _ = shared.adapter().wan_send_complete(name, aborted);
                }
            }));
            card.info = WanInfo { max_transmit: 2, ..WanInfo::default() };
            card.reset = Some(Box::new(move |shared, cx| {
                let planned = *reset.reset.lock().unwrap();
                let (status, completes) = planned.unwrap_or((Status::SUCCESS, false));
                if completes {
                    shared.complete_all(cx, FinalStatus::FAILURE);
                }
                status
            }));
            card.halt = Some(Box::new(move |shared, _| {
                if halt.halt_indicates.load(Ordering::Relaxed) {
                    let _ = shared.adapter().line_down(&shared.adapter().links()[0]);
                }
            }));
            card.timer = Some(Box::new(|shared, cx| {
                shared.oldest().into_iter().for_each(|p| p.complete(cx, FinalStatus::SUCCESS));
            }));
        });
        let rig = Rig::new(config, card, 4);
        assert_eq!((rig.adapter().spin_lock("a"), rig.adapter().spin_lock("b")), (0, 1));
        assert_eq!(rig.adapter().timer(), 0);
        Run { rig, plan }
    }

    fn token(&self, number: usize) -> Option<ndiswan::Pending<M>> {
        let mut owed = self.rig.card.owed.lock().unwrap();
        let count = owed.len();
        (count > 0).then(|| owed.remove(number % count))
    }

    fn name(&self, number: usize, shift: i8) -> Option<Name> {
        let names = self.rig.card.names.lock().unwrap();
        let name = *names.get(number % names.len().max(1))?;
        let generation = name.generation.checked_add_signed(shift.into())?;
        Some(Name { generation, ..name })
    }

    /// Does one operation; the rule that the engine says it breaks.
    pub fn step(&self, op: &Op) -> Option<Rule> {
        let (rig, adapter) = (&self.rig, self.rig.adapter());
        let broken = match *op {
            Op::Send(ref answer) => {
                let packet = adapter.packet(b"frame").ok()?;
                self.plan.answers.lock().unwrap().push_back(answer.clone());
                let name = packet.into_name();
                let sent = rig.link.send_name(name);
                if !matches!(sent, Ok(Status::PENDING)) {
                    let _ = adapter.free(name);
                }
                sent.err()
            }
            Op::CompleteToken(number, status) => {
                let packet = self.token(number)?;
                let name = packet.name();
                let mut packet = Some(packet);
                let complete = |cx: &mut Cx<Dispatch>| packet.take().unwrap().complete(cx, status);
                if at_passive(|cx| cx.raise(complete)).is_err() {
                    // Not where a thread begins: it is done by name, the token goes unseen.
                    std::mem::forget(packet);
                    return adapter.wan_send_complete(name, status.get()).err().map(|v| v.rule);
                }
                None
            }
            Op::DropToken(number) => {
                drop(self.token(number));
                None
            }
            Op::ForgetToken(number) => {
                std::mem::forget(self.token(number));
                None
            }
            Op::CompleteName(number, shift, status) => {
                adapter.wan_send_complete(self.name(number, shift)?, status).err()
            }
            Op::SendName(number) => rig.link.send_name(self.name(number, 0)?).err(),
            Op::FreeName(number) => adapter.free(self.name(number, 0)?).err(),
            Op::Touch(number, shift, side, part) => {
                adapter.may_touch(self.name(number, shift)?, side, part).err()
            }
            Op::Acquire(lock, form) => adapter.acquire(lock, form).err(),
            Op::Release(lock, form) => adapter.release(lock, form).err(),
            Op::Raise(to) => adapter.raise_irql(to).err(),
            Op::Lower(to) => adapter.lower_irql(to).err(),
            Op::SetTimer(delay) => adapter.set_timer(0, delay).err(),
            Op::CancelTimer => {
                adapter.cancel_timer(0);
                None
            }
            Op::Run(time) => {
                drop(rig.ndis.run(Some(rig.ndis.now() + time), None));
                None
            }
            Op::Reset(status, completes) => {
                *self.plan.reset.lock().unwrap() = Some((status, completes));
                adapter.reset().err()
            }
            Op::ResetComplete(status) => adapter.reset_complete(status).err(),
            Op::LineUp(send_window) => {
                let settings = LinkSettings { send_window, ..LinkSettings::default() };
                adapter.line_up(Some(&rig.link), None, settings).err()
            }
            Op::LineDown => adapter.line_down(&rig.link).err(),
            Op::Indicate => adapter.indicate_receive(&rig.link, b"frame").err(),
            Op::CloseCall => rig.link.close().err(),
            Op::Drain => {
                rig.ndis.drain();
                None
            }
            Op::Twin(twin) => self.twin(twin),
            Op::Halt(indicates) => {
                self.plan.halt_indicates.store(indicates, Ordering::Relaxed);
                adapter.halt().err()
            }
        };
        broken.map(|violation| violation.rule)
    }

    fn twin(&self, twin: Twin) -> Option<Arc<ndiswan::Violation>> {
        let (rig, adapter) = (&self.rig, self.rig.adapter());
        match twin {
            Twin::ResourcesAvailable => adapter.send_resources_available().err(),
            Twin::Pause(status, completes) => {
                *self.plan.pause.lock().unwrap() = Some((status, completes));
                adapter.pause().err()
            }
            Twin::PauseComplete => adapter.pause_complete().err(),
            Twin::Restart => adapter.restart().err(),
            Twin::SendToCancel => {
                let name = adapter.packet(b"frame").ok()?.into_name();
                let _ = adapter.set_cancel_id(name, 7);
                let sent = rig.link.send_name(name);
                if !matches!(sent, Ok(Status::PENDING)) {
                    let _ = adapter.free(name);
                }
                sent.err()
            }
            Twin::Cancel => adapter.cancel_sends(7).err(),
        }
    }
}
