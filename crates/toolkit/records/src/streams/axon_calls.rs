//! What an axon was asked in a minute, by route, caller and answer.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an axon was asked in a minute, by route, caller and answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AxonCalls {
    /// The route, as the axon names it; null where it has none of that name.
    pub route: Option<String>,
    /// The caller's hotkey, when its signature held; null also for the many of a minute that had too many callers.
    pub caller: Option<String>,
    /// How it spoke: synapse, btauth, epistula or operator.
    pub dialect: Option<String>,
    /// The answer's HTTP status.
    pub status: u16,
    /// Why it was refused, or cut_off in the middle of its answer.
    pub refusal: Option<String>,
    /// Requests.
    pub calls: u64,
    /// Bytes of their bodies that were taken; those of refused ones often are not.
    pub request_bytes: u64,
    /// Bytes of the answers.
    pub answer_bytes: u64,
    /// Mean seconds from the request's head to the answer's last byte.
    pub seconds_mean: Option<f64>,
    /// The longest.
    pub seconds_max: Option<f64>,
}

impl Stream for AxonCalls {
    const NAME: &'static str = "axon_calls";
    const VERSION: u32 = 1;
}
