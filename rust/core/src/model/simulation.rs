//! Any number of links, on any number of cores: the results are the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::{self, ScopedJoinHandle};

use super::card::NEVER;
use super::counters::{Counters, Stages};
use super::error::ModelError;
use super::event_set::{Event, EventSet, LATEST};
use super::link::{Link, Progress};
use super::records::{PacketRecord, Packets};
use super::sink::{Digest, Nobody, Records, Trace};
use super::spec::{LinkSpec, Luck};

/// How much of what happens is kept.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Detail {
    /// Counters and histograms.
    #[default]
    Counters,
    /// A fingerprint of all events, too.
    Digest,
    /// A record of each packet, too: 8 bytes each where they come back in order, 48 at most.
    Records,
    /// Every event, too: 40 bytes each.
    Trace,
}

/// Why a run did not come to its end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SimulationError {
    /// A parameter cannot be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Nothing would end the run.
    #[error(
        "links[{0}]: its traffic does not end by itself; expected `until`, `max_events`, or a number of `packets` for each flow"
    )]
    Endless(usize),
    /// A line has taken more than it can carry in 146 years.
    #[error(
        "link {link}: at {time} ns its card has frames that need the line until after 2**62 ns (146 years); expected a higher rate, smaller frames, or fewer of them at once"
    )]
    Beyond {
        /// Which link.
        link: u32,
        /// When.
        time: u64,
    },
    /// Events follow each other without time passing.
    #[error(
        "link {link}: 16,777,216 events at {time} ns without time passing; expected a line or a traffic that takes time"
    )]
    Stuck {
        /// Which link.
        link: u32,
        /// When.
        time: u64,
    },
}

/// What others see of a run while it runs, and how they end it.
#[derive(Debug, Default)]
pub struct Control {
    /// Set it, and the run pauses within some thousand events of each link.
    pub stop: AtomicBool,
    /// Events so far.
    pub events: AtomicU64,
    /// Links that have come to the end of this run.
    pub finished: AtomicU64,
}

/// One link and who listens to it.
#[derive(Debug)]
struct Cell {
    link: Link,
    group: usize,
    ears: Ears,
    ended: bool,
}

#[derive(Debug)]
enum Ears {
    Nobody(Nobody),
    Digest(Digest),
    Records(Records),
    Trace(Box<Trace>),
}

impl Cell {
    fn run(&mut self, until: u64, most: u64, stages: &mut Stages) -> Progress {
        let progress = match &mut self.ears {
            Ears::Nobody(sink) => self.link.run(until, most, stages, sink),
            Ears::Digest(sink) => self.link.run(until, most, stages, sink),
            Ears::Records(sink) => self.link.run(until, most, stages, sink),
            Ears::Trace(sink) => self.link.run(until, most, stages, &mut **sink),
        };
        self.ended = progress == Progress::Ended;
        progress
    }
}

/// Links, their clock, and what was measured.
#[derive(Debug)]
pub struct Simulation {
    specs: Vec<LinkSpec>,
    cells: Vec<Cell>,
    stages: Vec<Stages>,
    /// The same with everything in its place, made when somebody asks.
    settled: OnceLock<Vec<Stages>>,
}

/// So many events of one link between two looks at [`Control`].
const SLICE: u64 = 1 << 15;

impl Simulation {
    /// Links as the specs say, each with the luck that stands beside it.
    ///
    /// # Errors
    /// The first parameter that cannot be.
    pub fn new(
        specs: Vec<LinkSpec>,
        luck: &[Luck],
        detail: Detail,
    ) -> Result<Simulation, ModelError> {
        let (mut cells, mut number) = (Vec::new(), 0);
        for (group, (spec, luck)) in specs.iter().zip(luck).enumerate() {
            spec.validate().map_err(|e| e.within(&format!("links[{group}]")))?;
            for part in 0..spec.count {
                let own = if spec.count == 1 { *luck } else { luck.part(part.into()) };
                let ears = match detail {
                    Detail::Counters => Ears::Nobody(Nobody),
                    Detail::Digest => Ears::Digest(Digest::default()),
                    Detail::Records => Ears::Records(Records::default()),
                    Detail::Trace => Ears::Trace(Box::default()),
                };
                cells.push(Cell { link: Link::new(spec, number, &own), group, ears, ended: false });
                number += 1;
            }
        }
        let stages = vec![Stages::default(); specs.len()];
        Ok(Simulation { specs, cells, stages, settled: OnceLock::new() })
    }

    /// The specs.
    pub fn specs(&self) -> &[LinkSpec] {
        &self.specs
    }

    /// Runs until `until` (in nanoseconds; `None`: until the traffic ends) on `threads` cores.
    /// Returns whether nothing is left to do.
    ///
    /// # Errors
    /// If nothing would end the run, or a link is stuck.
    pub fn run(
        &mut self,
        until: Option<u64>,
        threads: usize,
        control: &Control,
    ) -> Result<bool, SimulationError> {
        self.may_end(until.is_some())?;
        self.settled.take();
        let until = until.unwrap_or(NEVER);
        let groups = self.stages.len();
        let threads = threads.clamp(1, self.cells.len().max(1));
        if threads == 1 {
            for cell in &mut self.cells {
                let group = cell.group;
                run_cell(cell, until, &mut self.stages[group], control)?;
            }
        } else {
            let rest = Mutex::new(self.cells.iter_mut());
            let work = || -> Result<Vec<Stages>, SimulationError> {
                let mut stages = vec![Stages::default(); groups];
                loop {
                    // A panic of another thread does not harm an iterator.
                    let next =
                        rest.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                    let Some(cell) = next else { return Ok(stages) };
                    let group = cell.group;
                    run_cell(cell, until, &mut stages[group], control)?;
                }
            };
            let done: Vec<_> = thread::scope(|scope| {
                // This thread is one of them, and does it all if the machine has no other.
                let another = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
                let workers: Vec<_> = (1..threads).filter_map(another).collect();
                let own = Ok(work());
                std::iter::once(own)
                    .chain(workers.into_iter().map(ScopedJoinHandle::join))
                    .collect()
            });
            for worker in done {
                let stages = worker.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                self.stages.iter_mut().zip(&stages).for_each(|(all, own)| all.merge(own));
            }
        }
        Ok(self.cells.iter().all(|cell| cell.ended))
    }

    /// Runs at most `most` events in the order of their times (and of the links, at the same time), up to `until`.
    /// Returns how many there were.
    ///
    /// # Errors
    /// If a link is stuck.
    pub fn run_events(&mut self, until: Option<u64>, most: u64) -> Result<u64, SimulationError> {
        self.settled.take();
        let until = until.unwrap_or(NEVER);
        let due = |cell: &Cell, number: u32| {
            // Of those that are later, any order will do.
            let at = cell.link.due();
            (at != NEVER).then_some(Event {
                at: at.min(LATEST),
                number: number.into(),
                link: number,
            })
        };
        let mut order = EventSet::new(self.cells.len() as u32);
        let cells = self.cells.iter().zip(0..);
        cells.filter_map(|(cell, number)| due(cell, number)).for_each(|event| order.push(event));
        let mut ran = 0;
        while let Some(event) = order.pop() {
            let number = event.link as usize;
            let at = self.cells[number].link.due();
            if at > until || ran == most {
                break;
            }
            // As long as it is before the next link, this one goes on.
            let next = order.due().unwrap_or(NEVER);
            let before = self.cells[number].link.events();
            let cell = &mut self.cells[number];
            let group = cell.group;
            let stop = until.min(next.saturating_sub(1).max(at));
            let most = if next == at { 1 } else { most - ran };
            let progress = cell.run(stop, most, &mut self.stages[group]);
            failed(cell, progress)?;
            ran += cell.link.events() - before;
            if let Some(event) = due(&self.cells[number], event.link) {
                order.push(event);
            }
        }
        if ran < most {
            // Nothing is left to do up to that time, so all of them stand there, as after `run`.
            for cell in &mut self.cells {
                let group = cell.group;
                cell.run(until, 1, &mut self.stages[group]);
            }
        }
        Ok(ran)
    }

    fn may_end(&self, has_end: bool) -> Result<(), SimulationError> {
        match self.specs.iter().position(|spec| !spec.ends()) {
            Some(endless) if !has_end => Err(SimulationError::Endless(endless)),
            _ => Ok(()),
        }
    }

    /// The time at which the link stands that is least advanced.
    pub fn now(&self) -> u64 {
        self.cells.iter().map(|cell| cell.link.now()).min().unwrap_or(0)
    }

    /// For each link, whether it has come to the end of a run up to `until`.
    pub fn over(&self, until: Option<u64>) -> impl Iterator<Item = bool> {
        let until = until.unwrap_or(NEVER);
        self.cells.iter().map(move |cell| cell.ended || cell.link.now() >= until)
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.cells.iter().map(|cell| cell.link.events()).sum()
    }

    /// For each link: its spec, what it counted, and for how long in nanoseconds.
    pub fn counters(&mut self) -> Vec<(usize, Counters, u64)> {
        self.settled.take();
        let stages = &mut self.stages;
        let count = |cell: &mut Cell| {
            let counters = cell.link.counters(&mut stages[cell.group]);
            (cell.group, counters, cell.link.elapsed())
        };
        self.cells.iter_mut().map(count).collect()
    }

    /// The stages of all links of a spec.
    pub fn stages(&self, spec: usize) -> &Stages {
        &self.settled.get_or_init(|| self.stages.iter().map(Stages::settled).collect())[spec]
    }

    /// The links, in order.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.cells.iter().map(|cell| &cell.link)
    }

    /// Counts from now on: the warm-up is over.
    pub fn clear(&mut self) {
        self.settled.take();
        for cell in &mut self.cells {
            cell.link.clear(&mut self.stages[cell.group]);
            match &mut cell.ears {
                Ears::Records(records) => records.packets.clear(),
                Ears::Trace(trace) => trace.records.packets.clear(),
                _ => {}
            }
        }
        self.stages.fill(Stages::default());
    }

    /// The fingerprint of everything that happened on all links; `None` if it was not asked for.
    pub fn digest(&self) -> Option<u64> {
        let mut all = Digest::default();
        for (number, cell) in self.cells.iter().enumerate() {
            let own = match &cell.ears {
                Ears::Nobody(_) => return None,
                Ears::Digest(digest) => digest.0,
                Ears::Records(records) => records.digest.0,
                Ears::Trace(trace) => trace.records.digest.0,
            };
            all.fold(7, number as u64, own, cell.link.events());
        }
        Some(all.0)
    }

    /// The records of the packets, link after link; empty if they were not asked for.
    pub fn packets(&self) -> impl Iterator<Item = PacketRecord> {
        (0..self.cells.len()).filter_map(|link| self.packets_of(link)).flat_map(Packets::iter)
    }

    /// The records of the packets of one link; none if they were not asked for.
    pub fn packets_of(&self, link: usize) -> Option<&Packets> {
        match &self.cells.get(link)?.ears {
            Ears::Records(records) => Some(&records.packets),
            Ears::Trace(trace) => Some(&trace.records.packets),
            _ => None,
        }
    }

    /// Whether every event is kept.
    pub fn is_traced(&self) -> bool {
        self.cells.iter().all(|cell| matches!(cell.ears, Ears::Trace(_)))
    }

    /// The parameters of one link.
    pub fn spec_of(&self, link: usize) -> Option<&LinkSpec> {
        self.cells.get(link).map(|cell| &self.specs[cell.group])
    }

    /// The events of each link; empty if they were not asked for.
    pub fn events_of(&self, link: usize) -> &[super::sink::Happened] {
        match self.cells.get(link).map(|cell| &cell.ears) {
            Some(Ears::Trace(trace)) => &trace.events,
            _ => &[],
        }
    }
}

fn run_cell(
    cell: &mut Cell,
    until: u64,
    stages: &mut Stages,
    control: &Control,
) -> Result<(), SimulationError> {
    loop {
        if control.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let before = cell.link.events();
        let progress = cell.run(until, SLICE, stages);
        control.events.fetch_add(cell.link.events() - before, Ordering::Relaxed);
        match progress {
            Progress::Paused => {}
            Progress::Reached | Progress::Ended => {
                control.finished.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Progress::Stuck | Progress::Beyond => return failed(cell, progress),
        }
    }
}

/// What a link that cannot go on says.
fn failed(cell: &Cell, progress: Progress) -> Result<(), SimulationError> {
    let (link, time) = (cell.link.number(), cell.link.now());
    match progress {
        Progress::Stuck => Err(SimulationError::Stuck { link, time }),
        Progress::Beyond => Err(SimulationError::Beyond { link, time }),
        _ => Ok(()),
    }
}
