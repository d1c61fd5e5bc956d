//! A thousand panics at random places of drivers' functions: nothing is lost, nothing crashes, and each is on record.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ndiswan::oid::Oid;
use ndiswan::{
    Config, Delivery, FinalStatus, LinkSettings, Mode, Ndis, Rule, Sent, Serialized, Status,
    TimeKind, WanInfo, at_passive,
};
use support::card::{Card, Peer, Rig};

const PACKETS: u32 = 8;
const INJECTED: &str = "injected";

/// Chance, from one seed, and what it did.
#[derive(Debug)]
struct Chaos(Mutex<(u64, BTreeMap<&'static str, usize>)>);

impl Chaos {
    fn new(seed: u64) -> Arc<Chaos> {
        Arc::new(Chaos(Mutex::new((seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, BTreeMap::new()))))
    }

    /// A number below `below` (xorshift).
    fn pick(&self, below: u64) -> u64 {
        let mut inner = self.0.lock().unwrap();
        inner.0 ^= inner.0 << 13;
        inner.0 ^= inner.0 >> 7;
        inner.0 ^= inner.0 << 17;
        inner.0 % below
    }

    /// Panics one time in four.
    fn strike(&self, place: &'static str) {
        if self.pick(4) == 0 {
            *self.0.lock().unwrap().1.entry(place).or_default() += 1;
            // No message: the hook's output of a thousand panics is of no use.
            std::panic::resume_unwind(Box::new(INJECTED));
        }
    }
}

fn card<M: Mode>(chaos: &Arc<Chaos>) -> Card<M>
where
    ndiswan::Dispatch: ndiswan::miniport::CanComplete<M>,
{
    let c = || Arc::clone(chaos);
    let (send, timer, dpc, card_interrupt, isr) = (c(), c(), c(), c(), c());
    let (halt, reset, hang, query) = (c(), c(), c(), c());
    let card = Card::new(move |shared, cx, packet| {
        send.strike("wan_send with the packet");
        match send.pick(4) {
            0 => {
                let answer = packet.complete(FinalStatus::SUCCESS);
                send.strike("wan_send after it has answered");
                answer
            }
            1 => {
                let (answer, pending) = packet.pend();
                pending.complete(cx, FinalStatus::SUCCESS);
                send.strike("wan_send after it has completed");
                answer
            }
            2 => {
                let (answer, pending) = packet.pend();
                send.strike("wan_send with the owed packet");
                shared.owed.lock().unwrap().push(pending);
                answer
            }
            _ => {
                let answer = shared.keep(packet);
                send.strike("wan_send after it has kept the packet");
                answer
            }
        }
    });
    card.with(|card| {
        card.info = WanInfo { max_transmit: 3, ..WanInfo::default() };
        card.halt = Some(Box::new(move |_, _| halt.strike("halt")));
        card.reset = Some(Box::new(move |shared, cx| {
            reset.strike("reset");
            shared.complete_all(cx, FinalStatus::REQUEST_ABORTED);
            Status::SUCCESS
        }));
        card.check_for_hang = Some(Box::new(move |_, _| {
            hang.strike("check_for_hang");
            hang.pick(2) == 0
        }));
        card.timer = Some(Box::new(move |shared, cx| {
            timer.strike("timer");
            if let Some(packet) = shared.oldest() {
                timer.strike("timer with a packet");
                packet.complete(cx, FinalStatus::SUCCESS);
            }
        }));
        card.dpc = Some(Box::new(move |_, _| dpc.strike("dpc")));
        card.isr = Some(Box::new(move |_, _| {
            isr.strike("isr");
            true
        }));
        card.handle_interrupt = Some(Box::new(move |shared, cx| {
            shared.complete_all(cx, FinalStatus::SUCCESS);
            card_interrupt.strike("handle_interrupt");
        }));
        card.query = Some(Box::new(move |_, _| query.strike("query_information")));
    })
}

/// One world, forty things that happen, and the account; how often which place panicked.
fn a_life<M: Mode>(seed: u64, config: Config) -> BTreeMap<&'static str, usize>
where
    ndiswan::Dispatch: ndiswan::miniport::CanComplete<M>,
{
    let chaos = Chaos::new(seed);
    let real = config.time == TimeKind::Real;
    let rig = Rig::new(config, card::<M>(&chaos), PACKETS);
    protocol(&rig.peer, &chaos);
    let (timer, dpc) = (rig.adapter().timer(), rig.adapter().dpc());
    let (mut sent, mut answered) = (0, 0);
    for _ in 0..40 {
        match chaos.pick(10) {
            0..4 => {
                let Ok(packet) = rig.adapter().packet(b"frame") else { continue };
                match at_passive(|cx| rig.link.send(cx, packet)).unwrap() {
                    Ok(Sent::Pending) => sent += 1,
                    Ok(Sent::Done(..)) => (sent, answered) = (sent + 1, answered + 1),
                    Err(error) => assert_eq!(error.violation.rule, Rule::Line),
                }
            }
            4 => rig.adapter().set_timer(timer, chaos.pick(3_000_000)).unwrap(),
            5 => drop(rig.adapter().queue_dpc(dpc)),
            6 => rig.adapter().interrupt(),
            7 => drop(rig.adapter().reset()),
            8 => drop(rig.link.query(Oid::WAN_GET_INFO)),
            _ => indicate(&rig, &chaos),
        }
        if !real {
            let until = rig.ndis.now() + 1_000_000_000;
            rig.ndis.run(Some(until), None).unwrap();
        }
    }
    if real {
        rig.ndis.wait_idle(Duration::from_millis(5));
    }
    rig.adapter().cancel_timer(timer);
    let rules = rig.close();
    // Late and hanging packets are a matter of chance here; Double and Stale are of tokens that a
    // panicking call had kept: NDIS has taken their packets back.
    let known =
        [Rule::Lost, Rule::Line, Rule::Reset, Rule::Late, Rule::Hang, Rule::Double, Rule::Stale];
    assert!(rules.iter().all(|rule| known.contains(rule)), "seed {seed}: {rules:?}");
    assert_eq!(sent, answered + rig.back(), "seed {seed}: every send is answered once");
    account(&rig.ndis, &chaos, seed)
}

fn protocol(peer: &Peer, chaos: &Arc<Chaos>) {
    let (back, told) = (Arc::clone(chaos), Arc::clone(chaos));
    let _ = peer.on_back.set(Box::new(move |_, packet, _| {
        back.strike("send_complete with the packet");
        drop(packet);
        back.strike("send_complete");
    }));
    let _ = peer.on_told.set(Box::new(move |what| {
        told.strike(if what.starts_with("receive") { "receive" } else { "status" });
    }));
}

fn indicate<M: Mode>(rig: &Rig<M>, chaos: &Chaos) {
    let adapter = rig.adapter();
    let old = adapter.raise_irql(ndiswan::Irql::DISPATCH).unwrap();
    if chaos.pick(3) == 0 {
        drop(adapter.line_down(&rig.link));
    }
    drop(adapter.line_up(Some(&rig.link), None, LinkSettings::default()));
    drop(adapter.indicate_receive(&rig.link, b"frame"));
    drop(adapter.indicate_receive_complete(&rig.link));
    drop(adapter.fragment(&rig.link, 1));
    adapter.lower_irql(old).unwrap();
}

/// Each panic is on record with the name of its entry point.
fn account(ndis: &Ndis, chaos: &Chaos, seed: u64) -> BTreeMap<&'static str, usize> {
    let struck = chaos.0.lock().unwrap().1.clone();
    let panics = ndis.panics();
    assert_eq!(panics.len(), struck.values().sum::<usize>(), "seed {seed}: {struck:?}");
    assert!(panics.iter().all(|panic| panic.message == INJECTED), "seed {seed}: {panics:?}");
    struck
}

/// Lives until a thousand panics have happened, and in each place some.
fn a_thousand(mut life: impl FnMut(u64) -> BTreeMap<&'static str, usize>, places: usize) {
    let mut struck = BTreeMap::<_, usize>::new();
    for seed in 1.. {
        for (place, count) in life(seed) {
            *struck.entry(place).or_default() += count;
        }
        if struck.values().sum::<usize>() >= 1000 && struck.len() >= places {
            break;
        }
        assert!(seed < 2000, "{struck:?}");
    }
}

#[test]
fn a_thousand_panics_under_a_serialized_miniport_lose_nothing() {
    a_thousand(|seed| a_life::<Serialized>(seed, Config::default()), 18);
}

#[test]
fn a_thousand_panics_under_a_deserialized_miniport_lose_nothing() {
    let config = Config { delivery: Delivery::Queued, ..Config::default() };
    a_thousand(|seed| a_life::<ndiswan::Deserialized>(seed, config.clone()), 18);
}

#[test]
fn a_thousand_panics_in_real_time_lose_nothing() {
    let config = Config { time: TimeKind::Real, ..Config::default() };
    a_thousand(|seed| a_life::<Serialized>(seed, config.clone()), 17); // no check for hang: it is every 2 s
}

#[test]
fn a_token_that_a_panicking_call_has_kept_completes_nothing_any_more() {
    let card = Card::<ndiswan::Deserialized>::new(|shared, _, packet| {
        let _answer = shared.keep(packet);
        std::panic::resume_unwind(Box::new(INJECTED));
    });
    let rig = Rig::new(Config::default(), card, 1);
    assert_eq!(rig.send(), Status::PENDING);
    assert_eq!(rig.back(), 1, "it is taken back at once");
    at_passive(|cx| rig.card.oldest().unwrap().complete(cx, FinalStatus::SUCCESS)).unwrap();
    assert_eq!((rig.back(), rig.close()), (1, vec![Rule::Lost, Rule::Double]));
}

#[test]
fn a_panic_of_initialize_fails_the_bind() {
    let card = Card::<Serialized>::keeping().with(|card| {
        card.initialize = Some(Box::new(|_, _| std::panic::resume_unwind(Box::new(INJECTED))));
    });
    let ndis = Ndis::new(Config::default());
    let bound = Rig::try_on(&ndis, card, 1);
    assert!(bound.is_err_and(|error| error.to_string().contains("MiniportInitialize")));
    assert_eq!(ndis.panics().len(), 1);
    ndis.close().unwrap();
}

#[test]
fn a_panic_of_shutdown_is_caught() {
    let card = Card::<Serialized>::keeping().with(|card| {
        card.shutdown = Some(Box::new(|_, _| std::panic::resume_unwind(Box::new(INJECTED))));
    });
    let rig = Rig::new(Config::default(), card, 1);
    rig.adapter().shutdown();
    assert_eq!((rig.ndis.panics().len(), rig.close()), (1, vec![]));
    assert_eq!(rig.peer.back.load(Ordering::Relaxed), 0);
}
