//! How a send is answered, and what it fails with.

use std::rc::Rc;
use std::sync::Arc;

use super::{Link, PacketError};
use crate::cx::Cpu;
use crate::disposition::Packet;
use crate::event::Name;
use crate::packet::BadFrame;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// How a send was answered.
#[derive(Debug)]
pub enum Sent {
    /// ProtocolSendComplete will bring the packet back.
    Pending,
    /// It is finished, and here is the packet; ProtocolSendComplete is not called.
    Done(Packet, FinalStatus),
}

/// A frame that was not sent; no packet is in use for it.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// There was no packet for it.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The send broke a rule.
    #[error("{0}")]
    Violation(Arc<Violation>),
}

/// A send that broke a rule: the packet is still the protocol's.
#[derive(Debug)]
pub struct SendError {
    /// The packet.
    pub packet: Packet,
    /// What was broken.
    pub violation: Arc<Violation>,
}

impl Link {
    /// Takes a packet and sends it with so many zeros in it, from the calling thread; as [`send_frame`](Self::send_frame).
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn send_zeros(self: &Arc<Self>, length: u32) -> Result<(Name, Status), FrameError> {
        let size = length as usize;
        let straight = Cpu::here(|cpu| {
            self.send_straight(cpu, length, |body, info| body.put_zeros(info, size), |_| ())
        });
        straight.map_or_else(|| self.send_zeros_slowly(size), Ok)
    }

    /// Sends a frame on the calling thread's CPU if nothing is in its way, and gives its status; if something is, nothing was done.
    #[inline]
    pub fn send_at_once(self: &Arc<Self>, cpu: &Rc<Cpu>, frame: &[u8]) -> Option<Status> {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let sent = self.send_straight(cpu, length, |body, info| body.put(info, frame), |_| ())?;
        Some(sent.1)
    }

    /// The same with so many zeros.
    #[inline]
    pub fn send_zeros_at_once(self: &Arc<Self>, cpu: &Rc<Cpu>, length: u32) -> Option<Status> {
        let size = length as usize;
        let sent =
            self.send_straight(cpu, length, |body, info| body.put_zeros(info, size), |_| ())?;
        Some(sent.1)
    }

    #[inline(never)]
    fn send_zeros_slowly(self: &Arc<Self>, length: usize) -> Result<(Name, Status), FrameError> {
        let (adapter, room) = (&*self.adapter, self.adapter.info.room());
        if length > room {
            let source = BadFrame::TooLong { room, length };
            return Err(PacketError::Frame { adapter: adapter.name.clone(), source }.into());
        }
        self.send_frame(&vec![0; length])
    }
}
