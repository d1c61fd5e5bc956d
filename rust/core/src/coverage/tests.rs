//! The fold, its counts and its list.

use super::*;
use crate::contract::packet::Owner;
use crate::cx::Irql;
use crate::event::{Entry, Name, TakenBack, What};
use crate::face::Face;
use crate::rule::Rule;
use crate::status::Status;

const PACKET: Name = Name { adapter: 0, slot: 3, generation: 0 };
const LIFE: Name = Name { generation: 1, ..PACKET };
const SUCCESS: Status = Status::SUCCESS;

fn at(irql: Irql, locks: u8, what: What) -> Event {
    Event { time: 0, cpu: 1, irql, locks, adapter: 0, site: 0, what }
}

fn passive(what: What) -> Event {
    at(Irql::PASSIVE, 0, what)
}

/// A packet is sent, pends, and is completed with a lock held.
fn broken() -> Vec<Event> {
    vec![
        passive(What::Allocate { packet: PACKET }),
        passive(What::Send { packet: PACKET, link: 0, length: 8 }),
        passive(What::Submit { packet: LIFE, link: 0 }),
        passive(What::Return { packet: LIFE, status: Status::PENDING }),
        at(Irql::DISPATCH, 1, What::Complete { packet: LIFE, status: SUCCESS }),
        at(Irql::DISPATCH, 1, What::Violation { rule: Rule::LockHeld }),
        passive(What::Deliver { packet: LIFE, link: 0, status: SUCCESS }),
    ]
}

fn names(edges: &Edges) -> Vec<String> {
    edges.iter().map(|(edge, _)| edge.to_string()).collect()
}

#[test]
fn each_kind_is_that_of_its_sample_and_has_names_of_its_own() {
    let all: Vec<Kind> = Kind::all().collect();
    assert_eq!(all.len(), Kind::COUNT);
    for kind in &all {
        assert_eq!(Kind::of(&kind.sample()), Some(*kind));
        assert_eq!(Kind::by_id(kind.id()), Some(*kind));
        assert_eq!(kind.sample().packet().is_some(), kind.is_of_packet(), "{kind}");
    }
    let words: std::collections::BTreeSet<String> = all.iter().map(Kind::to_string).collect();
    assert_eq!(words.len(), Kind::COUNT);
    assert!(words.contains("Enter MiniportWanSend") && words.contains("TakeBack (given up)"));
    assert!(words.contains("Touch (miniport) ProtocolReserved") && words.contains("Acquire (dpr)"));
}

#[test]
fn an_edge_is_its_three_parts() {
    for seat in Seat::all() {
        for kind in Kind::all() {
            for place in Place::all() {
                let edge = Edge::new(seat, kind, place);
                assert_eq!((edge.seat(), edge.kind(), edge.place()), (seat, kind, place));
            }
        }
    }
}

#[test]
fn a_way_of_a_packet_is_named_for_people() {
    let edges = Edges::of(&broken());
    assert_eq!(
        names(&edges),
        [
            "Pool · Allocate · PASSIVE · no lock",
            "Protocol · Send · PASSIVE · no lock",
            "Ndis · Submit · PASSIVE · no lock",
            "Miniport (in the call) · Return PENDING · PASSIVE · no lock",
            "Miniport (pended) · Complete · DISPATCH · 1 lock",
            "Returning · Deliver · PASSIVE · no lock",
        ]
    );
    assert_eq!(edges.pairs_len(), 5);
    let reached: Vec<Edge> = edges.iter().map(|(edge, _)| edge).collect();
    assert_eq!(edges.count_pair(reached[0], reached[1]), 1);
    assert_eq!(edges.count_pair(reached[1], reached[0]), 0);
}

#[test]
fn events_without_a_packet_are_edges_of_the_adapters_life() {
    let register = What::Register { serialized: true, reentrant: false, face: Face::Wan };
    let life = [register, What::Start, What::ResetStart, What::ResetEnd, What::Halt, What::Halted];
    let edges = Edges::of(&life.map(passive));
    let seats: Vec<Seat> = edges.iter().map(|(edge, _)| edge.seat()).collect();
    let expected = [
        Seat::Initializing,
        Seat::Initializing,
        Seat::Running,
        Seat::Running,
        Seat::Resetting,
        Seat::Halting,
    ];
    assert_eq!(seats, expected);
}

#[test]
fn a_refused_send_leaves_the_packet_with_the_protocol() {
    let mut events = broken()[..2].to_vec();
    events.push(passive(What::Violation { rule: Rule::Line }));
    events.push(passive(What::Free { packet: PACKET }));
    assert_eq!(names(&Edges::of(&events))[2], "Protocol · Free · PASSIVE · no lock");
    // Another CPU's violation is not about that send.
    events[2].cpu = 2;
    assert_eq!(names(&Edges::of(&events))[2], "Ndis · Free · PASSIVE · no lock");
}

#[test]
fn what_an_execution_is_the_first_to_reach_is_fresh() {
    let mut coverage = Coverage::new();
    let mut run = |events: &[Event]| {
        coverage.begin();
        for event in events {
            coverage.see(event);
        }
        coverage.fresh()
    };
    assert_eq!(run(&broken()), 6 + 5);
    assert_eq!(run(&broken()), 0);
    let mut other = broken();
    other[4].locks = 0;
    assert_eq!(run(&other), 1 + 2); // the edge, and the pairs with what is before and behind it
    assert_eq!(coverage.edges().len(), 7);
}

#[test]
fn counts_add_up_and_what_is_new_is_known() {
    let (mut all, mut more) = (Edges::of(&broken()), broken());
    more.push(passive(What::Free { packet: LIFE }));
    let more = Edges::of(&more);
    let new = more.new_since(&all);
    assert_eq!(new.len(), 1);
    assert_eq!(all.merge(&more), 2);
    assert_eq!(all.merge(&more), 0);
    assert_eq!(all.count(new[0]), 2);
    assert_eq!(all.count_step(Seat::Ndis, Kind::by_id("submit").unwrap()), 3);
}

#[test]
fn a_file_of_edges_is_read_as_it_was() {
    let edges = Edges::of(&broken());
    assert_eq!(Edges::from_json(&edges.to_json()).unwrap(), edges);
    let empty = Edges::default();
    assert_eq!(Edges::from_json(&empty.to_json()).unwrap(), empty);
}

#[test]
fn what_is_no_file_of_edges_is_told_where() {
    let good = Edges::of(&broken()).to_json();
    for (from, to, says) in [
        ("ndiswan-coverage", "else", "expected format"),
        ("\"version\":1", "\"version\":2", "version 2"),
        ("\"submit\"", "\"submits\"", "edges[2]: expected a kind of event, got \"submits\""),
        ("\"locks\":1", "\"locks\":3", "expected 0, 1 or 2 locks, got 3"),
        ("\"count\":1", "\"count\":0", "edges[0]: expected a count"),
        ("[0,1,1]", "[0,9,1]", "pairs[0]: expected two indexes below 6"),
        ("{", "[", "expected a coverage file"),
    ] {
        let error = Edges::from_json(&good.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_list_says_what_a_good_driver_can_reach_and_what_breaks_which_rule() {
    let all = every_edge(Face::Wan);
    let find = |text: &str| all.iter().find(|listed| listed.edge.to_string() == text);
    let completes = |place: &str| find(&format!("Miniport (pended) · Complete · {place}")).unwrap();
    assert!(completes("DISPATCH · no lock").kept);
    let held = completes("DISPATCH · 1 lock");
    assert!(!held.kept && held.rules.contains(&Rule::LockHeld));
    let high = completes("DIRQL · no lock");
    assert!(!high.kept && high.rules.contains(&Rule::IrqlComplete));
    let twice = find("Protocol · Complete · DISPATCH · no lock").unwrap();
    assert!(
        !twice.kept && twice.rules.contains(&Rule::Double) && twice.rules.contains(&Rule::Late)
    );
    assert!(find("Pool · Submit · PASSIVE · no lock").is_none());
    assert!(find("Miniport (pended) · Complete · PASSIVE · 1 lock").is_none());
    assert!(all.is_sorted_by_key(|listed| listed.edge));
    assert!(all.iter().all(|known| listed(Face::Wan, known.edge) == Some(known)));
}

#[test]
fn the_list_is_as_long_as_it_was() {
    // After a change of the contract on purpose, look at what changed and pin the new numbers.
    let lengths = Face::ALL.map(|face| {
        let all = every_edge(face);
        (all.iter().filter(|listed| listed.kept).count(), all.len())
    });
    assert_eq!(lengths, [(697, 1_850), (772, 1_951), (729, 1_905), (1_002, 2_557)]);
}

#[test]
fn a_packet_that_a_reset_took_is_on_its_way_back() {
    let mut events = broken()[..4].to_vec();
    events.push(passive(What::TakeBack { packet: LIFE, why: TakenBack::Reset }));
    let mut coverage = Coverage::new();
    for event in &events {
        coverage.see(event);
    }
    assert_eq!(coverage.packets.state(LIFE).owner(), Owner::Returning);
}

#[test]
fn an_event_in_numbers_is_like_no_other_one() {
    let kinds = Kind::all().map(Kind::sample);
    let broken = Rule::ALL.iter().map(|rule| What::Violation { rule: *rule });
    let link = |link, length| What::Send { packet: LIFE, link, length };
    let registers = |serialized, reentrant, face| What::Register { serialized, reentrant, face };
    let further = [
        link(1, 1),
        link(0, 2),
        What::Send { packet: Name { adapter: 1, ..PACKET }, link: 0, length: 1 },
        What::TimerSet { timer: 1, at: 0 },
        What::TimerSet { timer: 0, at: 1 << 40 },
        What::Enter { entry: Entry::Timer, at: Irql::DIRQL },
        registers(true, false, Face::Wan),
        registers(false, true, Face::Wan),
        registers(false, false, Face::Ndis6),
        What::Return { packet: LIFE, status: Status::FAILURE },
    ];
    let all: Vec<Event> = kinds.chain(broken).chain(further).map(passive).collect();
    let mut moved = all.clone();
    for (at, event) in moved.iter_mut().enumerate() {
        match at % 4 {
            0 => event.time = 1,
            1 => event.irql = Irql::DISPATCH,
            2 => event.locks = 1,
            _ => event.adapter = 1,
        }
    }
    let seen: Vec<Seen> = all.iter().chain(&moved).map(Seen::of).collect();
    for (at, one) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(one), "{one:?} is {:?}", at.checked_sub(all.len()));
        assert_eq!(one.cpu(), 1);
    }
}
