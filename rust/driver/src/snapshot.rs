//! The variables of a loaded driver as they were before it ran, to begin again without loading it again.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::image::Image;

/// Where a driver's variables are, and what they were.
#[derive(Debug, Default)]
pub(crate) struct Snapshot(Vec<(usize, Vec<u8>)>);

struct Search {
    inside: usize,
    found: Vec<(usize, usize)>,
    whole: Option<Range<usize>>,
}

/// From where to where the file is loaded that has `inside`.
pub(crate) fn span(inside: usize) -> Option<Range<usize>> {
    Search::of(inside).whole
}

impl Search {
    fn of(inside: usize) -> Search {
        let mut search = Search { inside, found: Vec::new(), whole: None };
        // SAFETY: `look` gets the search, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
        search
    }
}

// SAFETY: for dl_iterate_phdr alone, which calls it with what it says.
unsafe extern "C" fn look(
    info: *mut libc::dl_phdr_info,
    _: usize,
    data: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: what dl_iterate_phdr hands over, and the search that `take` gave.
    let (info, search) = unsafe { (&*info, &mut *data.cast::<Search>()) };
    // SAFETY: an array of that many headers.
    let headers =
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let base = info.dlpi_addr as usize;
    let span = |header: &libc::Elf64_Phdr| {
        let start = base + header.p_vaddr as usize;
        (start, start + header.p_memsz as usize)
    };
    let loads = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    if !loads().any(|header| (span(header).0..span(header).1).contains(&search.inside)) {
        return 0;
    }
    let end = loads().map(|header| span(header).1).max().unwrap_or(base);
    search.whole = Some(base..end);
    // What is made read-only after relocation is no variable.
    let fixed = headers
        .iter()
        .find(|header| header.p_type == libc::PT_GNU_RELRO)
        .map(span)
        .unwrap_or_default();
    for (start, end) in loads().filter(|header| header.p_flags & libc::PF_W != 0).map(span) {
        let begin = if (start..end).contains(&fixed.0) {
            fixed.1.next_multiple_of(crate::memory::PAGE)
        } else {
            start
        };
        search.found.push((begin.min(end), end));
    }
    1
}

impl Snapshot {
    /// Of the file that has `inside`.
    pub(crate) fn take(inside: usize) -> Snapshot {
        let search = Search::of(inside);
        let read = |(start, end): (usize, usize)| {
            if crate::sanitizer::is_there() {
                // Between its variables there is what nobody may copy.
                return (start, crate::peek::bytes(start, end - start).unwrap_or_default());
            }
            // SAFETY: a writable part of a loaded file, and nobody runs in it now.
            (start, unsafe { std::slice::from_raw_parts(start as *const u8, end - start) }.to_vec())
        };
        Snapshot(search.found.into_iter().filter(|(start, end)| end > start).map(read).collect())
    }

    /// Whether all from `address` to `end` are variables.
    pub(crate) fn holds(&self, address: usize, end: usize) -> bool {
        self.0.iter().any(|(start, bytes)| *start <= address && end <= start + bytes.len())
    }

    /// Puts every variable back.
    pub(crate) fn restore(&self) {
        for (start, bytes) in &self.0 {
            if crate::sanitizer::is_there() {
                crate::peek::write(*start, bytes);
                continue;
            }
            // SAFETY: as in `take`.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), *start as *mut u8, bytes.len());
            };
        }
    }
}

/// A file as it was when it was loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Key {
    changed: Option<SystemTime>,
    length: u64,
    /// Whether the driver's second form is meant, which looks before it touches.
    pub(crate) second_form: bool,
    path: PathBuf,
}

impl Key {
    pub(crate) fn of_second_form(&self) -> Key {
        Key { second_form: true, ..self.clone() }
    }
}

pub(crate) fn key(path: &Path) -> Key {
    let found = std::fs::metadata(path).ok();
    let changed = found.as_ref().and_then(|found| found.modified().ok());
    let length = found.map_or(0, |found| found.len());
    Key { changed, length, second_form: false, path: path.to_path_buf() }
}

static SPARE: Mutex<Vec<(Key, Vec<Image>)>> = Mutex::new(Vec::new());
/// So many images of a file wait for the next who loads it, and of so many files.
const MOST: usize = 4;
const MOST_FILES: usize = 16;

/// Where those of this file are. Paths are compared last, and as they are written.
fn waiting<'a>(spare: &'a mut [(Key, Vec<Image>)], key: &Key) -> Option<&'a mut Vec<Image>> {
    let same = |known: &Key| {
        (known.changed, known.length, known.second_form)
            == (key.changed, key.length, key.second_form)
            && known.path.as_os_str() == key.path.as_os_str()
    };
    spare.iter_mut().find(|(known, _)| same(known)).map(|(_, images)| images)
}

/// An image of the file that nobody uses, as if it had just been loaded.
pub(crate) fn spare(key: &Key) -> Option<Image> {
    waiting(&mut SPARE.lock(), key)?.pop()
}

/// Keeps an image that is not used any more; gives it back if there are enough.
pub(crate) fn keep(image: Image) -> Option<Image> {
    image.snapshot.restore();
    let mut spare = SPARE.lock();
    if let Some(waiting) = waiting(&mut spare, &image.key) {
        if waiting.len() >= MOST {
            return Some(image);
        }
        waiting.push(image);
        return None;
    }
    // Another file: what was loaded of those before is not asked for again soon.
    if spare.len() > MOST_FILES {
        spare.clear();
    }
    spare.push((image.key.clone(), vec![image]));
    None
}
