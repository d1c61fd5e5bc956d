//! The timer of a device object, which calls its function once a second.

use super::exports;
use super::timers::arm;
use crate::card::{Card, Timer};
use crate::context::Here;

const SECOND: u64 = 1_000_000_000;
const SUCCESS: u32 = 0;
const UNSUCCESSFUL: u32 = 0xC000_0001;

/// The timer of a device object: the engine calls its function with the device and the context, as it calls that of any other
/// timer with what it stands in.
fn of_device(card: &Card, device: usize) -> Option<Timer> {
    card.timers.read().iter().find(|known| known.address == device).copied()
}

fn is_device(here: &Here, card: &Card, device: usize) -> bool {
    let known = card.things.lock().devices.contains_key(&device);
    if !known {
        here.wrong("DeviceObject", device, "what IoCreateDevice gave");
    }
    known
}

fn known<'card>(
    here: &Here,
    card: &'card Card,
    device: usize,
) -> Option<(&'card ndiswan::Adapter, u32)> {
    if !is_device(here, card, device) {
        return None;
    }
    let timer = of_device(card, device);
    if timer.is_none() {
        here.wrong(
            "DeviceObject",
            device,
            "a device whose timer was initialized (IoInitializeTimer)",
        );
    }
    Some((card.adapter()?, timer?.number))
}

/// A device goes: its timer goes with it.
pub(super) fn forget(card: &Card, device: usize) {
    let Some(timer) = of_device(card, device) else { return };
    card.timers.write().retain(|known| known.address != device);
    if let Some(adapter) = card.adapter() {
        adapter.cancel_timer(timer.number);
    }
}

impl Card {
    /// A device is the driver's and not the card's, so that its timer is set after a halt is no mistake; here it runs no longer.
    pub(crate) fn stop_io_timers(&self) {
        let devices: Vec<usize> = self.things.lock().devices.keys().copied().collect();
        let Some(adapter) = self.adapter() else { return };
        for timer in devices.into_iter().filter_map(|device| of_device(self, device)) {
            adapter.cancel_timer(timer.number);
        }
    }
}

exports! {
    fn IoInitializeTimer(here, device: usize, function: usize, context: usize) -> u32 {
        let Some(card) = here.card() else { return UNSUCCESSFUL };
        let Some(adapter) = card.adapter() else { return UNSUCCESSFUL };
        if !is_device(here, card, device) {
            return UNSUCCESSFUL;
        }
        if of_device(card, device).is_some() {
            here.wrong("DeviceObject", device, "a device whose timer was not initialized before");
            return UNSUCCESSFUL;
        }
        card.timers.write().push(Timer { number: adapter.timer(), function, context, address: device });
        SUCCESS
    }

    fn IoStartTimer(here, device: usize) {
        let Some(card) = here.card() else { return };
        let Some((adapter, number)) = known(here, card, device) else { return };
        if !adapter.timer_is_set(number) {
            arm(adapter, number, SECOND, SECOND);
        }
    }

    fn IoStopTimer(here, device: usize) {
        let Some(card) = here.card() else { return };
        let Some((adapter, number)) = known(here, card, device) else { return };
        adapter.cancel_timer(number);
    }
}
