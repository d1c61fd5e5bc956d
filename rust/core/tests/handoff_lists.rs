//! Packets in lists: every packet comes back once, and whatever becomes of a list is as if its tokens had been alone.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use ndiswan::handoff::{Ledger, OtherPool, Packets, Pendings, Pool, Sent, Step, WithLedger};
use ndiswan::ring::Waited;
use ndiswan::{FinalStatus, Rule};

const SUCCESS: FinalStatus = FinalStatus::SUCCESS;
const FAILURE: FinalStatus = FinalStatus::FAILURE;

/// What is in a list, the last one first.
fn all<T: Copy, L: Ledger>(packets: &mut Packets<'_, T, L>) -> Vec<(T, FinalStatus)> {
    std::iter::from_fn(|| packets.pop().map(|(packet, status)| (*packet, status))).collect()
}

/// A thread completes lists that a protocol sends and gets back, and writes into each body.
fn round_and_round<L: Ledger>(pool: &Pool<u64, L>, most: usize, rounds: u64) {
    let (lists, owed) = mpsc::channel::<Pendings<'_, u64, L>>();
    let mut back = 0;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let producer = pool.producer();
            while let Ok(list) = owed.recv() {
                let empty = producer.push_list(list, |body, status| {
                    *body += 1;
                    if status == SUCCESS { FAILURE } else { SUCCESS }
                });
                assert!(empty.is_empty());
            }
        });
        let mut consumer = pool.consumer().unwrap();
        for _ in 0..rounds {
            let mut packets = pool.packets(most);
            let sent = packets.len();
            lists.send(packets.send().pend()).unwrap();
            packets = pool.packets(0);
            while packets.len() < sent {
                assert_eq!(consumer.wait(Some(Duration::from_secs(60))), Waited::Ready);
                back += consumer.drain_list(usize::MAX, &mut packets).unwrap();
            }
            // The list drops them into the pool.
        }
        drop(lists);
    });
    let mut bodies = 0;
    pool.packets(usize::MAX).for_each(|body, _| bodies += *body);
    assert_eq!(bodies, back as u64, "each was completed as often as it came back");
    assert_eq!((pool.broken(), pool.free()), (0, pool.len()));
}

#[test]
fn every_packet_of_a_list_comes_back_once_from_another_thread() {
    round_and_round(&Pool::new(70, |_| 0), 50, 2000);
    round_and_round(&Pool::with_ledger(70, |_| 0), 99, 2000);
}

#[test]
fn what_a_list_completes_comes_in_its_order_with_its_statuses() {
    let pool = Pool::with_ledger(100, |index| index);
    let statuses = [SUCCESS, FAILURE, FinalStatus::RESOURCES];
    let mut list = pool.packets(100);
    // The lane has 128 places, so a list goes over the end of its memory.
    for round in 0..5 {
        let empty = pool.producer().push_list(list.send().pend(), |body, status| {
            assert_eq!(status == SUCCESS, round == 0 || *body % 3 == 0, "as it came back");
            statuses[*body as usize % 3]
        });
        assert!(empty.is_empty());
        list = empty;
        let mut consumer = pool.consumer().unwrap();
        assert_eq!(consumer.drain_list(33, &mut list), Ok(33), "so many were asked for");
        assert_eq!(consumer.drain_list(200, &mut list), Ok(67));
        let mut seen = 0;
        list.for_each(|body, status| {
            assert_eq!((*body, status), (seen, statuses[seen as usize % 3]));
            seen += 1;
        });
        assert_eq!(seen, 100);
    }
    assert_eq!(pool.broken(), 0);
}

#[test]
fn lists_and_packets_alone_come_in_the_order_in_which_one_thread_completed_them() {
    let pool = Pool::with_ledger(60, |index| index);
    let producer = pool.producer();
    let mut alone = Vec::from_iter(pool.packet());
    for many in [0, 1, 2, 33, 7] {
        let empty = producer.push_list(pool.packets(many).send().pend(), |_, _| SUCCESS);
        assert!(empty.is_empty());
        producer.push_from(&mut alone, |packet| (packet.send().pend(), FAILURE));
        producer.push(pool.packet().unwrap().send().pend(), FAILURE);
    }
    let mut packets = pool.packets(0);
    assert_eq!(pool.consumer().unwrap().drain_list(99, &mut packets), Ok(49));
    let (mut seen, mut alone) = (Vec::new(), 0);
    packets.for_each(|body, status| {
        seen.push(*body);
        alone += u32::from(status == FAILURE);
    });
    // The first packet was pushed second.
    assert_eq!(seen[0], 0);
    assert_eq!(seen, (0..49).collect::<Vec<_>>());
    assert_eq!((alone, pool.broken()), (6, 0));
}

#[test]
fn an_empty_list_is_completed_and_nothing_comes() {
    let pool = Pool::with_ledger(2, |_| ());
    let mut packets = pool.producer().push_list(pool.packets(0).send().pend(), |(), _| FAILURE);
    assert_eq!(pool.consumer().unwrap().drain_list(9, &mut packets), Ok(0));
    assert!(packets.is_empty() && packets.pop().is_none());
    packets.for_each(|(), _| panic!("there is none"));
    drop(packets.send());
    assert_eq!((pool.broken(), pool.free()), (0, 2));
    pool.packet().unwrap().send().pend().complete(SUCCESS);
    let mut packets = Pool::packets(&pool, 1);
    assert_eq!(pool.consumer().unwrap().drain_list(0, &mut packets), Ok(0), "none was asked for");
    assert_eq!(packets.len(), 1);
}

#[test]
fn tokens_go_into_lists_and_come_out_of_them() {
    let pool = Pool::with_ledger(3, |index| index);
    let mut packets = pool.packets(2);
    assert!(packets.push(pool.packet().unwrap(), FAILURE).is_ok());
    assert_eq!(packets.pop().map(|(packet, status)| (*packet, status)), Some((2, FAILURE)));
    assert_eq!((packets.len(), pool.free()), (2, 1));
    let mut sendings = packets.send();
    let (sending, _) = sendings.pop().unwrap();
    let mut pendings = sendings.pend();
    let (pending, _) = pendings.pop().unwrap();
    assert!(pendings.is_empty() && pendings.pop().is_none());
    pending.complete(FAILURE);
    sending.pend().complete(SUCCESS);
    let mut packets = pool.packets(0);
    assert_eq!(pool.consumer().unwrap().drain_list(9, &mut packets), Ok(2));
    assert_eq!(all(&mut packets), [(1, SUCCESS), (0, FAILURE)]);
    assert_eq!((pool.broken(), pool.free()), (0, 3));
}

#[test]
fn a_packet_that_was_answered_at_once_goes_on_in_a_list() {
    let pool = Pool::with_ledger(1, |_| ());
    let Sent::Done(packet, status) = pool.packet().unwrap().send().complete(FAILURE) else {
        panic!("it was answered with a status");
    };
    let mut packets = pool.packets(0);
    assert!(packets.push(packet, status).is_ok());
    let mut packets = pool.producer().push_list(packets.send().pend(), |(), status| status);
    assert_eq!(pool.consumer().unwrap().drain_list(1, &mut packets), Ok(1));
    assert_eq!(all(&mut packets), [((), FAILURE)]);
    assert_eq!((pool.broken(), pool.free()), (0, 1));
}

#[test]
fn lists_that_are_dropped_lose_nothing() {
    let pool = Pool::with_ledger(9, |_| ());
    drop(pool.packets(2));
    assert_eq!((pool.free(), pool.broken()), (9, 0));
    drop(pool.packets(2).send());
    drop(pool.packets(3).send().pend());
    let mut statuses = Vec::new();
    pool.consumer().unwrap().drain(9, |_, status| statuses.push(status));
    assert_eq!(statuses, [FAILURE; 5]);
    let record = pool.record();
    assert!(record.iter().all(|one| (one.rule, one.step) == (Rule::Lost, Step::Drop)));
    assert_eq!((record.len(), pool.broken(), pool.free()), (5, 5, 9));
}

#[test]
fn a_panic_while_a_list_is_answered_completes_none_and_loses_none() {
    let pool = Pool::with_ledger(40, |index| index);
    for place in [0, 1, 35, 39] {
        let list = pool.packets(40).send().pend();
        let result = catch_unwind(AssertUnwindSafe(|| {
            drop(pool.producer().push_list(list, |body, _| {
                assert!(*body != place, "as the test wants it");
                SUCCESS
            }));
        }));
        assert!(result.is_err());
        let mut seen = [0; 40];
        pool.consumer().unwrap().drain(99, |packet, status| {
            assert_eq!(status, FAILURE);
            seen[*packet as usize] += 1;
        });
        assert_eq!(seen, [1; 40]);
        assert_eq!(pool.free(), 40);
    }
    assert_eq!(pool.broken(), 4 * 40);
    assert!(pool.record().iter().all(|one| one.rule == Rule::Lost));
}

#[test]
fn a_panic_while_bodies_are_looked_at_leaves_the_list_as_it_was() {
    let pool = Pool::with_ledger(3, |_| 0);
    let mut packets = pool.packets(3);
    let result = catch_unwind(AssertUnwindSafe(|| {
        packets.for_each(|body, _| {
            *body += 1;
            assert_eq!(*body, 2, "as the test wants it");
        });
    }));
    assert!(result.is_err());
    assert_eq!(all(&mut packets), [(0, SUCCESS), (0, SUCCESS), (1, SUCCESS)]);
    assert_eq!((pool.free(), pool.broken()), (3, 0));
}

#[test]
fn a_list_of_another_pool_goes_into_its_own_ring_in_its_order() {
    let (one, other) = (Pool::with_ledger(1, |_| 0), Pool::with_ledger(40, |index| index));
    let empty = one.producer().push_list(other.packets(40).send().pend(), |_, _| FAILURE);
    assert!(empty.is_empty() && one.consumer().unwrap().pop().is_none());
    let mut seen = 0;
    other.consumer().unwrap().drain(99, |packet, status| {
        assert_eq!((*packet, status), (seen, FAILURE));
        seen += 1;
    });
    assert_eq!((seen, other.broken()), (40, 0));
}

#[test]
fn a_list_has_packets_of_one_pool_and_an_empty_one_takes_those_of_any() {
    let (one, other) = (Pool::with_ledger(1, |_| 'a'), Pool::with_ledger(2, |_| 'b'));
    let mut packets = one.packets(1);
    let foreign = packets.push(other.packet().unwrap(), SUCCESS).unwrap_err();
    assert_eq!(*foreign, 'b', "it comes back");
    foreign.send().pend().complete(FAILURE);
    let mut consumer = other.consumer().unwrap();
    assert_eq!(consumer.drain_list(9, &mut packets), Err(OtherPool));
    assert_eq!(all(&mut packets), [('a', SUCCESS)]);
    assert_eq!(consumer.drain_list(9, &mut packets), Ok(1));
    assert!(packets.push(other.packet().unwrap(), SUCCESS).is_ok());
    assert_eq!(all(&mut packets), [('b', SUCCESS), ('b', FAILURE)]);
    assert!(packets.push(one.packet().unwrap(), SUCCESS).is_ok());
    drop(packets.send());
    assert_eq!((one.broken(), other.broken(), other.free()), (1, 0, 2));
}

#[test]
fn a_list_that_is_forgotten_takes_its_packets_with_it_and_no_body() {
    let alive = std::sync::Arc::new(());
    let pool = Pool::with_ledger(4, |_| std::sync::Arc::clone(&alive));
    std::mem::forget(pool.packets(2));
    std::mem::forget(pool.packets(1).send().pend());
    assert_eq!((pool.free(), pool.broken()), (1, 0));
    drop(pool);
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}

#[test]
fn a_list_goes_to_another_thread_if_its_bodies_may() {
    #[allow(dead_code)] // a type to ask
    struct Asked<T>(PhantomData<T>);
    trait Else {
        fn is_send() -> bool {
            false
        }
    }
    impl<T> Else for Asked<T> {}
    // Where both are there, this one is called.
    impl<T: Send> Asked<T> {
        fn is_send() -> bool {
            true
        }
    }
    assert!(Asked::<Pendings<'_, Cell<u8>, WithLedger>>::is_send());
    assert!(!Asked::<Pendings<'_, Rc<u8>, WithLedger>>::is_send());
    assert!(!Asked::<Packets<'_, Rc<u8>>>::is_send());
}
