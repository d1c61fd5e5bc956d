//! Packets that go down, or come home, by one call of a driver's.
//!
//! A batch is columns of numbers, which a language binding hands to its driver as arrays. It is a way to
//! make many calls as one, and no other contract: each packet is looked at, noted and counted as if it
//! had been sent or completed alone, in its turn.

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Adapter, PacketError};
use crate::event::Name;
use crate::packet::BadFrame;
use crate::status::Status;
use crate::violation::Violation;

/// One packet of a batch.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its name, as [`Name::handle`].
    pub handle: u64,
    /// When it was handed to the miniport, or sent if NDIS queued it, in nanoseconds.
    pub time: u64,
    /// Bytes of data when it was sent.
    pub size: u32,
}

/// Packets by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch(Vec<Entry>);

impl Batch {
    pub(crate) fn with_capacity(packets: usize) -> Batch {
        Batch(Vec::with_capacity(packets))
    }

    /// One more: its name, bytes and time.
    #[inline(always)]
    #[allow(clippy::inline_always)] // once for each packet of a loop that counts instructions
    pub fn push(&mut self, name: Name, size: u32, time: u64) {
        self.0.push(Entry { handle: name.handle(), time, size });
    }

    /// The packets, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Their names, given to the adapter of this index.
    pub fn names(&self, index: u16) -> impl Iterator<Item = Name> + '_ {
        self.0.iter().map(move |entry| Name::of_handle(entry.handle, index))
    }

    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn append(&mut self, other: &Batch) {
        self.0.extend_from_slice(&other.0);
    }
}

/// Frames to be sent by one call: of zeros, or one after the other in one piece of memory.
#[derive(Debug)]
pub struct Frames<'a> {
    sizes: &'a [u32],
    /// The data, and where each frame begins in it.
    data: Option<(&'a [u8], Vec<usize>)>,
    /// The longest frame of zeros, made when somebody needs it as a slice.
    zeros: OnceCell<Vec<u8>>,
}

/// Frames that cannot be sent; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum BadFrames {
    /// One of them is no frame.
    #[error("frame {at}: {source}")]
    Frame {
        /// Which.
        at: usize,
        /// What is wrong with it.
        source: BadFrame,
    },
    /// The data are not as long as the frames together.
    #[error("expected {expected} bytes of data, the sum of the sizes, got {got}")]
    Data {
        /// What the sizes say.
        expected: usize,
        /// What came.
        got: usize,
    },
}

impl<'a> Frames<'a> {
    /// Frames of these sizes; without `data` each is zeros.
    ///
    /// # Errors
    /// [`BadFrames`] if one is empty or too long for the adapter, or the data are of another length.
    pub fn new(
        adapter: &Adapter,
        sizes: &'a [u32],
        data: Option<&'a [u8]>,
    ) -> Result<Frames<'a>, BadFrames> {
        let room = adapter.info.room();
        if let Some(at) = sizes.iter().position(|size| *size == 0 || *size as usize > room) {
            let length = sizes[at] as usize;
            let long = BadFrame::TooLong { room, length };
            let source = if length == 0 { BadFrame::Empty { room } } else { long };
            return Err(BadFrames::Frame { at, source });
        }
        let data = data.map(|data| {
            let mut end = 0;
            let mut next = |size: &u32| {
                let begin = end;
                end += *size as usize;
                begin
            };
            let begins: Vec<usize> = sizes.iter().map(&mut next).collect();
            if end == data.len() {
                Ok((data, begins))
            } else {
                Err(BadFrames::Data { expected: end, got: data.len() })
            }
        });
        Ok(Frames { sizes, data: data.transpose()?, zeros: OnceCell::new() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    #[inline]
    pub(crate) fn size(&self, at: usize) -> u32 {
        self.sizes[at]
    }

    /// The frame, if it is not zeros.
    #[inline]
    pub(crate) fn bytes(&self, at: usize) -> Option<&[u8]> {
        let (data, begins) = self.data.as_ref()?;
        Some(&data[begins[at]..][..self.sizes[at] as usize])
    }

    /// The frame in any case.
    pub(crate) fn frame(&self, at: usize) -> &[u8] {
        let longest = || self.sizes.iter().max().map_or(0, |size| *size as usize);
        let zeros = || &self.zeros.get_or_init(|| vec![0; longest()])[..self.sizes[at] as usize];
        self.bytes(at).unwrap_or_else(zeros)
    }
}

/// What became of frames that were sent by one call.
#[derive(Debug)]
pub struct SentMany {
    /// The packets, in the lives in which the miniport has or gets them.
    pub batch: Arc<Batch>,
    /// How each send was answered, as by [`Link::send_frame`](super::Link::send_frame).
    pub statuses: Vec<Status>,
    /// The rules that were broken; such a send is answered with FAILURE, and no packet is in use for it.
    pub broken: Vec<Arc<Violation>>,
    /// Why the rest was not sent.
    pub stopped: Option<PacketError>,
}
