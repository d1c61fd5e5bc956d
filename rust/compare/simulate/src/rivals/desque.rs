//! desque: a binary heap of boxed events, one thread.

use std::collections::VecDeque;

use ::desque::serial::{Event, Simulation};
use ::desque::{Result, SimState};

use crate::workload::{CYCLE, NS_PER_BYTE, Outcome, WINDOW};

#[derive(Debug)]
struct Line {
    sizes: Vec<u32>,
    left: u64,
    sent: u64,
    free: u64,
    outcome: Outcome,
}

impl Line {
    fn new(sizes: &[u32], packets: u64) -> Line {
        let outcome = Outcome::default();
        Line { sizes: sizes.to_vec(), left: packets, sent: 0, free: 0, outcome }
    }

    /// The size of the next packet, if there is one.
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        let size = self.sizes[self.sent as usize % CYCLE];
        self.sent += 1;
        Some(size.into())
    }

    fn back(&mut self, latency: u64) {
        self.outcome.count += 1;
        self.outcome.latency_ns += u128::from(latency);
    }
}

impl SimState<u64> for Line {
    fn is_complete(&self, _: &u64) -> bool {
        false
    }
}

/// The packet that was sent at this time comes back.
#[derive(Debug)]
struct Done(u64);

impl Event<Line, u64> for Done {
    fn execute(&mut self, simulation: &mut Simulation<Line, u64>) -> Result {
        let now = *simulation.current_time();
        simulation.state_mut().back(now - self.0);
        send(simulation, now)
    }
}

fn send(simulation: &mut Simulation<Line, u64>, now: u64) -> Result {
    let line = simulation.state_mut();
    let Some(size) = line.next() else { return Ok(()) };
    line.free = line.free.max(now) + NS_PER_BYTE * size;
    let done = line.free;
    simulation.schedule(Done(now), done)
}

/// An event for each packet in flight.
pub fn run(sizes: &[u32], packets: u64) -> Outcome {
    let mut simulation = Simulation::new(Line::new(sizes, packets), 0);
    for _ in 0..WINDOW {
        send(&mut simulation, 0).expect("not in the past");
    }
    simulation.run().expect("not in the past");
    let end_ns = *simulation.current_time();
    Outcome { end_ns, ..simulation.state().outcome }
}

/// A line with a queue of its own: when each was sent, and its size.
#[derive(Debug)]
struct Queued(Line, VecDeque<(u64, u64)>);

impl SimState<u64> for Queued {
    fn is_complete(&self, _: &u64) -> bool {
        false
    }
}

/// The packet at the head of the line comes back.
#[derive(Debug)]
struct HeadDone;

impl Event<Queued, u64> for HeadDone {
    fn execute(&mut self, simulation: &mut Simulation<Queued, u64>) -> Result {
        let now = *simulation.current_time();
        let Queued(line, queue) = simulation.state_mut();
        let (sent, _) = queue.pop_front().expect("a packet is on the line");
        line.back(now - sent);
        if let Some((_, size)) = queue.front() {
            let done = now + NS_PER_BYTE * size;
            simulation.schedule(HeadDone, done)?;
        }
        queue_up(simulation, now)
    }
}

fn queue_up(simulation: &mut Simulation<Queued, u64>, now: u64) -> Result {
    let Queued(line, queue) = simulation.state_mut();
    let Some(size) = line.next() else { return Ok(()) };
    queue.push_back((now, size));
    if queue.len() > 1 {
        return Ok(());
    }
    simulation.schedule(HeadDone, now + NS_PER_BYTE * size)
}

/// An event for the packet at the head of the line only: its author does by hand what an event set is for.
pub fn head(sizes: &[u32], packets: u64) -> Outcome {
    let state = Queued(Line::new(sizes, packets), VecDeque::new());
    let mut simulation = Simulation::new(state, 0);
    for _ in 0..WINDOW {
        queue_up(&mut simulation, 0).expect("not in the past");
    }
    simulation.run().expect("not in the past");
    let end_ns = *simulation.current_time();
    Outcome { end_ns, ..simulation.state().0.outcome }
}
