//! What there is to say about a rule.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Family;

/// The text and the standing of a rule. Every field of every rule is filled; only `switch` may be `None`.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RuleInfo {
    /// The id, for instance `"IRQL_COMPLETE"`.
    pub id: &'static str,
    /// The family, which decides the class of the exception.
    pub family: Family,
    /// What must hold, in one sentence.
    pub sentence: &'static str,
    /// What goes wrong in a real system when it does not hold.
    pub why: &'static str,
    /// What the published page says, in our own words.
    pub page: &'static str,
    /// The page, by title and number.
    pub source: &'static str,
    /// The facts behind the rule: R-numbers of the table of facts in the reference.
    pub facts: &'static [&'static str],
    /// How firmly the published documents carry the rule.
    pub strength: Strength,
    /// How a breach is reported.
    pub severity: RuleSeverity,
    /// The field of `Policy` that changes the rule, if one does.
    pub switch: Option<&'static str>,
    /// What the driver's writer should do.
    pub remedy: &'static str,
    /// A driver that breaks the rule, in one sentence.
    pub broken_by: &'static str,
}

/// How firmly the published documents carry a rule.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
pub enum Strength {
    /// A page about NDIS WAN says so, or it follows directly from what one says about ownership.
    Documented,
    /// A page says so of a sibling: NDIS LAN, CoNDIS, NDIS 6 or a verifier.
    ByAnalogy,
    /// The pages are silent; this product decided.
    OurChoice,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::ByAnalogy => "by analogy",
            Self::OurChoice => "our choice",
        })
    }
}

/// How a breach of a rule is reported.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize)]
pub enum RuleSeverity {
    /// The contract is broken: it raises, is recorded, or stops the adapter, as the user chose.
    Error,
    /// Legal to the letter, but almost surely not meant: it is recorded and never raises.
    Warning,
}

impl fmt::Display for RuleSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}
