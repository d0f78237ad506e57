//! Which calls may be sent at all: everything but a batch within a batch and a carrier within anything, however they are
//! wrapped.
//!
//! Without the filter one extrinsic could nest batches as deep as the decoder goes and be charged for the outermost.
//! Proxies, multisigs and sudo carry calls too, so a batch inside one of them inside a batch counts as nested. A carrier
//! of a shielded extrinsic is opened where it is an extrinsic of its own; inside another call it would say that it came,
//! and nothing would follow.

use crate::{RuntimeCall, nested_calls::calls_within, pallets::mev_shield};
use frame_support::traits::Contains;
use pallet_utility::Call as Utility;

/// Lets everything pass but nested batches and hidden carriers.
#[derive(Debug)]
pub struct NothingHidden;

impl Contains<RuntimeCall> for NothingHidden {
    fn contains(call: &RuntimeCall) -> bool {
        batches_deep(call) <= 1 && !hides_carrier(call)
    }
}

/// How many batches lie within one another, the call itself counted.
fn batches_deep(call: &RuntimeCall) -> u32 {
    let within = calls_within(call).map(batches_deep).max().unwrap_or_default();
    let is_batch = matches!(
        call,
        RuntimeCall::Utility(Utility::batch { .. } | Utility::batch_all { .. } | Utility::force_batch { .. })
    );
    within.saturating_add(u32::from(is_batch))
}

/// Whether a carrier lies within the call; the call itself may be one.
fn hides_carrier(call: &RuntimeCall) -> bool {
    calls_within(call).any(|call| is_carrier(call) || hides_carrier(call))
}

/// Whether the call brings an encrypted extrinsic.
pub(crate) fn is_carrier(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::MevShield(mev_shield::Call::submit_encrypted { .. })
    )
}
