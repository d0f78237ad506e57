//! Calls within calls: which a call would dispatch, and for whom.
//!
//! Whatever must hold for a call must hold for what it carries, or a wrapper would be the way round. The node bounds how
//! deep calls nest before they come here, so walking them is bounded too.

use crate::{AccountId, Runtime, RuntimeCall};
use pallet_multisig::Call as Multisig;
use pallet_proxy::Call as Proxy;
use pallet_sudo::Call as Sudo;
use pallet_utility::Call as Utility;
use sp_runtime::traits::StaticLookup;

/// How a runtime call names an account.
type Named = <<Runtime as frame_system::Config>::Lookup as StaticLookup>::Source;

/// Whom a carried call is dispatched for.
#[derive(Debug, Clone, Copy)]
enum For<'a> {
    /// Whoever made the call around it.
    TheSame,
    /// The account that the call around it names.
    Account(&'a Named),
    /// A numbered account of whoever made the call around it.
    Derivative(u16),
    /// The common account of whoever made the call around it and these.
    Multisig(&'a [AccountId], u16),
    /// Root, or whoever root says: nothing guards these calls.
    Root,
}

impl For<'_> {
    /// The account, when the call around it is `signer`'s. None for root, and for a name that names nobody, with which
    /// the dispatch fails by itself.
    fn account(self, signer: &AccountId) -> Option<AccountId> {
        match self {
            Self::TheSame => Some(signer.clone()),
            Self::Account(named) => <Runtime as frame_system::Config>::Lookup::lookup(named.clone()).ok(),
            Self::Derivative(index) => Some(pallet_utility::derivative_account_id(signer.clone(), index)),
            Self::Multisig(others, threshold) => {
                let mut signatories = others.to_vec();
                signatories.push(signer.clone());
                signatories.sort();
                Some(pallet_multisig::Pallet::<Runtime>::multi_account_id(
                    &signatories,
                    threshold,
                ))
            }
            Self::Root => None,
        }
    }
}

/// The calls that a call carries itself.
fn carried(call: &RuntimeCall) -> Vec<(&RuntimeCall, For<'_>)> {
    match call {
        RuntimeCall::Utility(
            Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls },
        ) => calls.iter().map(|call| (call, For::TheSame)).collect(),
        RuntimeCall::Utility(Utility::if_else { main, fallback }) => {
            vec![(&**main, For::TheSame), (&**fallback, For::TheSame)]
        }
        RuntimeCall::Utility(Utility::as_derivative { index, call }) => {
            vec![(&**call, For::Derivative(*index))]
        }
        RuntimeCall::Proxy(Proxy::proxy { real, call, .. } | Proxy::proxy_announced { real, call, .. }) => {
            vec![(&**call, For::Account(real))]
        }
        RuntimeCall::Multisig(Multisig::as_multi_threshold_1 {
            other_signatories,
            call,
        }) => vec![(&**call, For::Multisig(other_signatories, 1))],
        RuntimeCall::Multisig(Multisig::as_multi {
            threshold,
            other_signatories,
            call,
            ..
        }) => vec![(&**call, For::Multisig(other_signatories, *threshold))],
        RuntimeCall::Sudo(
            Sudo::sudo { call } | Sudo::sudo_unchecked_weight { call, .. } | Sudo::sudo_as { call, .. },
        )
        | RuntimeCall::Utility(
            Utility::dispatch_as { call, .. }
            | Utility::dispatch_as_fallible { call, .. }
            | Utility::with_weight { call, .. },
        ) => vec![(&**call, For::Root)],
        _ => Vec::new(),
    }
}

/// The calls that a call carries itself, whomever for.
pub(crate) fn calls_within(call: &RuntimeCall) -> impl Iterator<Item = &RuntimeCall> {
    carried(call).into_iter().map(|(call, _)| call)
}

/// Looks at a call of a signer and at everything it carries for an account, with that account.
///
/// # Errors
/// The first that `look` finds.
pub(crate) fn visit<E>(
    signer: &AccountId,
    call: &RuntimeCall,
    look: &mut impl FnMut(&AccountId, &RuntimeCall) -> Result<(), E>,
) -> Result<(), E> {
    look(signer, call)?;
    carried(call)
        .into_iter()
        .try_for_each(|(call, whom)| match whom.account(signer) {
            Some(account) => visit(&account, call, look),
            None => Ok(()),
        })
}
