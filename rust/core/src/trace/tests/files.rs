//! What is no trace says so: which file, which line, what was expected, what came, what to do.

use super::*;

const HEAD: &str = "{\"format\":\"ndiswan-trace\",\"version\":1}\n";
const EVENT: &str = r#"{"time":0,"cpu":1,"irql":0,"locks":0,"adapter":0,"what":"start"}"#;

fn told(file: impl AsRef<[u8]>) -> String {
    Trace::read_from(file.as_ref(), "run.trace").unwrap_err().to_string()
}

fn tells(file: impl AsRef<[u8]>, parts: &[&str]) {
    let told = told(file);
    assert!(told.starts_with("run.trace: "), "{told}");
    for part in parts {
        assert!(told.contains(part), "expected {part:?} in {told}");
    }
}

#[test]
fn a_file_that_is_no_trace_is_told_apart() {
    tells("", &["empty", "Ndis.save"]);
    tells("hello\n", &["line 1: not a trace", "got hello"]);
    tells("{\"format\":\"other\"}\n", &["not a trace", "got {\"format\":\"other\"}"]);
    tells("[1,2]\n", &["not a trace"]);
    tells(b"\x0a\x0d\x0d\x0a\x1c\0\0\0", &["the octets 0a 0d 0d 0a 1c", "capture of frames"]);
    tells(b"\x1f\x8b\x08\0", &["the octets 1f 8b 08 00", "gunzip"]);
    tells([b'x'; 5000], &["got xxxx"]);
    tells(vec![b'{'; 50_000], &["got {{{{", "…"]);
}

#[test]
fn a_newer_or_nonsensical_version_says_what_to_do() {
    tells(r#"{"format":"ndiswan-trace","version":2}"#, &["version 2", "expected 1", "newer"]);
    tells(r#"{"format":"ndiswan-trace","version":0}"#, &["line 1", "a number from 1 to 1"]);
    tells(r#"{"format":"ndiswan-trace"}"#, &["line 1", "`version`"]);
    let policy = r#"{"format":"ndiswan-trace","version":1,"policy":{"owed_at_halt":"maybe"}}"#;
    tells(policy, &["line 1: expected the head of a trace", "maybe", "`report`"]);
}

#[test]
fn a_broken_line_is_named_with_what_is_wrong_in_it() {
    let lines = |line: &str| format!("{HEAD}{EVENT}\n\n{line}\n{EVENT}\n");
    tells(lines("{}"), &["line 4: expected an event, got {}", "missing field"]);
    tells(lines(&EVENT.replace("start", "begin")), &["line 4", "unknown variant `begin`"]);
    tells(lines(&EVENT.replace("\"irql\":0,", "")), &["line 4", "missing field `irql`"]);
    tells(lines(&EVENT[..20]), &["line 4", "EOF"]);
    let frame = EVENT.replace('}', ",\"data\":\"abc\"}");
    tells(lines(&frame), &["line 4", "even number of hex digits"]);
    tells([lines("").as_bytes(), b"\xff\xfe\n"].concat(), &["line 6", "the octets ff fe"]);
}

#[test]
fn a_last_line_that_was_cut_off_is_told_with_what_is_whole() {
    let file = format!("{HEAD}{EVENT}\n{EVENT}\n");
    for cut in 1..EVENT.len() {
        let at = file.len() - 1 - cut;
        tells(&file[..at], &["line 3", "cut off", "1 events before are whole"]);
    }
    for at in [26, 30, HEAD.len() - 2] {
        tells(&file[..at], &["line 1", "in the middle of the trace's head"]);
    }
    let whole = Trace::read_from(file.trim_end().as_bytes(), "run.trace").unwrap();
    assert_eq!(whole.events.len(), 2, "a last line without its end of line is whole");
}

/// A disk without room.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_cannot_be_opened_or_written_is_named() {
    let told = Trace::read("/nowhere/run.trace").unwrap_err().to_string();
    assert!(told.starts_with("/nowhere/run.trace: cannot open it"), "{told}");
    let (ndis, _link) = bind::<Deserialized>(recording(), QUIET);
    let told = ndis.save_trace("/nowhere/run.trace").unwrap_err().to_string();
    assert!(told.starts_with("/nowhere/run.trace: cannot create it"), "{told}");
    let told = ndis.write_trace(Full).unwrap_err().to_string();
    assert!(told.starts_with("the trace: cannot write the trace to it"), "{told}");
}

#[test]
fn a_saved_trace_is_the_one_that_is_read_call_sites_and_frames_included() {
    let config = Config {
        verify: crate::Verify::CallSites,
        call_site: Some(|| Some("driver.py:7 in wan_send".to_string())),
        ..recording()
    };
    let (ndis, link) = bind::<Serialized>(config, QUIET);
    complete(&link, send(&link));
    let path = std::env::temp_dir().join(format!("ndiswan-trace-{}", std::process::id()));
    ndis.save_trace(&path).unwrap();
    let trace = Trace::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(trace, ndis.trace());
    let head = &trace.header;
    assert_eq!((head.verify, head.time), (4, TimeKind::Virtual));
    assert_eq!((head.adapters[0].name.as_str(), head.adapters[0].packets), ("card", 4));
    assert_eq!(head.locks, ["first", "second"]);
    assert_eq!(head.links, [LinkEntry { id: 0, handle: 1, adapter: 0 }]);
    assert_eq!(head.sites, ["driver.py:7 in wan_send"]);
    assert!(trace.to_text().contains("[driver.py:7 in wan_send]"));
    assert_eq!(trace.frames.values().next().unwrap()[..], *b"\xff\x03\xc0\x21hello");
    assert_eq!(rules(&trace.check()), [Rule::IrqlComplete]);
}

#[test]
fn net_buffers_of_another_length_than_the_data_are_refused() {
    const SUBMIT: &str = r#"{"time":0,"cpu":0,"irql":0,"locks":0,"adapter":0,"what":"submit","packet":{"adapter":0,"slot":0,"generation":1},"link":0,"data":"616263","net_buffers":[1,2]}"#;
    let whole = Trace::read_from(format!("{HEAD}{SUBMIT}\n").as_bytes(), "run.trace").unwrap();
    assert_eq!(whole.frames_of(0), [&b"a"[..], b"bc"]);
    for wrong in ["[1,1]", "[3]", "[]", "[0,3]", "[4294967295,4]"] {
        let line = SUBMIT.replace("[1,2]", wrong);
        tells(format!("{HEAD}{line}\n"), &["line 2", "`net_buffers`", "parts of `data`"]);
    }
}
