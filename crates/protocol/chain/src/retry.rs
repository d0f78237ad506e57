//! Whether a failed operation is worth another try, and when.

use std::{fmt, time::Duration};

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

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("not before something changes"),
            Self::Now => f.write_str("at once"),
            Self::After(pause) => write!(f, "after {} s", pause.as_secs()),
            Self::AfterBlocks(1) => f.write_str("in the next block"),
            Self::AfterBlocks(blocks) => write!(f, "after {blocks} blocks"),
        }
    }
}
