//! The rules of the send/complete contract: what each says, where it comes from and what to do when it is broken.
//!
//! A rule's text is written once, here, and read everywhere: in the report of a violation, by `ndiswan explain`, in the docs.
//! The check that a rule holds is elsewhere (`contract` for packets, `cx` and `spin_lock` for levels and locks); this module
//! only knows the names and the words. The texts of a family are in the file of the family, for instance `rule/ownership.rs`.
//!
//! Ids never change: people write them in tests, in commits and in bug reports.

use std::fmt;

use serde::{Deserialize, Serialize};

mod access;
mod family;
mod flow;
mod info;
mod irql;
mod life_cycle;
mod lock;
mod ownership;
mod progress;
mod status_code;
#[cfg(test)]
mod tests;
mod twins;
mod wording;

pub use family::Family;
pub use info::{RuleInfo, RuleSeverity, Strength};

/// Makes the enum, [`Rule::ALL`] and the way from a rule to its text from one list.
macro_rules! rules {
    ($($rule:ident => $family:ident :: $text:ident,)+) => {
        /// A rule of the contract. [`Rule::info`] has everything that is to be said about it.
        #[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[repr(u8)]
        pub enum Rule {
            $(
                #[doc = concat!("`", stringify!($text), "`")]
                $rule,
            )+
        }

        impl Rule {
            /// Every rule, in the order in which they are listed for users.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// What the rule says, why, where that is published, and what to do.
            pub const fn info(self) -> &'static RuleInfo {
                match self {
                    $(Self::$rule => &$family::$text,)+
                }
            }
        }
    };
}

rules! {
    Double => ownership::DOUBLE,
    Lost => ownership::LOST,
    Foreign => ownership::FOREIGN,
    Stale => ownership::STALE,
    Early => ownership::EARLY,
    Touch => access::TOUCH,
    Reserved => access::RESERVED,
    Padding => access::PADDING,
    StatusPending => status_code::STATUS_PENDING,
    StatusResources => status_code::STATUS_RESOURCES,
    StatusUnknown => status_code::STATUS_UNKNOWN,
    Handle => access::HANDLE,
    IrqlComplete => irql::IRQL_COMPLETE,
    IrqlSend => irql::IRQL_SEND,
    IrqlLeak => irql::IRQL_LEAK,
    IrqlCall => irql::IRQL_CALL,
    LockHeld => lock::LOCK_HELD,
    LockRecursion => lock::LOCK_RECURSION,
    LockUnheld => lock::LOCK_UNHELD,
    LockOrder => lock::LOCK_ORDER,
    LockForm => lock::LOCK_FORM,
    LockLeak => lock::LOCK_LEAK,
    Window => flow::WINDOW,
    Line => flow::LINE,
    Serial => flow::SERIAL,
    Reset => life_cycle::RESET,
    Halt => life_cycle::HALT,
    Late => progress::LATE,
    Hang => progress::HANG,
    Indicate => life_cycle::INDICATE,
    Timer => life_cycle::TIMER,
    Sync => twins::SYNC,
    StatusList => twins::STATUS_LIST,
    IrqlFlag => twins::IRQL_FLAG,
    Resources => twins::RESOURCES,
    Face => twins::FACE,
    Pause => twins::PAUSE,
    Cancel => twins::CANCEL,
}

impl Rule {
    /// The id, for instance `"IRQL_COMPLETE"`.
    pub const fn id(self) -> &'static str {
        self.info().id
    }

    /// The rule of this id, or `None`. Ids are compared exactly.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }

    /// Whether it came with the sister contracts: LAN, `CoNDIS`, NDIS 6.
    pub fn is_of_a_twin(self) -> bool {
        self >= Self::Sync
    }

    /// The family, which decides the class of the exception.
    pub const fn family(self) -> Family {
        self.info().family
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
