//! How much is remembered.

/// The bounds of a replay store, in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLimits {
    /// For one caller. The default, 131 072, lets one send 2 000 requests a second for as long as it likes when each is
    /// remembered for a minute. Much less cuts off a busy validator; more lets a single caller fill the store.
    pub per_caller: usize,
    /// For all together. The default, 524 288, is 8 700 requests a second under the same condition, and some 60 MB.
    /// Much less refuses honest callers in a rush; much more is memory that any crowd of fresh keys can take.
    pub overall: usize,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        Self {
            per_caller: 1 << 17,
            overall: 1 << 19,
        }
    }
}

impl ReplayLimits {
    /// From how many on the caller who holds most is refused. The last quarter is for the others: with less left, a
    /// flood by one caller crowds them out before its own requests expire; with more, the flood need not be one.
    pub(super) const fn crowded(&self) -> usize {
        self.overall - self.overall / 4
    }
}
