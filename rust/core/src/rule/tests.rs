//! Facts about the table of rules, each in a test's name.

use std::collections::BTreeSet;

use super::{Family, Rule, RuleInfo, Strength};

/// Every text of a rule with its name and the length it must have at least and at most.
fn texts(info: &RuleInfo) -> [(&'static str, &'static str, usize, usize); 6] {
    [
        ("sentence", info.sentence, 30, 220),
        ("why", info.why, 100, 400),
        ("page", info.page, 80, 400),
        ("source", info.source, 10, 140),
        ("remedy", info.remedy, 80, 320),
        ("broken_by", info.broken_by, 40, 200),
    ]
}

#[test]
fn the_rules_are_in_a_fixed_order_those_of_wan_first() {
    let ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    let expected = "DOUBLE LOST FOREIGN STALE EARLY TOUCH RESERVED PADDING STATUS_PENDING STATUS_RESOURCES STATUS_UNKNOWN \
                    HANDLE IRQL_COMPLETE IRQL_SEND IRQL_LEAK IRQL_CALL LOCK_HELD LOCK_RECURSION LOCK_UNHELD LOCK_ORDER LOCK_FORM \
                    LOCK_LEAK WINDOW LINE SERIAL RESET HALT LATE HANG INDICATE TIMER SYNC STATUS_LIST IRQL_FLAG \
                    RESOURCES FACE PAUSE CANCEL";
    assert_eq!(ids.join(" "), expected);
    assert!(Rule::ALL.is_sorted());
}

#[test]
fn an_id_leads_to_its_rule_and_back() {
    for &rule in Rule::ALL {
        assert_eq!(Rule::by_id(rule.id()), Some(rule));
        assert_eq!(rule.to_string(), rule.id());
    }
    assert_eq!(Rule::by_id("double"), None);
}

#[test]
fn a_rule_is_its_id_in_json() {
    for &rule in Rule::ALL {
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(json, format!("\"{}\"", rule.id()));
        assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
    }
}

#[test]
fn each_rule_is_in_the_family_whose_exception_it_raises() {
    let list = |family: Family| family.rules().map(Rule::id).collect::<Vec<_>>().join(" ");
    assert_eq!(list(Family::Ownership), "DOUBLE LOST FOREIGN STALE EARLY");
    assert_eq!(list(Family::Access), "TOUCH RESERVED PADDING HANDLE FACE");
    assert_eq!(
        list(Family::StatusCode),
        "STATUS_PENDING STATUS_RESOURCES STATUS_UNKNOWN SYNC STATUS_LIST"
    );
    assert_eq!(list(Family::Irql), "IRQL_COMPLETE IRQL_SEND IRQL_LEAK IRQL_CALL IRQL_FLAG");
    assert_eq!(
        list(Family::Lock),
        "LOCK_HELD LOCK_RECURSION LOCK_UNHELD LOCK_ORDER LOCK_FORM LOCK_LEAK"
    );
    assert_eq!(list(Family::Flow), "WINDOW LINE SERIAL RESOURCES");
    assert_eq!(list(Family::LifeCycle), "RESET HALT INDICATE TIMER PAUSE CANCEL");
    assert_eq!(list(Family::Progress), "LATE HANG");
    assert_eq!(
        Family::ALL.iter().map(|family| family.rules().count()).sum::<usize>(),
        Rule::ALL.len()
    );
}

#[test]
fn each_family_has_an_exception_class_of_its_own() {
    let classes: BTreeSet<&str> = Family::ALL.iter().map(|family| family.python_class()).collect();
    assert_eq!(classes.len(), 8);
    assert!(classes.iter().all(|class| class.ends_with("Violation")));
}

#[test]
fn every_text_is_there_and_of_readable_length() {
    for &rule in Rule::ALL {
        for (name, text, least, most) in texts(rule.info()) {
            assert!(
                (least..=most).contains(&text.len()),
                "{rule}.{name}: {} characters",
                text.len()
            );
            assert!(!text.contains("  "), "{rule}.{name} has a gap: {text}");
            assert_eq!(
                text.matches('`').count() % 2,
                0,
                "{rule}.{name} has an open code mark: {text}"
            );
            assert!(
                name == "source" || text.ends_with('.'),
                "{rule}.{name} does not end with a stop: {text}"
            );
        }
    }
}

#[test]
fn what_must_hold_and_what_breaks_it_are_one_sentence_each() {
    for &rule in Rule::ALL {
        let info = rule.info();
        for text in [info.sentence, info.broken_by] {
            assert!(!text.trim_end_matches('.').contains(". "), "{rule}: {text}");
        }
    }
}

#[test]
fn every_remedy_names_the_call_or_the_field_to_use() {
    for &rule in Rule::ALL {
        assert!(rule.info().remedy.contains('`'), "{rule}: {}", rule.info().remedy);
    }
}

#[test]
fn every_rule_stands_on_numbered_facts() {
    for &rule in Rule::ALL {
        let facts = rule.info().facts;
        assert!(!facts.is_empty(), "{rule}");
        for fact in facts {
            let number = |letter: char| fact.strip_prefix(letter)?.parse::<u32>().ok();
            let of_wan = number('R').is_some_and(|number| (1..=27).contains(&number));
            let of_a_twin = number('P').is_some_and(|number| (1..=9).contains(&number));
            assert!(of_wan || of_a_twin, "{rule}: {fact}");
        }
    }
}

#[test]
fn only_these_rules_are_our_own_choice() {
    let ours = Rule::ALL.iter().filter(|rule| rule.info().strength == Strength::OurChoice);
    let ids: Vec<&str> = ours.map(|rule| rule.id()).collect();
    assert_eq!(ids, ["PADDING", "STATUS_UNKNOWN", "IRQL_LEAK", "HALT", "RESOURCES", "CANCEL"]);
}

#[test]
fn each_switch_is_a_field_of_the_policy() {
    let switches: Vec<&str> = Rule::ALL.iter().filter_map(|rule| rule.info().switch).collect();
    let expected = [
        "owed_at_halt",
        "resources_as_final",
        "beyond_window",
        "queued_at_line_down",
        "serialized_reentry",
        "reset_leftovers",
    ];
    assert_eq!(switches, expected);
}
