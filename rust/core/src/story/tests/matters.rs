//! What is told, and what of it.

use super::*;

fn texts(story: &Story) -> Vec<&str> {
    story.steps.iter().map(|step| step.text.as_str()).collect()
}

#[test]
fn the_story_of_a_packet_tells_its_way_and_leaves_out_the_others() {
    let story = told(&double());
    assert_eq!(
        texts(&story),
        [
            "takes it out of the pool",
            "NdisSend, 8 bytes",
            "MiniportWanSend (life 1)",
            "MiniportWanSend returned PENDING",
            "MiniportTimer",
            "NdisMWanSendComplete(SUCCESS)",
            "NdisMWanSendComplete(SUCCESS)",
            "",
        ]
    );
    assert_eq!(story.steps[0].hidden, Hidden { events: 7, packets: 4 });
    assert_eq!((story.rule.as_str(), story.packet.as_deref()), ("DOUBLE", Some("0.0")));
    assert_eq!((story.events, story.cpus, story.rest), (17, 2, Hidden::default()));
}

#[test]
fn each_step_says_what_holds_after_it() {
    let story = told(&double());
    let owners: Vec<&str> = story.steps.iter().map(|step| step.owner.as_str()).collect();
    assert_eq!(owners[..4], ["Protocol", "Ndis", "Miniport, in call", "Miniport, pended"]);
    assert_eq!(owners[4..], ["Miniport, pended", "Returning", "Returning", "Returning"]);
    assert_eq!(
        (story.steps[3].level.as_str(), story.steps[4].level.as_str()),
        ("PASSIVE", "DISPATCH")
    );
    let switched: Vec<bool> = story.steps.iter().map(|step| step.switched).collect();
    assert_eq!(switched, [false, false, false, false, true, false, true, false]);
    let broken = story.steps[7].broken.as_ref().unwrap();
    assert_eq!(broken.words(), "breaks DOUBLE: packet 0.0 was completed already");
    assert_eq!((story.steps[7].cpu, story.steps[5].cpu), (0, 1)); // by order of appearance
}

#[test]
fn a_full_story_tells_every_event_to_the_end() {
    let trace = double();
    let telling = Telling { full: true, ..Telling::default() };
    let story = Story::of(&trace, trace.ending().as_ref(), &telling);
    assert_eq!(story.steps.len(), trace.events.len());
    assert_eq!(story.steps[17].text, "0.1: NdisMWanSendComplete(SUCCESS)");
    assert_eq!(story.steps[17].owner, "0.1: Returning");
    assert!(story.steps.iter().all(|step| step.hidden.events == 0));
}

#[test]
fn a_stale_completion_is_told_with_both_lives() {
    let mut events = sent(1, 0);
    let (link, status) = (0, Status::SUCCESS);
    events.push(complete(1, 0));
    events.push(at(1, Irql::DISPATCH, 0, What::Deliver { packet: life(0, 1), link, status }));
    events.push(at(1, Irql::PASSIVE, 0, What::Send { packet: life(0, 1), link, length: 9 }));
    events.push(at(1, Irql::PASSIVE, 0, What::Submit { packet: life(0, 2), link }));
    events.push(complete(1, 0));
    events.push(at(1, Irql::DISPATCH, 0, What::Violation { rule: Rule::Stale }));
    let story = told(&trace(events, "that life is over", Some(life(0, 1))));
    assert_eq!(
        texts(&story)[4..],
        [
            "NdisMWanSendComplete(SUCCESS)",
            "has it back, SUCCESS",
            "NdisSend, 9 bytes",
            "MiniportWanSend (life 2)",
            "NdisMWanSendComplete(SUCCESS)",
            "",
        ]
    );
}

#[test]
fn the_locks_that_something_happens_under_are_told() {
    let mut events = sent(1, 0);
    let (lock, form) = (0, Form::Plain);
    events.push(at(1, Irql::PASSIVE, 0, What::Acquire { lock: 1, form }));
    events.push(at(1, Irql::DISPATCH, 1, What::Release { lock: 1, form }));
    events.push(at(1, Irql::PASSIVE, 0, What::Acquire { lock, form }));
    events.push(Event { locks: 1, ..complete(1, 0) });
    events.push(at(1, Irql::DISPATCH, 1, What::Violation { rule: Rule::LockHeld }));
    let story = told(&trace(events, "a lock is held", Some(life(0, 1))));
    assert_eq!(
        texts(&story)[4..],
        ["NdisAcquireSpinLock(\"queue\")", "NdisMWanSendComplete(SUCCESS)", ""]
    );
    assert_eq!(story.steps[5].locks, ["queue"]);
    assert_eq!(story.steps[4].hidden.events, 2);
}

#[test]
fn a_broken_order_of_locks_is_told_with_the_order_that_was_seen() {
    let form = Form::Plain;
    let acquire = |cpu, locks, lock| {
        let irql = if locks == 0 { Irql::PASSIVE } else { Irql::DISPATCH };
        at(cpu, irql, locks, What::Acquire { lock, form })
    };
    let release = |cpu, locks, lock| at(cpu, Irql::DISPATCH, locks, What::Release { lock, form });
    let once = [acquire(1, 0, 0), acquire(1, 1, 1), release(1, 2, 1), release(1, 1, 0)];
    let mut events: Vec<Event> = [once, once].concat();
    events.extend([acquire(2, 0, 1), acquire(2, 1, 0)]);
    events.push(at(2, Irql::DISPATCH, 1, What::Violation { rule: Rule::LockOrder }));
    let story = told(&trace(events, "the other order", None));
    let indexes: Vec<usize> = story.steps.iter().map(|step| step.index).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 8, 9, 10]); // the second time says nothing new
}

#[test]
fn a_window_is_told_with_the_sends_that_fill_it() {
    let mut events = vec![at(1, Irql::PASSIVE, 0, What::LineUp { link: 0, window: 1 })];
    events.extend(sent(1, 0));
    let packet = life(1, 0);
    events.push(at(1, Irql::PASSIVE, 0, What::Allocate { packet }));
    events.push(at(1, Irql::PASSIVE, 0, What::Send { packet, link: 0, length: 8 }));
    events.push(at(1, Irql::PASSIVE, 0, What::Violation { rule: Rule::Window }));
    let story = told(&trace(events, "one too many", Some(packet)));
    assert_eq!(
        texts(&story),
        [
            "line up: link 0, window 1",
            "0.0: MiniportWanSend (life 1)",
            "takes it out of the pool",
            "NdisSend, 8 bytes",
            "",
        ]
    );
}

#[test]
fn a_timer_that_fires_is_told_with_where_it_was_set() {
    let mut events = vec![at(1, Irql::PASSIVE, 0, What::TimerSet { timer: 3, at: 1_500_000 })];
    events.extend(sent(1, 1));
    events.extend(sent(1, 0));
    events.push(at(2, Irql::PASSIVE, 0, What::TimerFire { timer: 3 }));
    events.push(at(2, Irql::PASSIVE, 0, What::Enter { entry: Entry::Timer, at: Irql::DISPATCH }));
    events.extend([complete(2, 0), complete(2, 0)]);
    events.push(at(2, Irql::DISPATCH, 0, What::Violation { rule: Rule::Double }));
    let story = told(&trace(events, "twice", Some(life(0, 1))));
    assert_eq!(story.steps[0].text, "NdisMSetTimer(timer 3), due at 1.5 ms");
    assert_eq!(texts(&story)[5..7], ["timer 3 is due", "MiniportTimer"]);
}

#[test]
fn a_trace_without_the_engines_verdicts_is_told_by_its_check() {
    let mut trace = double();
    trace.events.retain(|event| !matches!(event.what, What::Violation { .. }));
    trace.verdicts.clear();
    let story = told(&trace);
    assert_eq!(story.rule, "DOUBLE");
    let last = story.steps.last().unwrap();
    assert_eq!(last.text, "NdisMWanSendComplete(SUCCESS)");
    assert!(last.broken.is_some());
}

#[test]
fn what_is_no_rule_has_a_story_too() {
    let trace = trace([sent(1, 0), sent(2, 1)].concat(), "", None);
    let (rule, why) = ("DEADLOCK".to_string(), "cpu 0 and cpu 1 wait for each other".to_string());
    let index = trace.events.len() - 1;
    let ending = Ending { rule, why, packet: None, index, warning: false };
    let story = Story::of(&trace, Some(&ending), &Telling::default());
    let last = story.steps.last().unwrap();
    assert_eq!(
        last.broken.as_ref().unwrap().words(),
        "DEADLOCK: cpu 0 and cpu 1 wait for each other"
    );
    assert!(story.sentence.is_none());
}

#[test]
fn a_good_run_is_told_as_a_whole() {
    let up = at(1, Irql::PASSIVE, 0, What::LineUp { link: 0, window: 1 });
    let trace = trace([vec![up], sent(1, 0)].concat(), "", None);
    let story = told(&trace);
    assert_eq!((story.rule.as_str(), story.steps.len()), ("", 7));
    assert!(told(&Trace::default()).steps.is_empty());
}

#[test]
fn a_cpu_that_has_the_packet_still_is_told_where_a_reset_or_a_halt_finds_it_missing() {
    let mut events = sent(1, 0);
    let timer = What::Enter { entry: Entry::Timer, at: Irql::DISPATCH };
    events.push(at(2, Irql::PASSIVE, 0, What::TimerFire { timer: 0 }));
    events.push(at(2, Irql::PASSIVE, 0, timer));
    events.push(at(2, Irql::DISPATCH, 1, What::Acquire { lock: 0, form: Form::Dpr }));
    events.push(at(2, Irql::DISPATCH, 0, What::Release { lock: 0, form: Form::Dpr }));
    // Another card's function is none of its own.
    events.push(Event { adapter: 1, ..at(3, Irql::PASSIVE, 0, timer) });
    for (rule, told_of_it) in [(Rule::Reset, true), (Rule::Lost, true), (Rule::Double, false)] {
        let mut events = events.clone();
        events.push(at(1, Irql::PASSIVE, 0, What::ResetStart));
        events.push(at(1, Irql::PASSIVE, 0, What::Violation { rule }));
        let story = told(&trace(events, "packet 0.0 is owed", Some(life(0, 1))));
        assert_eq!(story.cpus, if told_of_it { 2 } else { 1 }, "{rule:?}");
        assert_eq!(texts(&story).contains(&"MiniportTimer"), told_of_it, "{rule:?}");
        let facts: &[&str] =
            if told_of_it { &["cpu 1 is still inside of MiniportTimer"] } else { &[] };
        assert_eq!(story.facts, facts, "{rule:?}");
    }
}

#[test]
fn a_reset_that_ends_because_the_miniport_returned_is_no_call_of_the_miniports() {
    let reset = |cpu, status| {
        let passive = |what| at(cpu, Irql::PASSIVE, 0, what);
        let enter = What::Enter { entry: Entry::Reset, at: Irql::DISPATCH };
        vec![
            passive(What::ResetStart),
            passive(enter),
            passive(What::Leave { entry: Entry::Reset }),
            passive(What::ResetComplete { status }),
        ]
    };
    let ends = "the reset ends: MiniportReset returned SUCCESS";
    let calls = "NdisMResetComplete(SUCCESS)";
    let returned = reset(1, Status::SUCCESS);
    let mut later = returned.clone();
    later.insert(
        3,
        at(1, Irql::DISPATCH, 0, What::Enter { entry: Entry::Timer, at: Irql::DISPATCH }),
    );
    let mut elsewhere = returned.clone();
    elsewhere[3].cpu = 2;
    let mut by_a_call = returned.clone();
    by_a_call[3].site = 1;
    let cases = [(returned, ends), (later, calls), (elsewhere, calls), (by_a_call, calls)];
    for (mut events, text) in cases {
        events.push(at(1, Irql::PASSIVE, 0, What::Violation { rule: Rule::Reset }));
        let story = told(&trace(events, "packet 0.0 is owed", None));
        let step = story.steps.iter().rev().nth(1).unwrap();
        assert_eq!(step.text, text);
        let from = if text == ends { Lane::Ndis } else { Lane::Miniport };
        assert_eq!((step.from, step.to), (from, Lane::Ndis));
    }
}

#[test]
fn what_goes_on_for_ever_is_told_by_its_beginning_and_its_end() {
    let events = (0..5_000).flat_map(|_| sent(7, 1)).collect();
    let trace = trace(events, "", None);
    let short = Story::of(&trace, None, &Telling::default());
    assert_eq!((short.steps.len(), short.events), (1_000, 30_000));
    assert_eq!(short.steps[199].index, 199);
    assert_eq!((short.steps[200].index, short.steps[200].hidden.events), (29_200, 29_000));
    let full = Story::of(&trace, None, &Telling { full: true, ..Telling::default() });
    assert_eq!(full.steps.len(), 30_000);
}
