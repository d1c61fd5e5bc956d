//! The recording of a good run: nothing is found, the same run gives the same file.

use proptest::prelude::*;

use super::*;
use crate::capture::{CaptureReader, Direction, LINK_PPP, LINK_PPP_HDLC};
use crate::cx::at_passive;
use crate::ndis::Delivery;
use crate::spin_lock::SpinLock;
use crate::{Pending, TimeKind};

struct Queue<M: Mode> {
    waiting: SpinLock<Vec<Pending<M>>>,
    adapter: Arc<Adapter>,
    timer: u32,
}

/// A typed driver: each packet waits for a timer; a receive is indicated for each.
struct Modem<M: Mode>(OnceLock<Queue<M>>);

impl<M: Mode> Modem<M>
where
    Dispatch: crate::miniport::CanComplete<M>,
{
    fn finish(&self, cx: &mut Cx<Dispatch>) {
        let queue = self.0.get().unwrap();
        let done = std::mem::take(&mut *queue.waiting.lock_dpr(cx));
        for pending in done {
            let link = &queue.adapter.links()[0];
            queue.adapter.indicate_receive(link, b"\x80\x21up").unwrap();
            pending.complete(cx, FinalStatus::SUCCESS);
        }
    }
}

impl<M: Mode> Miniport for Modem<M>
where
    Dispatch: crate::miniport::CanComplete<M>,
{
    type Mode = M;

    fn info(&self) -> WanInfo {
        WanInfo { max_transmit: 3, ..WanInfo::default() }
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        let waiting = SpinLock::new(adapter, "queue", Vec::new());
        let queue = Queue { waiting, timer: adapter.timer(), adapter: Arc::clone(adapter) };
        self.0.set(queue).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        cx: &mut Cx<M::SendLevel>,
        _: &Arc<Link>,
        packet: Sending<'call, M>,
    ) -> Disposition<'call> {
        let queue = self.0.get().unwrap();
        if packet.len().is_multiple_of(5) {
            return packet.complete(FinalStatus::SUCCESS);
        }
        let (answer, pending) = packet.pend();
        queue.waiting.lock(cx).push(pending);
        queue.adapter.set_timer(queue.timer, 1_000).unwrap();
        answer
    }

    fn timer(&self, cx: &mut Cx<Dispatch>, _: u32) {
        self.finish(cx);
    }

    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        self.finish(cx);
        (Status::SUCCESS, false)
    }

    fn halt(&self, cx: &mut Cx<Passive>) {
        let queue = self.0.get().unwrap();
        queue.adapter.cancel_timer(queue.timer);
        cx.raise(|cx| {
            let done = std::mem::take(&mut *queue.waiting.lock_dpr(cx));
            for pending in done {
                pending.complete(cx, FinalStatus::FAILURE);
            }
        });
    }
}

/// One step of a protocol.
#[derive(Copy, Clone, Debug)]
enum Step {
    Send(usize),
    Run,
    Reset,
    TooLong,
    LineUp(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(
        prop_oneof![
            6 => (1..40_usize).prop_map(Step::Send),
            3 => Just(Step::Run),
            1 => Just(Step::Reset),
            1 => Just(Step::TooLong),
            1 => (0..4_u16).prop_map(Step::LineUp),
        ],
        0..60,
    )
}

fn run<M: Mode>(config: Config, steps: &[Step]) -> Arc<Ndis>
where
    Dispatch: crate::miniport::CanComplete<M>,
{
    let ndis = Ndis::new(config);
    let link = ndis.bind(Peer::default(), Modem::<M>(OnceLock::new()), 8, "modem").unwrap();
    for step in steps {
        match *step {
            Step::Send(length) => {
                if let Ok(packet) = link.adapter.packet(&[0xff, 3, 0xc0].repeat(length)) {
                    at_passive(|cx| drop(link.send(cx, packet).unwrap())).unwrap();
                }
            }
            Step::Run if config_is_virtual(&ndis) => drop(ndis.run(None, None).unwrap()),
            Step::Run => std::thread::yield_now(),
            Step::Reset => drop(link.adapter.reset().unwrap()),
            Step::TooLong => assert!(link.adapter.packet(&[0; 2000]).is_err()),
            Step::LineUp(send_window) => {
                let settings = crate::LinkSettings { send_window, ..Default::default() };
                let old = link.adapter.raise_irql(crate::Irql::DISPATCH).unwrap();
                link.adapter.line_up(Some(&link), None, settings).unwrap();
                link.adapter.lower_irql(old).unwrap();
            }
        }
    }
    ndis.close().unwrap();
    let _ = link.close();
    ndis
}

fn config_is_virtual(ndis: &Ndis) -> bool {
    ndis.config.time == TimeKind::Virtual
}

fn bytes(trace: &Trace) -> Vec<u8> {
    let mut file = Vec::new();
    trace.write(&mut file, "memory").unwrap();
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_check_of_a_good_run_finds_nothing_and_the_file_is_read_as_it_was_written(
        steps in steps(), queued: bool, serialized: bool
    ) {
        let delivery = if queued { Delivery::Queued } else { Delivery::Inline };
        let config = Config { delivery, ..recording() };
        let again = config.clone();
        let run = if serialized { run::<Serialized> } else { run::<Deserialized> };
        let (ndis, other) = (run(config, &steps), run(again, &steps));
        let told: Vec<_> = ndis.violations().iter().map(ToString::to_string).collect();
        prop_assert_eq!(told, [""; 0]);
        let trace = ndis.trace();
        let found: Vec<_> = trace.check().iter().map(ToString::to_string).collect();
        prop_assert_eq!(found, [""; 0]);
        let file = bytes(&trace);
        prop_assert_eq!(&Trace::read_from(&file[..], "memory").unwrap(), &trace);
        prop_assert_eq!(file, bytes(&other.trace()), "the same run gives the same file");
    }
}

#[test]
fn the_recording_of_threads_in_real_time_is_clean_too() {
    let ndis = Ndis::new(Config { time: TimeKind::Real, ..recording() });
    let modem = Modem::<Deserialized>(OnceLock::new());
    let link = ndis.bind(Peer::default(), modem, 32, "modem").unwrap();
    std::thread::scope(|scope| {
        for length in 1..4 {
            let link = &link;
            scope.spawn(move || {
                for _ in 0..300 {
                    if let Ok(packet) = link.adapter.packet(&vec![7; length]) {
                        at_passive(|cx| drop(link.send(cx, packet).unwrap())).unwrap();
                    }
                }
            });
        }
    });
    assert!(ndis.wait_idle(std::time::Duration::from_secs(20)));
    ndis.close().unwrap();
    let found: Vec<_> = ndis.trace().check().iter().map(ToString::to_string).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn every_frame_is_in_the_capture_with_its_way_and_its_end() {
    let ndis = run::<Deserialized>(recording(), &[Step::Send(1), Step::Send(5), Step::Run]);
    let mut file = Vec::new();
    assert_eq!(ndis.trace().to_pcapng(&mut file).unwrap(), 3);
    let frames: Vec<_> =
        CaptureReader::new(&file[..], "memory").unwrap().map(Result::unwrap).collect();
    let ways: Vec<_> = frames.iter().map(|frame| (frame.direction, frame.time_ns)).collect();
    let (out, up) = (Some(Direction::Outbound), Some(Direction::Inbound));
    assert_eq!(ways, [(out, 0), (out, 0), (up, 1_000)]);
    assert_eq!(frames[2].data, b"\x80\x21up");
    let comment = |index: usize| frames[index].comment.clone().unwrap();
    let way = "protocol > NDIS > miniport > NDIS > protocol";
    let ended = "NDIS_STATUS_SUCCESS (0x00000000) after";
    assert_eq!(comment(0), format!("packet 0.0 (life 1): {way}, {ended} 0.001000 ms"));
    assert_eq!(comment(1), format!("packet 0.1 (life 1): {way}, {ended} 0.000000 ms"));
    assert!(frames.iter().all(|frame| frame.link_type == LINK_PPP), "one frame is without ff 03");

    let (ndis, link) = bind::<Deserialized>(recording(), QUIET);
    send(&link);
    let mut file = Vec::new();
    assert_eq!(ndis.trace().to_pcapng(&mut file).unwrap(), 1);
    let frame = CaptureReader::new(&file[..], "memory").unwrap().next().unwrap().unwrap();
    assert_eq!(frame.link_type, LINK_PPP_HDLC, "every frame begins with ff 03");
    assert!(frame.comment.unwrap().ends_with("protocol > NDIS > miniport, never given back"));
}

#[test]
fn the_text_has_one_line_an_event_in_columns() {
    let ndis = run::<Serialized>(recording(), &[Step::Send(1), Step::Run]);
    let trace = ndis.trace();
    let text = trace.to_text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), trace.events.len() + 1);
    let column = lines[0].find("event").unwrap();
    for line in &lines[1..] {
        let (columns, event) = line.split_at(column);
        assert!(columns.ends_with("  ") && !event.starts_with(' '), "{line}");
    }
    let mut written = Vec::new();
    trace.write_text(&mut written).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
    for part in ["NdisAcquireSpinLock(lock \"queue\")", "MiniportTimer begins", ", 3 bytes"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_races_on_several_cpus_is_found_exactly_as_the_engine_found_it() {
    let ndis = Ndis::new(Config { time: TimeKind::Real, ..recording() });
    let modem = Modem::<Deserialized>(OnceLock::new());
    let link = ndis.bind(Peer::default(), modem, 32, "modem").unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_millis(300);
    let busy = || std::time::Instant::now() < end;
    std::thread::scope(|scope| {
        for length in [1, 2, 5] {
            let link = &link;
            scope.spawn(move || {
                while busy() {
                    match link.adapter.packet(&vec![7; length]) {
                        Ok(packet) => at_passive(|cx| drop(link.send(cx, packet).ok())).unwrap(),
                        Err(_) => std::thread::yield_now(),
                    }
                }
            });
        }
        let link = &link;
        scope.spawn(move || {
            for send_window in (1..9).cycle().take_while(|_| busy()) {
                std::thread::sleep(std::time::Duration::from_micros(300));
                link.adapter.reset().unwrap();
                let settings = crate::LinkSettings { send_window, ..Default::default() };
                link.adapter.line_down(link).unwrap();
                link.adapter.line_up(Some(link), None, settings).unwrap();
            }
        });
    });
    ndis.wait_idle(std::time::Duration::from_secs(20));
    ndis.close().unwrap();
    let found = ndis.trace().check();
    let mut rules = [rules(&found), ndis.violations().iter().map(|found| found.rule).collect()];
    for rules in &mut rules {
        rules.sort();
    }
    assert_eq!(rules[0], rules[1]);
    assert!(found.iter().all(|found| found.recorded));
}
