//! Stories of small worlds, put together by hand and recorded.

use super::*;
use crate::cx::Irql;
use crate::event::{Entry, Event, Form, Name, What};
use crate::status::Status;
use crate::trace::{AdapterEntry, Verdict};

mod forms;
mod matters;

const FIRST: Name = Name { adapter: 0, slot: 0, generation: 0 };

fn life(slot: u32, generation: u32) -> Name {
    Name { slot, generation, ..FIRST }
}

fn at(cpu: u32, irql: Irql, locks: u8, what: What) -> Event {
    Event { time: 1_000_000, cpu, irql, locks, adapter: 0, site: 0, what }
}

/// A packet is taken, sent, and pends, on that CPU.
fn sent(cpu: u32, slot: u32) -> Vec<Event> {
    let passive = |what| at(cpu, Irql::PASSIVE, 0, what);
    let (packet, link) = (life(slot, 0), 0);
    let submitted = life(slot, 1);
    vec![
        passive(What::Allocate { packet }),
        passive(What::Send { packet, link, length: 8 }),
        passive(What::Submit { packet: submitted, link }),
        passive(What::Enter { entry: Entry::WanSend, at: Irql::PASSIVE }),
        passive(What::Leave { entry: Entry::WanSend }),
        passive(What::Return { packet: submitted, status: Status::PENDING }),
    ]
}

fn complete(cpu: u32, slot: u32) -> Event {
    let what = What::Complete { packet: life(slot, 1), status: Status::SUCCESS };
    at(cpu, Irql::DISPATCH, 0, what)
}

/// Two CPUs complete the same packet, while another packet is under way.
fn double() -> Trace {
    let mut events = vec![at(7, Irql::PASSIVE, 0, What::LineUp { link: 0, window: 4 })];
    events.extend(sent(7, 1));
    events.extend(sent(7, 0));
    let timer = What::Enter { entry: Entry::Timer, at: Irql::DISPATCH };
    events.push(at(9, Irql::PASSIVE, 0, timer));
    events.push(complete(9, 0));
    events.push(complete(7, 0));
    events.push(at(7, Irql::DISPATCH, 0, What::Violation { rule: Rule::Double }));
    events.push(complete(9, 1));
    trace(events, "packet 0.0 was completed already", Some(life(0, 1)))
}

/// A trace of these events, whose violations all have these words.
fn trace(events: Vec<Event>, detail: &str, packet: Option<Name>) -> Trace {
    let mut trace = Trace { events, ..Trace::default() };
    let name = "card".to_string();
    trace.header.adapters.push(AdapterEntry { name, ..AdapterEntry::default() });
    trace.header.locks = vec!["queue".to_string(), "stats".to_string()];
    for (index, event) in trace.events.iter().enumerate() {
        if let What::Violation { .. } = event.what {
            let verdict = Verdict { detail: detail.to_string(), packet, warning: false };
            trace.verdicts.insert(index, verdict);
        }
    }
    trace
}

fn told(trace: &Trace) -> Story {
    Story::of(trace, trace.ending().as_ref(), &Telling::default())
}

#[test]
fn a_word_that_is_longer_than_a_line_begins_one_and_goes_on_in_others() {
    let x = |count| "x".repeat(count);
    assert_eq!(text::wrap(&format!("ab {} cd", x(25)), 10), ["ab", &x(10), &x(10), "xxxxx cd"]);
    assert_eq!(text::wrap(&x(20), 10), [x(10), x(10)]);
    assert_eq!(text::wrap("", 10), [""]);
    // An exception may say ten million characters: with every piece the rest was copied.
    assert_eq!(text::wrap(&x(10_000_000), 80).len(), 125_000);
}
