//! Which calls may be sent at all: everything but a batch within a batch, however it is wrapped.
//!
//! Without the filter one extrinsic could nest batches as deep as the decoder goes and be charged for the outermost.
//! Proxies, multisigs and sudo carry calls too, so a batch inside one of them inside a batch counts as nested.

use crate::RuntimeCall;
use frame_support::traits::Contains;

/// Lets everything pass but nested batches.
#[derive(Debug)]
pub struct NoNestedBatches;

impl Contains<RuntimeCall> for NoNestedBatches {
    fn contains(call: &RuntimeCall) -> bool {
        batches_deep(call) <= 1
    }
}

/// How many batches lie within one another, the call itself counted. The node bounds how deep calls nest before they
/// come here, so the recursion is bounded too.
fn batches_deep(call: &RuntimeCall) -> u32 {
    use pallet_multisig::Call as Multisig;
    use pallet_proxy::Call as Proxy;
    use pallet_sudo::Call as Sudo;
    use pallet_utility::Call as Utility;
    match call {
        RuntimeCall::Utility(
            Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls },
        ) => deepest(calls).saturating_add(1),
        RuntimeCall::Utility(
            Utility::as_derivative { call, .. }
            | Utility::dispatch_as { call, .. }
            | Utility::dispatch_as_fallible { call, .. }
            | Utility::with_weight { call, .. },
        ) => batches_deep(call),
        RuntimeCall::Utility(Utility::if_else { main, fallback }) => {
            batches_deep(main).max(batches_deep(fallback))
        }
        RuntimeCall::Sudo(
            Sudo::sudo { call } | Sudo::sudo_unchecked_weight { call, .. } | Sudo::sudo_as { call, .. },
        ) => batches_deep(call),
        RuntimeCall::Proxy(Proxy::proxy { call, .. } | Proxy::proxy_announced { call, .. }) => {
            batches_deep(call)
        }
        RuntimeCall::Multisig(
            Multisig::as_multi { call, .. } | Multisig::as_multi_threshold_1 { call, .. },
        ) => batches_deep(call),
        _ => 0,
    }
}

fn deepest(calls: &[RuntimeCall]) -> u32 {
    calls.iter().map(batches_deep).max().unwrap_or_default()
}
