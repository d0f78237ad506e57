//! How a validator stands.

use assay_chain::AccountId;
use std::net::SocketAddr;

/// How a validator stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptingStanding {
    /// Steps that were judged in this process.
    pub steps: u64,
    /// Forwards that came to their end.
    pub forwards: u64,
    /// Steps and forwards that came to nothing.
    pub failures: u64,
    /// What it does: `asking 50 miners for answer0`.
    pub doing: String,
    /// Where people ask, where they can.
    pub gateway: Option<SocketAddr>,
    /// What people were answered and waits to be judged.
    pub waiting: usize,
    /// Scores by hotkey, 0 to 1.
    pub scores: Vec<(AccountId, f64)>,
}
