//! The parameters of a link with everything at it, and of a set of links.

use serde::{Deserialize, Serialize};

use super::card_spec::CardSpec;
use super::error::{ModelError, whole};
use super::line::LineSpec;
use super::multilink::MultilinkSpec;
use super::queue::{Discipline, QueueSpec};
use super::random::Stream;
use super::traffic::{Arrivals, Traffic};

/// A link: traffic, the queue above the send window, the window, a card, a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// The flows.
    pub traffic: Vec<Traffic>,
    /// What waits when the window is full.
    #[serde(default)]
    pub queue: QueueSpec,
    /// The send window: how many packets the miniport may have at once (`MaxTransmit`).
    pub window: u32,
    /// The card and its driver.
    #[serde(default)]
    pub card: CardSpec,
    /// The line.
    pub line: LineSpec,
    /// Several cards and lines in the place of the one, for the fragments of each packet.
    #[serde(default)]
    pub multilink: Option<MultilinkSpec>,
    /// So many links like this one, each with luck of its own; their stages are counted together.
    #[serde(default = "one")]
    pub count: u32,
}

fn one() -> u32 {
    1
}

impl LinkSpec {
    /// Looks at every parameter.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn validate(&self) -> Result<(), ModelError> {
        whole("window", self.window.into(), 1, 1 << 20)?;
        whole("count", self.count.into(), 1, 1 << 24)?;
        self.line.validate().map_err(|e| e.within("line"))?;
        self.card.validate().map_err(|e| e.within("card"))?;
        self.queue.validate().map_err(|e| e.within("queue"))?;
        if let Some(multilink) = &self.multilink {
            multilink.validate().map_err(|e| e.within("multilink"))?;
        }
        if self.traffic.is_empty() || self.traffic.len() > 256 {
            return Err(ModelError::new("traffic", "1 to 256 flows", self.traffic.len()));
        }
        let mut circulating: u64 = 0;
        for (n, flow) in self.traffic.iter().enumerate() {
            let at = format!("traffic[{n}]");
            flow.validate().map_err(|e| e.within(&at))?;
            if flow.size.largest() > self.line.mtu {
                let expected = format!("at most the line's MTU of {}", self.line.mtu);
                let got = flow.size.largest();
                return Err(ModelError::new("size", &expected, got).within(&at));
            }
            circulating += match flow.arrivals {
                Arrivals::ClosedLoop { packets, .. } => packets.into(),
                Arrivals::Saturating => u64::from(self.window) + 1,
                _ => 0,
            };
        }
        // A packet that goes round and is dropped would come back in the same instant, for ever.
        if let Some(limit) = self.queue.limit {
            let room = u64::from(self.window) + u64::from(limit);
            if circulating > room {
                let expected = format!(
                    "room for the {circulating} packets that go round: a limit of at least {}",
                    circulating - u64::from(self.window)
                );
                return Err(ModelError::new("queue.limit", &expected, limit));
            }
        }
        Ok(())
    }

    /// Whether its traffic ends by itself.
    pub fn ends(&self) -> bool {
        let ends =
            |flow: &Traffic| flow.packets.is_some() || matches!(flow.arrivals, Arrivals::At { .. });
        self.traffic.iter().all(ends)
    }

    /// How many classes the queue tells apart.
    pub(super) fn classes(&self) -> u8 {
        match self.queue.discipline {
            Discipline::Fifo | Discipline::CoDel { .. } => 1,
            _ => self.traffic.iter().map(|flow| flow.class).max().unwrap_or(0).saturating_add(1),
        }
    }
}

/// The luck of a link: one stream for each thing that is drawn.
#[derive(Copy, Clone, Debug)]
pub struct Luck {
    /// When packets come.
    pub arrivals: Stream,
    /// How large they are.
    pub sizes: Stream,
    /// Which frames the line loses.
    pub loss: Stream,
    /// How much it delays each.
    pub jitter: Stream,
    /// How many octets are escaped.
    pub escapes: Stream,
    /// In which order completions come, when the card dies.
    pub card: Stream,
}

impl Luck {
    /// The names of the streams, in the order in which seeds are given for them.
    pub const STREAMS: [&'static str; 6] =
        ["arrivals", "sizes", "loss", "jitter", "escapes", "card"];

    /// The luck of two words for each of [`STREAMS`](Self::STREAMS).
    pub fn new(words: &[u64; 12]) -> Luck {
        let stream = |n: usize| Stream::new(words[2 * n], words[2 * n + 1]);
        Luck {
            arrivals: stream(0),
            sizes: stream(1),
            loss: stream(2),
            jitter: stream(3),
            escapes: stream(4),
            card: stream(5),
        }
    }

    /// The luck of the link with this number of the family that `seed` names.
    pub fn of(seed: u64, number: u64) -> Luck {
        let family = Stream::of(seed, number);
        Luck::new(&std::array::from_fn(|n| family.bits(n as u64)))
    }

    /// The luck of one of many links that are alike.
    #[must_use]
    pub fn part(&self, number: u64) -> Luck {
        Luck {
            arrivals: self.arrivals.part(number),
            sizes: self.sizes.part(number),
            loss: self.loss.part(number),
            jitter: self.jitter.part(number),
            escapes: self.escapes.part(number),
            card: self.card.part(number),
        }
    }
}
