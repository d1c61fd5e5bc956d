//! Memory of a world goes to the next world of its thread; nothing of the one is to be seen in the other.
//!
//! Each execution here is run twice: behind many others on one thread, and with the same answers on a thread that has
//! never had a world. What the drivers do in between is whatever leaves something behind.

use std::sync::{Arc, Mutex, OnceLock};

use ndiswan::choices::{Choice, Ended, Shared, make};
use ndiswan::event::Form::Plain;
use ndiswan::explore::{Execution, Options, execute, replay};
use ndiswan::{
    Adapter, Cx, Deserialized, Dispatch, Disposition, Event, FinalStatus, Link, Miniport, Name,
    Ndis, Packet, Passive, Protocol, Sending, Status, UpToDispatch, WanInfo, at_passive,
};

/// Writes into all that it may write into.
struct Peer;

fn scribble(packet: &mut Packet) {
    let mut view = packet.get();
    view.buffer_mut().fill(0xAA);
    view.protocol_reserved = [7; 4];
    view.mac_reserved = [8; 4];
    view.wan_packet_queue = [9; 2];
}

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, mut packet: Packet, _: FinalStatus) {
        scribble(&mut packet);
        drop(packet);
    }
}

/// What the driver does in its timer.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Does {
    Well,
    CompletesTwice,
    Forgets,
    Panics,
    KeepsItsLock,
    SetsItsTimerAgain,
}
use Does::{CompletesTwice, Forgets, KeepsItsLock, Panics, SetsItsTimerAgain, Well};

struct Card {
    does: Does,
    adapter: OnceLock<(Arc<Adapter>, u32)>,
    list: Mutex<Vec<Name>>,
}

impl Card {
    fn finish(&self) {
        let (adapter, lock) = self.adapter.get().unwrap();
        let _ = adapter.acquire(*lock, Plain);
        let list = std::mem::take(&mut *self.list.lock().unwrap());
        if self.does == KeepsItsLock && adapter.ndis.choose(2, "keeps its lock") == 1 {
            return;
        }
        let _ = adapter.release(*lock, Plain);
        let wrong = !list.is_empty() && adapter.ndis.choose(2, "goes wrong") == 1;
        for name in &list {
            let _ = adapter.wan_send_complete(*name, Status::SUCCESS);
            match self.does {
                Forgets if wrong => return,
                CompletesTwice if wrong => {
                    let _ = adapter.wan_send_complete(*name, Status::SUCCESS);
                }
                // No message: what a hook prints of it is of no use.
                Panics if wrong => std::panic::resume_unwind(Box::new("it panicked")),
                SetsItsTimerAgain => drop(adapter.set_timer(0, 1_000_000)),
                _ => {}
            }
        }
    }
}

impl Miniport for Card {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 3, header_padding: 8, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let lock = adapter.spin_lock("list");
        adapter.timer();
        self.adapter.set((Arc::clone(adapter), lock)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let (adapter, _) = self.adapter.get().unwrap();
        let packet = packet.into_name();
        self.list.lock().unwrap().push(packet.name);
        let _ = adapter.set_timer(0, 1_000_000);
        packet.returned(Status::PENDING)
    }

    fn timer(&self, _: &mut Cx<Dispatch>, _: u32) {
        self.finish();
    }

    fn halt(&self, _: &mut Cx<Passive>) {
        self.adapter.get().unwrap().0.cancel_timer(0);
        self.finish();
    }
}

/// What there was to be seen of an execution.
#[derive(Debug, Eq, PartialEq)]
struct Seen {
    choices: Vec<Choice>,
    points: u64,
    failure: Option<String>,
    /// The CPUs numbered in the order in which they appear: each thread has others.
    events: Vec<Event>,
    histories: Vec<Vec<Event>>,
    /// What was in packets when they came from the pool.
    packets: Vec<String>,
}

fn numbered(events: &[Event], known: &mut Vec<u32>) -> Vec<Event> {
    let mut number = |event: &Event| {
        let at = known.iter().position(|cpu| *cpu == event.cpu).unwrap_or_else(|| {
            known.push(event.cpu);
            known.len() - 1
        });
        Event { cpu: at as u32, ..*event }
    };
    events.iter().map(&mut number).collect()
}

/// Runs `run` with a scenario in which a driver does this.
fn seen(does: Does, run: impl FnOnce(&mut dyn FnMut(&Arc<Ndis>)) -> Execution) -> Seen {
    let (packets, histories) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let ran = run(&mut |ndis| {
        let card = Card { does, adapter: OnceLock::new(), list: Mutex::default() };
        let link = ndis.bind(Peer, card, 4, "card").unwrap();
        at_passive(|cx| {
            for _ in 0..3 + ndis.choose(3, "more") {
                let Ok(mut packet) = link.adapter.packet(b"frame") else { continue };
                packets.lock().unwrap().push(format!("{:?}", *packet.get()));
                scribble(&mut packet);
                packet.get().set_current(8, 5).unwrap();
                drop(link.send(cx, packet));
            }
        })
        .unwrap();
        if ndis.choose(2, "reset") == 1 {
            let _ = link.adapter.reset();
        }
        let _ = ndis.run(None, None);
        for violation in ndis.violations() {
            histories.lock().unwrap().push(violation.history.clone());
        }
    });
    let mut known = Vec::new();
    let events = numbered(&ran.events, &mut known);
    let histories = histories.into_inner().unwrap();
    Seen {
        choices: ran.choices,
        points: ran.points,
        failure: ran.failure.map(|(symptom, _)| format!("{symptom:?}")),
        events,
        histories: histories.iter().map(|one| numbered(one, &mut known)).collect(),
        packets: packets.into_inner().unwrap(),
    }
}

fn options() -> Options {
    let mut options = Options { max_points: 2_000, ..Options::default() };
    options.config.record = true;
    options
}

#[test]
fn a_world_behind_many_others_is_what_a_first_one_is() {
    let explorer = Shared::new(make("random", 11).unwrap());
    let mut failed = 0;
    for _ in 0..60 {
        for does in [Well, CompletesTwice, Forgets, Panics, KeepsItsLock, SetsItsTimerAgain] {
            let late = seen(does, |scenario| execute(&explorer, &options(), scenario));
            let choices = late.choices.clone();
            let again = seen(does, |scenario| replay(&choices, &options(), scenario));
            let first = std::thread::spawn(move || {
                seen(does, |scenario| replay(&choices, &options(), scenario))
            });
            assert_eq!(late, first.join().unwrap(), "{does:?}");
            assert_eq!(late, again, "{does:?}");
            failed += usize::from(late.failure.is_some());
            let choices = &late.choices;
            let ended = Ended { choices, new_edges: 0, failed: false, steps: late.points };
            explorer.lock().end(&ended);
        }
    }
    assert!((50..300).contains(&failed), "{failed} of 360");
}

#[test]
fn a_packet_of_another_size_that_was_put_into_a_pool_is_not_in_the_next() {
    let options = options();
    for _ in 0..3 {
        let mut sizes = Vec::new();
        let ran = replay(&[], &options, &mut |ndis| {
            let card = Card { does: Well, adapter: OnceLock::new(), list: Mutex::default() };
            let link = ndis.bind(Peer, card, 4, "card").unwrap();
            let packets: Vec<_> = (0..4).map(|_| link.adapter.packet(b"frame").unwrap()).collect();
            for mut packet in packets {
                sizes.push(packet.get().end_buffer());
                let info = WanInfo { max_frame_size: 100, ..WanInfo::default() };
                *packet.get() = ndiswan::packet::WanPacket::new(&info);
            }
        });
        assert!(ran.failure.is_none(), "{:?}", ran.failure);
        let size = Card { does: Well, adapter: OnceLock::new(), list: Mutex::default() };
        assert_eq!(sizes, [size.info().buffer_size(); 4]);
    }
}
