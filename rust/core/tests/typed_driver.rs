//! A typed driver, all the way: send, pend, timer, complete, regain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndiswan::{
    Adapter, Config, Cx, Deserialized, Dispatch, Disposition, FinalStatus, Link, Miniport, Ndis,
    Packet, Passive, Pending, Protocol, Sending, Sent, SpinLock, Status, UpToDispatch, WanInfo,
    at_passive,
};

struct Queue {
    waiting: SpinLock<Vec<Pending<Deserialized>>>,
    timer: u32,
    adapter: Arc<Adapter>,
}

/// Completes each packet a millisecond after it came.
#[derive(Default)]
struct Modem(std::sync::OnceLock<Queue>);

impl Miniport for Modem {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 2, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let waiting = SpinLock::new(adapter, "queue", Vec::new());
        let queue = Queue { waiting, timer: adapter.timer(), adapter: Arc::clone(adapter) };
        self.0.set(queue).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        let queue = self.0.get().unwrap();
        let (answer, pending) = packet.pend();
        queue.waiting.lock(cx).push(pending);
        queue.adapter.set_timer(queue.timer, 1_000_000).unwrap();
        answer
    }

    fn timer(&self, cx: &mut Cx<Dispatch>, _: u32) {
        let queue = self.0.get().unwrap();
        let done = std::mem::take(&mut *queue.waiting.lock(cx));
        for pending in done {
            pending.complete(cx, FinalStatus::SUCCESS);
        }
    }
}

#[derive(Clone, Default)]
struct Peer(Arc<AtomicU32>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, mut packet: Packet, status: FinalStatus) {
        assert_eq!(status, FinalStatus::SUCCESS);
        assert_eq!(packet.get().data(), b"hello");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn every_send_of_a_good_driver_comes_back_once_and_nothing_is_reported() {
    let ndis = Ndis::new(Config { record: true, ..Config::default() });
    let peer = Peer::default();
    let link = ndis.bind(peer.clone(), Modem::default(), 16, "modem").unwrap();
    at_passive(|cx| {
        for _ in 0..10 {
            let packet = link.adapter.packet(b"hello").unwrap();
            assert!(matches!(link.send(cx, packet).unwrap(), Sent::Pending));
        }
    })
    .unwrap();
    ndis.run(None, None).unwrap();
    ndis.close().unwrap();
    assert_eq!(peer.0.load(Ordering::Relaxed), 10);
    assert_eq!(ndis.violations().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let counters = link.adapter.counters();
    assert_eq!((counters.sends, counters.completions, counters.delivered), (10, 10, 10));
    assert_eq!(counters.queued, 8);
    assert_eq!(ndis.now(), 5_000_000);
}
