//! How a send is answered, and what it fails with.

use std::sync::Arc;

use super::PacketError;
use crate::disposition::Packet;
use crate::status::FinalStatus;
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
