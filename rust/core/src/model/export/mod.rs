//! What happened on links, as files to look at: a capture for Wireshark, a trace for Perfetto, one for Chrome.
//!
//! ```text
//!  events, records ── lives: one a packet ──┬── pcapng: a frame a packet
//!                                           └── tracks: slices by owner ──┬── perfetto
//!                                                                         └── chrome
//! ```
//!
//! A simulation must have been made with [`Detail::Trace`](super::simulation::Detail::Trace), else there is nothing to write. Of
//! what is traced, times are those of the simulation: nanoseconds since it began.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::simulation::Simulation;

mod chrome;
mod lives;
mod pcapng;
mod perfetto;
#[cfg(test)]
mod tests;
mod tracks;

pub use lives::{Left, Life, Story};

/// What kind of file.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Form {
    /// A capture: an interface a link, a frame for each packet that was sent, with a comment on its ownership.
    Pcapng {
        /// So many octets of each frame are written at most.
        snaplen: u32,
    },
    /// Perfetto's protocol buffers: a process a link, tracks by owner, flows from send to hand-back.
    Perfetto,
    /// The same in the JSON of chrome://tracing.
    Chrome,
}

/// A writer that refuses more once it is told to stop: files of this kind may have gigabytes.
struct Stoppable<'a, W> {
    writer: W,
    stop: &'a AtomicBool,
}

impl<W: Write> Write for Stoppable<'_, W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            // Not `Interrupted`, which is tried again.
            return Err(io::Error::other("stopped before the end"));
        }
        self.writer.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes what happened on all links, which are called `names`; returns how many packets there were. Whoever sets `stop`
/// meanwhile ends it with an error, and what was written is cut off.
///
/// # Errors
/// The writer's own, and that of the end before time.
///
/// # Panics
/// If there are fewer names than links.
pub fn write(
    simulation: &Simulation,
    names: &[String],
    form: Form,
    writer: impl Write,
    stop: &AtomicBool,
) -> io::Result<u64> {
    let writer = Stoppable { writer, stop };
    let stories: Vec<Story<'_>> =
        (0..).zip(names).map(|(n, name)| Story::of(simulation, n, name, stop)).collect();
    match form {
        Form::Pcapng { snaplen } => pcapng::write(&stories, snaplen, writer)?,
        Form::Perfetto => tracks::tell(&stories, &mut perfetto::Writer::new(writer)?)?,
        Form::Chrome => tracks::tell(&stories, &mut chrome::Writer::new(writer)?)?,
    }
    Ok(stories.iter().map(|story| story.lives.len() as u64).sum())
}
