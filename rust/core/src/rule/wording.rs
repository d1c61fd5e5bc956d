//! A rule's words to the driver of another interface than WAN's: its functions, its statuses, what it returns.
//!
//! The texts are written once, for WAN. What is not so elsewhere is a list of phrases, the longer ones first;
//! the rules that came with an interface name its functions themselves.

use std::borrow::Cow;

use super::Rule;
use crate::face::Face;

type Phrases = &'static [(&'static str, &'static str)];

/// Where the send function returns nothing.
const VOID: Phrases = &[
    (", and not at all if `wan_send` already returned a final status for it", ""),
    ("; return `PENDING` from `wan_send` if that path will complete it", ""),
    ("packet for which `wan_send` returned `PENDING`", "packet that `wan_send` was given"),
    ("`wan_send` returns `PENDING`", "`wan_send` returns nothing"),
    (
        "Answer each send one way: either return the final status from `wan_send` and do not call `wan_send_complete`, or call it and return `PENDING`",
        "Answer each send by `wan_send_complete`, and return nothing from `wan_send`",
    ),
    (
        "; until then do not call it. `PENDING` is for `wan_send` to return",
        "; until then do not call it",
    ),
    (
        "Return a member of `Status` on every path of the handler (`PENDING` if the packet was kept)",
        "Return nothing from `wan_send`, give a member of `Status` with each completion",
    ),
];

/// Where no window keeps sends back.
const NO_WINDOW: Phrases = &[(" keep the window small on slow lines,", "")];

/// LAN, where a serialized miniport may be out of resources.
const LAN: Phrases = &[
    ("A WAN miniport never", "A deserialized LAN miniport never"),
    (
        ": `max_transmit` of `WanInfo` and the window of the line-up bound that queue. If the card can take fewer packets, declare fewer",
        ", and send it when the card takes it",
    ),
];

/// NDIS 6, which pauses a miniport before it halts it and has a status for each reason.
const NDIS_6: Phrases = &[
    (
        "empty that queue in `halt`, and call `wan_send_complete` for each with `REQUEST_ABORTED`",
        "empty that queue in `pause`, and call `wan_send_complete` for each with `PAUSED`",
    ),
    ("`REQUEST_ABORTED`", "`RESET_IN_PROGRESS`"),
    ("such as `FAILURE` or `HARD_ERRORS`", "such as `FAILURE`"),
];

fn phrases(face: Face) -> &'static [Phrases] {
    match face {
        Face::Wan => &[],
        Face::Lan => &[LAN, NO_WINDOW],
        Face::Condis => &[VOID],
        Face::Ndis6 => &[VOID, NO_WINDOW, NDIS_6],
    }
}

impl Rule {
    /// What must hold, in the words of a driver with that interface.
    pub fn sentence(self, face: Face) -> Cow<'static, str> {
        self.told(self.info().sentence, face)
    }

    /// What such a driver's writer should do.
    pub fn remedy(self, face: Face) -> Cow<'static, str> {
        self.told(self.info().remedy, face)
    }

    fn told(self, text: &'static str, face: Face) -> Cow<'static, str> {
        if face == Face::Wan || self.is_of_a_twin() {
            return Cow::Borrowed(text);
        }
        let mut told = text.to_string();
        for (wan, own) in phrases(face).iter().copied().flatten() {
            told = told.replace(wan, own);
        }
        let (send, complete) = face.functions();
        told = told.replace("`wan_send_complete`", &format!("`{complete}`"));
        Cow::Owned(told.replace("`wan_send`", &format!("`{send}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_functions_of_the_interface_only() {
        for face in [Face::Lan, Face::Condis, Face::Ndis6] {
            for rule in Rule::ALL.iter().filter(|rule| !rule.is_of_a_twin()) {
                for text in [rule.sentence(face), rule.remedy(face)] {
                    assert!(!text.contains("wan_send"), "{rule}: {text}");
                    assert!(text.ends_with('.') && !text.contains(".."), "{rule}: {text}");
                    let abort = face == Face::Ndis6 && text.contains("REQUEST_ABORTED");
                    assert!(!abort, "{rule}: {text}");
                }
            }
        }
        assert_eq!(
            Rule::Lost.sentence(Face::Lan),
            "Every packet for which `send` returned `PENDING` is completed in the end, at the latest before `halt` returns."
        );
        assert_eq!(
            Rule::Early.sentence(Face::Condis),
            "If a packet is completed before `co_send_packets` has returned, `co_send_packets` returns nothing."
        );
        assert!(Rule::Lost.remedy(Face::Ndis6).contains("in `pause`"));
        assert!(Rule::Reset.remedy(Face::Ndis6).contains("`RESET_IN_PROGRESS` for each packet"));
    }

    #[test]
    fn the_wan_contract_is_told_as_it_is_written() {
        for rule in Rule::ALL {
            assert_eq!(rule.sentence(Face::Wan), rule.info().sentence);
            assert_eq!(rule.remedy(Face::Wan), rule.info().remedy);
        }
        assert_eq!(Rule::Face.remedy(Face::Lan), Rule::Face.info().remedy);
    }

    #[test]
    fn each_phrase_that_is_told_otherwise_is_in_a_rule() {
        let said = |text: &str| {
            Rule::ALL.iter().any(|rule| {
                rule.info().sentence.contains(text) || rule.info().remedy.contains(text)
            })
        };
        for (wan, _) in [VOID, NO_WINDOW, LAN, NDIS_6].into_iter().flatten() {
            assert!(said(wan), "{wan}");
        }
    }
}
