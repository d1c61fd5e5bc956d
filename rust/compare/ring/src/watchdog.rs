//! A rival that stops for good cannot be called back: the program says which one it was and ends.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// No run takes a hundredth of this.
const PATIENCE_SECONDS: u64 = 30;

static RUNS: AtomicU64 = AtomicU64::new(0);
static NOW: Mutex<String> = Mutex::new(String::new());

/// Says what is begun.
pub fn begin(what: impl FnOnce() -> String) {
    *NOW.lock().expect("nobody panics with it") = what();
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// Watches from now on.
pub fn watch() {
    thread::spawn(|| {
        let mut before = u64::MAX;
        loop {
            thread::sleep(Duration::from_secs(PATIENCE_SECONDS));
            let now = RUNS.load(Ordering::Relaxed);
            if now == before {
                let what = NOW.lock().expect("nobody panics with it");
                eprintln!(
                    "\nexpected a run within {PATIENCE_SECONDS} s; this one stopped for good: {what}"
                );
                std::process::exit(3);
            }
            before = now;
        }
    });
}
