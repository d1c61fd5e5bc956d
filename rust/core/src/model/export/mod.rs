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

/// Writes what happened on all links, which are called `names`; returns how many packets there were.
///
/// # Errors
/// The writer's own.
///
/// # Panics
/// If there are fewer names than links.
pub fn write(
    simulation: &Simulation,
    names: &[String],
    form: Form,
    writer: impl Write,
) -> io::Result<u64> {
    let stories: Vec<Story<'_>> =
        (0..).zip(names).map(|(n, name)| Story::of(simulation, n, name)).collect();
    match form {
        Form::Pcapng { snaplen } => pcapng::write(&stories, snaplen, writer)?,
        Form::Perfetto => tracks::tell(&stories, &mut perfetto::Writer::new(writer)?)?,
        Form::Chrome => tracks::tell(&stories, &mut chrome::Writer::new(writer)?)?,
    }
    Ok(stories.iter().map(|story| story.lives.len() as u64).sum())
}
