//! The straight way of a timer that is set, by a thread that is alone: what the general way does where nothing is in the way.

use crate::contract::adapter::Life;
use crate::cx::{Cpu, Irql};
use crate::dispatch::Work;
use crate::ndis::Adapter;

impl Adapter {
    /// NdisMSetTimer of one that is not set. `None` if something is in the way; then nothing was done.
    #[inline]
    pub(super) fn set_timer_straight(&self, cpu: &Cpu, timer: u32, delay: u64) -> Option<()> {
        let ndis = &*self.ndis;
        let span = ndis.bias.alone(cpu)?;
        let told = ndis.tells_all();
        if told || self.life() >= Life::Halted || cpu.irql() > Irql::DISPATCH {
            return None;
        }
        let mut timers = self.timers.0.lock_in(&span)?;
        let mut queue = ndis.queue.lock_in(&span)?;
        let arming = timers.armings + 1;
        let known = timers.known.get_mut(timer as usize).filter(|known| known.armed == 0)?;
        // From here on it is done.
        known.polls = cpu.timer.get() == Some((self.index, timer)) && !self.owes();
        known.armed = arming;
        if known.polls {
            ndis.polls.note();
        }
        timers.armings = arming;
        let at = ndis.now().saturating_add(delay);
        queue.schedule(at, Work::Timer { adapter: self.index, timer, arming });
        Some(())
    }
}
