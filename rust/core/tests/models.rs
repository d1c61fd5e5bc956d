//! The built-in models, run in their own loop and under the general engine: the same events.

use ndiswan::event::What;
use ndiswan::model::random::Stream;
use ndiswan::model::simulation::{Control, Detail};
use ndiswan::model::sink::Happened;
use ndiswan::model::{
    Arrivals, CardDriver, CardSpec, Completes, Death, Duration, Feed, LineSpec, LinkSpec, Loss,
    Luck, Moderation, QueueSpec, Simulation, Size, Traffic,
};
use ndiswan::{Config, Ndis, Status};

/// What is compared: when, which packet (counted by its send), and its bytes and status, or the status it came back with.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Seen {
    Sent { time: u64, packet: usize, bytes: u32, status: Status },
    Completed { time: u64, packet: usize, status: Status },
}

/// A scenario drawn with the luck of a stream.
struct Draw(Stream, u64);

impl Draw {
    fn below(&mut self, below: u64) -> u64 {
        self.1 += 1;
        self.0.below(self.1, below)
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    fn link(&mut self) -> LinkSpec {
        let size = self.one_of(&[
            Size::Fixed { bytes: 100 },
            Size::Uniform { low: 1, high: 1500 },
            Size::Exponential { mean: 300.0, max: 1500 },
        ]);
        let window = 1 + self.below(8) as u32;
        let flows = 1 + self.below(2);
        let traffic = (0..flows).map(|_| self.flow(size.clone())).collect();
        let moderation = [
            None,
            Some(Moderation { frames: 3, ns: 2_000_000 }),
            Some(Moderation { frames: 4, ns: 0 }),
            Some(Moderation { frames: 1_000, ns: 900_000 }),
        ];
        let completes = self.one_of(&[
            Completes::WhenSent,
            Completes::WhenSent,
            Completes::WhenCopied,
            Completes::Inline,
        ]);
        let least = u32::from(completes != Completes::WhenSent);
        let dies = Death { at_ns: vec![20_000_000, 90_000_001], ..Death::default() };
        let dies = Death { check_for_hang_ns: 30_000_000, reset_ns: 0, ..dies };
        let card = CardSpec {
            completes,
            descriptors: self.below(5) as u32 + least,
            program_ns: self.one_of(&[0, 0, 5_000, 1_000_000]),
            interrupt_ns: self.one_of(&[0, 0, 3_000]),
            moderation: self.one_of(&moderation),
            reorder: self.one_of(&[0, 0, 3]),
            dies: self.one_of(&[
                None,
                None,
                Some(dies.clone()),
                Some(Death { reset_ns: 7_000, ..dies }),
            ]),
        };
        let line = LineSpec {
            rate_bps: self.one_of(&[64_000, 1_544_000, 1_000_000_000]),
            loss: self.one_of(&[Loss::None, Loss::BitErrors { rate: 1e-4 }]),
            ..LineSpec::default()
        };
        let queue = QueueSpec { limit: self.one_of(&[None, Some(40)]), ..QueueSpec::default() };
        LinkSpec { traffic, queue, window, card, line, multilink: None, count: 1 }
    }

    fn flow(&mut self, size: Size) -> Traffic {
        let times: Vec<u64> = (0..60).map(|n| n / 7 * 3_000_000).collect();
        let arrivals = self.one_of(&[
            Arrivals::ClosedLoop { packets: 6, think: None },
            Arrivals::ClosedLoop {
                packets: 6,
                think: Some(Duration::Exponential { mean_ns: 1e6 }),
            },
            Arrivals::Saturating,
            Arrivals::Constant { interval_ns: 700_000.0 },
            Arrivals::Poisson { mean_ns: 1_500_000.0 },
            Arrivals::At { times_ns: times.into() },
        ]);
        Traffic { arrivals, size, start_ns: self.below(2) * 1_000, packets: Some(60), class: 0 }
    }
}

const UNTIL: u64 = 400_000_000;

fn in_its_own_loop(spec: &LinkSpec, luck: Luck) -> Vec<Seen> {
    let mut simulation = Simulation::new(vec![spec.clone()], &[luck], Detail::Trace).unwrap();
    simulation.run(Some(UNTIL), 1, &Control::default()).unwrap();
    let (mut seen, mut packets) = (Vec::new(), std::collections::HashMap::new());
    for event in simulation.events_of(0) {
        match *event {
            Happened::Sent { time, seq, bytes, status } => {
                let packet = packets.len();
                packets.insert(seq, packet);
                seen.push(Seen::Sent { time, packet, bytes, status });
            }
            Happened::Completed { time, seq, status } => {
                seen.push(Seen::Completed { time, packet: packets[&seq], status });
            }
            _ => {}
        }
    }
    assert_eq!(simulation.counters()[0].1.broken, 0);
    seen
}

fn under_the_engine(spec: &LinkSpec, luck: Luck) -> Vec<Seen> {
    let ndis = Ndis::new(Config { record: true, ..Config::default() });
    let feed = Feed::new(&spec.traffic, spec.queue, spec.window, &luck);
    let driver = CardDriver::new(spec.card.clone(), spec.line.clone(), spec.window, luck);
    let link = ndis.bind(feed.clone(), driver, spec.window + 1, "card").unwrap();
    feed.start(&link);
    ndis.run(Some(UNTIL), None).unwrap();
    let violations = ndis.violations();
    assert!(violations.is_empty(), "{}", violations[0]);
    let (mut seen, mut sends) = (Vec::new(), 0);
    let mut packets = std::collections::HashMap::new();
    let mut lengths = std::collections::HashMap::new();
    for event in ndis.events() {
        let time = event.time;
        match event.what {
            What::Send { packet, length, .. } => drop(lengths.insert(packet.slot, length)),
            What::Submit { packet, .. } => {
                packets.insert(packet.slot, sends);
                sends += 1;
            }
            What::Return { packet, status } => {
                let (slot, bytes) = (packet.slot, lengths[&packet.slot]);
                seen.push(Seen::Sent { time, packet: packets[&slot], bytes, status });
            }
            What::Deliver { packet, status, .. } => {
                seen.push(Seen::Completed { time, packet: packets[&packet.slot], status });
            }
            _ => {}
        }
    }
    seen
}

#[test]
fn a_card_does_the_same_in_its_own_loop_and_under_the_engine() {
    let (mut compared, mut aborted) = (0, 0);
    for number in 0..400 {
        let spec = Draw(Stream::of(11, number), 0).link();
        if spec.validate().is_err() {
            continue;
        }
        let luck = Luck::of(5, number);
        let own = in_its_own_loop(&spec, luck);
        let engine = under_the_engine(&spec, luck);
        let differs = own.iter().zip(&engine).position(|(own, engine)| own != engine);
        assert!(
            differs.is_none() && own.len() == engine.len(),
            "scenario {number}: {spec:#?}\nevent {differs:?} of {} and {}\nown:    {:?}\nengine: {:?}",
            own.len(),
            engine.len(),
            own.get(differs.unwrap_or(0).saturating_sub(2)..)
                .map(|rest| &rest[..rest.len().min(6)]),
            engine
                .get(differs.unwrap_or(0).saturating_sub(2)..)
                .map(|rest| &rest[..rest.len().min(6)]),
        );
        let is_aborted =
            |seen: &&Seen| matches!(seen, Seen::Completed { status: Status::REQUEST_ABORTED, .. });
        aborted += own.iter().filter(is_aborted).count();
        compared += own.len();
    }
    assert!(compared > 20_000 && aborted > 100, "{compared} events, {aborted} aborted");
}
