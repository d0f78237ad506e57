//! One step of a validator: it asked, and was answered or not.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One step of a validator: it asked, and was answered or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forward {
    /// Which subnet's system: prompting, organic, datasets, video, focus, or as its author calls it.
    pub system: String,
    /// The subnet.
    pub netuid: Option<u16>,
    /// Counts up from 0 in each run.
    pub step: u64,
    /// The chain's block when it began.
    pub block: Option<u64>,
    /// How long it took.
    pub seconds: Option<f64>,
    /// Miners that were asked.
    pub asked: u32,
    /// Miners whose answer could be judged.
    pub answered: u32,
    /// What went wrong, if our own side failed.
    pub failed: Option<String>,
}

impl Stream for Forward {
    const NAME: &'static str = "forwards";
    const VERSION: u32 = 1;
}
