//! What verification costs: send → pend → complete → regain at the levels 0 to 4.
//!
//! ```text
//! levels [--rounds 31] [--times 20000] [--time virtual|real] [--json FILE]
//! levels --only names:3 --times 12000       one side only, for `valgrind --tool=callgrind`
//! ```
//!
//! Level 0 looks at nothing but who owns the packet, so it is the rival of the others. The clock is
//! simulated unless `--time real` is given, completions are delivered inline, the adapter is deserialized; at level 4 the call site
//! is a constant text, so what finding it costs is the caller's.

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ndiswan::{
    Adapter, Config, Cx, Deserialized, Disposition, FinalStatus, Link, Miniport, Name, Ndis,
    Packet, Passive, Pending, Protocol, Sending, Status, TimeKind, UpToDispatch, Verify, WanInfo,
    at_passive,
};
use ndiswan_compare::report::{self, Row};
use ndiswan_compare::rounds::{Side, measure, spread};
use ndiswan_compare::slot::Slot;

const UNIT: &str = "ns/round trip";

/// Keeps the one packet that it has, as a token or as a name.
#[derive(Default)]
struct Card {
    token: Slot<Pending<Deserialized>>,
    name: Slot<Name>,
    adapter: OnceLock<Arc<Adapter>>,
    by_name: bool,
}

#[derive(Clone)]
struct Driver(Arc<Card>);

impl Miniport for Driver {
    type Mode = Deserialized;

    fn info(&self) -> WanInfo {
        WanInfo::default()
    }

    fn initialize(&self, _: &mut Cx<Passive>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        self.0.adapter.set(Arc::clone(adapter)).map_err(|_| Status::FAILURE)
    }

    fn wan_send<'call>(
        &self,
        _: &mut Cx<UpToDispatch>,
        _: &Arc<Link>,
        packet: Sending<'call, Deserialized>,
    ) -> Disposition<'call> {
        if self.0.by_name {
            let packet = packet.into_name();
            self.0.name.put(packet.name);
            packet.returned(Status::PENDING)
        } else {
            let (answer, packet) = packet.pend();
            self.0.token.put(packet);
            answer
        }
    }
}

/// Keeps what comes back.
#[derive(Clone, Default)]
struct Peer(Arc<Slot<Packet>>);

impl Protocol for Peer {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        self.0.put(packet);
    }
}

type Fallible<T> = Result<T, Box<dyn Error>>;

/// The round trips of one side, ready to run.
fn side(by_name: bool, level: u8, time: TimeKind) -> Fallible<Side> {
    let config = Config {
        time,
        verify: Verify::from_level(level).ok_or("expected a level from 0 to 4")?,
        call_site: Some(|| Some("bench.py:1 in send".to_string())),
        ..Config::default()
    };
    let ndis = Ndis::new(config);
    let card = Arc::new(Card { by_name, ..Card::default() });
    let peer = Peer::default();
    let link = ndis.bind(peer.clone(), Driver(Arc::clone(&card)), 64, "card")?;
    let adapter = Arc::clone(&link.adapter);
    let packet = adapter.packet(&[0x21; 64])?;
    let run: Box<dyn FnMut(u64)> = if by_name {
        let mut name = packet.into_name();
        Box::new(move |times| {
            for _ in 0..times {
                let status = link.send_name(name).expect("a good send");
                assert_eq!(status, Status::PENDING);
                let sent = card.name.take().expect("the miniport has it");
                adapter.wan_send_complete(sent, Status::SUCCESS).expect("a good completion");
                name = peer.0.take().expect("it came back").into_name();
            }
        })
    } else {
        peer.0.put(packet);
        Box::new(move |times| {
            let trip = |cx: &mut Cx<Passive>| {
                for _ in 0..times {
                    let packet = peer.0.take().expect("it came back");
                    drop(link.send(cx, packet).expect("a good send"));
                    let sent = card.token.take().expect("the miniport has it");
                    sent.complete(cx, FinalStatus::SUCCESS);
                }
            };
            at_passive(trip).expect("a thread at PASSIVE_LEVEL");
            let _keep = &ndis;
        })
    };
    let name = format!("{}, level {level}", if by_name { "names" } else { "typed tokens" });
    Ok(Side { name, run })
}

struct Options {
    rounds: usize,
    times: u64,
    json: Option<PathBuf>,
    only: Option<(bool, u8)>,
    time: TimeKind,
}

fn options() -> Fallible<Options> {
    let time = TimeKind::Virtual;
    let mut options = Options { rounds: 31, times: 20_000, json: None, only: None, time };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("expected a value after {word}"))?;
        match word.as_str() {
            "--rounds" => options.rounds = value.parse::<usize>()?.max(9),
            "--times" => options.times = value.parse()?,
            "--time" if value == "real" => options.time = TimeKind::Real,
            "--time" if value == "virtual" => options.time = TimeKind::Virtual,
            "--json" => options.json = Some(value.into()),
            "--only" => {
                let (kind, level) =
                    value.split_once(':').ok_or("expected --only typed:LEVEL or names:LEVEL")?;
                options.only = Some((kind == "names", level.parse()?));
            }
            _ => {
                return Err(
                    format!("expected --rounds, --times, --time virtual|real, --json or --only, got {word} {value}").into()
                );
            }
        }
    }
    Ok(options)
}

fn main() -> Fallible<()> {
    let options = options()?;
    if let Some((by_name, level)) = options.only {
        (side(by_name, level, options.time)?.run)(options.times);
        return Ok(());
    }
    let mut sides = Vec::new();
    for by_name in [false, true] {
        for level in 0..=4 {
            sides.push(side(by_name, level, options.time)?);
        }
    }
    let all = measure(&mut sides, options.rounds, options.times);
    let column = |side: usize| all.iter().map(|row| row[side]).collect::<Vec<_>>();
    let row = |(index, side): (usize, &Side)| {
        let zero = index / 5 * 5;
        let ratios = all.iter().map(|row| row[zero] / row[index]).collect();
        Row {
            case: side.name.clone(),
            against: "level 0".to_string(),
            ours: spread(column(index)).1,
            rival: spread(column(zero)).1,
            unit: UNIT,
            ratio: spread(ratios),
            target: None,
        }
    };
    let rows: Vec<Row> = sides.iter().enumerate().map(row).collect();
    let title = format!("send, pend, complete, regain: {} rounds of {}", all.len(), options.times);
    report::print(&title, &rows);
    if let Some(path) = options.json {
        let real = matches!(options.time, TimeKind::Real);
        let table = if real { "levels-real-time" } else { "levels" };
        report::save(&path, table, &rows, &[])?;
    }
    Ok(())
}
