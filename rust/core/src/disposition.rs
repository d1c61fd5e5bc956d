//! Packets as values: the tokens that move, and what MiniportWanSend answers.
//!
//! ```text
//! Packet --send--> Sending --pend--> Pending --complete--> Packet (in ProtocolSendComplete)
//!                     \----complete-----------------------> Packet (in the answer of send)
//! ```
//!
//! Each is affine: using it up is moving it, so what is used up cannot be used again. A token
//! that is dropped is not lost: the packet completes with FAILURE, `LOST` is reported, and the
//! protocol has it back. The same steps without the engine: [`crate::handoff`]. The name of the untyped border is got by `into_name`.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::biased::BiasedGuard;
use crate::choices::Access;
use crate::cx::{Cpu, Cx, Level};
use crate::event::{Name, Part, Side, TakenBack};
use crate::miniport::{CanComplete, Mode};
use crate::ndis::{Adapter, Completions};
use crate::packet::WanPacket;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

/// A packet that the protocol owns. Dropping it gives it back to the pool.
#[derive(Debug)]
#[must_use = "dropping a packet frees it"]
pub struct Packet {
    /// There until it is dropped.
    adapter: Option<Arc<Adapter>>,
    /// Its slot, and whether the token does nothing. Two fields and no third, since that is what travels in registers: as three
    /// they are written to memory and read back as one, for which the processor waits (measured: 20 ns of a round trip).
    slot: u32,
}

/// The token does nothing: a send is tried. No slot has this bit.
const LENT: u32 = 1 << 31;

impl Packet {
    #[inline]
    pub(crate) fn new(adapter: Arc<Adapter>, slot: u32) -> Packet {
        Packet { adapter: Some(adapter), slot }
    }

    /// The adapter that it can be sent to.
    #[allow(clippy::missing_panics_doc)] // nobody has a token that was dropped
    pub fn adapter(&self) -> &Arc<Adapter> {
        self.adapter.as_ref().expect("it was not dropped")
    }

    /// Turns it into a name; [`Adapter::free`] or a send by name ends it then.
    pub fn into_name(mut self) -> Name {
        self.lend()
    }

    /// Its name while a send is tried; the token does nothing then.
    pub(crate) fn lend(&mut self) -> Name {
        let name = self.adapter().name_of(self.slot);
        self.slot |= LENT;
        name
    }

    /// The send was not taken, or it is over.
    pub(crate) fn regained(mut self) -> Packet {
        self.slot &= !LENT;
        self
    }

    /// The descriptor and its data, to be read and changed.
    pub fn get(&mut self) -> PacketView<'_> {
        PacketView(self.adapter().pool.slot(self.slot).body.lock())
    }

    /// ProtocolReserved1-4.
    pub fn protocol_reserved(&mut self) -> ProtocolReserved<'_> {
        ProtocolReserved(self.get())
    }
}

/// The descriptor and the data of a protocol's packet.
pub struct PacketView<'a>(BiasedGuard<'a, WanPacket>);

impl Deref for PacketView<'_> {
    type Target = WanPacket;

    fn deref(&self) -> &WanPacket {
        &self.0
    }
}

impl DerefMut for PacketView<'_> {
    fn deref_mut(&mut self) -> &mut WanPacket {
        &mut self.0
    }
}

/// ProtocolReserved1-4 of a protocol's packet.
pub struct ProtocolReserved<'a>(PacketView<'a>);

impl Deref for ProtocolReserved<'_> {
    type Target = [u64; 4];

    fn deref(&self) -> &[u64; 4] {
        &self.0.protocol_reserved
    }
}

impl DerefMut for ProtocolReserved<'_> {
    fn deref_mut(&mut self) -> &mut [u64; 4] {
        &mut self.0.protocol_reserved
    }
}

impl Drop for Packet {
    #[inline]
    fn drop(&mut self) {
        let Some(adapter) = self.adapter.take() else { return };
        Cpu::here(|cpu| {
            if self.slot & LENT == 0 {
                adapter.free_slot_on(cpu, self.slot);
            }
            cpu.spare.keep(adapter);
        });
    }
}

/// A packet that the miniport owns, by the call's borrow of its adapter.
#[derive(Debug)]
struct InCall<'call> {
    adapter: &'call Arc<Adapter>,
    name: Name,
    live: bool,
}

/// A packet that the miniport owns for as long as it likes.
#[derive(Debug)]
struct InFlight {
    adapter: Arc<Adapter>,
    name: Name,
    live: bool,
}

fn body(adapter: &Adapter, name: Name, part: Part) -> BiasedGuard<'_, WanPacket> {
    adapter.check_touch(name, Side::Miniport, part);
    adapter.pool.slot(name.slot).body.lock()
}

fn dropped(adapter: &Adapter, name: Name) {
    let why = if std::thread::panicking() { "a panic" } else { "its token was dropped" };
    adapter.lost(name, TakenBack::Dropped, why);
}

impl Drop for InCall<'_> {
    fn drop(&mut self) {
        if self.live {
            dropped(self.adapter, self.name);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.live {
            dropped(&self.adapter, self.name);
        }
    }
}

/// The parts of a packet that its miniport may use.
pub struct MiniportView<'a>(BiasedGuard<'a, WanPacket>);

impl MiniportView<'_> {
    /// The data.
    pub fn data(&self) -> &[u8] {
        self.0.data()
    }

    /// The data, to be changed in any manner.
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.0.data_mut()
    }

    /// CurrentBuffer as an offset from StartBuffer, CurrentLength, and EndBuffer.
    pub fn extent(&self) -> (usize, usize, usize) {
        (self.0.current_buffer(), self.0.current_length(), self.0.end_buffer())
    }

    /// MacReserved1-4.
    pub fn mac_reserved(&mut self) -> &mut [u64; 4] {
        &mut self.0.mac_reserved
    }

    /// WanPacketQueue.
    pub fn wan_packet_queue(&mut self) -> &mut [u64; 2] {
        &mut self.0.wan_packet_queue
    }
}

macro_rules! view {
    () => {
        /// The packet's data and the miniport's fields of its descriptor.
        pub fn view(&mut self) -> MiniportView<'_> {
            MiniportView(body(&self.inner.adapter, self.inner.name, Part::Data))
        }

        /// Length of the data in bytes.
        pub fn len(&self) -> usize {
            self.inner.adapter.pool.slot(self.inner.name.slot).body.lock().current_length()
        }

        /// Whether there is no data; a packet that was sent has some.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Writes `header` before the data.
        ///
        /// # Errors
        /// `PADDING` if there is no room for it before EndBuffer; nothing is changed.
        pub fn prepend(&mut self, header: &[u8]) -> Result<(), Arc<Violation>> {
            let result = body(&self.inner.adapter, self.inner.name, Part::Data).prepend(header);
            result.map_err(|rule| self.inner.adapter.padding(rule, self.inner.name, header.len()))
        }

        /// Writes `trailer` behind the data.
        ///
        /// # Errors
        /// `PADDING` if there is no room for it before EndBuffer; nothing is changed.
        pub fn append(&mut self, trailer: &[u8]) -> Result<(), Arc<Violation>> {
            let result = body(&self.inner.adapter, self.inner.name, Part::Data).append(trailer);
            result.map_err(|rule| self.inner.adapter.padding(rule, self.inner.name, trailer.len()))
        }

        /// The packet's name at the untyped border.
        pub fn name(&self) -> Name {
            self.inner.name
        }
    };
}

/// A packet inside of its MiniportWanSend call. `'call` is the call's brand: the answer has it
/// too, and no other call's answer fits.
#[derive(Debug)]
#[must_use = "answer the call with `complete` or `pend`; dropped it is reported as LOST"]
pub struct Sending<'call, M: Mode> {
    inner: InCall<'call>,
    _brand: PhantomData<fn(&'call ()) -> &'call ()>,
    _mode: PhantomData<M>,
}

impl<'call, M: Mode> Sending<'call, M> {
    pub(crate) fn new(adapter: &'call Arc<Adapter>, name: Name) -> Self {
        let inner = InCall { adapter, name, live: true };
        Sending { inner, _brand: PhantomData, _mode: PhantomData }
    }

    view!();

    /// Answers the call with a final status: the packet is the protocol's when the call returns.
    pub fn complete(mut self, status: FinalStatus) -> Disposition<'call> {
        self.inner.live = false;
        Disposition { status: status.get(), _brand: PhantomData }
    }

    /// Answers the call with PENDING: the miniport owes one completion.
    pub fn pend(mut self) -> (Disposition<'call>, Pending<M>) {
        let answer = Disposition { status: Status::PENDING, _brand: PhantomData };
        self.inner.live = false;
        let (adapter, name) = (Arc::clone(self.inner.adapter), self.inner.name);
        (answer, Pending { inner: InFlight { adapter, name, live: true }, _mode: PhantomData })
    }

    /// Turns the token into a name, for a driver that holds names: the ledger looks after the
    /// packet from here, and [`Held::returned`] takes whatever the driver's function returns.
    #[inline]
    pub fn into_name(mut self) -> Held<'call> {
        self.inner.live = false;
        Held { name: self.inner.name, _brand: PhantomData }
    }
}

/// A packet whose call was answered with PENDING: owes exactly one completion, from any thread.
#[derive(Debug)]
#[must_use = "owes one completion; dropped it is reported as LOST"]
pub struct Pending<M: Mode> {
    inner: InFlight,
    _mode: PhantomData<M>,
}

impl<M: Mode> Pending<M> {
    view!();

    /// NdisMWanSendComplete: gives the packet back with its final status. Holding a spin lock or
    /// running at the wrong IRQL does not compile.
    pub fn complete<L: CanComplete<M>>(mut self, cx: &mut Cx<L>, status: FinalStatus) {
        self.inner.live = false;
        // VOID: what is wrong all the same (a halt, a lock of another context) is on record.
        let _ = self.inner.adapter.complete_on(cx.cpu(), self.inner.name, status.get());
    }

    /// [`complete`](Self::complete) for each of these, in this order. With queued delivery the
    /// packets of one adapter go into its ring together, with one reservation.
    pub fn complete_many<L: CanComplete<M>>(
        cx: &mut Cx<L>,
        packets: impl IntoIterator<Item = (Self, FinalStatus)>,
    ) {
        let mut packets = packets.into_iter().peekable();
        while let Some(adapter) = packets.peek().map(|(next, _)| Arc::clone(&next.inner.adapter)) {
            let mut batch = Completions::new(&adapter, cx.cpu());
            let same = |(next, _): &(Self, _)| Arc::ptr_eq(&next.inner.adapter, &adapter);
            while let Some((mut packet, status)) = packets.next_if(same) {
                packet.inner.live = false;
                // VOID, as above.
                let _ = batch.complete(packet.inner.name, status.get());
            }
        }
    }
}

/// A call whose packet is known by name; see [`Sending::into_name`].
#[derive(Debug)]
#[must_use = "the call has to be answered with `returned`"]
pub struct Held<'call> {
    /// The packet's name.
    pub name: Name,
    _brand: PhantomData<fn(&'call ()) -> &'call ()>,
}

impl<'call> Held<'call> {
    /// For a language binding: lets `f` copy the packet, which is of `adapter`; none if NDIS has taken it back meanwhile.
    #[inline]
    pub fn copied<R, L: Level>(
        &self,
        adapter: &Adapter,
        cx: &Cx<L>,
        f: impl FnOnce(&WanPacket) -> R,
    ) -> Option<R> {
        adapter.ndis.point(Access::packet(adapter.index, self.name.slot));
        let place = adapter.pool.get(self.name.slot)?;
        let own = place.state().is_with_miniport(self.name.generation);
        own.then(|| f(&place.body.lock_on(cx.cpu())))
    }

    /// Answers the call with whatever the driver returned; the rules look at it.
    pub fn returned(self, status: Status) -> Disposition<'call> {
        Disposition { status, _brand: PhantomData }
    }
}

/// The answer of one MiniportWanSend call; only that call's packet makes one.
#[derive(Debug)]
#[must_use = "MiniportWanSend has to return it"]
pub struct Disposition<'call> {
    pub(crate) status: Status,
    _brand: PhantomData<fn(&'call ()) -> &'call ()>,
}
