//! The three forms.

use super::*;

fn of_double() -> Story {
    let trace = double();
    let facts = vec!["choice 3 of 5 is the one that matters".to_string()];
    let telling = Telling { switches: Some(2), facts, ..Telling::default() };
    Story::of(&trace, trace.ending().as_ref(), &telling)
}

#[test]
fn the_text_is_a_sequence_diagram() {
    let expected = "\
DOUBLE    packet 0.0 was completed already
rule      A packet is completed at most once for each time it is sent, and not at all if `wan_send`
          already returned a final status for it.
packet    0.0
story     adapter \"card\", 2 CPUs, 8 steps of 17 events, 2 switches from first-in-first-out
          choice 3 of 5 is the one that matters

 time  cpu 0    cpu 1                                             owner of
   ms  P  N  M  P  N  M  what happens                             0.0                level     locks
       │  │  │  │  │  │  … 7 other events, 4 of them about other packets
1.000  ●  │  │  │  │  │  takes it out of the pool                 Protocol           PASSIVE
1.000  ├─→│  │  │  │  │  NdisSend, 8 bytes                        Ndis               PASSIVE
1.000  │  ├─→│  │  │  │  MiniportWanSend (life 1)                 Miniport, in call  PASSIVE
       │  │  │  │  │  │  … 2 other events
1.000  │  │←╌┤  │  │  │  MiniportWanSend returned PENDING         Miniport, pended   PASSIVE
       │  │  │  │  │  │  ── cpu 1 goes on ──
1.000  │  │  │  │  ├─→│  MiniportTimer                            Miniport, pended   DISPATCH
1.000  │  │  │  │  │←─┤  NdisMWanSendComplete(SUCCESS)            Returning          DISPATCH
       │  │  │  │  │  │  ── cpu 0 goes on ──
1.000  │  │←─┤  │  │  │  NdisMWanSendComplete(SUCCESS)            Returning          DISPATCH
       │  │  ✗  │  │  │  breaks DOUBLE: packet 0.0 was completed already

P protocol, N NDIS, M miniport; owner, level and locks are those after the step
";
    assert_eq!(of_double().to_text(100), expected);
}

#[test]
fn no_line_is_wider_than_asked_for() {
    let mut trace = double();
    trace.header.locks[0] =
        "a lock with a name as long as nobody would give to one, hopefully".into();
    let words = "word ".repeat(60) + &"x".repeat(300);
    for verdict in trace.verdicts.values_mut() {
        verdict.detail.clone_from(&words);
    }
    for cpus in [1, 2, 3, 8] {
        for (at, event) in trace.events.iter_mut().enumerate() {
            event.cpu = at as u32 % cpus;
        }
        let full = Telling { full: true, ..Telling::default() };
        let story = Story::of(&trace, trace.ending().as_ref(), &full);
        for width in [80, 100, 140] {
            let widest = story.to_text(width).lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{widest:?} of {width} with {cpus} CPUs");
        }
    }
}

#[test]
fn many_cpus_share_three_lanes() {
    let mut trace = double();
    for (at, event) in trace.events.iter_mut().enumerate() {
        event.cpu = at as u32;
    }
    let full = Telling { full: true, ..Telling::default() };
    let text = Story::of(&trace, None, &full).to_text(100);
    assert!(text.contains("  cpu  P  N  M  what happens"), "{text}");
    assert!(text.contains("\n1.000    5  │  │←╌┤  MiniportWanSend returned "), "{text}");
}

#[test]
fn mermaid_has_a_participant_a_lane_and_a_message_a_step() {
    let text = of_double().to_mermaid();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(
        lines[..4],
        [
            "sequenceDiagram",
            "title DOUBLE of adapter card",
            "box cpu 0",
            "participant P0 as protocol"
        ]
    );
    for line in [
        "P0->>N0: NdisSend, 8 bytes<br/>owner Ndis",
        "M0-->>N0: MiniportWanSend returned PENDING<br/>owner Miniport, pended",
        "Note over P1,M1: cpu 1 goes on",
        "M1->>N1: NdisMWanSendComplete(SUCCESS)<br/>owner Returning · DISPATCH",
        "Note over M0: breaks DOUBLE: packet 0.0 was completed already",
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{text}");
    }
    let opened = lines.iter().filter(|line| line.starts_with("box ") || line.starts_with("rect "));
    assert_eq!(opened.count(), lines.iter().filter(|line| **line == "end").count());
}

#[test]
fn what_a_driver_names_cannot_leave_its_place() {
    let mut trace = double();
    let bad = "<script>alert('&');</script>\u{7}\nend %% # \"x\"";
    trace.header.adapters[0].name = bad.to_string();
    for verdict in trace.verdicts.values_mut() {
        verdict.detail = bad.to_string();
    }
    let story = told(&trace);
    let svg = story.to_svg();
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;") && !svg.contains('\u{7}'));
    let mermaid = story.to_mermaid();
    for line in mermaid.lines().filter(|line| line.contains("script")) {
        assert!(!line.contains('<') || line.replace("<br/>", "").find('<').is_none(), "{line}");
        assert!(!line.contains("%%"), "{line}");
    }
}

#[test]
fn the_picture_needs_nothing_from_elsewhere() {
    let svg = of_double().to_svg();
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n")
    );
    assert_eq!(svg.matches("http").count(), 1); // the name space is no address
    for tag in ["<script", "<image", "href", "url(", "@import", "onload"] {
        assert!(!svg.contains(tag), "{tag}");
    }
    assert!(svg.contains("prefers-color-scheme:dark"));
    assert_eq!(svg.matches("<path class=\"a").count(), 6);
    assert_eq!(svg.matches("<circle").count(), 1); // what stays where it is
}

#[test]
fn the_same_trace_gives_the_same_story() {
    let (one, other) = (of_double(), of_double());
    assert_eq!(one, other);
    assert_eq!((one.to_text(100), one.to_svg()), (other.to_text(100), other.to_svg()));
    assert_eq!((one.to_mermaid(), one.to_json()), (other.to_mermaid(), other.to_json()));
}
