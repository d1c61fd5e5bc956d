//! Choices as text, to be pasted, put into a file's name, or into a report.
//!
//! ```text
//! c1.2-0x5.1.40-3
//! ^  ^ ^ ^ ^ ^
//! |  | | | | of 40 answers the one with number 3
//! |  | | | one more of 2 answers, number 1
//! |  | | five times
//! |  | number 0
//! |  of 2 answers
//! version
//! ```
//!
//! Items are separated by dots. `n-` is written where `n` changes, `xCOUNT` where an item is
//! repeated. Letters, digits, dots and minus signs only: nothing needs quoting.

use std::fmt::Write as _;

use super::Choice;

/// What a token begins with: `c` and the version of the form.
pub const VERSION: &str = "c1";

/// As many choices as a token may have; no execution has so many.
const MOST: usize = 1 << 20;

/// Why a text is no token, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected {expected} at character {at}, found {found}; a token looks like \
     c1.2-0x5.1.40-3, copy it whole"
)]
pub struct TokenError {
    /// The place, in bytes from 0.
    pub at: usize,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// The text of these choices.
pub fn to_token(choices: &[Choice]) -> String {
    let mut token = VERSION.to_owned();
    let mut n = 0;
    for same in choices.chunk_by(|a, b| a == b) {
        token.push('.');
        let choice = same[0];
        if choice.n != n {
            n = choice.n;
            let _ = write!(token, "{n}-");
        }
        let _ = write!(token, "{}", choice.chosen);
        if same.len() > 1 {
            let _ = write!(token, "x{}", same.len());
        }
    }
    token
}

/// The choices of such a text.
///
/// # Errors
/// [`TokenError`] with the place of the first character that does not belong there.
pub fn from_token(token: &str) -> Result<Vec<Choice>, TokenError> {
    let mut choices = Vec::new();
    let mut items = token.split('.');
    let version = items.next().unwrap_or_default();
    if version != VERSION {
        return Err(error(token, 0, format!("the version {VERSION}")));
    }
    let (mut at, mut n) = (version.len() + 1, 0);
    for item in items {
        let chosen = match item.split_once('-') {
            Some((many, rest)) => {
                n = number(token, at, many)?;
                if n < 2 {
                    return Err(error(token, at, "2 answers or more".to_owned()));
                }
                at += many.len() + 1;
                rest
            }
            None => item,
        };
        let (chosen, count) = chosen.split_once('x').map_or((chosen, None), |(c, x)| (c, Some(x)));
        let choice = Choice { n, chosen: number(token, at, chosen)? };
        if n == 0 {
            return Err(error(
                token,
                at,
                "how many answers there are, and a minus sign".to_owned(),
            ));
        }
        if choice.chosen >= n {
            return Err(error(token, at, format!("an answer below {n}")));
        }
        at += chosen.len() + 1;
        let mut times = 1;
        if let Some(count) = count {
            times = number(token, at, count)? as usize;
            if times == 0 || choices.len() + times > MOST {
                return Err(error(
                    token,
                    at,
                    format!("a count of 1 to {}", MOST.saturating_sub(choices.len())),
                ));
            }
            at += count.len() + 1;
        }
        choices.resize(choices.len() + times, choice);
    }
    Ok(choices)
}

fn number(token: &str, at: usize, text: &str) -> Result<u32, TokenError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits < text.len() {
        return Err(error(token, at + digits, "a digit".to_owned()));
    }
    text.parse().map_err(|_| error(token, at, format!("a number up to {}", u32::MAX)))
}

fn error(token: &str, at: usize, expected: String) -> TokenError {
    let found = match token.get(at..) {
        None | Some("") => "the end".to_owned(),
        Some(rest) => format!("{:?}", rest.chars().take(16).collect::<String>()),
    };
    TokenError { at, expected, found }
}
