use crate::choices::bytes::Bytes;
use crate::choices::{Access, Explorer, Step};

fn steps(count: u32) -> Vec<Step> {
    (0..count).map(|task| Step { task, access: Access::default(), preempts: false }).collect()
}

#[test]
fn a_byte_answers_a_question_and_a_large_question_takes_four() {
    let mut bytes = Bytes::new(&[7, 1, 0x10, 0x27, 0, 0, 3]);
    assert_eq!(bytes.step(&steps(1)), 0, "there is nothing to choose, so nothing is taken");
    assert_eq!(bytes.step(&steps(3)), 7 % 3);
    assert_eq!(bytes.value(256), 1);
    assert_eq!(bytes.value(1_000_000), 10_000);
    assert_eq!(bytes.taken(), 6);
    assert_eq!(bytes.value(2), 1);
}

#[test]
fn behind_the_end_of_the_bytes_everything_is_plain() {
    let mut bytes = Bytes::new(&[5]);
    assert_eq!(bytes.value(10), 5);
    assert_eq!((bytes.value(10), bytes.step(&steps(4)), bytes.value(1000)), (0, 0, 0));
    assert_eq!(bytes.taken(), 1);
    bytes.begin();
    assert_eq!(bytes.value(10), 5, "an execution begins at the first byte");
}
