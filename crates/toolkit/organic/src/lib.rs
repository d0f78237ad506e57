#![doc = include_str!("../README.md")]

mod attach;
mod backoff;
mod config;
mod error;
mod fan_in;
mod history;
mod hooks;
mod iteration;
mod jobs;
mod log_record;
mod pace;
mod push;
pub mod queue;
pub mod rouge;
pub mod routing;
mod sample;
mod scheduler;
mod scorer;
pub mod scoring;
mod status;
mod steps;
pub mod synth;

pub use attach::{Answer, OrganicAccess, Streamed, Whole};
pub use backoff::{Backoff, BackoffConfig};
pub use config::{ConfigError, OrganicConfig, Privacy, Profile, QuotaConfig, SiblingPolicy, SynthSource};
pub use error::{HookError, Stage, StageError, StageProblem};
pub use fan_in::{
    Completion, Completions, Ending, FanInLimits, FaultOutcome, Framing, MinerFault, MinerStream,
    ask_streaming, fan_in,
};
pub use history::{Fingerprint, History, HistoryLimits};
pub use hooks::{Entered, OrganicScoring, Unverified};
pub use jobs::{DropReason, JobQuestion, JobState};
pub use log_record::{LogRecord, StageTimes};
pub use pace::{Pace, Trigger};
pub use push::{PushIntake, Pushed};
pub use queue::{
    Added, Drawn, JournalBounds, JournalQueue, MemoryQueue, Queue, QueueError, QueueLimits, QueuePolicy,
};
pub use sample::{Origin, Queued, SampleId, Sampled};
pub use scheduler::Stopped;
pub use scorer::{OrganicScorer, OrganicScorerBuilder};
pub use status::{Phase, Status};
