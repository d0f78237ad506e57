//! Who counts, and for how much: activity, stake and permits.

use crate::fixed::{I32F32, normalised};
use crate::input::{EpochInput, Neuron};

/// Whether each neuron updated its weights within the activity cut-off.
pub(crate) fn activity(input: &EpochInput) -> Vec<bool> {
    let cutoff = input.hyperparameters.activity_cutoff_blocks;
    input
        .neurons
        .iter()
        .map(|neuron| neuron.last_update.saturating_add(cutoff) >= input.block)
        .collect()
}

/// Each neuron's share of the total stake. A stake below the threshold counts as none, except the owner's.
pub(crate) fn stake_shares(input: &EpochInput) -> Vec<I32F32> {
    let threshold = u128::from(input.hyperparameters.stake_threshold);
    let totals: Vec<u128> = input
        .neurons
        .iter()
        .enumerate()
        .map(|(uid, neuron)| {
            let total = total_stake(neuron, input.hyperparameters.tao_weight);
            if total >> 64 < threshold && !is_owner(input, uid) {
                0
            } else {
                total
            }
        })
        .collect();
    let sum = totals
        .iter()
        .fold(0_u128, |sum, total| sum.saturating_add(*total))
        .min(MAX_64_64);
    totals.into_iter().map(|total| share(total, sum)).collect()
}

/// The largest number of the chain's signed 64.64 format, in raw bits.
const MAX_64_64: u128 = i128::MAX as u128;

/// Alpha plus weighted root stake, with 64 fraction bits.
///
/// The weight is first rounded down to 32 fraction bits, as the chain keeps it in a 96.32 number.
fn total_stake(neuron: &Neuron, tao_weight: u64) -> u128 {
    let whole = |stake: u64| u128::from(stake.min(i64::MAX as u64));
    let weight = ((u128::from(tao_weight) << 32) / u128::from(u64::MAX)) << 32;
    ((whole(neuron.alpha_stake) << 64) + whole(neuron.root_stake) * weight).min(MAX_64_64)
}

/// `part / sum` to 32 fraction bits, rounded down; the part is at most the sum, and a zero sum gives zero.
///
/// Both have up to 127 bits, so the quotient is made bit by bit. It happens once a neuron.
fn share(part: u128, sum: u128) -> I32F32 {
    if sum == 0 {
        return I32F32::ZERO;
    }
    let mut quotient = (part / sum) as i64;
    let mut remainder = part % sum;
    for _ in 0..32 {
        remainder <<= 1;
        quotient <<= 1;
        if remainder >= sum {
            remainder -= sum;
            quotient |= 1;
        }
    }
    I32F32::from_bits(quotient)
}

/// The permits that the previous epoch handed out. The owner always has one.
pub(crate) fn old_permits(input: &EpochInput) -> Vec<bool> {
    let with_owner = |(uid, neuron): (usize, &Neuron)| neuron.validator_permit || is_owner(input, uid);
    input.neurons.iter().enumerate().map(with_owner).collect()
}

/// The permits for the next epoch: the largest stakes, as many as are allowed, and the owner.
///
/// Caveat, kept from the chain: of two equal stakes at the cut the lower uid loses.
pub(crate) fn new_permits(input: &EpochInput, stake: &[I32F32]) -> Vec<bool> {
    let allowed = usize::from(input.hyperparameters.max_allowed_validators);
    let mut permits: Vec<bool> = stake.iter().map(|stake| *stake != I32F32::ZERO).collect();
    let mut ascending: Vec<usize> = (0..stake.len()).collect();
    ascending.sort_by_key(|uid| stake[*uid]);
    for uid in &ascending[..stake.len().saturating_sub(allowed)] {
        permits[*uid] = false;
    }
    if let Some(owner) = input.owner_uid.and_then(|uid| permits.get_mut(usize::from(uid))) {
        *owner = true;
    }
    permits
}

/// The stake of those that are active and hold an old permit, normalised among them.
pub(crate) fn active_stake(stake: &[I32F32], active: &[bool], permits: &[bool]) -> Vec<I32F32> {
    let counted = stake
        .iter()
        .zip(active.iter().zip(permits))
        .map(|(stake, (active, permit))| if *active && *permit { *stake } else { I32F32::ZERO });
    normalised(counted.collect())
}

/// Whether this uid is the subnet owner's.
pub(crate) fn is_owner(input: &EpochInput, uid: usize) -> bool {
    input.owner_uid.is_some_and(|owner| usize::from(owner) == uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::test_input;

    #[test]
    fn of_equal_stakes_the_highest_uids_keep_their_permits() {
        let stake: Vec<I32F32> = [0, 1, 2, 3, 4, 5, 5, 5, 5, 6].map(I32F32::from_integer).to_vec();
        let mut input = test_input(10);
        input.hyperparameters.max_allowed_validators = 5;
        let permits = new_permits(&input, &stake);
        assert_eq!(
            permits,
            [false, false, false, false, false, true, true, true, true, true]
        );
        input.hyperparameters.max_allowed_validators = 3;
        let permits = new_permits(&input, &stake);
        assert_eq!(
            permits,
            [false, false, false, false, false, false, false, true, true, true]
        );
    }

    #[test]
    fn a_zero_stake_gets_no_permit_although_there_is_room() {
        let stake = [I32F32::ZERO, I32F32::ONE, I32F32::ZERO];
        let mut input = test_input(3);
        input.hyperparameters.max_allowed_validators = 64;
        assert_eq!(new_permits(&input, &stake), [false, true, false]);
        input.owner_uid = Some(2);
        assert_eq!(new_permits(&input, &stake), [false, true, true]);
    }

    #[test]
    fn stakes_at_the_end_of_their_range_neither_wrap_nor_panic() {
        let mut input = test_input(3);
        input.hyperparameters.tao_weight = u64::MAX;
        for neuron in &mut input.neurons {
            neuron.alpha_stake = u64::MAX;
            neuron.root_stake = u64::MAX;
        }
        for stake in stake_shares(&input) {
            assert!((I32F32::ZERO..=I32F32::ONE).contains(&stake));
        }
    }
}
