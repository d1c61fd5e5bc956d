//! The rivals that are C or C++, each behind the ten functions of `native/`.
//!
//! The functions do nothing but call the queue's own inline ones. Where clang and lld of rustc's own LLVM are there,
//! `benchmarks/run.py` has them inlined into the harness; else a call an operation is the price.

/// The rivals of which the headers were not there when this was built: the name and the Debian package.
pub const MISSING: &[(&str, &str)] = &[
    #[cfg(not(has_rte))]
    ("rte_ring MP/SC", "libdpdk-dev"),
    #[cfg(not(has_rte))]
    ("rte_ring HTS/SC", "libdpdk-dev"),
    #[cfg(not(has_ck))]
    ("ck_ring MPSC", "libck-dev"),
    #[cfg(not(has_moodycamel))]
    ("moodycamel", "libconcurrentqueue-dev"),
];

/// Whether the functions are inlined or called.
pub const SHIMS: &str = env!("NDISWAN_SHIMS");

/// Implements the traits over the functions with this prefix.
#[cfg(any(has_rte, has_ck, has_moodycamel))]
macro_rules! native {
    ($module:ident, $queue:ident, $text:literal, $new:ident, $free:ident, $producer:ident, $producer_free:ident, $consumer:ident,
     $consumer_free:ident, $push:ident, $push_batch:ident, $pop:ident, $pop_batch:ident) => {
        pub use $module::$queue;

        mod $module {
            use std::ffi::c_void;
            use std::marker::PhantomData;
            use std::ptr::NonNull;

            use crate::queue::{BATCH, Consumer, Entry, Producer, Queue};

            // SAFETY: these are the functions of the C file of the same name, with these arguments.
            unsafe extern "C" {
                fn $new(capacity: usize, producers: usize) -> *mut c_void;
                fn $free(queue: *mut c_void);
                fn $producer(queue: *mut c_void) -> *mut c_void;
                fn $producer_free(end: *mut c_void);
                fn $consumer(queue: *mut c_void) -> *mut c_void;
                fn $consumer_free(end: *mut c_void);
                fn $push(end: *mut c_void, entry: *const Entry) -> usize;
                fn $push_batch(end: *mut c_void, entries: *const Entry, count: usize) -> usize;
                fn $pop(end: *mut c_void, entry: *mut Entry) -> usize;
                fn $pop_batch(end: *mut c_void, entries: *mut Entry, most: usize) -> usize;
            }

            /// The queue.
            pub struct $queue(NonNull<c_void>);
            /// A way in.
            pub struct In<'a>(NonNull<c_void>, PhantomData<&'a ()>);
            /// The way out.
            pub struct Out<'a>(NonNull<c_void>, PhantomData<&'a ()>);

            // SAFETY: the queue is made for threads, and what is done with it here is making its ends.
            unsafe impl Send for $queue {}
            // SAFETY: as above.
            unsafe impl Sync for $queue {}
            // SAFETY: an end is used by the one thread that has it.
            unsafe impl Send for In<'_> {}
            // SAFETY: as above.
            unsafe impl Send for Out<'_> {}

            impl Queue for $queue {
                const NAME: &'static str = $text;
                type Way<'a> = In<'a>;
                type Consumer<'a> = Out<'a>;

                fn make(capacity: usize, producers: usize) -> Self {
                    // SAFETY: nothing is asked of the numbers.
                    let queue = unsafe { $new(capacity, producers) };
                    $queue(NonNull::new(queue).expect("memory for a queue"))
                }

                fn split(&mut self, producers: usize) -> (Vec<In<'_>>, Out<'_>) {
                    // SAFETY: the queue is alive, and the ends borrow it.
                    let end = |make: unsafe extern "C" fn(*mut c_void) -> *mut c_void| unsafe {
                        NonNull::new(make(self.0.as_ptr())).expect("memory for an end")
                    };
                    let producers = (0..producers).map(|_| In(end($producer), PhantomData));
                    (producers.collect(), Out(end($consumer), PhantomData))
                }
            }

            impl Drop for $queue {
                fn drop(&mut self) {
                    // SAFETY: the ends borrow the queue, so they are gone.
                    unsafe { $free(self.0.as_ptr()) }
                }
            }

            impl Drop for In<'_> {
                fn drop(&mut self) {
                    // SAFETY: it was made by the function for producers, and is dropped once.
                    unsafe { $producer_free(self.0.as_ptr()) }
                }
            }

            impl Drop for Out<'_> {
                fn drop(&mut self) {
                    // SAFETY: it was made by the function for consumers, and is dropped once.
                    unsafe { $consumer_free(self.0.as_ptr()) }
                }
            }

            impl Producer for In<'_> {
                #[inline]
                fn push(&mut self, entry: Entry) -> bool {
                    // SAFETY: the end is alive, and the entry is only read.
                    unsafe { $push(self.0.as_ptr(), &raw const entry) != 0 }
                }

                #[inline]
                fn push_batch(&mut self, entries: &[Entry]) -> usize {
                    // SAFETY: as above, for as many entries as there are.
                    unsafe { $push_batch(self.0.as_ptr(), entries.as_ptr(), entries.len()) }
                }
            }

            impl Consumer for Out<'_> {
                #[inline]
                fn pop(&mut self) -> Option<Entry> {
                    let mut entry = Entry::default();
                    // SAFETY: the end is alive, and there is room for one entry.
                    let taken = unsafe { $pop(self.0.as_ptr(), &raw mut entry) };
                    (taken != 0).then_some(entry)
                }

                #[inline]
                fn drain(&mut self, most: usize, to: impl FnMut(Entry)) -> usize {
                    let mut entries = [Entry::default(); BATCH];
                    let most = most.min(BATCH);
                    // SAFETY: the end is alive, and there is room for `most` entries.
                    let taken = unsafe { $pop_batch(self.0.as_ptr(), entries.as_mut_ptr(), most) };
                    entries[..taken].iter().copied().for_each(to);
                    taken
                }
            }
        }
    };
}

#[cfg(has_rte)]
native!(
    rte_mp,
    RteMp,
    "rte_ring MP/SC",
    rte_mp_new,
    rte_mp_free,
    rte_mp_producer,
    rte_mp_producer_free,
    rte_mp_consumer,
    rte_mp_consumer_free,
    rte_mp_push,
    rte_mp_push_batch,
    rte_mp_pop,
    rte_mp_pop_batch
);
#[cfg(has_rte)]
native!(
    rte_hts,
    RteHts,
    "rte_ring HTS/SC",
    rte_hts_new,
    rte_hts_free,
    rte_hts_producer,
    rte_hts_producer_free,
    rte_hts_consumer,
    rte_hts_consumer_free,
    rte_hts_push,
    rte_hts_push_batch,
    rte_hts_pop,
    rte_hts_pop_batch
);
#[cfg(has_ck)]
native!(
    ck,
    Ck,
    "ck_ring MPSC",
    ck_new,
    ck_free,
    ck_producer,
    ck_producer_free,
    ck_consumer,
    ck_consumer_free,
    ck_push,
    ck_push_batch,
    ck_pop,
    ck_pop_batch
);
#[cfg(has_moodycamel)]
native!(
    moodycamel,
    Moodycamel,
    "moodycamel",
    moodycamel_new,
    moodycamel_free,
    moodycamel_producer,
    moodycamel_producer_free,
    moodycamel_consumer,
    moodycamel_consumer_free,
    moodycamel_push,
    moodycamel_push_batch,
    moodycamel_pop,
    moodycamel_pop_batch
);
// The same queue where nobody keeps the number of entries down: see the file in `native/`.
#[cfg(has_moodycamel)]
native!(
    moodycamel_open,
    MoodycamelOpen,
    "moodycamel",
    moodycamel_new,
    moodycamel_free,
    moodycamel_producer,
    moodycamel_producer_free,
    moodycamel_consumer,
    moodycamel_consumer_free,
    moodycamel_grow_one,
    moodycamel_grow,
    moodycamel_pop,
    moodycamel_pop_batch
);
