//! What the miniport indicates: lines that come up and go down, frames that arrive.

use std::rc::Rc;
use std::sync::Arc;

use super::{Adapter, Link, LinkSettings};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::contract::packet::Owner;
use crate::cx::{Cpu, Cx};
use crate::event::{Entry, TakenBack, What};
use crate::face::Face;
use crate::policy::{QueuedAtLineDown, WindowShrink};
use crate::protocol::{Protocol, fragment};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::trace::record::Note;
use crate::violation::Violation;

impl Adapter {
    /// Whether the miniport may indicate `event` here; what may not be is recorded all the same.
    fn may_indicate(
        &self,
        cpu: &Rc<Cpu>,
        what: &str,
        event: Option<What>,
    ) -> Result<(), Arc<Violation>> {
        let life = self.life().may_call();
        let verdict =
            life.and_then(|()| cpu.state.borrow().may_indicate(self.index, self.serialized()));
        verdict.map_err(|rule| {
            if let Some(event) = event {
                self.emit(cpu, event);
            }
            let inside = cpu.state.borrow().inside.last().map(|inside| inside.entry.name());
            let detail = match rule {
                Rule::Halt => {
                    format!("{what} on adapter {:?}, which is {}", self.name, self.life())
                }
                Rule::Indicate => format!("{what} from {}", inside.unwrap_or("a forbidden place")),
                Rule::LockHeld => format!("{what} with a spin lock held"),
                _ => format!(
                    "{what} at {}; a serialized miniport's is DISPATCH_LEVEL, others' not above",
                    cpu.irql()
                ),
            };
            self.report(cpu, rule, None, detail)
        })
    }

    fn check_link(&self, cpu: &Rc<Cpu>, link: &Link, what: &str) -> Result<(), Arc<Violation>> {
        if link.adapter.index == self.index && std::ptr::eq(&raw const *link.adapter, self) {
            return Ok(());
        }
        let detail = format!(
            "{what} with a link of adapter {:?} on adapter {:?}",
            link.adapter.name, self.name
        );
        Err(self.report(cpu, Rule::Handle, None, detail))
    }

    /// NDIS_STATUS_WAN_LINE_UP: a new link (`None`), or new settings for one that is there.
    ///
    /// # Errors
    /// `INDICATE`, `LOCK_HELD`, `IRQL_COMPLETE`, `HALT` if it may not be indicated here; `HANDLE`
    /// for a link of another adapter or a closed one, or more links than `WanInfo::endpoints`;
    /// `WINDOW` if policy reports a shrunk window.
    pub fn line_up(
        &self,
        link: Option<&Arc<Link>>,
        handle: Option<u64>,
        settings: LinkSettings,
    ) -> Result<Arc<Link>, Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        let id = link.map_or_else(|| self.next_line().unwrap_or(u32::MAX), |link| link.id);
        let line_up = What::LineUp { link: id, window: self.window(settings) };
        self.may_indicate(&cpu, "NDIS_STATUS_WAN_LINE_UP was indicated", Some(line_up))?;
        let link = if let Some(link) = link {
            self.check_link(&cpu, link, "a line-up")?;
            Arc::clone(link)
        } else {
            // One that is down, with its call still open, is in nobody's way: a leased line has no call.
            let open = self.links.lock().list.iter().filter(|link| link.is_up()).count();
            if self.face == Face::Wan && open >= self.info.endpoints as usize {
                let detail = format!(
                    "link {} of adapter {:?}, whose WanInfo.endpoints is {}; give the link to change a line that is up",
                    open + 1,
                    self.name,
                    self.info.endpoints
                );
                return Err(self.report(&cpu, Rule::Handle, None, detail));
            }
            let Some(link) = self.new_link(handle) else {
                let detail = format!(
                    "a line of adapter {:?}: this Ndis has brought up two thousand million",
                    self.name
                );
                return Err(self.report(&cpu, Rule::Handle, None, detail));
            };
            link
        };
        if link.is_closed() {
            self.emit(&cpu, line_up);
            let detail = format!("a line-up of link {}, whose call was closed", link.id);
            return Err(self.report(&cpu, Rule::Handle, None, detail));
        }
        let shrunk = self.bring_up(&cpu, &link, settings);
        self.pump(&cpu, &link);
        self.ndis.settle(&cpu);
        shrunk.map_or(Ok(link), Err)
    }

    fn window(&self, settings: LinkSettings) -> u32 {
        match settings.send_window {
            // The interface has none: all packets there are.
            _ if !self.face.has_window() => self.size,
            0 if self.face == Face::Condis => 0, // it is closed
            0 => self.info.max_transmit,
            window => u32::from(window),
        }
    }

    /// Brings the link up; `WINDOW` if that is smaller than what is outstanding and policy asks.
    pub(crate) fn bring_up(
        &self,
        cpu: &Rc<Cpu>,
        link: &Arc<Link>,
        settings: LinkSettings,
    ) -> Option<Arc<Violation>> {
        let window = self.window(settings);
        self.finish_line_down(cpu, link); // the protocol, which is told that it goes down, has it up again at once
        let outstanding = {
            let mut flow = link.flow.lock();
            let _ = flow.state.line_up(window);
            flow.settings = settings;
            flow.state.outstanding
        };
        self.emit(cpu, What::LineUp { link: link.id, window });
        let report = self.ndis.config.policy.window_shrink == WindowShrink::Report;
        let shrunk = (outstanding > window && report).then(|| {
            let detail = format!(
                "the window of link {} was set to {window} with {outstanding} sends outstanding",
                link.id
            );
            self.report(cpu, Rule::Window, None, detail)
        });
        self.protocol(cpu, Entry::Status, |protocol, cx| protocol.line_up(cx, link));
        shrunk
    }

    fn protocol<R>(
        &self,
        cpu: &Rc<Cpu>,
        entry: Entry,
        f: impl FnOnce(&dyn Protocol, &mut Cx<crate::cx::UpToDispatch>) -> R,
    ) -> Option<R> {
        self.call(cpu, entry, self.callback_level(cpu), |drivers| {
            f(&*drivers.protocol, &mut Cx::assume(Rc::clone(cpu)))
        })
    }

    /// NdisMIndicateStatus with a status that is of no line: the protocol is told.
    ///
    /// # Errors
    /// As [`line_up`](Self::line_up), if it may not be indicated here.
    pub fn status(&self, status: Status) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        self.may_indicate(&cpu, &format!("{status} was indicated"), None)?;
        self.protocol(&cpu, Entry::Status, |protocol, cx| protocol.status(cx, status));
        self.ndis.settle(&cpu);
        Ok(())
    }

    /// NdisMIndicateStatusComplete, of which no protocol here wants to know.
    ///
    /// # Errors
    /// As [`line_up`](Self::line_up), if it may not be called here.
    pub fn status_complete(&self) -> Result<(), Arc<Violation>> {
        self.may_indicate(&Cpu::current(), "NdisMIndicateStatusComplete was called", None)
    }

    /// NDIS_STATUS_WAN_LINE_DOWN.
    ///
    /// # Errors
    /// As [`line_up`](Self::line_up); `LINE` if the link is not up.
    pub fn line_down(&self, link: &Arc<Link>) -> Result<(), Arc<Violation>> {
        let _around = self.ndis.around(Access::link(link.id));
        let cpu = Cpu::current();
        let line_down = What::LineDown { link: link.id };
        self.may_indicate(&cpu, "NDIS_STATUS_WAN_LINE_DOWN was indicated", Some(line_down))?;
        self.check_link(&cpu, link, "a line-down")?;
        let verdict = {
            let mut flow = link.flow.lock();
            let verdict = flow.state.may_indicate();
            flow.going_down = verdict.is_ok();
            verdict
        };
        if verdict.is_err() {
            self.emit(&cpu, line_down);
            self.check_up(&cpu, link, verdict, "a line-down")?;
        }
        // Until it was told, a protocol cannot know: what it sends now is queued.
        self.protocol(&cpu, Entry::Status, |protocol, cx| protocol.line_down(cx, link));
        if self.finish_line_down(&cpu, link)
            && self.ndis.config.policy.queued_at_line_down == QueuedAtLineDown::Return
        {
            self.give_back_queued_on(&cpu, link, FinalStatus::FAILURE);
        }
        self.ndis.settle(&cpu);
        Ok(())
    }

    /// A line that is going down is down from here; whether it was, and was not brought up again or closed meanwhile.
    fn finish_line_down(&self, cpu: &Rc<Cpu>, link: &Link) -> bool {
        let was_up = {
            let mut flow = link.flow.lock();
            std::mem::take(&mut flow.going_down) && flow.state.line_down().is_ok()
        };
        // A bug check while the protocol was told ended all lines.
        let went_down = was_up && self.life() != Life::Stopped;
        if went_down {
            self.emit(cpu, What::LineDown { link: link.id });
        }
        went_down
    }

    fn check_up(
        &self,
        cpu: &Rc<Cpu>,
        link: &Link,
        verdict: Result<(), Rule>,
        what: &str,
    ) -> Result<(), Arc<Violation>> {
        verdict.map_err(|rule| {
            let state =
                if rule == Rule::Handle { "whose call was closed" } else { "which is not up" };
            let detail = format!("{what} on link {} of {:?}, {state}", link.id, self.name);
            self.report(cpu, rule, None, detail)
        })
    }

    /// NDIS_STATUS_WAN_FRAGMENT: a damaged frame; `errors` are the bits of [`fragment`].
    ///
    /// # Errors
    /// As [`line_down`](Self::line_down).
    pub fn fragment(&self, link: &Arc<Link>, errors: u32) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let event = What::Indicate { link: link.id, length: 0 };
        self.may_indicate(&cpu, "NDIS_STATUS_WAN_FRAGMENT was indicated", Some(event))?;
        self.check_link(&cpu, link, "a fragment")?;
        let verdict = link.flow.lock().state.may_indicate();
        self.emit(&cpu, event);
        self.check_up(&cpu, link, verdict, "a fragment")?;
        {
            let stats = &mut link.flow.lock().stats;
            let bit = |mask| u64::from(errors & mask != 0);
            stats.crc_errors += bit(fragment::CRC);
            stats.framing_errors += bit(fragment::FRAMING);
            stats.serial_overrun_errors += bit(fragment::HARDWARE_OVERRUN);
            stats.buffer_overrun_errors += bit(fragment::BUFFER_OVERRUN);
            stats.timeout_errors += bit(fragment::TIMEOUT);
            stats.alignment_errors += bit(fragment::ALIGNMENT);
        }
        self.protocol(&cpu, Entry::Status, |protocol, cx| protocol.fragment(cx, link, errors));
        Ok(())
    }

    /// NdisMWanIndicateReceive: the protocol's answer. The data is copied before this returns.
    ///
    /// # Errors
    /// As [`line_down`](Self::line_down).
    pub fn indicate_receive(
        &self,
        link: &Arc<Link>,
        data: &[u8],
    ) -> Result<Status, Arc<Violation>> {
        let _around = self.ndis.around(Access::link(link.id));
        let cpu = Cpu::current();
        let event = What::Indicate { link: link.id, length: data.len() as u32 };
        self.may_indicate(&cpu, "NdisMWanIndicateReceive was called", Some(event))?;
        self.check_link(&cpu, link, "a receive")?;
        let verdict = link.flow.lock().state.may_indicate();
        self.ndis.emit_with(self, &cpu, self.ndis.moment(), event, || Note::Frame(data.into()));
        self.check_up(&cpu, link, verdict, "a receive")?;
        self.bump(&self.count.receives);
        let answer =
            self.protocol(&cpu, Entry::Receive, |protocol, cx| protocol.receive(cx, link, data));
        let answer = answer.unwrap_or(Status::FAILURE);
        if answer == Status::SUCCESS {
            let stats = &mut link.flow.lock().stats;
            stats.frames_rcvd += 1;
            stats.bytes_rcvd += data.len() as u64;
        }
        self.ndis.settle(&cpu);
        Ok(answer)
    }

    /// NdisMWanIndicateReceiveComplete.
    ///
    /// # Errors
    /// As [`line_down`](Self::line_down).
    pub fn indicate_receive_complete(&self, link: &Arc<Link>) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        self.may_indicate(&cpu, "NdisMWanIndicateReceiveComplete was called", None)?;
        self.check_link(&cpu, link, "a receive-complete")?;
        self.protocol(&cpu, Entry::ReceiveComplete, |protocol, cx| {
            protocol.receive_complete(cx, link);
        });
        self.ndis.settle(&cpu);
        Ok(())
    }
}

impl Link {
    /// OID_TAPI_CLOSE_CALL: the link is of no use afterwards. What is queued goes back with
    /// CLOSING; what the miniport still has is `LOST`.
    ///
    /// # Errors
    /// `IRQL_SEND` above DISPATCH, `HANDLE` if it was closed before, `LOST` for the first packet that is still owed.
    pub fn close(&self) -> Result<(), Arc<Violation>> {
        let cpu = Cpu::current();
        let adapter = &*self.adapter;
        let _around = adapter.ndis.around(Access::link(self.id));
        let may_call = cpu.state.borrow().may_send();
        if let Err(rule) = may_call {
            adapter.emit(&cpu, What::CloseCall { link: self.id });
            let detail =
                format!("a call was closed at {}; expected DISPATCH_LEVEL or below", cpu.irql());
            return Err(adapter.report(&cpu, rule, None, detail));
        }
        {
            let mut flow = self.flow.lock();
            if flow.state.closed && adapter.life() < Life::Halted {
                drop(flow);
                adapter.emit(&cpu, What::CloseCall { link: self.id });
                let detail =
                    format!("link {} of {:?} was closed a second time", self.id, adapter.name);
                return Err(adapter.report(&cpu, Rule::Handle, None, detail));
            }
            (flow.state.up, flow.state.closed) = (false, true);
        }
        adapter.emit(&cpu, What::CloseCall { link: self.id });
        adapter.deliver_batch(&cpu);
        adapter.give_back_queued_on(&cpu, self, FinalStatus::CLOSING);
        let owed: Vec<u32> = adapter.pool.owned_by(Owner::Miniport).collect();
        let mut first = None;
        for slot in owed {
            let on = adapter.pool.slot(slot).link.load(std::sync::atomic::Ordering::Relaxed);
            if on == self.id {
                let name = adapter.name_of(slot);
                let lost = adapter.lost(name, TakenBack::GivenUp, "its call was closed");
                first = first.or(lost);
            }
        }
        adapter.ndis.settle(&cpu);
        first.map_or(Ok(()), Err)
    }
}
