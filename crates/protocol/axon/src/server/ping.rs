//! The route that every axon answers.

use super::{Asked, Failure, Route, Synapse};
use crate::synapse::Field;
use serde::{Deserialize, Serialize};

/// A synapse without fields, by which anybody who may ask learns whether an axon is there: `/Synapse`, as every axon of
/// bittensor answers it. [`probe`](crate::probe::probe) asks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

impl Synapse for Ping {
    const NAME: &'static str = "Synapse";

    fn fields() -> Vec<Field> {
        Vec::new()
    }
}

/// Bytes of a ping. Its own fields are some two kilobytes in synapse-v10.
const PING_BYTES: usize = 16 * 1024;

pub(super) fn route() -> Route {
    async fn pong(asked: Asked<Ping>) -> Result<Ping, Failure> {
        Ok(asked.synapse)
    }
    Route::new(pong).body_bytes(PING_BYTES)
}
