//! Money from nothing: what the operator of a development chain may do and no call can.

use crate::{AccountId, Balance, Balances, SubtensorModule, System, pallets::subtensor::Event};
use frame_support::traits::fungible::Mutate;
use sp_runtime::DispatchError;

/// Mints rao into an account. Runs inside the externalities of a block that is being made: the balance, the issuance and
/// a `SubtensorModule.Faucet` event are part of that block's state.
///
/// # Errors
/// When the account would have less than the existential deposit, or the issuance would not fit 64 bits.
pub fn faucet(account: &AccountId, rao: Balance) -> Result<(), DispatchError> {
    Balances::mint_into(account, rao)?;
    SubtensorModule::follow_issuance();
    System::deposit_event(Event::Faucet(account.clone(), rao));
    Ok(())
}
