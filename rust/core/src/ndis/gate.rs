//! What serializes a serialized adapter: one entry point at a time, the rest waits in order.
//!
//! Whoever finds the gate closed leaves its job with the one inside, who does it on the way
//! out. So nobody waits while holding something, and a completion inside of an entry point that
//! makes the protocol send again does not re-enter the miniport.
//!
//! A request, a reset and a halt want an answer, so they do wait. Who waits from inside of another
//! adapter may close a circle of adapters that wait for each other; that is found when it is closed.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{Adapter, HANG};
use crate::cx::{Cpu, number_of};
use crate::dispatch::Work;

/// How long a request waits for its turn before that is a hang.
pub(crate) const PATIENCE: Duration = Duration::from_nanos(HANG);

/// Which CPU waits for a turn in which adapter: in all worlds of the process, since a thread may
/// go from one into another.
static WAITING: Mutex<Vec<(u32, Arc<Adapter>)>> = Mutex::new(Vec::new());

/// Why a CPU did not get its turn.
#[derive(Debug)]
pub(crate) enum NoTurn {
    /// It is inside of the miniport itself.
    Inside,
    /// It would have waited for ever, or has waited for too long.
    Hang(String),
}

/// An entry of [`WAITING`], until it is dropped.
struct Waiting(u32);

impl Waiting {
    /// Notes that `cpu` waits for `wanted`, unless somebody whom it would wait for waits for it.
    fn begin(wanted: Arc<Adapter>, cpu: &Cpu) -> Result<Waiting, NoTurn> {
        let mut waiting = WAITING.lock();
        let mut circle = Vec::new();
        let (mut who, mut next) = (cpu.id, Some(Arc::clone(&wanted)));
        // Who has got its turn and not said so yet may stand in a circle of its own.
        while let Some(adapter) = next.filter(|_| circle.len() <= waiting.len()) {
            let other = adapter.gate.inside.lock().cpu;
            circle.push(format!(
                "cpu {} waits for adapter {:?}, where cpu {} is",
                number_of(who),
                adapter.name,
                number_of(other)
            ));
            if other == cpu.id {
                return Err(NoTurn::Hang(format!("would wait for ever: {}", circle.join("; "))));
            }
            who = other;
            next = waiting.iter().find(|(cpu, _)| *cpu == other).map(|(_, for_)| Arc::clone(for_));
        }
        waiting.push((cpu.id, wanted));
        Ok(Waiting(cpu.id))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.lock().retain(|(cpu, _)| *cpu != self.0);
    }
}

/// Something to do in the miniport.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    /// Send what the link has queued.
    Pump(u32),
    /// Call the timer with this number, if it is still armed by this arming.
    Timer(u32, u64),
    /// Call the DPC with this number.
    Dpc(u32),
    /// MiniportHandleInterrupt.
    Interrupt,
    /// MiniportCheckForHang.
    HangCheck,
}

#[derive(Debug, Default)]
struct Inside {
    /// The CPU inside, 0 for none.
    cpu: u32,
    jobs: VecDeque<Job>,
}

/// The gate of one adapter; always open for a deserialized one.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inside: Mutex<Inside>,
    left: Condvar,
}

impl Adapter {
    /// Enters the miniport, or says that somebody is inside.
    #[inline]
    pub(crate) fn try_enter(&self, cpu: &Cpu) -> bool {
        !self.serialized() || self.try_enter_gate(cpu)
    }

    fn try_enter_gate(&self, cpu: &Cpu) -> bool {
        let mut inside = self.gate.inside.lock();
        if inside.cpu != 0 {
            return false;
        }
        inside.cpu = cpu.id;
        true
    }

    /// Enters the miniport and waits for its turn, for `patience` if there is a limit.
    pub(crate) fn enter_and_wait(
        &self,
        cpu: &Cpu,
        patience: Option<Duration>,
    ) -> Result<(), NoTurn> {
        if self.try_enter(cpu) {
            return Ok(());
        }
        if self.is_inside(cpu) {
            return Err(NoTurn::Inside);
        }
        if let Some(sleeper) = self.sleeper_inside() {
            return Err(NoTurn::Hang(format!(
                "would wait for ever: cpu {sleeper} is inside and sleeps until this returns"
            )));
        }
        let _waiting = Waiting::begin(self.arc(), cpu)?;
        if let Some(free) = self.ndis.others_until(|| self.gate.inside.lock().cpu == 0) {
            let mut inside = self.gate.inside.lock();
            if !free {
                let cpu = number_of(inside.cpu);
                let why = format!("would wait for ever: cpu {cpu} is inside and cannot go on");
                return Err(NoTurn::Hang(why));
            }
            inside.cpu = cpu.id;
            return Ok(());
        }
        let end = patience.map(|patience| Instant::now() + patience);
        let mut inside = self.gate.inside.lock();
        while inside.cpu != 0 {
            match end {
                None => self.gate.left.wait(&mut inside),
                Some(end) => {
                    let late = self.gate.left.wait_until(&mut inside, end).timed_out();
                    if late && inside.cpu != 0 {
                        return Err(NoTurn::Hang(format!(
                            "has waited for its turn for {} s; cpu {} is inside and does not come out",
                            HANG / 1_000_000_000,
                            number_of(inside.cpu)
                        )));
                    }
                }
            }
        }
        inside.cpu = cpu.id;
        Ok(())
    }

    /// Who is inside, if that is another CPU of this stack: in virtual time, whom a sleeper lets go on runs above it.
    fn sleeper_inside(&self) -> Option<u32> {
        if self.ndis.adversary().is_some() {
            return None;
        }
        let inside = self.gate.inside.lock().cpu;
        (0..Cpu::current_number()).map(|number| Cpu::numbered(number).id).find(|id| *id == inside)
    }

    /// Whether this CPU is inside of the (serialized) miniport.
    pub(crate) fn is_inside(&self, cpu: &Cpu) -> bool {
        self.serialized() && self.gate.inside.lock().cpu == cpu.id
    }

    /// Whoever is inside goes out to come back; what was left with it is for whoever runs what is due.
    pub(crate) fn step_out(&self) {
        let jobs = {
            let mut inside = self.gate.inside.lock();
            inside.cpu = 0;
            self.gate.left.notify_one();
            std::mem::take(&mut inside.jobs)
        };
        for job in jobs {
            self.ndis.queue.schedule(self.ndis.now(), self.work_of(job));
        }
    }

    /// It comes back, and waits for its turn.
    pub(crate) fn step_in(&self, cpu: &Cpu) {
        if let Err(NoTurn::Hang(why)) = self.enter_and_wait(cpu, Some(PATIENCE)) {
            drop(self.report_broken(crate::Rule::Hang, None, why));
            self.gate.inside.lock().cpu = cpu.id;
        }
    }

    fn work_of(&self, job: Job) -> Work {
        let adapter = self.index;
        match job {
            Job::Pump(link) => Work::Pump { adapter, link },
            Job::Timer(timer, arming) => Work::Timer { adapter, timer, arming },
            Job::Dpc(dpc) => Work::Dpc { adapter, dpc },
            Job::Interrupt => Work::Interrupt { adapter },
            Job::HangCheck => Work::HangCheck { adapter },
        }
    }

    /// Does `job` now, or leaves it with whoever is inside; false if there was nothing to it, a timer that was cancelled.
    pub(crate) fn perform(&self, cpu: &Rc<Cpu>, job: Job) -> bool {
        if self.serialized() {
            if let Job::Timer(timer, arming) = job
                && !self.timer_is_armed_by(timer, arming)
            {
                return false;
            }
            let mut inside = self.gate.inside.lock();
            if inside.cpu != 0 {
                if !inside.jobs.contains(&job) {
                    inside.jobs.push_back(job);
                }
                return true;
            }
            inside.cpu = cpu.id;
        }
        let done = self.run_job(cpu, job);
        self.leave(cpu);
        done
    }

    /// Leaves the miniport, doing first what was left to do.
    #[inline]
    pub(crate) fn leave(&self, cpu: &Rc<Cpu>) {
        if self.serialized() {
            self.leave_gate(cpu);
        }
    }

    fn leave_gate(&self, cpu: &Rc<Cpu>) {
        loop {
            let job = {
                let mut inside = self.gate.inside.lock();
                let Some(job) = inside.jobs.pop_front() else {
                    inside.cpu = 0;
                    self.gate.left.notify_one();
                    return;
                };
                job
            };
            self.run_job(cpu, job);
        }
    }

    fn run_job(&self, cpu: &Rc<Cpu>, job: Job) -> bool {
        match job {
            Job::Pump(link) => self.pump_inside(cpu, link),
            Job::Timer(timer, arming) => return self.timer_inside(cpu, timer, arming),
            Job::Dpc(dpc) => self.dpc_inside(cpu, dpc),
            Job::Interrupt => self.interrupt_inside(cpu),
            Job::HangCheck => self.hang_check_inside(cpu),
        }
        true
    }
}
