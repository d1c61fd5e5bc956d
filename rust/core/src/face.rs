//! NDIS's send interfaces: the same contract, with other names and a few other answers.
//!
//! The core holds for all of them (ownership goes down at the send, comes back exactly once, nothing is
//! touched afterwards); what differs is here, as functions of the interface and a status. The engine asks
//! them where a send was not simply answered with PENDING and completed with SUCCESS.

use serde::{Deserialize, Serialize};

use crate::event::Entry;
use crate::policy::{Policy, ResourcesAsFinal};
use crate::rule::Rule;
use crate::status::{FinalStatus, Status};

/// Which send interface a miniport has.
#[derive(
    Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Face {
    /// NDIS 5 WAN: MiniportWanSend, NdisMWanSendComplete.
    #[default]
    Wan,
    /// NDIS 5 LAN: MiniportSend or MiniportSendPackets, NdisMSendComplete.
    Lan,
    /// NDIS 5 `CoNDIS`: MiniportCoSendPackets, NdisMCoSendComplete.
    Condis,
    /// NDIS 6: MiniportSendNetBufferLists, NdisMSendNetBufferListsComplete.
    Ndis6,
}

/// What NDIS makes of what a send entry returned, PENDING aside.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The send is complete.
    Final,
    /// NDIS keeps the packet and sends it again later.
    Requeue,
    /// The send is complete, and this rule is broken.
    Broken(Rule),
}

impl Face {
    /// Every interface.
    pub const ALL: [Face; 4] = [Face::Wan, Face::Lan, Face::Condis, Face::Ndis6];

    /// Its name in files and in Python.
    pub const fn id(self) -> &'static str {
        match self {
            Face::Wan => "wan",
            Face::Lan => "lan",
            Face::Condis => "condis",
            Face::Ndis6 => "ndis6",
        }
    }

    /// The interface of that name.
    pub fn by_id(id: &str) -> Option<Face> {
        Face::ALL.into_iter().find(|face| face.id() == id)
    }

    /// NDIS's name of the entry point that is called with a send.
    pub const fn send(self) -> &'static str {
        match self {
            Face::Wan => "MiniportWanSend",
            Face::Lan => "MiniportSend",
            Face::Condis => "MiniportCoSendPackets",
            Face::Ndis6 => "MiniportSendNetBufferLists",
        }
    }

    /// NDIS's name of the call that completes one.
    pub const fn complete(self) -> &'static str {
        match self {
            Face::Wan => "NdisMWanSendComplete",
            Face::Lan => "NdisMSendComplete",
            Face::Condis => "NdisMCoSendComplete",
            Face::Ndis6 => "NdisMSendNetBufferListsComplete",
        }
    }

    /// What Python's drivers call the two: the function that is called with a send, and the call that completes one.
    pub const fn functions(self) -> (&'static str, &'static str) {
        match self {
            Face::Wan => ("wan_send", "wan_send_complete"),
            Face::Lan => ("send", "send_complete"),
            Face::Condis => ("co_send_packets", "co_send_complete"),
            Face::Ndis6 => ("send_net_buffer_lists", "send_net_buffer_lists_complete"),
        }
    }

    /// Whether its send function returns nothing.
    pub const fn is_void(self) -> bool {
        matches!(self, Face::Condis | Face::Ndis6)
    }

    /// NDIS's name of an entry point, where this interface has one of its own.
    pub fn entry(self, entry: Entry) -> &'static str {
        match (self, entry) {
            (_, Entry::WanSend) => self.send(),
            (Face::Condis, Entry::SendComplete) => "ProtocolCoSendComplete",
            (Face::Ndis6, Entry::SendComplete) => "ProtocolSendNetBufferListsComplete",
            (Face::Lan | Face::Condis, Entry::CancelSend) => "MiniportCancelSendPackets",
            _ => entry.name(),
        }
    }

    /// Whether its contract has this rule: what a miniport of it can break at all.
    pub const fn has_rule(self, rule: Rule) -> bool {
        match rule {
            Rule::Window => self.has_window(),
            Rule::Resources => matches!(self, Face::Lan),
            Rule::StatusList | Rule::IrqlFlag | Rule::Pause => matches!(self, Face::Ndis6),
            Rule::Sync | Rule::Cancel => !matches!(self, Face::Wan),
            _ => true,
        }
    }

    /// Whether NDIS keeps sends back by a window of the link.
    pub const fn has_window(self) -> bool {
        matches!(self, Face::Wan | Face::Condis)
    }

    /// The status of a send that was cancelled.
    pub const fn cancelled(self) -> FinalStatus {
        match self {
            Face::Ndis6 => FinalStatus::SEND_ABORTED,
            _ => FinalStatus::REQUEST_ABORTED,
        }
    }

    /// The status of a send that a reset takes from a deserialized miniport.
    pub const fn aborted(self) -> FinalStatus {
        match self {
            Face::Ndis6 => FinalStatus::RESET_IN_PROGRESS,
            _ => FinalStatus::REQUEST_ABORTED,
        }
    }

    /// What it means that the send entry returned `status`, which is not PENDING.
    pub fn answer(self, serialized: bool, status: Status) -> Answer {
        match (self, status) {
            (Face::Lan, Status::RESOURCES) if serialized => Answer::Requeue,
            (Face::Wan | Face::Lan, Status::RESOURCES) => Answer::Broken(Rule::StatusResources),
            (Face::Wan, _) => Answer::Final,
            (Face::Lan, _) if serialized => Answer::Final,
            _ => Answer::Broken(Rule::Sync),
        }
    }

    /// Whether a send that was `cancelled` or not may be completed with `status`.
    ///
    /// # Errors
    /// `STATUS_PENDING`; `STATUS_RESOURCES` by policy where that is no final status; for NDIS 6
    /// `STATUS_LIST` outside of its list, and `CANCEL` for `SEND_ABORTED` of a send that nobody cancelled.
    pub fn may_end(self, status: Status, cancelled: bool, policy: Policy) -> Result<(), Rule> {
        let report = policy.resources_as_final == ResourcesAsFinal::Report;
        match (self, status) {
            (_, Status::PENDING) => Err(Rule::StatusPending),
            (Face::Wan | Face::Lan, Status::RESOURCES) if report => Err(Rule::StatusResources),
            (Face::Ndis6, Status::SEND_ABORTED) if !cancelled => Err(Rule::Cancel),
            (
                Face::Ndis6,
                Status::SUCCESS
                | Status::INVALID_LENGTH
                | Status::RESOURCES
                | Status::PAUSED
                | Status::SEND_ABORTED
                | Status::RESET_IN_PROGRESS
                | Status::FAILURE,
            ) => Ok(()),
            (Face::Ndis6, _) => Err(Rule::StatusList),
            _ => Ok(()),
        }
    }

    /// Whether a completion with `RESOURCES` is warned of.
    pub fn warns_of_resources(self, policy: Policy) -> bool {
        matches!(self, Face::Wan | Face::Lan) && policy.resources_as_final == ResourcesAsFinal::Warn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_point_has_the_name_of_its_interface() {
        let names = |entry| Face::ALL.map(|face| face.entry(entry));
        let back = names(Entry::SendComplete);
        assert_eq!(back[..2], ["ProtocolSendComplete"; 2]);
        assert_eq!(back[2..], ["ProtocolCoSendComplete", "ProtocolSendNetBufferListsComplete"]);
        assert_eq!(names(Entry::WanSend), Face::ALL.map(Face::send));
        assert_eq!(names(Entry::CancelSend)[1..3], ["MiniportCancelSendPackets"; 2]);
        assert_eq!(names(Entry::Halt), ["MiniportHalt"; 4]);
    }

    #[test]
    fn only_a_serialized_lan_miniport_has_its_packet_requeued() {
        for face in Face::ALL {
            for serialized in [false, true] {
                let requeued = face.answer(serialized, Status::RESOURCES) == Answer::Requeue;
                assert_eq!(requeued, face == Face::Lan && serialized, "{face:?} {serialized}");
            }
        }
    }

    #[test]
    fn each_contract_has_the_rules_that_its_miniports_can_break() {
        let lacks = |face: Face| -> Vec<&str> {
            Rule::ALL.iter().filter(|rule| !face.has_rule(**rule)).map(|rule| rule.id()).collect()
        };
        let of_ndis_6 = ["STATUS_LIST", "IRQL_FLAG", "PAUSE"];
        assert_eq!(
            lacks(Face::Wan),
            ["SYNC", "STATUS_LIST", "IRQL_FLAG", "RESOURCES", "PAUSE", "CANCEL"]
        );
        assert_eq!(lacks(Face::Lan), [&["WINDOW"][..], &of_ndis_6].concat());
        assert_eq!(lacks(Face::Condis), ["STATUS_LIST", "IRQL_FLAG", "RESOURCES", "PAUSE"]);
        assert_eq!(lacks(Face::Ndis6), ["WINDOW", "RESOURCES"]);
    }

    #[test]
    fn a_send_that_is_completed_by_a_call_only_is_not_answered_by_the_return() {
        let sync = Answer::Broken(Rule::Sync);
        for status in [Status::SUCCESS, Status::FAILURE] {
            assert_eq!(Face::Lan.answer(false, status), sync);
            assert_eq!(Face::Condis.answer(false, status), sync);
            assert_eq!(Face::Ndis6.answer(false, status), sync);
            assert_eq!(Face::Lan.answer(true, status), Answer::Final);
            assert_eq!(Face::Wan.answer(false, status), Answer::Final);
        }
    }

    #[test]
    fn ndis_6_has_a_list_of_final_statuses_and_the_others_have_none() {
        let policy = Policy::default();
        for face in Face::ALL {
            let listed = face.may_end(Status::HARD_ERRORS, false, policy);
            assert_eq!(listed, if face == Face::Ndis6 { Err(Rule::StatusList) } else { Ok(()) });
            assert_eq!(face.may_end(Status::PENDING, true, policy), Err(Rule::StatusPending));
            assert_eq!(Face::by_id(face.id()), Some(face));
        }
        assert_eq!(Face::Ndis6.may_end(Status::SEND_ABORTED, false, policy), Err(Rule::Cancel));
        assert_eq!(Face::Ndis6.may_end(Status::SEND_ABORTED, true, policy), Ok(()));
    }
}
