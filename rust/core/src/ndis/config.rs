//! How a world is set up.

use crate::policy::Policy;
use crate::time::TimeKind;
use crate::time::adversarial::Adversity;

/// How much is kept of what happens.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd)]
pub enum Verify {
    /// 0: ownership is still exact, nothing else is looked at.
    Off,
    /// 1: every rule is checked; counters.
    Counters,
    /// 2: and each packet's last event.
    LastOwner,
    /// 3: and each packet's history.
    #[default]
    History,
    /// 4: and the source line of each call.
    CallSites,
}

impl Verify {
    /// The level of this number, 0 to 4.
    pub fn from_level(level: u8) -> Option<Verify> {
        match level {
            0 => Some(Verify::Off),
            1 => Some(Verify::Counters),
            2 => Some(Verify::LastOwner),
            3 => Some(Verify::History),
            4 => Some(Verify::CallSites),
            _ => None,
        }
    }
}

/// How completions reach the protocol.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Delivery {
    /// On the stack of NdisMWanSendComplete, as NDIS does.
    #[default]
    Inline,
    /// Through the completion ring, in batches, by the dispatcher.
    Queued,
}

/// What happens when a rule is broken, besides the record.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum OnViolation {
    /// The call that breaks it fails where the language has exceptions.
    #[default]
    Raise,
    /// The engine repairs, and the run goes on.
    Record,
    /// The adapter stops, as by a bug check.
    BugCheck,
}

/// A thread's body, and how to start one; the machine may have none.
pub type Spawn = fn(Box<dyn FnOnce() + Send>) -> std::io::Result<std::thread::JoinHandle<()>>;

/// How a world is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which clock.
    pub time: TimeKind,
    /// The switches for what the pages leave open.
    pub policy: Policy,
    /// What a broken rule does.
    pub on_violation: OnViolation,
    /// How much is kept.
    pub verify: Verify,
    /// How completions reach the protocol.
    pub delivery: Delivery,
    /// Whether every event is kept for a trace.
    pub record: bool,
    /// Who decides in adversarial time, and nobody in other kinds.
    pub adversity: Option<Adversity>,
    /// How to start a thread: the dispatcher's in real time, and what is spawned.
    pub spawn: Spawn,
    /// Where in the driver's source the present call is, at level 4.
    pub call_site: Option<fn() -> Option<String>>,
}

impl Config {
    /// Whether it is kept what the explorer is asked: not where only the events are of use.
    pub(crate) fn asks_aloud(&self) -> bool {
        self.record && self.verify >= Verify::LastOwner
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            time: TimeKind::Virtual,
            policy: Policy::default(),
            on_violation: OnViolation::default(),
            verify: Verify::default(),
            delivery: Delivery::default(),
            record: false,
            adversity: None,
            spawn: |body| std::thread::Builder::new().spawn(body),
            call_site: None,
        }
    }
}
