//! What can be wrong with a model's parameters.

/// A parameter that cannot be: which, what it may be, what it was, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{at}: expected {expected}, got {got}")]
pub struct ModelError {
    /// Where in the scenario, such as `links[3].line.rate_bps`.
    pub at: String,
    /// What it may be.
    pub expected: String,
    /// What it was.
    pub got: String,
}

impl ModelError {
    pub(super) fn new(at: &str, expected: &str, got: impl std::fmt::Display) -> ModelError {
        ModelError { at: at.to_owned(), expected: expected.to_owned(), got: got.to_string() }
    }

    /// The same, seen from one level further out.
    #[must_use]
    pub fn within(mut self, outer: &str) -> ModelError {
        self.at = if self.at.starts_with('[') {
            format!("{outer}{}", self.at)
        } else {
            format!("{outer}.{}", self.at)
        };
        self
    }
}

/// Whether a whole number lies in `low..=high`.
pub(super) fn whole(at: &str, got: u64, low: u64, high: u64) -> Result<(), ModelError> {
    if (low..=high).contains(&got) {
        return Ok(());
    }
    Err(ModelError::new(at, &format!("a whole number from {low} to {high}"), got))
}

/// Whether a number lies in `low..=high`; NaN lies nowhere.
pub(super) fn real(at: &str, got: f64, low: f64, high: f64) -> Result<(), ModelError> {
    if got >= low && got <= high {
        return Ok(());
    }
    Err(ModelError::new(at, &format!("a number from {low} to {high}"), got))
}
