//! Each case of what does not compile, with the compiler's message, beside its twin that does.
//!
//! The messages are those of rustc 1.95. After a change of compiler or of the API look
//! at what `TRYBUILD=overwrite cargo test -p ndiswan-compile-fail` writes before keeping it. What
//! a case's lines `// says:` ask for has to be in its message, so that it fails for its reason.

use std::collections::BTreeSet;
use std::path::Path;

fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let wanted = files.filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_case_fails_with_its_message_and_its_twin_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/fail/*.rs");
    cases.pass("tests/pass/*.rs");
}

#[test]
fn every_case_has_a_message_and_a_twin() {
    let cases = stems("fail", "rs");
    assert_eq!(cases, stems("fail", "stderr"), "cases and messages");
    assert_eq!(cases, stems("pass", "rs"), "cases and twins");
    assert_eq!(cases.len(), 28);
}

#[test]
fn every_message_names_the_reason_of_its_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fail");
    for case in stems("fail", "rs") {
        let read = |extension| {
            std::fs::read_to_string(folder.join(&case).with_extension(extension)).unwrap()
        };
        let (source, message) = (read("rs"), read("stderr"));
        let wanted: Vec<_> = source.lines().filter_map(|l| l.strip_prefix("// says: ")).collect();
        assert!(!wanted.is_empty(), "{case} says nothing");
        for phrase in wanted {
            assert!(message.contains(phrase), "{case}: {phrase:?} is not in its message");
        }
    }
}
