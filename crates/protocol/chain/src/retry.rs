//! Whether a failed operation is worth another try, and when.

use std::time::Duration;

/// What to do after a failure. Part of every error of this crate, so that nobody matches on texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails again; something must change first.
    Never,
    /// At once: whatever was in the way is gone.
    Now,
    /// Not before this time has passed.
    After(Duration),
    /// Not before this many blocks have passed.
    AfterBlocks(u64),
}

impl Retry {
    /// Whether there is any point in trying the same call again.
    pub fn is_possible(self) -> bool {
        self != Self::Never
    }
}
