//! A line is read at once where it can be, and is then what it is in the general way.

use crate::coverage::Kind;
use crate::cx::Irql;
use crate::event::{Event, Name, What};
use crate::rule::Rule;
use crate::trace::flat;
use crate::trace::write::Line;

fn text(what: What) -> String {
    let irql = Irql::DISPATCH;
    let event = Event { time: 7, cpu: 2, irql, locks: 1, adapter: 3, site: 4, what };
    let about = Some(Name { adapter: 3, slot: 5, generation: 6 });
    let (data, detail) = (Some("00ff".into()), Some("\"quoted\"".into()));
    serde_json::to_string(&Line { event, data, detail, about, warning: true, net_buffers: None })
        .unwrap()
}

fn parts<'a>(line: &'a Line<'_>) -> (Event, Option<&'a str>, Option<&'a str>, Option<Name>, bool) {
    (line.event, line.data.as_deref(), line.detail.as_deref(), line.about, line.warning)
}

#[test]
fn a_line_of_each_kind_is_read_at_once_as_it_is_read_in_the_general_way() {
    let violation = What::Violation { rule: Rule::Double };
    let kinds = Kind::all().map(Kind::sample).chain([violation]);
    let mut count = 0;
    for what in kinds {
        let text = text(what);
        let general: Line<'_> = serde_json::from_str(&text).unwrap();
        let Some(at_once) = flat::line(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(parts(&at_once), parts(&general), "{text}");
        count += 1;
    }
    assert!(count > 40);
}

#[test]
fn what_is_no_event_is_left_to_the_general_way() {
    let good = text(What::Start);
    assert!(flat::line(good.as_bytes()).is_some());
    for bad in [
        good.replace("start", "begin"),
        good.replace("start", "free"),
        good.replace("\"cpu\":2,", ""),
        good.replace("\"cpu\":2", "\"cpu\":-2"),
        good[..good.len() - 1].to_string(),
    ] {
        assert!(flat::line(bad.as_bytes()).is_none(), "{bad}");
        assert!(serde_json::from_str::<Line<'_>>(&bad).is_err(), "{bad}");
    }
}
