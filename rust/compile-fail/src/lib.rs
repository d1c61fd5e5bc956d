//! What the contract forbids does not compile; the cases are in `tests/fail`, their twins in `tests/pass`.
#![forbid(unsafe_code)]
