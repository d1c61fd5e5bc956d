//! The seam between the engine, which knows names, and drivers, whose types differ.

use std::rc::Rc;
use std::sync::Arc;

use crate::cx::{Cpu, Cx, Dirql, Dispatch, Passive};
use crate::disposition::Sending;
use crate::event::{Entry, Name};
use crate::miniport::{Miniport, Mode};
use crate::ndis::{Adapter, Batch, Link};
use crate::oid::{Answer, Oid};
use crate::status::Status;

/// A miniport of any mode. The engine has set the CPU's level before it calls, so a `Cx` of that
/// level may be made.
#[allow(clippy::missing_errors_doc)]
pub(crate) trait AnyMiniport: Send + Sync {
    fn initialize(&self, cpu: &Rc<Cpu>, adapter: &Arc<Adapter>) -> Result<(), Status>;
    // The name's parts, which travel in registers: as a whole it would go through memory, written in
    // three parts and read in two, for which the processor waits (measured: 8 ns of a round trip).
    fn wan_send(&self, cpu: &Rc<Cpu>, link: &Arc<Link>, slot: u32, generation: u32) -> Status;
    fn many(&self) -> Option<usize>;
    fn wan_send_many(
        &self,
        cpu: &Rc<Cpu>,
        link: &Arc<Link>,
        batch: &Arc<Batch>,
        answers: &mut Vec<Status>,
    );
    fn timer_name(&self, timer: u32) -> Option<String>;
    fn place_of(&self, entry: Entry) -> String;
    fn halt(&self, cpu: &Rc<Cpu>);
    fn cancel_send(&self, cpu: &Rc<Cpu>, id: u64);
    fn pause(&self, cpu: &Rc<Cpu>) -> Status;
    fn restart(&self, cpu: &Rc<Cpu>) -> Status;
    fn shutdown(&self, cpu: &Rc<Cpu>);
    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool);
    fn has_check_for_hang(&self) -> bool;
    fn check_for_hang(&self, cx: &mut Cx<Dispatch>) -> bool;
    fn check_for_hang_interval(&self) -> u64;
    fn query(&self, cx: &mut Cx<Dispatch>, oid: Oid) -> Option<Result<Answer, Status>>;
    fn set(&self, cx: &mut Cx<Dispatch>, oid: Oid, value: &Answer) -> Option<Result<(), Status>>;
    fn pends_requests(&self) -> bool;
    fn request_completed(&self, oid: Oid) -> Option<Result<Answer, Status>>;
    fn isr(&self, cpu: &Rc<Cpu>) -> bool;
    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>);
    fn timer(&self, cpu: &Rc<Cpu>, timer: u32);
    fn dpc(&self, cpu: &Rc<Cpu>, dpc: u32);
    fn device(&self, cpu: &Rc<Cpu>, device: u32);
}

impl<M: Miniport> AnyMiniport for M {
    fn initialize(&self, cpu: &Rc<Cpu>, adapter: &Arc<Adapter>) -> Result<(), Status> {
        Miniport::initialize(self, &mut Cx::<Passive>::assume(Rc::clone(cpu)), adapter)
    }

    fn wan_send(&self, cpu: &Rc<Cpu>, link: &Arc<Link>, slot: u32, generation: u32) -> Status {
        let name = Name { adapter: link.adapter.index, slot, generation };
        let mut cx = Cx::<<M::Mode as Mode>::SendLevel>::assume(Rc::clone(cpu));
        Miniport::wan_send(self, &mut cx, link, Sending::new(&link.adapter, name)).status
    }

    fn many(&self) -> Option<usize> {
        Miniport::many(self)
    }

    fn wan_send_many(
        &self,
        cpu: &Rc<Cpu>,
        link: &Arc<Link>,
        batch: &Arc<Batch>,
        answers: &mut Vec<Status>,
    ) {
        let mut cx = Cx::<<M::Mode as Mode>::SendLevel>::assume(Rc::clone(cpu));
        Miniport::wan_send_many(self, &mut cx, link, batch, answers);
    }

    fn timer_name(&self, timer: u32) -> Option<String> {
        Miniport::timer_name(self, timer)
    }

    fn place_of(&self, entry: Entry) -> String {
        Miniport::place_of(self, entry)
    }

    fn halt(&self, cpu: &Rc<Cpu>) {
        Miniport::halt(self, &mut Cx::<Passive>::assume(Rc::clone(cpu)));
    }

    fn cancel_send(&self, cpu: &Rc<Cpu>, id: u64) {
        let mut cx = Cx::<<M::Mode as Mode>::SendLevel>::assume(Rc::clone(cpu));
        Miniport::cancel_send(self, &mut cx, id);
    }

    fn pause(&self, cpu: &Rc<Cpu>) -> Status {
        Miniport::pause(self, &mut Cx::<Passive>::assume(Rc::clone(cpu)))
    }

    fn restart(&self, cpu: &Rc<Cpu>) -> Status {
        Miniport::restart(self, &mut Cx::<Passive>::assume(Rc::clone(cpu)))
    }

    fn shutdown(&self, cpu: &Rc<Cpu>) {
        Miniport::shutdown(self, &mut Cx::<Passive>::assume(Rc::clone(cpu)));
    }

    fn reset(&self, cx: &mut Cx<Dispatch>) -> (Status, bool) {
        Miniport::reset(self, cx)
    }

    fn has_check_for_hang(&self) -> bool {
        Miniport::has_check_for_hang(self)
    }

    fn check_for_hang(&self, cx: &mut Cx<Dispatch>) -> bool {
        Miniport::check_for_hang(self, cx)
    }

    fn check_for_hang_interval(&self) -> u64 {
        Miniport::check_for_hang_interval(self)
    }

    fn query(&self, cx: &mut Cx<Dispatch>, oid: Oid) -> Option<Result<Answer, Status>> {
        self.query_information(cx, oid)
    }

    fn set(&self, cx: &mut Cx<Dispatch>, oid: Oid, value: &Answer) -> Option<Result<(), Status>> {
        self.set_information(cx, oid, value)
    }

    fn pends_requests(&self) -> bool {
        Miniport::pends_requests(self)
    }

    fn request_completed(&self, oid: Oid) -> Option<Result<Answer, Status>> {
        Miniport::request_completed(self, oid)
    }

    fn isr(&self, cpu: &Rc<Cpu>) -> bool {
        Miniport::isr(self, &mut Cx::<Dirql>::assume(Rc::clone(cpu)))
    }

    fn handle_interrupt(&self, cx: &mut Cx<Dispatch>) {
        Miniport::handle_interrupt(self, cx);
    }

    fn timer(&self, cpu: &Rc<Cpu>, timer: u32) {
        Miniport::timer(self, &mut Cx::<Dispatch>::assume(Rc::clone(cpu)), timer);
    }

    fn dpc(&self, cpu: &Rc<Cpu>, dpc: u32) {
        Miniport::dpc(self, &mut Cx::<Dispatch>::assume(Rc::clone(cpu)), dpc);
    }

    fn device(&self, cpu: &Rc<Cpu>, device: u32) {
        Miniport::device_on(self, cpu, device);
    }
}
