//! What is kept of a panic that was caught, until somebody asks.

/// A panic of a driver's function that was caught.
#[derive(Clone, Debug)]
pub struct Panic {
    /// Whose function.
    pub adapter: String,
    /// Which.
    pub entry: &'static str,
    /// What it said.
    pub message: String,
}

impl Panic {
    /// One of a thread's, or why it never began.
    pub(super) fn in_thread(message: String) -> Panic {
        Panic { adapter: String::new(), entry: "a thread", message }
    }
}
