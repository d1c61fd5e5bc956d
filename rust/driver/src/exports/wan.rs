//! The data path and what is indicated: NdisMWanSendComplete first of all.

use std::sync::Arc;

use ndiswan::cx::Cpu;
use ndiswan::packet::WanPacket;
use ndiswan::{Adapter, Irql, Link, Rule, Status};

use super::{exports, lines};
use crate::card::{Card, by_handle};
use crate::context::Here;
use crate::{packets, peek};

const LINE_DOWN: u32 = 0x4001_0009;
const FRAGMENT: u32 = 0x4001_000A;
const TAPI_INDICATION: u32 = 0x4001_0080;

/// The card with this MiniportAdapterHandle; the one that calls needs no look-up.
#[inline]
fn with_card<R>(
    here: &Here,
    handle: usize,
    f: impl FnOnce(&Card, &Arc<Adapter>) -> R,
) -> Option<R> {
    if let Some(card) = here.card()
        && card.handle == handle
        && let Some(adapter) = card.adapter()
    {
        return Some(f(card, adapter));
    }
    // A handle that is none is told, and what the driver wants of its own card is done: it is one mistake.
    let found = named(here, handle);
    let card = found.as_deref().or_else(|| here.card())?;
    Some(f(card, card.adapter()?))
}

/// The same for who is not called by its driver.
#[cold]
fn named(here: &Here, handle: usize) -> Option<Arc<Card>> {
    let card = by_handle(handle);
    if card.is_none() {
        let hint = here.card().map_or("", |card| {
            if card.context.load(std::sync::atomic::Ordering::Relaxed) == handle {
                "; this is the MiniportAdapterContext"
            } else if card.links.read().contains_key(&handle) {
                "; this is an NdisLinkContext"
            } else {
                ""
            }
        });
        here.wrong(
            "MiniportAdapterHandle",
            handle,
            &format!("the handle that MiniportInitialize was given{hint}"),
        );
    }
    card
}

pub(super) fn link_of(here: &Here, card: &Card, context: usize) -> Option<Arc<Link>> {
    let link = card.links.read().get(&context).map(|line| Arc::clone(&line.link));
    if link.is_none() {
        let other = card
            .links
            .read()
            .iter()
            .find(|(_, line)| line.link.handle == context as u64)
            .map(|(known, _)| *known);
        let hint = other
            .map_or(String::new(), |known| format!("; this is the NdisLinkHandle of {known:#x}"));
        here.wrong(
            "NdisLinkContext",
            context,
            &format!("what NDIS_STATUS_WAN_LINE_UP filled in{hint}"),
        );
    }
    link
}

/// It is not to be done at once, which is seldom so; see what is called so in the engine.
#[cold]
#[inline(never)]
fn missed() -> bool {
    std::hint::black_box(false)
}

/// Completes a packet of the card that calls, with nothing in the way; whether it did.
#[inline]
fn completed(here: &Here, handle: usize, packet: usize, status: Status) -> bool {
    let Some((card, adapter, cpu)) = here.parts() else { return missed() };
    let Some(arena) = card.arena.get().filter(|_| card.handle == handle) else { return missed() };
    let Some((name, place)) = arena.open_at(packet) else { return missed() };
    let take = |body: &mut WanPacket| arena.take_over(place, packet, body);
    adapter.complete_at_once(cpu, name, status, take)
}

exports! {
    fn NdisMWanSendComplete(here, handle: usize, packet: usize, status: u32) {
        if completed(here, handle, packet, Status(status)) {
            return;
        }
        with_card(here, handle, |card, adapter| {
            let arena = card.arena.get();
            let known = arena.and_then(|arena| arena.name_at(packet));
            let name = known.or_else(|| packets::name_of(packet));
            let Some(name) = name else {
                let text = format!("NdisMWanSendComplete of {packet:#x}, which is no NDIS_WAN_PACKET that a driver was given");
                return here.broken(Rule::Foreign, &text);
            };
            if known.is_some() && adapter.is_with_miniport(name) {
                card.take_back(adapter, name, packet);
            }
            // VOID: what is wrong is on record.
            drop(adapter.wan_send_complete(name, Status(status)));
        });
    }

    fn NdisMWanIndicateReceive(here, out: usize, handle: usize, context: usize, data: usize, length: u32) {
        let answer = with_card(here, handle, |card, adapter| {
            let link = link_of(here, card, context)?;
            let Some(bytes) = peek::bytes(data, length as usize) else {
                here.wrong("Packet", data, &format!("the address of {length} bytes"));
                return None;
            };
            adapter.indicate_receive(&link, &bytes).ok()
        });
        let status = answer.flatten().unwrap_or(Status::FAILURE);
        if !peek::put(out, status.0) {
            here.wrong("Status", out, "the address of an NDIS_STATUS");
        }
    }

    fn NdisMWanIndicateReceiveComplete(here, handle: usize, context: usize) {
        with_card(here, handle, |card, adapter| {
            if let Some(link) = link_of(here, card, context) {
                drop(adapter.indicate_receive_complete(&link));
            }
        });
    }

    fn NdisMIndicateStatus(here, handle: usize, status: u32, buffer: usize, length: u32) {
        let needed = match status {
            lines::LINE_UP => 40,
            LINE_DOWN => 8,
            FRAGMENT => 12,
            _ => 0,
        };
        if length < needed {
            return here.wrong("StatusBufferSize", length as usize, &format!("at least {needed} bytes"));
        }
        with_card(here, handle, |card, adapter| match status {
            lines::LINE_UP => lines::line_up(here, card, adapter, buffer),
            LINE_DOWN | FRAGMENT => {
                let Some(context) = peek::get::<usize>(buffer) else {
                    return here.wrong("StatusBuffer", buffer, "the address of a structure with the NdisLinkContext");
                };
                let Some(link) = link_of(here, card, context) else { return };
                if status == LINE_DOWN {
                    drop(adapter.line_down(&link));
                } else {
                    drop(adapter.fragment(&link, peek::get::<u32>(buffer + 8).unwrap_or(0)));
                }
            }
            other => {
                if other == TAPI_INDICATION {
                    lines::event(here, card, buffer, length as usize);
                }
                let bytes = peek::bytes(buffer, length as usize).unwrap_or_default();
                if adapter.status(Status(other)).is_ok() {
                    (card.settings.on_status)(other, &bytes);
                }
            }
        });
    }

    fn NdisMIndicateStatusComplete(here, handle: usize) {
        with_card(here, handle, |_, adapter| drop(adapter.status_complete()));
    }

    fn NdisMResetComplete(here, handle: usize, status: u32, addressing: u8) {
        with_card(here, handle, |_, adapter| drop(adapter.reset_complete(Status(status))));
    }

    fn NdisMQueryInformationComplete(here, handle: usize, status: u32) {
        with_card(here, handle, |card, _| complete_request(here, card, false, Status(status)));
    }

    fn NdisMSetInformationComplete(here, handle: usize, status: u32) {
        with_card(here, handle, |card, _| complete_request(here, card, true, Status(status)));
    }

    fn NdisMSendResourcesAvailable(here, handle: usize) {
        with_card(here, handle, |_, adapter| drop(adapter.send_resources_available()));
    }

    fn NdisMSendComplete(here, handle: usize, packet: usize, status: u32) {
        here.broken(Rule::Foreign, "NdisMSendComplete: a WAN miniport completes by NdisMWanSendComplete");
    }
}

fn complete_request(here: &Here, card: &Card, set: bool, status: Status) {
    let kind = if set { "set" } else { "query" };
    let level = Cpu::current().irql();
    if level < Irql::DISPATCH {
        let text = format!("{} at {level}; expected DISPATCH_LEVEL", here.name);
        here.broken(Rule::IrqlCall, &text);
    }
    if status == Status::PENDING {
        let text = format!("{}({status}): expected the final status of the {kind}", here.name);
        here.broken(Rule::StatusPending, &text);
    } else if !card.complete_request(set, status) {
        let text =
            format!("{}({status}): expected a {kind} that the driver has; it has none", here.name);
        here.broken(Rule::Handle, &text);
    }
}
