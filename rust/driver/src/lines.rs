//! Where in a driver's source a code address is, and what a report says of it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::card::Card;
use crate::fault::calls;

/// A place of a driver's source.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    function: String,
    file: std::path::PathBuf,
    number: u32,
}

/// By the place and the copy that is loaded: no two copies have the same name.
type Known<V> = BTreeMap<(usize, Arc<CStr>), V>;

/// What is at a code address of a driver, the innermost function first; looked up once.
fn lines_at(address: usize) -> Arc<[Line]> {
    static KNOWN: Mutex<Known<Arc<[Line]>>> = Mutex::new(BTreeMap::new());
    let Some((file, place)) = crate::image::place_of(address) else { return Arc::new([]) };
    let key = (place, Arc::clone(&file));
    if let Some(found) = KNOWN.lock().get(&key) {
        return Arc::clone(found);
    }
    let lines: Arc<[Line]> = read_lines(&file, place as u64).unwrap_or_default().into();
    KNOWN.lock().insert(key, Arc::clone(&lines));
    lines
}

/// Read from the file's debug information. (`backtrace::resolve` knows only files that were loaded before its first use.)
fn read_lines(file: &CStr, place: u64) -> Option<Vec<Line>> {
    let information = addr2line::Loader::new(file.to_str().ok()?).ok()?;
    let mut lines = Vec::new();
    let mut frames = information.find_frames(place).ok()?;
    while let Ok(Some(frame)) = frames.next() {
        let (Some(function), Some(at)) = (frame.function, frame.location) else { continue };
        let (Ok(name), Some(file)) = (function.raw_name(), at.file) else { continue };
        if Card::is_source(Path::new(file)) {
            lines.push(Line {
                function: name.into_owned(),
                file: file.into(),
                number: at.line.unwrap_or(0),
            });
        }
    }
    Some(lines)
}

thread_local! {
    /// Where the driver did what is reported now, if that was no call of the library.
    static TOLD_OF: Cell<usize> = const { Cell::new(0) };
}

/// The function that begins at that address, as its source calls it.
pub(crate) fn function_at(address: usize) -> Option<String> {
    lines_at(address).first().map(|line| line.function.clone())
}

/// Runs `report` for what the driver did at that place, rather than where it called the library afterwards; 0 is none.
pub(crate) fn as_if_called_at<R>(place: usize, report: impl FnOnce() -> R) -> R {
    let before = TOLD_OF.replace(place);
    let reported = report();
    TOLD_OF.set(before);
    reported
}

/// The line of a driver in C that called the library, as reports have it; none if no driver in C called.
#[must_use]
pub fn call_site() -> Option<String> {
    let site_of = |place: usize| {
        let lines = lines_at(place);
        let at = lines.first()?;
        Some(format!("{}:{} in {}", at.file.display(), at.number, at.function))
    };
    if let place @ 1.. = TOLD_OF.get()
        && let Some(site) = site_of(place)
    {
        return Some(site);
    }
    let mut found = None;
    calls(|address| {
        found = site_of(address.wrapping_sub(1));
        found.is_none()
    });
    found
}

/// Where in the driver's own code, behind the stub of the function, the library was called. `frame` is the stub's, which is
/// compiled with frame pointers: where it has been called is beside it. Else it is looked for frame by frame.
pub(crate) fn caller(frame: usize) -> Option<usize> {
    let place = crate::context::word_of_stack(frame + 8).map(|back| back.wrapping_sub(1));
    if let Some(place) = place.filter(|place| !lines_at(*place).is_empty()) {
        return Some(place);
    }
    let mut found = None;
    calls(|address| {
        let place = address.wrapping_sub(1);
        found = (!lines_at(place).is_empty()).then_some(place);
        found.is_none()
    });
    found
}

/// What a call at that place of a driver's code names, as its source spells it: the first argument of a call of `function`, without
/// an `&` before it; where the source cannot be read or has no such call in that line, file and line.
pub(crate) fn named_at(place: usize, functions: &[&str]) -> Option<String> {
    static KNOWN: Mutex<Known<String>> = Mutex::new(BTreeMap::new());
    let (file, inside) = crate::image::place_of(place)?;
    let key = (inside, file);
    if let Some(found) = KNOWN.lock().get(&key) {
        return Some(found.clone());
    }
    let found = read_name(lines_at(place).first()?, functions);
    KNOWN.lock().insert(key, found.clone());
    Some(found)
}

fn read_name(at: &Line, functions: &[&str]) -> String {
    let file = at.file.file_name().unwrap_or(at.file.as_os_str()).to_string_lossy().into_owned();
    let text = std::fs::read(&at.file).unwrap_or_default();
    let line = text.split(|byte| *byte == b'\n').nth((at.number as usize).saturating_sub(1));
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    argument(&line, functions).unwrap_or_else(|| format!("{file}:{}", at.number))
}

/// The first argument of a call of one of the functions in a line of C.
fn argument(line: &str, functions: &[&str]) -> Option<String> {
    let after = functions.iter().find_map(|function| line.split_once(*function))?.1;
    let rest = after.trim_start().strip_prefix('(')?;
    let mut depth = 0u32;
    let end = rest.find(|c: char| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ',' if depth == 0 => return true,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    })?;
    let name = rest[..end].trim().trim_start_matches('&').trim();
    (!name.is_empty() && name.len() <= 64).then(|| name.to_string())
}

pub(crate) fn told(places: &[usize]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for place in places {
        for line in &*lines_at(*place) {
            let file = line.file.file_name().unwrap_or(line.file.as_os_str()).to_string_lossy();
            lines.push(format!("{} ({file}:{})", line.function, line.number));
        }
    }
    lines.dedup();
    lines.truncate(8);
    if lines.is_empty() { String::new() } else { format!(", in {}", lines.join(" <- ")) }
}

#[cfg(test)]
mod tests {
    use super::argument;

    #[test]
    fn a_lock_is_called_what_the_line_calls_it() {
        let of = |line| argument(line, &["NdisAllocateSpinLock"]);
        assert_eq!(of("  NdisAllocateSpinLock(&card->Lock);").as_deref(), Some("card->Lock"));
        assert_eq!(
            of("NdisAllocateSpinLock ( & a[f(1, 2)].Lock )").as_deref(),
            Some("a[f(1, 2)].Lock")
        );
        assert_eq!(of("INIT_LOCK(&card->Lock);"), None, "a macro of the driver's");
        assert_eq!(of("NdisAllocateSpinLock("), None, "the argument is in another line");
        assert_eq!(of("NdisAllocateSpinLock()"), None);
    }
}
