//! What a scorer is doing, for whoever looks.

use crate::Stage;

/// Whether the loop runs, and what it waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It does not run.
    #[default]
    Stopped,
    /// It waits for its interval.
    Waiting,
    /// It scores a sample.
    Scoring,
    /// It pauses after a failure.
    BackingOff,
}

/// What a scorer is doing and has done since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What it does.
    pub phase: Phase,
    /// Organic samples that were scored.
    pub organic: u64,
    /// Synthetic samples that were scored.
    pub synthetic: u64,
    /// Iterations without a sample.
    pub idle: u64,
    /// Iterations that failed.
    pub failures: u64,
    /// Failures since the last success, without those that were the sample's own.
    pub failures_in_a_row: u32,
    /// Where the last failure was.
    pub last_failure: Option<Stage>,
    /// Log hooks that failed, after everything else was done.
    pub log_failures: u64,
    /// Times that a sample was put back after a failure.
    pub requeued: u64,
    /// Organic samples that were given up: after too many failures, or because they can never be scored.
    pub dead_letters: u64,
    /// Organic samples that were queued.
    pub queued: u64,
    /// Organic samples that were dropped for others.
    pub evicted: u64,
    /// Organic samples that were dropped because they had waited too long.
    pub expired: u64,
    /// Requests whose sample never came: the hook gave none, failed, or took too long.
    pub without_sample: u64,
}
