//! A T1 line with Poisson traffic at 80 % of what it carries, and how long packets wait for it.
//!
//! ```text
//! cargo run --release --example simulate [PACKETS]
//! ```

use std::error::Error;
use std::time::Instant;

use ndiswan::model::simulation::{Control, Detail};
use ndiswan::model::{
    Arrivals, CardSpec, LineSpec, LinkSpec, Luck, QueueSpec, Simulation, Size, Traffic,
};

#[allow(clippy::cast_precision_loss)] // for people to read
fn main() -> Result<(), Box<dyn Error>> {
    let packets = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let rate_bps = 1_544_000;
    let service_ns = 500.0 * 8e9 / 1_544_000.0;
    let link = LinkSpec {
        traffic: vec![Traffic {
            arrivals: Arrivals::Poisson { mean_ns: service_ns / 0.8 },
            size: Size::Fixed { bytes: 500 },
            start_ns: 0,
            packets: Some(packets),
            class: 0,
        }],
        queue: QueueSpec { limit: None, ..QueueSpec::default() },
        window: 4,
        card: CardSpec::default(),
        line: LineSpec { rate_bps, ..LineSpec::default() },
        multilink: None,
        count: 1,
    };
    let mut simulation = Simulation::new(vec![link], &[Luck::of(1, 0)], Detail::Digest)?;
    let began = Instant::now();
    simulation.run(None, 1, &Control::default())?;
    let took = began.elapsed();
    let (_, counters, elapsed) = simulation.counters()[0];
    let stages = simulation.stages(0);
    println!("{} packets in {:.1} s of the line's time", counters.sent, elapsed as f64 / 1e9);
    println!("utilisation {:.4}", counters.busy_ns as f64 / elapsed as f64);
    for (name, histogram) in stages.named() {
        println!(
            "{name:>9}: mean {:.3} ms, 99 % below {:.3} ms",
            histogram.mean() / 1e6,
            histogram.quantile(0.99) as f64 / 1e6
        );
    }
    // Pollaczek and Khinchine: M/D/1 at 0.8 waits twice the service time.
    println!("   theory: mean {:.3} ms from offered to the hand-back", service_ns * 3.0 / 1e6);
    println!("fingerprint {:016x}", simulation.digest().unwrap_or(0));
    println!("{:.1} ns a packet on this machine", took.as_nanos() as f64 / counters.sent as f64);
    Ok(())
}
