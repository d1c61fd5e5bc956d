//! Traces that the engine did not record: written by hand, or by another program.

use std::fmt::Write as _;

use super::*;

/// A trace of these events; each is at DISPATCH on CPU 1 unless it says so.
fn trace(header: &str, events: &[&str]) -> Trace {
    let mut file = format!("{{\"format\":\"ndiswan-trace\",\"version\":1{header}}}\n");
    for event in events {
        let has = |key: &str| event.contains(&format!("\"{key}\""));
        let cpu = if has("cpu") { "" } else { "\"cpu\":1," };
        let irql = if has("irql") { "" } else { "\"irql\":2," };
        let what = format!("{cpu}{irql}\"locks\":0,\"adapter\":0,{event}");
        let _ = writeln!(file, "{{\"time\":0,{what}}}");
    }
    Trace::read_from(file.as_bytes(), "by hand").unwrap()
}

const PACKET: &str = r#""packet":{"adapter":0,"slot":3,"generation":1}"#;
const NEW: &str = r#""packet":{"adapter":0,"slot":3,"generation":0}"#;
const UP: &str = r#""what":"line_up","link":0,"window":1"#;
const SERIALIZED: &str = r#","adapters":[{"index":0,"name":"card","serialized":true}]"#;

fn sent() -> Vec<String> {
    vec![
        UP.to_string(),
        format!(r#""what":"allocate",{NEW}"#),
        format!(r#""what":"send",{NEW},"link":0,"length":9"#),
        format!(r#""what":"submit",{PACKET},"link":0"#),
    ]
}

fn check(header: &str, more: &[&str]) -> Vec<Found> {
    let sent = sent();
    let events: Vec<&str> = sent.iter().map(String::as_str).chain(more.iter().copied()).collect();
    trace(header, &events).check()
}

#[test]
fn a_whole_life_breaks_nothing() {
    let complete = format!(r#""what":"complete",{PACKET},"status":0"#);
    let deliver = format!(r#""what":"deliver",{PACKET},"link":0,"status":0"#);
    let free = format!(r#""what":"free",{PACKET}"#);
    let halted = r#""what":"halted""#;
    assert_eq!(check("", &[&complete, &deliver, &free, r#""what":"halt""#, halted]), []);
}

#[test]
fn what_is_owed_and_what_is_set_when_halt_is_over_is_lost_and_timer() {
    let set = r#""what":"timer_set","timer":4,"at":9"#;
    let found = check("", &[set, r#""what":"halt""#, r#""what":"halted""#]);
    assert_eq!(rules(&found), [Rule::Timer, Rule::Lost]);
    assert_eq!(found[1].packet, Some(Name { adapter: 0, slot: 3, generation: 1 }));
    assert_eq!(found[1].history.len(), 3);
    let quiet = r#","policy":{"owed_at_halt":"return"}"#;
    assert_eq!(check(quiet, &[r#""what":"halt""#, r#""what":"halted""#]), []);
}

#[test]
fn entry_points_of_a_serialized_adapter_that_overlap_are_serial() {
    let send = r#""what":"enter","entry":"wan_send","at":2"#;
    let timer = r#""cpu":2,"what":"enter","entry":"timer","at":2"#;
    let isr = r#""cpu":2,"what":"enter","entry":"isr","at":3"#;
    let left =
        [r#""cpu":2,"what":"leave","entry":"timer""#, r#""what":"leave","entry":"wan_send""#];
    let overlap = [send, timer, left[0], left[1]];
    let found = trace(SERIALIZED, &overlap).check();
    assert_eq!(rules(&found), [Rule::Serial]);
    assert_eq!(found[0].index, 1);
    assert_eq!(trace("", &overlap).check(), [], "a deserialized adapter may");
    assert_eq!(trace(SERIALIZED, &[send, isr]).check(), [], "the ISR preempts");
    let recursive = format!(r#"{SERIALIZED},"policy":{{"serialized_reentry":"recursive"}}"#);
    assert_eq!(trace(&recursive, &[send, send]).check(), [], "by policy");
    let one_by_one = [send, left[1], timer, left[0]];
    assert_eq!(trace(SERIALIZED, &one_by_one).check(), []);
}

#[test]
fn a_submit_beyond_the_window_or_on_a_dead_line_is_found() {
    let second = [
        r#""what":"allocate","packet":{"adapter":0,"slot":4,"generation":0}"#,
        r#""what":"send","packet":{"adapter":0,"slot":4,"generation":0},"link":0,"length":9"#,
        r#""what":"submit","packet":{"adapter":0,"slot":4,"generation":1},"link":0"#,
    ];
    let found = check("", &second);
    assert_eq!(rules(&found), [Rule::Window]);
    assert!(
        found[0].detail.contains("1 sends are outstanding and the window is 1"),
        "{}",
        found[0]
    );
    let down = r#""what":"line_down","link":0"#;
    assert_eq!(
        rules(&check("", &[down, r#""what":"indicate","link":0,"length":1"#])),
        [Rule::Line]
    );
}

#[test]
fn after_a_reset_what_was_pending_may_not_be_completed() {
    let complete = format!(r#""what":"complete",{PACKET},"status":0"#);
    let reset = [r#""what":"reset_start""#, r#""what":"reset_complete","status":0"#];
    let pended = format!(r#""what":"return",{PACKET},"status":259"#);
    let all = [reset[0], reset[1], r#""what":"reset_end""#, &complete];
    assert_eq!(rules(&check("", &all)), [], "the call had not returned: it may go on");
    let all = [&pended, all[0], all[1], all[2], all[3]];
    assert_eq!(rules(&check(SERIALIZED, &all)), [Rule::Reset], "NDIS completed it");
    assert_eq!(rules(&check("", &all)), [Rule::Reset, Rule::Reset], "and it was owed before");
    assert_eq!(rules(&check("", &all[2..4])), [Rule::Reset, Rule::Reset], "there was no reset");
}

#[test]
fn each_completion_beyond_the_first_is_double_and_the_level_is_the_events() {
    let complete = format!(r#""what":"complete",{PACKET},"status":0"#);
    let low = format!(r#""irql":0,"what":"complete",{PACKET},"status":0"#);
    let found = check("", &[&complete, &complete, &complete]);
    assert_eq!(rules(&found), [Rule::Double, Rule::Double]);
    assert_eq!(rules(&check(SERIALIZED, &[&low])), [Rule::IrqlComplete]);
    assert_eq!(rules(&check("", &[&low])), []);
}

#[test]
fn an_adapter_with_its_beginning_in_the_trace_is_not_running_before_it() {
    let register = r#""what":"register","serialized":false,"reentrant":false"#;
    let up = trace("", &[register, UP]);
    assert_eq!(up.check(), []);
    let send = format!(r#""what":"send",{NEW},"link":0,"length":9"#);
    let allocate = format!(r#""what":"allocate",{NEW}"#);
    let submit = format!(r#""what":"submit",{PACKET},"link":0"#);
    let kept = trace("", &[register, UP, &allocate, &send]).check();
    assert_eq!(rules(&kept), [], "NDIS keeps it until the adapter runs");
    let found = trace("", &[register, UP, &allocate, &send, &submit]).check();
    assert_eq!(rules(&found), [Rule::Line]);
}
