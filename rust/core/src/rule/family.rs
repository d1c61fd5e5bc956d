//! Families of rules: one exception class each, so that a test can catch "any misuse of a lock".

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Rule;

/// What kind of mistake a rule is about.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
pub enum Family {
    /// Who has to complete which packet, and how often.
    Ownership,
    /// Who may use which memory and which handle.
    Access,
    /// Which status may be given where.
    StatusCode,
    /// At which interrupt request level a call may be made.
    Irql,
    /// How spin locks are taken and given back.
    Lock,
    /// When a send, an entry point or an indication may happen.
    Flow,
    /// What reset, halt and initialize end and begin.
    LifeCycle,
    /// That something happens at all, in time.
    Progress,
}

impl Family {
    /// Every family, in the order in which they are listed for users.
    pub const ALL: &'static [Self] = &[
        Self::Ownership,
        Self::Access,
        Self::StatusCode,
        Self::Irql,
        Self::Lock,
        Self::Flow,
        Self::LifeCycle,
        Self::Progress,
    ];

    /// The name of the exception class in Python.
    pub const fn python_class(self) -> &'static str {
        match self {
            Self::Ownership => "OwnershipViolation",
            Self::Access => "AccessViolation",
            Self::StatusCode => "StatusViolation",
            Self::Irql => "IrqlViolation",
            Self::Lock => "LockViolation",
            Self::Flow => "FlowViolation",
            Self::LifeCycle => "LifeCycleViolation",
            Self::Progress => "ProgressViolation",
        }
    }

    /// The rules of the family.
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.iter().copied().filter(move |rule| rule.family() == self)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
