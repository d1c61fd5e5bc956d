//! Times a send and a completion of a driver in C under the engine, and of the same driver over a bare table of function pointers.
//!
//! `round_trip DRIVER.so ROUNDS SENDS`: a line of JSON with nanoseconds a packet for each round: ours, bare, and bare with what has
//! to be done for a frame to be in a packet at all, which is to take a free one, to fill it in and to free it.
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
        on_port: None,
        memory: Vec::new(),
        on_ready: Box::new(|_| ()),
        on_due: Box::new(|_, _| ()),
    };
    let card = Card::load(path, settings).expect("a driver of `ndiswan build`");
    let ndis = Ndis::new(ndiswan::Config::default());
    ndis.bind(Sink, Attached(card), 64, "swap").expect("it comes up")
}

/// Nanoseconds for which this thread has had a processor: others that want one too do not count.
#[allow(clippy::cast_precision_loss)] // hours of nanoseconds fit
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

/// Free packets, for who fills them in.
static mut FREE: Vec<usize> = Vec::new();

extern "C" fn bare_free(_: usize, packet: usize, status: u32) {
    std::hint::black_box(status);
    let free = &raw mut FREE;
    // SAFETY: one thread, and nobody keeps a reference.
    unsafe { &mut *free }.push(packet);
}

extern "C" fn bare_lock(lock: usize) {
    std::hint::black_box(lock);
}

/// The driver with its pointers filled in by functions that check nothing.
struct Bare {
    send: extern "C" fn(usize, usize, usize) -> u32,
    /// Where its pointer to NdisMWanSendComplete is.
    complete: *mut usize,
    prepare: extern "C" fn(usize),
    packets: Vec<[usize; 14]>,
    buffers: Vec<[u8; 1600]>,
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
        let mut complete = pointers;
        for at in 0.. {
            let name = *names.add(at);
            if name.is_null() {
                break;
            }
            *pointers.add(at) = bare_lock as *const () as usize;
            if CStr::from_ptr(name).to_bytes() == b"NdisMWanSendComplete" {
                complete = pointers.add(at);
            }
        }
        let prepare: extern "C" fn(usize) = std::mem::transmute(symbol(c"SwapPrepare"));
        let send: extern "C" fn(usize, usize, usize) -> u32 =
            std::mem::transmute(symbol(c"SwapWanSend"));
        let (packets, buffers) = (vec![[0; 14]; 4], vec![[0; 1600]; 4]);
        Bare { send, complete, prepare, packets, buffers }
    }
}

impl Bare {
    fn begin(&self, complete: extern "C" fn(usize, usize, u32)) {
        // SAFETY: a place in the driver's table, and nobody is in the driver.
        unsafe { *self.complete = complete as *const () as usize };
        (self.prepare)(1);
    }

    fn time(&mut self, sends: u32) -> f64 {
        self.begin(bare_complete);
        let begin = spent();
        for at in 0..sends as usize {
            let packet = &raw mut self.packets[at % 4];
            std::hint::black_box((self.send)(1, 1, packet as usize));
        }
        (spent() - begin) / f64::from(sends)
    }

    fn time_filled(&mut self, sends: u32) -> f64 {
        self.begin(bare_free);
        let first = self.packets.as_mut_ptr();
        let all = (0..self.packets.len()).map(|at| first.wrapping_add(at) as usize).collect();
        // SAFETY: one thread.
        unsafe { FREE = all };
        let frame = std::hint::black_box([0u8; 64]);
        let begin = spent();
        for _ in 0..sends {
            let free = &raw mut FREE;
            // SAFETY: as in `bare_free`.
            let packet = unsafe { &mut *free }.pop().expect("a free packet");
            let at = (packet - first as usize) / size_of::<[usize; 14]>();
            let (words, buffer) = (&mut self.packets[at], &mut self.buffers[at]);
            let start = buffer.as_mut_ptr() as usize;
            *words = [0; 14];
            words[2..6].copy_from_slice(&[start + 16, frame.len(), start, start + buffer.len()]);
            buffer[16..][..frame.len()].copy_from_slice(&frame);
            std::hint::black_box((self.send)(1, 1, packet));
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
    let mut round = || {
        let [bare, filled] = [table.time(sends), table.time_filled(sends)];
        format!("[{:.2}, {bare:.2}, {filled:.2}]", ours(&link, sends))
    };
    let times: Vec<String> = (0..rounds).map(|_| round()).collect();
    println!("[{}]", times.join(", "));
    std::process::exit(0);
}
