//! Who owns how much of the alpha staked to a hotkey.
//!
//! Every stake is a number of shares of the hotkey's alpha, so that dividends reach all stakers by raising one number.
//! Shares start at 2^32 per rao; without that headroom, dividends would soon make a share worth more than a rao and
//! small stakes would round away.

use super::{
    AlphaV2, Config, NetUid, Owner, Pallet, SafeFloat, StakingHotkeys, TotalHotkeyAlpha, TotalHotkeySharesV2,
};
use sp_core::U256;
use sp_runtime::AccountId32;

/// Shares of the first rao.
const FIRST_SHARES: u128 = 1 << 32;

/// `left × right / divisor`, rounded down; zero when the divisor is zero.
fn scale(left: u128, right: u128, divisor: u128) -> u128 {
    let product = U256::from(left) * U256::from(right);
    let quotient = product.checked_div(U256::from(divisor)).unwrap_or_default();
    u128::try_from(quotient).unwrap_or(u128::MAX)
}

/// As [`scale`], rounded up.
fn scale_up(left: u128, right: u128, divisor: u128) -> u128 {
    let product = U256::from(left) * U256::from(right);
    let divisor = U256::from(divisor);
    let Some(quotient) = product.checked_div(divisor) else {
        return 0;
    };
    let exact = quotient * divisor == product;
    u128::try_from(quotient)
        .unwrap_or(u128::MAX)
        .saturating_add(u128::from(!exact))
}

/// What some of the shares are worth.
fn worth(shares: u128, total_shares: u128, alpha: u64) -> u64 {
    u64::try_from(scale(shares, u128::from(alpha), total_shares)).unwrap_or(u64::MAX)
}

/// Shares that a deposit receives. Rounded up, so that a deposit is never worth less than was paid; the others lose
/// less than a 2^32th of a rao.
fn shares_for(amount: u64, total_shares: u128, alpha: u64) -> u128 {
    match total_shares == 0 || alpha == 0 {
        true => u128::from(amount).saturating_mul(FIRST_SHARES),
        false => scale_up(u128::from(amount), total_shares, u128::from(alpha)),
    }
}

impl<T: Config> Pallet<T> {
    /// What a coldkey has staked to a hotkey on a subnet, in rao of alpha.
    #[must_use]
    pub fn stake_of(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid) -> u64 {
        let shares = AlphaV2::<T>::get((hotkey, coldkey, netuid)).mantissa;
        let total = TotalHotkeySharesV2::<T>::get(hotkey, netuid).mantissa;
        worth(shares, total, TotalHotkeyAlpha::<T>::get(hotkey, netuid))
    }

    /// Adds alpha to a stake.
    pub(crate) fn increase_stake(hotkey: &AccountId32, coldkey: &AccountId32, netuid: NetUid, amount: u64) {
        if amount == 0 {
            return;
        }
        let alpha = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let total = TotalHotkeySharesV2::<T>::get(hotkey, netuid).mantissa;
        let new = shares_for(amount, total, alpha);
        AlphaV2::<T>::mutate((hotkey, coldkey, netuid), |held| {
            *held = SafeFloat::whole(held.mantissa.saturating_add(new));
        });
        TotalHotkeySharesV2::<T>::insert(hotkey, netuid, SafeFloat::whole(total.saturating_add(new)));
        TotalHotkeyAlpha::<T>::insert(hotkey, netuid, alpha.saturating_add(amount));
        StakingHotkeys::<T>::mutate(coldkey, |hotkeys| {
            if !hotkeys.contains(hotkey) {
                hotkeys.push(hotkey.clone());
            }
        });
    }

    /// Takes alpha from a stake, at most all of it, and says how much.
    pub(crate) fn decrease_stake(
        hotkey: &AccountId32,
        coldkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
    ) -> u64 {
        let alpha = TotalHotkeyAlpha::<T>::get(hotkey, netuid);
        let total = TotalHotkeySharesV2::<T>::get(hotkey, netuid).mantissa;
        let held = AlphaV2::<T>::get((hotkey, coldkey, netuid)).mantissa;
        let available = worth(held, total, alpha);
        let amount = amount.min(available);
        let given = match amount == available {
            true => held,
            false => scale_up(u128::from(amount), total, u128::from(alpha)).min(held),
        };
        match held - given {
            0 => AlphaV2::<T>::remove((hotkey, coldkey, netuid)),
            left => AlphaV2::<T>::insert((hotkey, coldkey, netuid), SafeFloat::whole(left)),
        }
        match total.saturating_sub(given) {
            0 => TotalHotkeySharesV2::<T>::remove(hotkey, netuid),
            left => TotalHotkeySharesV2::<T>::insert(hotkey, netuid, SafeFloat::whole(left)),
        }
        match alpha.saturating_sub(amount) {
            0 => TotalHotkeyAlpha::<T>::remove(hotkey, netuid),
            left => TotalHotkeyAlpha::<T>::insert(hotkey, netuid, left),
        }
        amount
    }

    /// Moves the stakes of all coldkeys on a hotkey to another hotkey. A hotkey without stake takes the shares over as
    /// they are; otherwise every stake is withdrawn and deposited.
    pub(crate) fn move_all_stakes(old: &AccountId32, new: &AccountId32, netuid: NetUid) {
        let coldkeys: Vec<AccountId32> = AlphaV2::<T>::iter_key_prefix((old,))
            .filter(|(_, subnet)| *subnet == netuid)
            .map(|(coldkey, _)| coldkey)
            .collect();
        let fresh = TotalHotkeySharesV2::<T>::get(new, netuid).mantissa == 0;
        if fresh {
            TotalHotkeyAlpha::<T>::swap(old, netuid, new, netuid);
            TotalHotkeySharesV2::<T>::swap(old, netuid, new, netuid);
        }
        for coldkey in coldkeys {
            if fresh {
                AlphaV2::<T>::insert(
                    (new, &coldkey, netuid),
                    AlphaV2::<T>::take((old, &coldkey, netuid)),
                );
            } else {
                let amount = Self::decrease_stake(old, &coldkey, netuid, u64::MAX);
                Self::increase_stake(new, &coldkey, netuid, amount);
            }
            let elsewhere = Self::netuids()
                .into_iter()
                .any(|subnet| AlphaV2::<T>::contains_key((old, &coldkey, subnet)));
            StakingHotkeys::<T>::mutate(&coldkey, |hotkeys| {
                // A coldkey stays listed with its own hotkeys, staked or not.
                hotkeys.retain(|hotkey| hotkey != old || elsewhere || Owner::<T>::get(old) == coldkey);
                if !hotkeys.contains(new) {
                    hotkeys.push(new.clone());
                }
            });
        }
    }

    /// Adds alpha to all stakes of a hotkey pro rata. Without any stake the hotkey's owner receives it.
    pub(crate) fn increase_all_stakes(hotkey: &AccountId32, netuid: NetUid, amount: u64) {
        if TotalHotkeySharesV2::<T>::get(hotkey, netuid).mantissa == 0 {
            let owner = Owner::<T>::get(hotkey);
            return Self::increase_stake(hotkey, &owner, netuid, amount);
        }
        TotalHotkeyAlpha::<T>::mutate(hotkey, netuid, |alpha| *alpha = alpha.saturating_add(amount));
    }
}

#[cfg(test)]
mod tests {
    use super::{shares_for, worth};

    #[test]
    fn a_deposit_is_worth_what_was_paid_and_costs_the_others_nothing() {
        let (mut alpha, mut total) = (0u64, 0u128);
        let mut stakes = Vec::new();
        for amount in [1, 999_999_937, 3, 77_777_777_777] {
            // Dividends in between make shares crooked.
            alpha += alpha / 7;
            let before: Vec<u64> = stakes.iter().map(|shares| worth(*shares, total, alpha)).collect();
            let shares = shares_for(amount, total, alpha);
            total += shares;
            alpha += amount;
            let after: Vec<u64> = stakes.iter().map(|shares| worth(*shares, total, alpha)).collect();
            assert_eq!(worth(shares, total, alpha), amount);
            assert!(
                before.iter().zip(&after).all(|(b, a)| b - a <= 1),
                "{before:?} {after:?}"
            );
            stakes.push(shares);
        }
    }

    #[test]
    fn nothing_is_worth_nothing() {
        assert_eq!(worth(5, 0, 7), 0);
        assert_eq!(worth(0, 5, 7), 0);
    }
}
