//! Times a send and a completion of a driver in C under the engine, and of the same driver over a bare table of function pointers.
//!
//! `round_trip DRIVER.so ROUNDS SENDS`: a line of JSON with nanoseconds a packet for each round, ours and bare in turn.
//! `benchmarks/c_drivers.py` builds the driver and calls this.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::path::Path;
use std::sync::Arc;

use ndiswan::{Cx, FinalStatus, Link, Ndis, Packet, Protocol, UpToDispatch};
use ndiswan_driver::{Attached, Card, Settings};

struct Sink;

impl Protocol for Sink {
    fn send_complete(&self, _: &mut Cx<UpToDispatch>, packet: Packet, _: FinalStatus) {
        drop(packet);
    }
}

fn engine(path: &Path) -> Arc<Link> {
    let settings = Settings {
        config: Vec::new(),
        guard: false,
        address: None,
        on_status: Box::new(|_, _| ()),
        on_text: Box::new(|_| ()),
        on_crash: Box::new(|why| panic!("{why}")),
        on_port: Box::new(|_, _, _, _| 0),
        on_ready: Box::new(|_| ()),
        on_due: Box::new(|_, _| ()),
    };
    let card = Card::load(path, settings).expect("a driver of `ndiswan build`");
    let ndis = Ndis::new(ndiswan::Config::default());
    ndis.bind(Sink, Attached(card), 64, "swap").expect("it comes up")
}

/// Nanoseconds for which this thread has had a processor: others that want one too do not count.
fn spent() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills in the structure that it is given.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "each thread has such a clock");
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn ours(link: &Arc<Link>, sends: u32) -> f64 {
    let begin = spent();
    for _ in 0..sends {
        assert!(link.send_frame(&[0; 64]).is_ok(), "a free packet");
    }
    (spent() - begin) / f64::from(sends)
}

static mut DONE: u64 = 0;

extern "C" fn bare_complete(_: usize, packet: usize, status: u32) {
    std::hint::black_box((packet, status));
    // SAFETY: one thread.
    unsafe { DONE += 1 };
}

extern "C" fn bare_lock(lock: usize) {
    std::hint::black_box(lock);
}

/// The driver with its pointers filled in by functions that check nothing.
struct Bare {
    send: extern "C" fn(usize, usize, usize) -> u32,
    packets: Vec<[usize; 14]>,
}

fn bare(path: &Path) -> Bare {
    let file = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
    // SAFETY: a driver of `ndiswan build`, whose symbols have these types.
    unsafe {
        let handle = libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        assert!(!handle.is_null());
        let symbol = |name: &CStr| libc::dlsym(handle, name.as_ptr());
        let names = symbol(c"ndiswan_names").cast::<*const libc::c_char>();
        let pointers = symbol(c"ndiswan_pointers").cast::<usize>();
        for at in 0.. {
            let name = *names.add(at);
            if name.is_null() {
                break;
            }
            *pointers.add(at) = match CStr::from_ptr(name).to_bytes() {
                b"NdisMWanSendComplete" => bare_complete as *const () as usize,
                _ => bare_lock as *const () as usize,
            };
        }
        let prepare: extern "C" fn(usize) = std::mem::transmute(symbol(c"SwapPrepare"));
        let send: extern "C" fn(usize, usize, usize) -> u32 =
            std::mem::transmute(symbol(c"SwapWanSend"));
        prepare(1);
        Bare { send, packets: vec![[0; 14]; 4] }
    }
}

impl Bare {
    fn time(&mut self, sends: u32) -> f64 {
        let begin = spent();
        for at in 0..sends as usize {
            let packet = &raw mut self.packets[at % 4];
            std::hint::black_box((self.send)(1, 1, packet as usize));
        }
        (spent() - begin) / f64::from(sends)
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, path, rounds, sends] = words.as_slice() else {
        panic!("round_trip DRIVER.so ROUNDS SENDS")
    };
    let (path, rounds) = (Path::new(path), rounds.parse::<u32>().expect("rounds"));
    let sends = sends.parse().expect("sends");
    let (link, mut table) = (engine(path), bare(path));
    let _ = (ours(&link, sends / 10), table.time(sends / 10));
    let times: Vec<String> = (0..rounds)
        .map(|_| format!("[{:.2}, {:.2}]", ours(&link, sends), table.time(sends)))
        .collect();
    println!("[{}]", times.join(", "));
    std::process::exit(0);
}
