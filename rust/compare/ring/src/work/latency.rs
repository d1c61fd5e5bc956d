//! One way, from core to core: there and back through two queues, halved; and the same with bare cache lines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use super::flow::LIMIT;
use super::start::Start;
use super::{STATUS, Sample};
use crate::pin::{Watch, to_core};
use crate::queue::{Consumer, Entry, Producer, Queue, Way};
use crate::wait::Wait;

/// The other side may end.
const END: u64 = u64::MAX;

/// Runs the two sides on two cores; `first` is timed, and says how many round trips it made.
fn race(
    cores: &[usize],
    first: impl FnOnce() -> u64 + Send,
    second: impl FnOnce() + Send,
) -> Sample {
    let start = Start::new(2);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            to_core(cores, 1);
            start.wait(Wait::alone());
            let watch = Watch::start();
            second();
            watch.share()
        });
        let mine = scope.spawn(|| {
            to_core(cores, 0);
            start.wait(Wait::alone());
            let (watch, begin) = (Watch::start(), Instant::now());
            let times = first();
            (begin.elapsed().as_nanos() as f64 / times as f64 / 2.0, watch.share())
        });
        let (ns, busy) = mine.join().expect("the first");
        Sample { ns, busy: busy.min(other.join().expect("the second")) }
    })
}

fn receive<C: Consumer>(consumer: &mut C, wait: &mut Wait) -> Entry {
    loop {
        if let Some(entry) = consumer.pop() {
            wait.reset();
            return entry;
        }
        wait.pause();
    }
}

/// Through two queues of this kind.
pub fn queues<Q: Queue>(capacity: usize, times: u64, cores: &[usize]) -> Sample {
    let (mut there, mut back) = (Q::make(capacity, 1), Q::make(capacity, 1));
    let (mut there_in, mut there_out) = there.split(1);
    let (mut back_in, mut back_out) = back.split(1);
    let first = move || {
        let (mut there, mut wait) = (there_in.remove(0).enter(), Wait::eager());
        let begin = Instant::now();
        let mut send = |handle| while !there.push(Entry { handle, status: STATUS, tag: 0 }) {};
        for handle in 0..times {
            send(handle);
            assert_eq!(
                receive(&mut back_out, &mut wait).handle,
                handle,
                "what went there came back"
            );
            if handle % 256 == 255 && begin.elapsed() > LIMIT {
                send(END);
                return handle + 1;
            }
        }
        send(END);
        times
    };
    let second = move || {
        let (mut back, mut wait) = (back_in.remove(0).enter(), Wait::eager());
        loop {
            let entry = receive(&mut there_out, &mut wait);
            if entry.handle == END {
                break;
            }
            while !back.push(entry) {}
        }
    };
    race(cores, first, second)
}

/// Through bare words: both ways in one cache line, or in one each way, as two queues have it.
pub fn cache_lines(apart: bool, times: u64, cores: &[usize]) -> Sample {
    #[repr(align(128))]
    struct Line(AtomicU64);
    let lines = [Line(AtomicU64::new(0)), Line(AtomicU64::new(0))];
    let (there, back) = (&lines[0].0, &lines[usize::from(apart)].0);
    let await_word = |line: &AtomicU64, word: u64, wait: &mut Wait| {
        while line.load(Ordering::Acquire) != word {
            wait.pause();
        }
        wait.reset();
    };
    let first = || {
        let mut wait = Wait::eager();
        for turn in 0..times {
            there.store(turn * 2 + 1, Ordering::Release);
            await_word(back, turn * 2 + 2, &mut wait);
        }
        times
    };
    let second = || {
        let mut wait = Wait::eager();
        for turn in 0..times {
            await_word(there, turn * 2 + 1, &mut wait);
            back.store(turn * 2 + 2, Ordering::Release);
        }
    };
    race(cores, first, second)
}
