//! A block of the chain as this program saw it.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A block of the chain as this program saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockSeen {
    /// Its number.
    pub block: u64,
    /// Seconds since the block before it was seen; null for the first.
    pub seconds: Option<f64>,
    /// Number of the last final block at that time.
    pub finalized: Option<u64>,
}

impl Stream for BlockSeen {
    const NAME: &'static str = "blocks";
    const VERSION: u32 = 1;
}
