//! x
#![allow(unsafe_code)]
use std::sync::Arc;
use ndiswan::choices::make;
use ndiswan::explore::{Options, explore};
use ndiswan::ndis::{Config, Verify};
use ndiswan_driver::{Ran, Scenario};
use parking_lot::Mutex;

fn cpu() -> f64 { let mut t: libc::rusage = unsafe { std::mem::zeroed() }; unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut t) }; let s = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6; s(t.ru_utime) + s(t.ru_stime) }
fn main() {
    let words: Vec<String> = std::env::args().collect();
    let guard = words[2] == "guard";
    let mut scenario = Scenario::new(words[1].clone().into(), "queued".into()); scenario.guard = guard;
    let explorer: Arc<Mutex<dyn ndiswan::choices::Explorer>> = Arc::new(Mutex::new(make("portfolio", 1).unwrap()));
    let n: u64 = words[3].parse().unwrap();
    let options = Options { executions: n, config: Config { verify: Verify::Counters, ..Config::default() }, time: std::time::Duration::from_secs(20), ..Options::default() };
    for _ in 0..5 {
        let begin = cpu();
        let found = explore(&explorer, &options, |ndis| {
            if let Ran::Crashed(why) = scenario.run(ndis) { println!("{why}"); }
        });
        println!("{} executions, {:.2} us each, {} points, {:?}", found.executions, (cpu() - begin) * 1e6 / found.executions as f64, found.points/found.executions, found.failures.first().map(|f| (&f.symptom, f.execution)));
    }
    std::process::exit(0);
}
