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

/// Packets by name, as columns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    handles: Vec<u64>,
    sizes: Vec<u32>,
    times: Vec<u64>,
}

impl Batch {
    pub(crate) fn with_capacity(packets: usize) -> Batch {
        let (handles, sizes) = (Vec::with_capacity(packets), Vec::with_capacity(packets));
        Batch { handles, sizes, times: Vec::with_capacity(packets) }
    }

    /// Packets of these sizes ([`Frames`]) that went down at one time, as many as there are names.
    pub(crate) fn of_moment(handles: Vec<u64>, sizes: &[u32], time: u64) -> Batch {
        let sizes = sizes[..handles.len()].to_vec();
        Batch { times: vec![time; handles.len()], sizes, handles }
    }

    /// Packets with the first of these names that came home, with what is known of each.
    pub(crate) fn of_home(handles: &[u64], sizes: Vec<u32>, times: Vec<u64>) -> Batch {
        Batch { handles: handles[..sizes.len()].to_vec(), sizes, times }
    }

    /// One more: its name, bytes and time.
    pub fn push(&mut self, name: Name, size: u32, time: u64) {
        self.handles.push(name.handle());
        self.sizes.push(size);
        self.times.push(time);
    }

    /// Their names, as [`Name::handle`].
    pub fn handles(&self) -> &[u64] {
        &self.handles
    }

    /// Bytes of data when each was sent.
    pub fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// When each was handed to the miniport, or sent if NDIS queued it, in nanoseconds.
    pub fn times(&self) -> &[u64] {
        &self.times
    }

    /// Their names, given to the adapter of this index.
    pub fn names(&self, index: u16) -> impl Iterator<Item = Name> + '_ {
        self.handles.iter().map(move |handle| Name::of_handle(*handle, index))
    }

    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(crate) fn append(&mut self, other: &Batch) {
        self.handles.extend_from_slice(&other.handles);
        self.sizes.extend_from_slice(&other.sizes);
        self.times.extend_from_slice(&other.times);
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
        // All of them at once, and one by one only if there is such a one.
        let bad = |size: &u32| *size == 0 || *size as usize > room;
        let any = sizes.iter().fold(false, |any, size| any | bad(size));
        if let Some(at) = sizes.iter().position(bad).filter(|_| any) {
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

    /// The sizes of those from `from` on.
    pub(crate) fn sizes(&self, from: usize) -> &[u32] {
        &self.sizes[from..]
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
