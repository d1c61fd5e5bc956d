//! What is said of a status: of a final one, and of one that a send entry returned.

use std::rc::Rc;
use std::sync::Arc;

use super::Adapter;
use crate::cx::Cpu;
use crate::event::Name;
use crate::face::{Answer, Face};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};
use crate::violation::Violation;

impl Adapter {
    pub(super) fn look_at_final(
        &self,
        cpu: &Rc<Cpu>,
        name: Name,
        status: Status,
    ) -> Option<Arc<Violation>> {
        if status == Status::SUCCESS {
            return None;
        }
        let policy = self.ndis.config.policy;
        let cancelled = self.pool.slot(name.slot).state().cancelled();
        if let Err(rule) = self.face.may_end(status, cancelled, policy) {
            let detail = match rule {
                Rule::Cancel => format!(
                    "{status} was given as the final status of {name}, which nobody has cancelled"
                ),
                Rule::StatusList => format!(
                    "{status} was given as the final status of {name}; expected SUCCESS, INVALID_LENGTH, RESOURCES, PAUSED, SEND_ABORTED, RESET_IN_PROGRESS or FAILURE"
                ),
                _ => format!(
                    "NDIS_STATUS_{} was given as the final status",
                    status.name().unwrap_or("?")
                ),
            };
            return Some(self.report(cpu, rule, Some(name), detail));
        }
        if status == Status::RESOURCES {
            if self.face.warns_of_resources(policy) {
                let detail = "NDIS_STATUS_RESOURCES was given as the final status".to_string();
                self.ndis.report(self, cpu, Rule::StatusResources, Some(name), detail, true);
            }
            return None;
        }
        self.look_at_unknown(cpu, Some(name), status);
        None
    }

    pub(super) fn why_not_complete(&self, rule: Rule, name: Name, status: Status) -> String {
        let now = self.state_of(name).unwrap_or_default();
        match rule {
            Rule::Foreign if name.adapter != self.index => {
                format!(
                    "{name} was completed through adapter {:?}, which does not have it",
                    self.name
                )
            }
            Rule::Foreign => format!("{name} was completed, but was never handed to the miniport"),
            Rule::Stale => format!(
                "{name} was completed with {status}, but that life is over: the packet has been sent again (life {})",
                now.generation()
            ),
            Rule::Double => format!(
                "{name} was completed with {status}, but it is complete already: it belongs to {}",
                now.owner()
            ),
            Rule::Reset => format!("{name} was completed after the reset that took it had ended"),
            Rule::Halt => {
                format!("{name} was completed on adapter {:?}, which is {}", self.name, self.life())
            }
            _ => format!("{name} was completed with {status} after NDIS had given it up"),
        }
    }

    pub(super) fn why_not_here(&self, rule: Rule, cpu: &Cpu) -> String {
        if rule == Rule::LockHeld {
            let held = cpu
                .state
                .borrow()
                .held
                .iter()
                .map(|h| self.ndis.locks.name(h.lock))
                .collect::<Vec<_>>();
            format!("{} was called with {} held", self.face.complete(), held.join(", "))
        } else {
            let (mode, expected) = if self.serialized() {
                ("serialized", "exactly DISPATCH_LEVEL")
            } else {
                ("deserialized", "DISPATCH_LEVEL or below")
            };
            format!("a {mode} miniport completed at {}; expected {expected}", cpu.irql())
        }
    }

    /// A number that is not published is let through, and warned of.
    pub(super) fn look_at_unknown(&self, cpu: &Rc<Cpu>, name: Option<Name>, status: Status) {
        if !status.is_known() {
            let detail = format!("{status} is no published NDIS_STATUS; the number is passed on");
            self.ndis.report(self, cpu, Rule::StatusUnknown, name, detail, true);
        }
    }

    pub(super) fn look_at_return(&self, cpu: &Rc<Cpu>, name: Name, status: Status) -> FinalStatus {
        if !self.ndis.verify_off() {
            match self.face.answer(self.serialized(), status) {
                Answer::Broken(rule) => {
                    self.report(cpu, rule, Some(name), self.why_not_returned(rule, status));
                }
                _ => self.look_at_unknown(cpu, Some(name), status),
            }
        }
        FinalStatus::new(status).unwrap_or(FinalStatus::FAILURE)
    }

    fn why_not_returned(&self, rule: Rule, status: Status) -> String {
        let send = self.face.send();
        match (rule, self.face) {
            (Rule::StatusResources, Face::Wan) => {
                format!(
                    "{send} returned {}, which a WAN miniport never does",
                    "NDIS_STATUS_RESOURCES"
                )
            }
            (Rule::StatusResources, _) => format!(
                "{send} returned NDIS_STATUS_RESOURCES; a deserialized miniport queues what it cannot send now"
            ),
            _ => format!(
                "{send} answered with {status}; a {} miniport completes each send by {}",
                if self.face == Face::Lan { "deserialized LAN" } else { self.face.id() },
                self.face.complete()
            ),
        }
    }
}
