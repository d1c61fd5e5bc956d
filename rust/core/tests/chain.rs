//! NDIS 6, drivers in Rust: the lists that one call completes come to the protocol by one call.
#![allow(unreachable_pub)] // support modules are shared between test programs

mod support {
    pub mod card;
}

use std::sync::{Arc, Mutex};

use ndiswan::cx::UpToDispatch;
use ndiswan::disposition::Packet;
use ndiswan::{
    Adapter, Config, Cx, Delivery, Deserialized, Face, FinalStatus, Irql, Link, Name, Ndis,
    Protocol, Rule, Status,
};
use support::card::{Card, Rig};

/// The calls of a protocol: at which level, and which statuses.
type Calls = Arc<Mutex<Vec<(Irql, Vec<FinalStatus>)>>>;

struct TakesChains(Calls);

impl Protocol for TakesChains {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, _: Packet, _: FinalStatus) {
        panic!("a protocol that takes chains gets chains, of one list too");
    }

    fn send_net_buffer_lists_complete(
        &self,
        cx: &mut Cx<UpToDispatch>,
        chain: Vec<(Packet, FinalStatus)>,
    ) {
        let statuses = chain.into_iter().map(|(_, status)| status).collect();
        self.0.lock().unwrap().push((cx.irql(), statuses));
    }
}

/// The names of what a card was sent.
type Names = Arc<Mutex<Vec<Name>>>;

fn card(names: &Names) -> Card<Deserialized> {
    let names = Arc::clone(names);
    Card::new(move |_, _, packet| {
        names.lock().unwrap().push(packet.name());
        packet.into_name().returned(Status::PENDING)
    })
    .with(|card| card.face = Face::Ndis6)
}

/// A world whose protocol takes chains, with so many sends owed.
fn owing(config: Config, sends: usize) -> (Arc<Ndis>, Arc<Link>, Vec<Name>, Calls) {
    let (ndis, calls, names) = (Ndis::new(config), Calls::default(), Names::default());
    let protocol = TakesChains(Arc::clone(&calls));
    let link = ndis.bind(protocol, card(&names), 8, "card").unwrap();
    for _ in 0..sends {
        assert_eq!(link.send_frame(b"frame").unwrap().1, Status::PENDING);
    }
    let names = names.lock().unwrap().clone();
    (ndis, link, names, calls)
}

fn complete(adapter: &Adapter, lists: &[(Name, Status)]) -> Option<Rule> {
    adapter.send_net_buffer_lists_complete(lists, 0).err().map(|violation| violation.rule)
}

#[test]
fn a_chain_is_one_call_of_the_protocol_at_the_level_of_the_miniports() {
    let (ndis, link, names, calls) = owing(Config::default(), 3);
    let chain = [(names[2], Status::FAILURE), (names[0], Status::SUCCESS)];
    assert_eq!(complete(&link.adapter, &chain), None);
    assert_eq!(complete(&link.adapter, &[(names[1], Status::RESOURCES)]), None);
    let expected = [
        (Irql::PASSIVE, vec![FinalStatus::FAILURE, FinalStatus::SUCCESS]),
        (Irql::PASSIVE, vec![FinalStatus::new(Status::RESOURCES).unwrap()]),
    ];
    assert_eq!(*calls.lock().unwrap(), expected);
    ndis.close().unwrap();
    assert!(ndis.violations().is_empty());
}

#[test]
fn a_broken_rule_of_one_list_keeps_none_of_the_others() {
    let (ndis, link, names, calls) = owing(Config::default(), 3);
    let chain = [
        (names[0], Status::SUCCESS),
        (names[1], Status::HARD_ERRORS),
        (names[2], Status::SUCCESS),
        (names[0], Status::SUCCESS),
    ];
    assert_eq!(complete(&link.adapter, &chain), Some(Rule::StatusList));
    let lengths: Vec<usize> = calls.lock().unwrap().iter().map(|(_, chain)| chain.len()).collect();
    assert_eq!(lengths, [2, 1]);
    let rules: Vec<Rule> = ndis.violations().iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, [Rule::StatusList, Rule::Double]);
    ndis.close().unwrap();
}

#[test]
fn what_waits_in_the_ring_is_one_chain() {
    let config = Config { delivery: Delivery::Queued, ..Config::default() };
    let (ndis, link, names, calls) = owing(config, 3);
    assert_eq!(complete(&link.adapter, &[(names[1], Status::SUCCESS)]), None);
    let rest = [(names[2], Status::SUCCESS), (names[0], Status::SUCCESS)];
    assert_eq!(complete(&link.adapter, &rest), None);
    assert!(calls.lock().unwrap().is_empty());
    assert_eq!(ndis.drain(), 3);
    assert_eq!(calls.lock().unwrap().len(), 1);
    ndis.close().unwrap();
}

#[test]
fn a_protocol_without_chains_has_each_list() {
    let names = Names::default();
    let rig = Rig::new(Config::default(), card(&names), 4);
    rig.send_many(3);
    let names = names.lock().unwrap().clone();
    let chain: Vec<_> = names.iter().map(|name| (*name, Status::SUCCESS)).collect();
    assert_eq!(complete(rig.adapter(), &chain), None);
    assert_eq!(rig.back(), 3);
    assert!(rig.close().is_empty());
}

#[test]
fn a_panic_of_the_protocol_loses_none() {
    let names = Names::default();
    let rig = Rig::new(Config::default(), card(&names), 2);
    let _ = rig.peer.on_back.set(Box::new(|_, _, _| panic!("in the middle of a chain")));
    for _ in 0..3 {
        rig.send_many(2);
        let names = std::mem::take(&mut *names.lock().unwrap());
        let chain: Vec<_> = names.iter().map(|name| (*name, Status::SUCCESS)).collect();
        assert_eq!(complete(rig.adapter(), &chain), None);
    }
    assert!(rig.close().is_empty());
}
