use proptest::prelude::*;

use crate::choices::Choice;
use crate::choices::token::{from_token, to_token};

fn choices(list: &[(u32, u32)]) -> Vec<Choice> {
    list.iter().map(|&(n, chosen)| Choice { n, chosen }).collect()
}

#[test]
fn the_form_is_pinned() {
    let list = choices(&[(2, 0), (2, 0), (2, 0), (2, 1), (40, 3), (2, 0)]);
    assert_eq!(to_token(&list), "c1.2-0x3.1.40-3.2-0");
    assert_eq!(to_token(&[]), "c1");
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    for (token, at, expected, found) in [
        ("", 0, "the version c1", "the end"),
        ("c2.2-0", 0, "the version c1", "\"c2.2-0\""),
        ("c1.", 3, "a digit", "the end"),
        ("c1.0", 3, "how many answers there are, and a minus sign", "\"0\""),
        ("c1.1-0", 3, "2 answers or more", "\"1-0\""),
        ("c1.2-0.2", 7, "an answer below 2", "\"2\""),
        ("c1.2-0x0", 7, "a count of 1 to 1048576", "\"0\""),
        ("c1.2-0x9999999", 7, "a count of 1 to 1048576", "\"9999999\""),
        ("c1.2-0x3x3", 8, "a digit", "\"x3\""),
        ("c1.2-0.1.40-é", 12, "a digit", "\"é\""),
        ("c1.2-99999999999", 5, "a number up to 4294967295", "\"99999999999\""),
    ] {
        let error = from_token(token).unwrap_err();
        assert_eq!((error.at, &*error.expected, &*error.found), (at, expected, found), "{token}");
    }
    assert!(from_token("c1.2-0x3 ").unwrap_err().to_string().starts_with(
        "expected a digit at character 8, found \" \"; a token looks like c1.2-0x5.1.40-3"
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_list_survives_the_round_trip(
        list in prop::collection::vec(
            (2_u32..50).prop_flat_map(|n| (Just(n), 0..n.min(3), 1_usize..4)), 0..40)
    ) {
        let list: Vec<Choice> = list
            .into_iter()
            .flat_map(|(n, chosen, times)| std::iter::repeat_n(Choice { n, chosen }, times))
            .collect();
        let token = to_token(&list);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-'));
        prop_assert_eq!(from_token(&token), Ok(list));
    }

    #[test]
    fn no_text_is_too_strange(text in "(c1)?[.0-9x\\-é ]{0,30}") {
        if let Ok(list) = from_token(&text) {
            prop_assert_eq!(from_token(&to_token(&list)), Ok(list));
        }
    }
}
