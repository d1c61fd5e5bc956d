//! A driver's file, loaded: its stubs point at our functions, its variables can be put back to how they were.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::exports;
use crate::low;
use crate::snapshot::{self, Key, Snapshot};

/// Why a driver could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The dynamic linker says no.
    #[error("{path}: {why}")]
    Link {
        /// The file.
        path: PathBuf,
        /// Its words.
        why: String,
    },
    /// It is not one of `ndiswan build`.
    #[error(
        "{path}: has no {symbol}; expected a driver built by `ndiswan build` or nw.load, which link it with ndiswan's library"
    )]
    NotADriver {
        /// The file.
        path: PathBuf,
        /// What is not in it.
        symbol: &'static str,
    },
    /// It was built for another version of this library.
    #[error(
        "{path}: was built for version {got} of the library between driver and engine, this is version 2; build it again"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        got: u32,
    },
    /// A copy could not be made.
    #[error(
        "{path}: {why}; a driver is loaded from a copy of its own in the folder for temporary files"
    )]
    Copy {
        /// The file.
        path: PathBuf,
        /// What happened.
        why: std::io::Error,
    },
}

// SAFETY: a type, of a function whose caller says why.
type Invoke = unsafe extern "C" fn(
    *const libc::c_void,
    *const usize,
    u32,
    *mut usize,
    *mut *mut libc::c_void,
) -> libc::c_int;

// SAFETY: as above.
type Send = unsafe extern "C" fn(
    *const libc::c_void,
    usize,
    usize,
    usize,
    *mut usize,
    *mut *mut libc::c_void,
) -> libc::c_int;

/// A loaded driver.
#[derive(Debug)]
pub struct Image {
    handle: usize,
    path: PathBuf,
    /// DriverEntry.
    pub(crate) entry: usize,
    invoke: Invoke,
    send: Send,
    pub(crate) abandon: usize,
    /// Functions that its library has and this one lacks.
    pub(crate) missing: Vec<String>,
    pub(crate) key: Key,
    pub(crate) snapshot: Snapshot,
}

fn last_error() -> String {
    // SAFETY: dlerror gives a text or null, valid until the next call of this thread.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "the dynamic linker gave no reason".to_string();
    }
    // SAFETY: not null, ends with a zero.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// How a file ends that has the driver's second form behind the first, and behind how many bytes that form has
/// (`python/ndiswan/drivers/second_form.py`).
const MARK: &[u8] = b"ndiswan-2nd-form";

/// Where the second form is in the file at `path`, if there is one.
fn second_form(path: &Path) -> std::io::Result<Option<(File, u64)>> {
    let mut file = File::open(path)?;
    let mut end = [0; 8 + MARK.len()];
    if file.metadata()?.len() < end.len() as u64 {
        return Ok(None);
    }
    let at = file.seek(SeekFrom::End(-(end.len() as i64)))?;
    file.read_exact(&mut end)?;
    let (length, mark) = end.split_at(8);
    let length = length.try_into().map_or(0, u64::from_le_bytes);
    if mark != MARK || length > at {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at - length))?;
    Ok(Some((file, length)))
}

/// Whether there is a second form of the driver in this file.
pub(crate) fn has_second_form(path: &Path) -> bool {
    matches!(second_form(path), Ok(Some(_)))
}

fn copy_of(path: &Path, second: bool) -> std::io::Result<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static ONCE: std::sync::Once = std::sync::Once::new();
    let stem = path
        .file_stem()
        .map_or_else(|| "driver".into(), |stem| stem.to_string_lossy().into_owned());
    let name = format!(
        "{PREFIX}{}-{}-{stem}.so",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir();
    ONCE.call_once(|| sweep(&folder));
    let copy = folder.join(name);
    let form = if second { second_form(path)? } else { None };
    let copied = match form {
        Some((file, length)) => File::create(&copy)
            .and_then(|mut into| std::io::copy(&mut file.take(length), &mut into)),
        None => std::fs::copy(path, &copy),
    };
    if let Err(why) = copied.and_then(|_| crate::whole::expect(&copy)) {
        let _ = std::fs::remove_file(&copy);
        return Err(why);
    }
    Ok(copy)
}

/// Removes the copies of processes that are no more: who was killed, or ended at once, had no time to.
fn sweep(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten() {
        let name = file.file_name();
        let of = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        let Some(process) = of.and_then(|of| of.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(process.to_string()).exists() {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// The copies that are loaded: from where to where, and their files. The dynamic linker would say it too, and takes its time.
static LOADED: RwLock<Vec<(Range<usize>, Arc<CStr>)>> = RwLock::new(Vec::new());

/// Whether code at this address is of a loaded driver.
pub(crate) fn is_of_driver(address: usize) -> bool {
    // Who asks while the list is changed is a handler of a fault, and must not wait for what it interrupted.
    let Some(loaded) = LOADED.try_read() else { return false };
    loaded.iter().any(|(span, _)| span.contains(&address))
}

/// Whether the address is the lower half of one in a loaded driver, and none itself.
pub(crate) fn is_lower_half(address: usize, half: usize) -> bool {
    const HALF: usize = u32::MAX as usize;
    let Some(loaded) = LOADED.try_read() else { return false };
    let cut = |span: &Range<usize>| span.contains(&(span.start & !HALF | half));
    loaded.iter().any(|(span, _)| !span.contains(&address) && cut(span))
}

/// The copy of a driver that is loaded at an address, and where in it the address is.
pub(crate) fn place_of(address: usize) -> Option<(Arc<CStr>, usize)> {
    let loaded = LOADED.try_read()?;
    let (span, file) = loaded.iter().find(|(span, _)| span.contains(&address))?;
    Some((Arc::clone(file), address - span.start))
}

/// What the copies of drivers are called.
const PREFIX: &str = "ndiswan-driver-";

impl Image {
    /// Loads the file at `path`, from a copy, so that each has its own variables.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(path: &Path) -> Result<Image, LoadError> {
        Image::known(path, &snapshot::key(path))
    }

    /// The same for who knows which file it is, as it was then.
    pub(crate) fn known(path: &Path, key: &Key) -> Result<Image, LoadError> {
        if let Some(image) = snapshot::spare(key) {
            return Ok(image);
        }
        let named = || path.to_path_buf();
        let copy = copy_of(path, key.second_form).map_err(|why| match why.kind() {
            ErrorKind::UnexpectedEof => LoadError::Link { path: named(), why: why.to_string() },
            _ => LoadError::Copy { path: named(), why },
        })?;
        let file = CString::new(copy.as_os_str().as_encoded_bytes());
        let opened = match &file {
            Ok(file) => low::loaded(|| {
                // SAFETY: a path that ends with a zero. What the file does when it is loaded is what the user asked for.
                let got = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
                (!got.is_null()).then_some(got as usize)
            }),
            Err(_) => None,
        };
        let Some(handle) = opened else {
            let why = last_error();
            let _ = std::fs::remove_file(&copy);
            return Err(LoadError::Link { path: named(), why });
        };
        let mut image = Image {
            handle,
            path: copy,
            entry: 0,
            invoke: never,
            send: never_sent,
            abandon: 0,
            missing: Vec::new(),
            key: key.clone(),
            snapshot: Snapshot::default(),
        };
        let need = |symbol: &'static str, text: &'static CStr| {
            image.symbol(text).ok_or(LoadError::NotADriver { path: named(), symbol })
        };
        let version = need("ndiswan_library_version", c"ndiswan_library_version")?;
        // SAFETY: an unsigned of the library that is linked in.
        let version = unsafe { *(version as *const u32) };
        if version != 2 {
            return Err(LoadError::Version { path: named(), got: version });
        }
        let known = need("ndiswan_names", c"ndiswan_names")?;
        let pointers = need("ndiswan_pointers", c"ndiswan_pointers")?;
        let missing = need("ndiswan_missing", c"ndiswan_missing")?;
        let invoke = need("ndiswan_invoke", c"ndiswan_invoke")?;
        let send = need("ndiswan_send", c"ndiswan_send")?;
        let abandon = need("ndiswan_abandon", c"ndiswan_abandon")?;
        let entry = need("DriverEntry", c"DriverEntry")?;
        if key.second_form {
            let (table, touches) = crate::memory::table();
            let closed = need("ndiswan_closed", c"ndiswan_closed")?;
            let close = need("ndiswan_close", c"ndiswan_close")?;
            // SAFETY: places of two pointers in the library of the second form.
            unsafe { (*(closed as *mut usize), *(close as *mut usize)) = (table, touches) };
        }
        // SAFETY: the library's functions of these names have these types.
        unsafe {
            image.invoke = std::mem::transmute::<usize, Invoke>(invoke);
            image.send = std::mem::transmute::<usize, Send>(send);
        }
        (image.abandon, image.entry) = (abandon, entry);
        // SAFETY: a pointer's place in the library.
        unsafe { *(missing as *mut usize) = exports::MISSING as *const () as usize };
        for at in 0.. {
            // SAFETY: the list ends with a null pointer; each name ends with a zero and lives as long as the file.
            let name = unsafe {
                let name = *(known as *const *const libc::c_char).add(at);
                if name.is_null() {
                    break;
                }
                CStr::from_ptr(name)
            };
            match exports::find(&name.to_string_lossy()) {
                // SAFETY: the list of pointers is as long as that of names.
                Some(function) => unsafe { *(pointers as *mut usize).add(at) = function },
                None => image.missing.push(name.to_string_lossy().into_owned()),
            }
        }
        image.snapshot = Snapshot::take(pointers);
        let file = CString::new(image.path.as_os_str().as_encoded_bytes()).unwrap_or_default();
        if let Some(span) = snapshot::span(pointers) {
            LOADED.write().push((span, file.into()));
        }
        Ok(image)
    }

    /// The address of a symbol.
    pub(crate) fn symbol(&self, name: &CStr) -> Option<usize> {
        // SAFETY: the handle is open, the name ends with a zero.
        let found = unsafe { libc::dlsym(self.handle as *mut libc::c_void, name.as_ptr()) };
        (!found.is_null()).then_some(found as usize)
    }

    /// Calls a function of the driver with up to eight whole numbers; none if it had to leave the call.
    #[inline]
    pub(crate) fn invoke(
        &self,
        function: usize,
        arguments: &[usize],
        frame: *mut *mut libc::c_void,
    ) -> Option<usize> {
        let mut result = 0;
        // SAFETY: the driver's own code, which is C and may do anything; what it does to our memory, an isolated process keeps
        // from others. Faults in it leave through `ndiswan_abandon`, over frames of C only.
        let left = unsafe {
            (self.invoke)(
                function as *const libc::c_void,
                arguments.as_ptr(),
                arguments.len() as u32,
                &raw mut result,
                frame,
            )
        };
        (left == 0).then_some(result)
    }

    /// The same for MiniportWanSend.
    #[inline]
    pub(crate) fn send(
        &self,
        function: usize,
        [context, link, packet]: [usize; 3],
        frame: *mut *mut libc::c_void,
    ) -> Option<usize> {
        let (mut result, function) = (0, function as *const libc::c_void);
        // SAFETY: as in `invoke`.
        let left = unsafe { (self.send)(function, context, link, packet, &raw mut result, frame) };
        (left == 0).then_some(result)
    }

    /// Functions that a driver can be linked with and that this version does not have.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

// SAFETY: does nothing; it has the type of what a driver brings.
unsafe extern "C" fn never(
    _: *const libc::c_void,
    _: *const usize,
    _: u32,
    _: *mut usize,
    _: *mut *mut libc::c_void,
) -> libc::c_int {
    1
}

// SAFETY: as above.
unsafe extern "C" fn never_sent(
    _: *const libc::c_void,
    _: usize,
    _: usize,
    _: usize,
    _: *mut usize,
    _: *mut *mut libc::c_void,
) -> libc::c_int {
    1
}

impl Drop for Image {
    fn drop(&mut self) {
        let entry = self.entry;
        LOADED.write().retain(|(span, _)| !span.contains(&entry));
        // SAFETY: opened by `load`; nobody is inside, since a card keeps its image.
        unsafe { libc::dlclose(self.handle as *mut libc::c_void) };
        let _ = std::fs::remove_file(&self.path);
    }
}
