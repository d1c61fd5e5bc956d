//! Requests: what a protocol asks of the miniport and sets in it (OIDs).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::gate::{NoTurn, PATIENCE};
use super::{Adapter, Link};
use crate::choices::Access;
use crate::contract::adapter::Life;
use crate::cx::{Cpu, Cx, Irql};
use crate::event::Entry;
use crate::info::LinkInfo;
use crate::oid::{Answer, Oid};
use crate::rule::Rule;
use crate::status::Status;
use crate::violation::Violation;

/// How long NDIS waits for a request that is pending.
const WAIT: Duration = Duration::from_secs(10);

/// A request that was not answered.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The miniport said no.
    #[error("the request for {oid} was answered with {status}")]
    Status {
        /// What was asked for.
        oid: Oid,
        /// The answer.
        status: Status,
    },
    /// The miniport said PENDING, and did not complete the request.
    #[error(
        "the miniport answered the request for {0} with NDIS_STATUS_PENDING and did not complete it; a driver in C does by NdisMQueryInformationComplete or NdisMSetInformationComplete, within 10 s, others answer inside of the call"
    )]
    Pending(Oid),
    /// A bug check has stopped the adapter.
    #[error("{0}")]
    Stopped(String),
    /// It broke a rule.
    #[error("{0}")]
    Violation(Arc<Violation>),
}

impl Adapter {
    fn request<R>(
        &self,
        oid: Oid,
        ask: impl FnOnce(&Rc<Cpu>) -> Result<R, Status>,
    ) -> Result<R, RequestError> {
        let _around = self.ndis.around(Access::adapter(self.index));
        let cpu = Cpu::current();
        let report =
            |rule, detail| Err(RequestError::Violation(self.report(&cpu, rule, None, detail)));
        if self.life() == Life::Stopped {
            return Err(RequestError::Stopped(self.why_stopped()));
        }
        if self.life() >= Life::Halting {
            return report(
                Rule::Halt,
                format!("a request of adapter {:?}, which is {}", self.name, self.life()),
            );
        }
        if cpu.irql() > Irql::DISPATCH {
            return report(
                Rule::IrqlSend,
                format!("a request at {}; expected DISPATCH_LEVEL or below", cpu.irql()),
            );
        }
        self.enter_and_wait(&cpu, Some(PATIENCE))
            .map_err(|why| RequestError::Violation(self.no_turn(&cpu, "a request", why)))?;
        // A halt may have come while it waited for its turn.
        let halted = self.life() >= Life::Halting;
        let answer = if halted { Err(Status::ADAPTER_NOT_READY) } else { ask(&cpu) };
        self.leave(&cpu);
        answer.map_err(|status| match status {
            Status::PENDING => RequestError::Pending(oid),
            status => RequestError::Status { oid, status },
        })
    }

    /// What came of a request that was answered PENDING, if the miniport completes such; NDIS waits for it.
    fn completed(&self, oid: Oid) -> Result<Answer, RequestError> {
        let outcome = Cell::new(None);
        let cpu = Cpu::current();
        let done = || {
            let drivers = self.drivers.load();
            let look = || drivers.as_deref().and_then(|d| d.miniport.request_completed(oid));
            let found = outcome.take().or_else(look);
            let is_done = found.is_some();
            outcome.set(found);
            is_done
        };
        let may = self.drivers.load().as_deref().is_some_and(|d| d.miniport.pends_requests());
        if may && cpu.is_outermost() && cpu.irql() == Irql::PASSIVE {
            self.ndis.wait(WAIT, done);
        }
        let status = |status| RequestError::Status { oid, status };
        outcome.take().ok_or(RequestError::Pending(oid))?.map_err(status)
    }

    /// A request of bytes, for a miniport behind a border that has them: `ask` is called in its turn and at its level, and its
    /// answer, PENDING among them, is what came.
    ///
    /// # Errors
    /// [`RequestError`], but none for a status.
    pub fn ask<R>(
        &self,
        oid: Oid,
        entry: Entry,
        ask: impl FnOnce() -> R,
    ) -> Result<R, RequestError> {
        self.request(oid, |cpu| {
            self.call(cpu, entry, Irql::DISPATCH, |_| ask()).ok_or(Status::FAILURE)
        })
    }

    /// What a call is told after a bug check.
    pub fn why_stopped(&self) -> String {
        format!(
            "adapter {:?} was stopped by a bug check; see the violations of its Ndis",
            self.name
        )
    }

    /// Reports what did not get its turn in a serialized miniport.
    pub(crate) fn no_turn(&self, cpu: &Rc<Cpu>, what: &str, why: NoTurn) -> Arc<Violation> {
        match why {
            NoTurn::Inside => {
                let detail = format!("{what} from inside of the serialized miniport");
                self.report(cpu, Rule::Serial, None, detail)
            }
            NoTurn::Hang(how) => {
                let detail = format!("{what} of serialized adapter {:?} {how}", self.name);
                self.report(cpu, Rule::Hang, None, detail)
            }
        }
    }
}

impl Link {
    /// MiniportQueryInformation for this link.
    ///
    /// # Errors
    /// [`RequestError`]: NOT_SUPPORTED for an OID that is neither the miniport's nor one of the
    /// WAN ones that NDIS answers itself.
    pub fn query(&self, oid: Oid) -> Result<Answer, RequestError> {
        let adapter = &*self.adapter;
        let asked = adapter.request(oid, |cpu| {
            let own = adapter.call(cpu, Entry::QueryInformation, Irql::DISPATCH, |drivers| {
                drivers.miniport.query(&mut Cx::assume(Rc::clone(cpu)), oid)
            });
            match own {
                Some(Some(answer)) => answer,
                Some(None) => self.answer(oid),
                None => Err(Status::FAILURE),
            }
        });
        match asked {
            Err(RequestError::Pending(_)) => adapter.completed(oid),
            asked => asked,
        }
    }

    /// The settings of a link are those of this one: 0 stands for its handle.
    fn with_own_handle(&self, value: &Answer) -> Result<Answer, RequestError> {
        let Answer::Link(info) = value else { return Ok(value.clone()) };
        if info.link_handle == 0 || info.link_handle == self.handle {
            return Ok(Answer::Link(LinkInfo { link_handle: self.handle, ..info.clone() }));
        }
        let detail = format!(
            "settings for link handle {} were given to the link with handle {}; expected that one, or 0",
            info.link_handle, self.handle
        );
        let violation = self.adapter.report(&Cpu::current(), Rule::Handle, None, detail);
        Err(RequestError::Violation(violation))
    }

    fn answer(&self, oid: Oid) -> Result<Answer, Status> {
        let adapter = &*self.adapter;
        let kept = adapter.kept.lock().iter().find(|(key, _)| *key == oid).map(|(_, v)| v.clone());
        match oid {
            Oid::WAN_GET_INFO => Ok(Answer::Info(adapter.info.clone())),
            Oid::WAN_GET_LINK_INFO => Ok(Answer::Link(self.info())),
            Oid::WAN_PERMANENT_ADDRESS | Oid::WAN_CURRENT_ADDRESS => {
                let [high, low] = adapter.index.to_be_bytes();
                // A locally administered address, one for each adapter.
                Ok(kept.unwrap_or(Answer::Address([0x02, 0x4E, 0x44, 0x49, high, low])))
            }
            Oid::WAN_MEDIUM_SUBTYPE => Ok(kept.unwrap_or(Answer::Number(0))),
            Oid::WAN_GET_STATS_INFO => Ok(Answer::Stats(self.stats())),
            _ => Err(Status::NOT_SUPPORTED),
        }
    }

    /// MiniportSetInformation for this link.
    ///
    /// # Errors
    /// [`RequestError`]: NOT_SUPPORTED for what cannot be set, INVALID_DATA for a value that does
    /// not fit the OID.
    pub fn set(&self, oid: Oid, value: &Answer) -> Result<(), RequestError> {
        let adapter = &*self.adapter;
        let of_this = self.with_own_handle(value)?;
        let value = &of_this;
        let asked = adapter.request(oid, |cpu| {
            if let (Oid::WAN_SET_LINK_INFO, Answer::Link(info)) = (oid, value)
                && (info.max_send_frame_size > adapter.info.max_frame_size
                    || info.max_send_frame_size == 0)
            {
                return Err(Status::INVALID_DATA);
            }
            let own = adapter.call(cpu, Entry::SetInformation, Irql::DISPATCH, |drivers| {
                drivers.miniport.set(&mut Cx::assume(Rc::clone(cpu)), oid, value)
            });
            match own {
                Some(Some(Err(status))) => return Err(status),
                Some(Some(Ok(())) | None) => {}
                None => return Err(Status::FAILURE),
            }
            match (oid, value) {
                (Oid::WAN_SET_LINK_INFO, Answer::Link(info)) => {
                    self.flow.lock().info = info.clone();
                    Ok(())
                }
                (Oid::WAN_SET_LINK_INFO, _) => Err(Status::INVALID_DATA),
                _ if matches!(own, Some(Some(Ok(())))) => Ok(()),
                (Oid::WAN_CURRENT_ADDRESS, Answer::Address(_)) => {
                    let mut kept = adapter.kept.lock();
                    kept.retain(|(key, _)| *key != oid);
                    kept.push((oid, value.clone()));
                    Ok(())
                }
                _ => Err(Status::NOT_SUPPORTED),
            }
        });
        if !matches!(asked, Err(RequestError::Pending(_))) {
            return asked;
        }
        adapter.completed(oid)?;
        if let (Oid::WAN_SET_LINK_INFO, Answer::Link(info)) = (oid, value) {
            self.flow.lock().info = info.clone();
        }
        Ok(())
    }
}
