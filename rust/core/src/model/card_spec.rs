//! The parameters of a card.

use serde::{Deserialize, Serialize};

use super::error::{ModelError, real, whole};

/// When a card's driver completes a packet.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completes {
    /// When its last bit is out: the card reads the packet's buffer while it sends.
    #[default]
    WhenSent,
    /// When the card has copied it into memory of its own (an intelligent card: contract.md, "may complete when programmed").
    WhenCopied,
    /// The same, and in the call itself when there is room: MiniportWanSend returns SUCCESS.
    Inline,
}

/// Interrupt moderation: several finished packets are reported by one interrupt.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moderation {
    /// An interrupt comes when this many are finished.
    pub frames: u32,
    /// Or when this long has passed since the first of them; 0 waits for no time, but for the card to be idle.
    pub ns: u64,
}

/// A card that stops working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Death {
    /// It works for an exponential time with this mean, in nanoseconds; 0 takes `at_ns`.
    pub mean_up_ns: f64,
    /// It dies at these times.
    pub at_ns: Vec<u64>,
    /// How often NDIS asks (CheckForHangTimeInSeconds; 2 s by default).
    pub check_for_hang_ns: u64,
    /// How long a reset takes.
    pub reset_ns: u64,
}

impl Default for Death {
    fn default() -> Death {
        Death { mean_up_ns: 0.0, at_ns: Vec::new(), check_for_hang_ns: 2_000_000_000, reset_ns: 0 }
    }
}

/// A card and its driver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CardSpec {
    /// When packets are completed.
    pub completes: Completes,
    /// How many packets the card itself holds, in its descriptor ring or its memory; what is more waits with the driver. 0: any number.
    pub descriptors: u32,
    /// From the call (or the free place) to a packet that is ready for the line, in nanoseconds: programming, DMA, copying.
    pub program_ns: u64,
    /// From the interrupt's cause to the completion, in nanoseconds.
    pub interrupt_ns: u64,
    /// Whether interrupts are moderated.
    pub moderation: Option<Moderation>,
    /// Completions come out of order: each is drawn from the oldest so many that are finished. 0: in order.
    pub reorder: u32,
    /// Whether it stops working, and is reset.
    pub dies: Option<Death>,
}

impl CardSpec {
    /// Whether frames are completed one by one as they leave, with no limit and no accident.
    pub(super) fn is_plain(&self) -> bool {
        self.completes == Completes::WhenSent
            && self.descriptors == 0
            && self.interrupt_ns == 0
            && self.program_ns == 0
            && self.moderation.is_none()
            && self.reorder == 0
            && self.dies.is_none()
    }

    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        whole("descriptors", self.descriptors.into(), 0, 1 << 20)?;
        whole("program_ns", self.program_ns, 0, 1 << 60)?;
        whole("interrupt_ns", self.interrupt_ns, 0, 1 << 60)?;
        whole("reorder", self.reorder.into(), 0, 1 << 20)?;
        if self.completes != Completes::WhenSent && self.descriptors == 0 {
            let expected = "at least 1 for a card that copies: how many frames its memory holds";
            return Err(ModelError::new("descriptors", expected, 0));
        }
        if let Some(moderation) = self.moderation {
            whole("moderation.frames", moderation.frames.into(), 1, 1 << 20)?;
            whole("moderation.ns", moderation.ns, 0, 1 << 60)?;
        }
        let Some(dies) = &self.dies else { return Ok(()) };
        real("dies.mean_up_ns", dies.mean_up_ns, 0.0, super::duration::LONGEST_NS)?;
        whole("dies.check_for_hang_ns", dies.check_for_hang_ns, 1, 1 << 60)?;
        whole("dies.reset_ns", dies.reset_ns, 0, 1 << 60)?;
        if !dies.at_ns.is_sorted() {
            let got = format!("{:?}", &dies.at_ns[..dies.at_ns.len().min(8)]);
            return Err(ModelError::new("dies.at_ns", "times in ascending order", got));
        }
        if dies.mean_up_ns > 0.0 || !dies.at_ns.is_empty() {
            return Ok(());
        }
        Err(ModelError::new("dies", "a mean_up_ns above 0, or times in at_ns", "neither"))
    }
}
