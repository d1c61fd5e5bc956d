//! What happened as tracks of slices, by whose the packet is: what Perfetto and Chrome show.
//!
//! A link is a process. Its protocol has a track of moments (offered, handed back, dropped); its queue and its miniport have as
//! many lanes as packets were there at once; its line has one, since frames leave one after the other. A flow leads a packet from
//! the offer to its hand-back, and a counter shows how many the miniport has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use super::lives::{Life, Name, Story};

/// Whose track.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(super) enum Owner {
    Protocol = 1,
    Queue,
    Miniport,
    Line,
}

impl Owner {
    pub(super) fn name(self) -> &'static str {
        match self {
            Owner::Protocol => "protocol",
            Owner::Queue => "queue",
            Owner::Miniport => "miniport",
            Owner::Line => "line",
        }
    }
}

/// A track: a link's, an owner's, a lane.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Track {
    pub(super) link: u32,
    pub(super) owner: Owner,
    pub(super) lane: u32,
}

/// How a slice is on its packet's flow.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Flow {
    None,
    Begins(u64),
    Goes(u64),
    Ends(u64),
}

/// What is said about a slice.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Number(&'static str, u64),
    Text(&'static str, String),
}

/// A time on a track; a moment if `end` is its begin.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) track: Track,
    pub(super) word: &'static str,
    pub(super) packet: Name,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) flow: Flow,
    pub(super) facts: Vec<Fact>,
}

/// Takes tracks before their slices, and the slices of a track in the order of their times.
pub(super) trait Timeline {
    fn link(&mut self, link: u32, name: &str) -> io::Result<()>;
    fn track(&mut self, track: Track) -> io::Result<()>;
    fn slice(&mut self, slice: &Slice) -> io::Result<()>;
    fn outstanding(&mut self, link: u32, time: u64, packets: u64) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

/// Tells the stories of all links.
pub(super) fn tell(stories: &[Story<'_>], timeline: &mut impl Timeline) -> io::Result<()> {
    let mut flows = 1;
    for (link, story) in (0..).zip(stories) {
        timeline.link(link, story.name)?;
        Teller { link, story, flows, timeline: &mut *timeline }.tell()?;
        flows += story.lives.len() as u64;
    }
    timeline.finish()
}

struct Teller<'a, T> {
    link: u32,
    story: &'a Story<'a>,
    /// The number of the first packet's flow.
    flows: u64,
    timeline: &'a mut T,
}

impl<T: Timeline> Teller<'_, T> {
    fn tell(&mut self) -> io::Result<()> {
        self.protocol()?;
        self.queue()?;
        self.miniport()?;
        self.line()?;
        self.outstanding()
    }

    fn track(&self, owner: Owner, lane: u32) -> Track {
        Track { link: self.link, owner, lane }
    }

    fn flow(&self, place: usize) -> u64 {
        self.flows + place as u64
    }

    fn protocol(&mut self) -> io::Result<()> {
        let track = self.track(Owner::Protocol, 0);
        self.timeline.track(track)?;
        let moment = |at, word, seq, flow, facts| Slice {
            track,
            word,
            packet: Name(seq),
            begin: at,
            end: at,
            flow,
            facts,
        };
        let mut moments = Vec::new();
        for (place, life) in self.story.lives.iter().enumerate() {
            let flow = self.flow(place);
            let facts = vec![Fact::Number("bytes", life.bytes.into())];
            moments.push(moment(
                life.offered.unwrap_or(life.sent),
                "offered",
                life.seq,
                Flow::Begins(flow),
                facts,
            ));
            if let Some((at, status)) = life.completed {
                let facts = vec![Fact::Text("status", status.to_string())];
                moments.push(moment(at, "handed back", life.seq, Flow::Ends(flow), facts));
            }
        }
        for (at, seq) in &self.story.dropped {
            moments.push(moment(*at, "dropped", *seq, Flow::None, Vec::new()));
        }
        moments.sort_by_key(|slice| slice.begin);
        moments.iter().try_for_each(|slice| self.timeline.slice(slice))
    }

    fn queue(&mut self) -> io::Result<()> {
        let mut waited: Vec<(u64, usize)> = Vec::new();
        for (place, life) in self.story.lives.iter().enumerate() {
            waited
                .extend(life.offered.filter(|offered| *offered < life.sent).map(|at| (at, place)));
        }
        waited.sort_unstable();
        let mut lanes = Lanes::default();
        for (offered, place) in waited {
            let life = &self.story.lives[place];
            self.put(Owner::Queue, &mut lanes, (offered, life.sent), place, Vec::new())?;
        }
        Ok(())
    }

    fn miniport(&mut self) -> io::Result<()> {
        let mut lanes = Lanes::default();
        for (place, life) in self.story.lives.iter().enumerate() {
            let (end, said) = match life.completed {
                Some((at, status)) => (at, status.to_string()),
                None => (self.story.now.max(life.sent), "not completed yet".to_owned()),
            };
            let facts = vec![Fact::Number("bytes", life.bytes.into()), Fact::Text("status", said)];
            self.put(Owner::Miniport, &mut lanes, (life.sent, end), place, facts)?;
        }
        Ok(())
    }

    fn put(
        &mut self,
        owner: Owner,
        lanes: &mut Lanes,
        (begin, end): (u64, u64),
        place: usize,
        facts: Vec<Fact>,
    ) -> io::Result<()> {
        let (lane, fresh) = lanes.take(begin, end);
        let track = self.track(owner, lane);
        if fresh {
            self.timeline.track(track)?;
        }
        let packet = Name(self.story.lives[place].seq);
        let flow = Flow::Goes(self.flow(place));
        self.timeline.slice(&Slice { track, word: "", packet, begin, end, flow, facts })
    }

    fn line(&mut self) -> io::Result<()> {
        let track = self.track(Owner::Line, 0);
        self.timeline.track(track)?;
        let mut before = 0;
        for (place, life) in self.story.lives.iter().enumerate() {
            let Some(left) = life.left else { continue };
            let took = u128::from(left.wire_bytes) * 8_000_000_000
                / u128::from(self.story.rate_bps.max(1));
            // Rounded down here, and to the line's own clock there: a frame never begins before the last one is out.
            let begin =
                left.finish.saturating_sub(took as u64).clamp(before, left.finish.max(before));
            before = left.finish.max(before);
            let mut facts = vec![Fact::Number("bytes on the line", left.wire_bytes.into())];
            facts.push(match left.at {
                Some(at) => Fact::Number("arrives at ns", at),
                None => Fact::Text("arrives at ns", "never: lost".to_owned()),
            });
            let flow =
                if is_before(begin, life) { Flow::Goes(self.flow(place)) } else { Flow::None };
            let packet = Name(life.seq);
            self.timeline.slice(&Slice {
                track,
                word: "",
                packet,
                begin,
                end: before,
                flow,
                facts,
            })?;
        }
        Ok(())
    }

    fn outstanding(&mut self) -> io::Result<()> {
        let mut steps: Vec<(u64, i64)> = Vec::new();
        for life in &self.story.lives {
            steps.push((life.sent, 1));
            steps.extend(life.completed.map(|(at, _)| (at, -1)));
        }
        steps.sort_unstable();
        let mut has: i64 = 0;
        for (n, (time, step)) in steps.iter().enumerate() {
            has += step;
            // What changes several times in an instant is told once.
            if steps.get(n + 1).is_none_or(|next| next.0 != *time) {
                self.timeline.outstanding(self.link, *time, has.max(0) as u64)?;
            }
        }
        Ok(())
    }
}

/// A flow ends with the hand-back: what a card that copies sends later is on it no more.
fn is_before(begin: u64, life: &Life) -> bool {
    life.completed.is_none_or(|(at, _)| begin < at)
}

/// Lanes for slices that overlap: each in the lowest that is free.
#[derive(Default)]
struct Lanes {
    busy: BinaryHeap<Reverse<(u64, u32)>>,
    free: BinaryHeap<Reverse<u32>>,
    count: u32,
}

impl Lanes {
    /// A lane from `begin` to `end`, and whether it is a new one; begins must not decrease.
    fn take(&mut self, begin: u64, end: u64) -> (u32, bool) {
        while let Some(Reverse((until, lane))) = self.busy.peek().copied() {
            if until > begin {
                break;
            }
            self.busy.pop();
            self.free.push(Reverse(lane));
        }
        let (lane, fresh) = match self.free.pop() {
            Some(Reverse(lane)) => (lane, false),
            None => (self.count, true),
        };
        self.count += u32::from(fresh);
        self.busy.push(Reverse((end, lane)));
        (lane, fresh)
    }
}
