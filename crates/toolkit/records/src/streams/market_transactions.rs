//! A step of a trade in the data market.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step of a trade in the data market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarketTransaction {
    /// Its id.
    pub transaction: String,
    /// Where it is: offered, paid, delivered, released, refunded or disputed.
    pub stage: String,
    /// The buyer's address.
    pub buyer: Option<String>,
    /// The seller's address.
    pub seller: Option<String>,
    /// What is traded: a dataset, a video segment, an answer.
    pub item: Option<String>,
    /// The price in rao.
    pub rao: Option<u64>,
    /// The block that shows the payment.
    pub block: Option<u64>,
    /// The payment's hash.
    pub extrinsic: Option<String>,
    /// Why it came to this stage.
    pub reason: Option<String>,
}

impl Stream for MarketTransaction {
    const NAME: &'static str = "market_transactions";
    const VERSION: u32 = 1;
}
