//! The hand-off alone: every packet comes back once, whatever becomes of its token.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use ndiswan::handoff::{Ledger, Packet, Pending, Pool, Sending, Sent, Step, WithLedger};
use ndiswan::ring::Waited;
use ndiswan::{FinalStatus, Rule};

const SUCCESS: FinalStatus = FinalStatus::SUCCESS;
const FAILURE: FinalStatus = FinalStatus::FAILURE;

/// Two threads complete what one protocol sends and gets back; who completed it writes that into the body.
fn two_producers<L: Ledger>(pool: &Pool<[u64; 2], L>, sends: u64) {
    let mut seen = vec![0u32; sends as usize];
    std::thread::scope(|scope| {
        let cards = [0u64, 1].map(|number| {
            let (tokens, owed) = mpsc::channel::<Pending<'_, [u64; 2], L>>();
            scope.spawn(move || {
                let producer = pool.producer();
                let mut batch = Vec::new();
                while let Ok(mut first) = owed.recv() {
                    first[1] = number;
                    if first[0] % 3 == 0 {
                        producer.push(first, SUCCESS);
                        continue;
                    }
                    batch.push(first);
                    batch.extend(owed.try_iter().map(|mut packet| {
                        packet[1] = number;
                        packet
                    }));
                    if batch.len() % 2 == 0 {
                        producer.push_many(batch.drain(..).map(|packet| (packet, FAILURE)));
                    } else {
                        producer.push_from(&mut batch, |packet| (packet, FAILURE));
                    }
                }
            });
            tokens
        });
        let mut consumer = pool.consumer().unwrap();
        let mut home: Vec<Packet<'_, _, L>> = std::iter::from_fn(|| pool.packet()).collect();
        let mut back = Vec::new();
        let (mut next, mut outstanding) = (0, 0);
        while next < sends || outstanding > 0 {
            while next < sends {
                let Some(mut packet) = home.pop() else { break };
                *packet = [next, u64::MAX];
                cards[next as usize % 2].send(packet.send().pend()).unwrap();
                next += 1;
                outstanding += 1;
            }
            assert_eq!(consumer.wait(Some(Duration::from_secs(60))), Waited::Ready);
            outstanding -= consumer.drain_into(usize::MAX, &mut back);
            for (packet, _) in back.drain(..) {
                seen[packet[0] as usize] += 1;
                assert_eq!(packet[1], packet[0] % 2, "it was with the other thread");
                home.push(packet);
            }
        }
    });
    assert!(seen.iter().all(|&times| times == 1), "each send came back once");
    assert_eq!(pool.free(), pool.len());
    assert_eq!(pool.broken(), 0);
}

#[test]
fn every_packet_comes_back_once_from_two_threads() {
    two_producers(&Pool::new(8, |_| [0; 2]), 50_000);
}

#[test]
fn with_a_ledger_it_does_too_and_nothing_is_found() {
    two_producers(&Pool::with_ledger(8, |_| [0; 2]), 50_000);
}

#[test]
fn a_token_that_is_dropped_comes_home_with_failure_and_is_on_record() {
    let pool = Pool::with_ledger(2, |_| ());
    drop(pool.packet().unwrap().send());
    drop(pool.packet().unwrap().send().pend());
    let mut consumer = pool.consumer().unwrap();
    let mut packets = Vec::new();
    assert_eq!(consumer.drain(9, |packet, status| packets.push((packet.index(), status))), 2);
    assert_eq!(packets, [(0, FAILURE), (1, FAILURE)]);
    let record: Vec<_> = pool.record().iter().map(|broken| (broken.rule, broken.step)).collect();
    assert_eq!(record, [(Rule::Lost, Step::Drop); 2]);
    assert_eq!(pool.free(), 2, "the closure dropped them, so they are the pool's");
}

#[test]
fn a_panic_of_the_miniport_loses_nothing() {
    let pool = Pool::new(1, |_| ());
    let packet = pool.packet().unwrap();
    let wan_send = |packet: Sending<'_, ()>| -> Sent<'_, ()> {
        assert_eq!(packet.index(), 7, "as the test wants it");
        Sent::Pending
    };
    assert!(catch_unwind(AssertUnwindSafe(|| wan_send(packet.send()))).is_err());
    assert_eq!(pool.broken(), 1);
    assert_eq!(pool.consumer().unwrap().pop().map(|(_, status)| status), Some(FAILURE));
}

#[test]
fn an_answer_at_once_gives_the_packet_back_and_owes_nothing() {
    let pool = Pool::new(1, |_| 5);
    match pool.packet().unwrap().send().complete(SUCCESS) {
        Sent::Done(packet, status) => assert_eq!((*packet, status), (5, SUCCESS)),
        Sent::Pending => panic!("it was answered with a status"),
    }
    assert!(pool.consumer().unwrap().pop().is_none());
    assert_eq!((pool.free(), pool.broken()), (1, 0));
}

#[test]
fn a_packet_of_another_pool_gets_into_its_own_ring() {
    fn pending(pool: &Pool<char>) -> Pending<'_, char> {
        pool.packet().unwrap().send().pend()
    }
    let (one, other) = (Pool::new(1, |_| 'a'), Pool::new(3, |_| 'b'));
    let mut both = vec![pending(&one), pending(&other), pending(&other)];
    let producer = one.producer();
    producer.push(pending(&other), SUCCESS);
    producer.push_from(&mut both, |packet| (packet, SUCCESS));
    let come = |pool: &Pool<char>| pool.consumer().unwrap().drain(9, |_, _| ());
    assert_eq!((come(&one), come(&other)), (1, 3));
    assert_eq!((one.free(), other.free()), (1, 3));
}

#[test]
fn a_panic_between_two_of_many_completes_those_before_and_loses_none() {
    let pool = Pool::new(4, |index| index);
    let pend = |_| pool.packet().unwrap().send().pend();
    let mut owed: Vec<_> = (0..4).map(pend).collect();
    let producer = pool.producer();
    let result = catch_unwind(AssertUnwindSafe(|| {
        producer.push_from(&mut owed, |packet| {
            assert!(*packet != 2, "as the test wants it");
            (packet, SUCCESS)
        });
    }));
    assert!(result.is_err() && owed.is_empty());
    let mut statuses = vec![None; 4];
    pool.consumer().unwrap().drain(9, |packet, status| statuses[*packet as usize] = Some(status));
    assert_eq!(statuses, [SUCCESS, SUCCESS, FAILURE, FAILURE].map(Some));
    assert_eq!(pool.broken(), 2);
}

#[test]
fn at_each_place_of_many_one_of_another_pool_and_a_panic_lose_and_double_none() {
    const MANY: u32 = 39;
    for place in 0..MANY {
        let (one, other) = (Pool::new(MANY, |index| index), Pool::new(1, |_| MANY));
        let pend = |index| {
            let pool = if index == place { &other } else { &one };
            pool.packet().unwrap().send().pend()
        };
        let mut owed: Vec<_> = (0..MANY).map(pend).collect();
        one.producer().push_from(&mut owed, |packet| (packet, SUCCESS));
        let come = |pool: &Pool<u32>| pool.consumer().unwrap().drain(99, |_, _| ());
        assert_eq!((come(&one), come(&other)), (MANY as usize - 1, 1), "{place}");

        let mut owed: Vec<_> = (0..MANY).map(|_| one.packet().unwrap().send().pend()).collect();
        let mut left = place;
        let result = catch_unwind(AssertUnwindSafe(|| {
            one.producer().push_from(&mut owed, |packet| {
                left = left.checked_sub(1).expect("as the test wants it");
                (packet, SUCCESS)
            });
        }));
        assert!(result.is_err() && owed.is_empty());
        assert_eq!((come(&one), one.free()), (MANY as usize, MANY as usize), "{place}");
        assert_eq!(one.broken(), u64::from(MANY - place));
    }
}

#[test]
fn a_panic_of_the_one_who_gets_them_loses_none() {
    let pool = Pool::new(4, |_| ());
    std::iter::from_fn(|| pool.packet()).for_each(|packet| packet.send().pend().complete(SUCCESS));
    let mut consumer = pool.consumer().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| {
        consumer.drain(9, |packet, _| assert!(packet.index() != 1, "as the test wants it"))
    }));
    assert!(result.is_err());
    assert_eq!(pool.free(), 2, "those that it was given");
    assert_eq!(consumer.drain(9, |_, _| ()), 2);
    assert_eq!(pool.free(), 4);
}

#[test]
fn there_is_one_consumer_at_a_time_and_the_next_one_finds_what_is_left() {
    let pool = Pool::new(2, |_| ());
    let first = pool.consumer().unwrap();
    assert!(pool.consumer().is_none());
    drop(first);
    pool.packet().unwrap().send().pend().complete(SUCCESS);
    assert!(pool.consumer().unwrap().pop().is_some());
}

#[test]
fn an_exhausted_pool_has_no_packet_until_one_is_let_go() {
    let pool = Pool::new(1, |_| ());
    let packet = pool.packet();
    assert!(packet.is_some() && pool.packet().is_none());
    drop(packet);
    assert!(pool.packet().is_some());
    assert!(Pool::new(0, |_| ()).packet().is_none());
}

#[test]
fn every_body_is_dropped_once_with_its_pool_wherever_its_packet_is() {
    let alive = std::sync::Arc::new(());
    let pool = Pool::<_, WithLedger>::with_ledger(4, |_| std::sync::Arc::clone(&alive));
    pool.packet().unwrap().send().pend().complete(SUCCESS);
    drop(pool.packet().unwrap().send());
    std::mem::forget(pool.packet());
    assert_eq!(std::sync::Arc::strong_count(&alive), 5);
    drop(pool);
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}

#[test]
fn a_consumer_that_waits_is_woken_by_a_packet_and_by_closing() {
    let pool = Pool::new(1, |_| ());
    let pending = pool.packet().unwrap().send().pend();
    std::thread::scope(|scope| {
        let mut consumer = pool.consumer().unwrap();
        let waiting = scope.spawn(move || {
            assert_eq!(consumer.wait(None), Waited::Ready);
            assert!(consumer.pop().is_some());
            consumer.wait(None)
        });
        std::thread::sleep(Duration::from_millis(20));
        pending.complete(SUCCESS);
        std::thread::sleep(Duration::from_millis(20));
        pool.close();
        assert_eq!(waiting.join().unwrap(), Waited::Closed);
    });
}
