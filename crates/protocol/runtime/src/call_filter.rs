//! Which calls may be sent at all: everything but a batch within a batch.
//!
//! Without the filter one extrinsic could nest batches as deep as the decoder goes and be charged for the outermost.

use crate::RuntimeCall;
use frame_support::traits::Contains;

/// Lets everything pass but nested batches.
#[derive(Debug)]
pub struct NoNestedBatches;

impl Contains<RuntimeCall> for NoNestedBatches {
    fn contains(call: &RuntimeCall) -> bool {
        let is_batch = |call: &RuntimeCall| batched(call).is_some();
        !batched(call).unwrap_or_default().iter().any(is_batch)
    }
}

/// The calls of a batch; `None` for any other call.
fn batched(call: &RuntimeCall) -> Option<&[RuntimeCall]> {
    match call {
        RuntimeCall::Utility(
            pallet_utility::Call::batch { calls }
            | pallet_utility::Call::batch_all { calls }
            | pallet_utility::Call::force_batch { calls },
        ) => Some(calls),
        _ => None,
    }
}
