//! What is written is what happened.

use super::*;
use crate::capture::{CaptureReader, Direction, LINK_PPP_HDLC};
use crate::model::simulation::{Control, Detail};
use crate::model::{Arrivals, CardSpec, LineSpec, LinkSpec, Loss, Luck, QueueSpec, Size, Traffic};

/// Three packets of 100 bytes at once on a line of 1 Mbit/s with a window of 2; one packet takes 800 µs.
fn burst(loss: Loss) -> Simulation {
    let arrivals = Arrivals::At { times_ns: vec![1_000; 3].into() };
    let size = Size::Fixed { bytes: 100 };
    let spec = LinkSpec {
        traffic: vec![Traffic { arrivals, size, start_ns: 0, packets: Some(3), class: 0 }],
        queue: QueueSpec::default(),
        window: 2,
        card: CardSpec::default(),
        line: LineSpec { rate_bps: 1_000_000, propagation_ns: 7, loss, ..LineSpec::default() },
        multilink: None,
        count: 1,
    };
    let mut simulation = Simulation::new(vec![spec], &[Luck::of(1, 0)], Detail::Trace).unwrap();
    assert!(simulation.run(None, 1, &Control::default()).unwrap());
    simulation
}

fn written(simulation: &Simulation, form: Form) -> Vec<u8> {
    let mut file = Vec::new();
    assert_eq!(
        write(simulation, &["t1".to_owned()], form, &mut file, &AtomicBool::new(false)).unwrap(),
        3
    );
    file
}

#[test]
fn a_life_is_what_the_events_say() {
    let story = Story::of(&burst(Loss::None), 0, "t1", &AtomicBool::new(false));
    let lives: Vec<_> =
        story.lives.iter().map(|l| (l.offered, l.sent, l.completed.unwrap().0)).collect();
    let expected =
        [(1_000, 1_000, 801_000), (1_000, 1_000, 1_601_000), (1_000, 801_000, 2_401_000)];
    assert_eq!(lives, expected.map(|(offered, sent, back)| (Some(offered), sent, back)));
    let left = story.lives[2].left.unwrap();
    assert_eq!((left.finish, left.wire_bytes, left.at), (2_401_000, 100, Some(2_401_007)));
}

#[test]
fn a_capture_has_a_frame_for_each_packet_when_it_was_sent() {
    let file = written(&burst(Loss::None), Form::Pcapng { snaplen: 40 });
    let frames: Vec<_> =
        CaptureReader::new(&file[..], "file").unwrap().map(Result::unwrap).collect();
    let times: Vec<_> = frames.iter().map(|frame| frame.time_ns).collect();
    assert_eq!(times, [1_000, 1_000, 801_000]);
    for (number, frame) in (0..).zip(&frames) {
        assert_eq!((frame.data.len(), frame.original_len), (40, 100));
        assert_eq!((frame.link_type, frame.direction), (LINK_PPP_HDLC, Some(Direction::Outbound)));
        assert_eq!(frame.data[..9], [0xff, 0x03, 0xc0, 0x21, 0x0b, number, 0, 96, 0]);
    }
    assert_eq!(
        frames[2].comment.as_deref(),
        Some(
            "0:2: protocol > NDIS > miniport > NDIS > protocol; offered 0.001000 ms; sent 0.801000 ms; completed and \
             handed back 2.401000 ms, NDIS_STATUS_SUCCESS (0x00000000); arrives 2.401007 ms"
        )
    );
}

#[test]
fn a_lost_frame_is_said_to_be_lost() {
    let all = Loss::GilbertElliott { p: 1.0, r: 1e-12, loss_good: 1.0, loss_bad: 1.0 };
    let file = written(&burst(all), Form::Pcapng { snaplen: 0 });
    for frame in CaptureReader::new(&file[..], "file").unwrap() {
        assert!(frame.unwrap().comment.unwrap().ends_with("; lost on the line"));
    }
}

#[test]
fn slices_of_one_lane_do_not_overlap() {
    let file = String::from_utf8(written(&burst(Loss::None), Form::Chrome)).unwrap();
    let document: serde_json::Value = serde_json::from_str(&file).unwrap();
    let mut until = std::collections::BTreeMap::new();
    let mut slices = 0;
    for event in document["traceEvents"].as_array().unwrap() {
        if event["ph"] == "X" {
            let (begin, took) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
            let lane = until.entry(event["tid"].as_u64().unwrap()).or_insert(0.0);
            assert!(begin >= *lane, "{event}");
            *lane = begin + took;
            slices += 1;
        }
    }
    // Six moments, one wait in the queue, three times with the miniport, three on the line.
    assert_eq!(slices, 6 + 1 + 3 + 3);
}

#[test]
fn whoever_stops_it_gets_no_more_written() {
    for form in [Form::Pcapng { snaplen: 0 }, Form::Perfetto, Form::Chrome] {
        let mut file = Vec::new();
        let simulation = burst(Loss::None);
        let told = write(&simulation, &["t1".to_owned()], form, &mut file, &AtomicBool::new(true));
        let text = told.unwrap_err().to_string();
        assert!(text.ends_with("stopped before the end"), "{form:?}: {text}");
        assert!(file.is_empty());
    }
}
