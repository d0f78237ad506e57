//! How a child key's earnings are divided among it and its parents, by what each contributes to the stake it validates
//! with.

use super::{FRACTION, ONE, divide, multiply, weight_bits, whole};

/// A hotkey that validates with stake of others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Child {
    /// Its `validator_emission` of the epoch: a share, not an amount.
    pub validator_emission: u64,
    /// Its own alpha stake on the subnet, in rao.
    pub alpha_stake: u64,
    /// Its own root stake, in rao.
    pub root_stake: u64,
    /// What it gives to children of its own, of `u64::MAX`.
    pub given: u64,
    /// What it keeps of its parents' part, of 65535.
    pub take: u16,
}

/// A hotkey that lends its stake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parent {
    /// The part of its stake that the child validates with, of `u64::MAX`.
    pub proportion: u64,
    /// Its alpha stake on the subnet, in rao.
    pub alpha_stake: u64,
    /// Its root stake, in rao.
    pub root_stake: u64,
    /// Parent and child belong to one coldkey, so that nothing of the parent's part is burned.
    pub same_owner: bool,
}

/// A child's earnings, divided; shares like the emission they come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FamilyShares {
    /// The child's: by its own stake, and its take of the parents' parts.
    pub child: u64,
    /// The parents', in their order.
    pub parents: Vec<u64>,
    /// What nobody receives.
    pub burned: u64,
}

/// Divides a child's emission by the contributions of its own stake and of its parents' stakes, alpha and weighted root
/// stake together. The child keeps its take of every parent's part, and of a part that belongs to another coldkey
/// `burn` (of `u64::MAX`) is burned.
///
/// ```
/// use assay_yuma::coinbase::{Child, FamilyShares, Parent, divide_among_family};
/// let child = Child { validator_emission: 1_000, alpha_stake: 100, ..Child::default() };
/// let parent = Parent { proportion: u64::MAX, alpha_stake: 300, ..Parent::default() };
/// let shares = divide_among_family(child, &[parent], 0, 0);
/// assert_eq!(shares, FamilyShares { child: 250, parents: vec![750], burned: 0 });
/// ```
#[must_use]
pub fn divide_among_family(child: Child, parents: &[Parent], tao_weight: u64, burn: u64) -> FamilyShares {
    let weight = weight_bits(tao_weight);
    let contribution = |proportion: u128, alpha_stake: u64, root_stake: u64| {
        let alpha = multiply(u128::from(alpha_stake) << FRACTION, proportion);
        let root = multiply(u128::from(root_stake) << FRACTION, proportion);
        alpha.saturating_add(multiply(root, weight))
    };
    let own = contribution(
        ONE.saturating_sub(fraction(child.given)),
        child.alpha_stake,
        child.root_stake,
    );
    let lent: Vec<u128> = parents
        .iter()
        .map(|parent| contribution(fraction(parent.proportion), parent.alpha_stake, parent.root_stake))
        .collect();
    let total = lent.iter().fold(own, |sum, part| sum.saturating_add(*part));
    let emission = u128::from(child.validator_emission) << FRACTION;
    let take = (u128::from(child.take) << FRACTION) / 65_535;
    let (mut for_child, mut burned) = (emission, 0);
    let shares = parents
        .iter()
        .zip(lent)
        .map(|(parent, part)| {
            let part = multiply(emission, divide(part, total));
            // Rounding of extreme stakes must not hand out more than was earned.
            let after_take = (part - multiply(part, take)).min(for_child);
            let burn = if parent.same_owner {
                0
            } else {
                multiply(after_take, fraction(burn))
            };
            for_child = for_child.saturating_sub(after_take);
            burned += burn;
            whole(after_take - burn)
        })
        .collect();
    FamilyShares {
        child: whole(for_child),
        parents: shares,
        burned: whole(burned),
    }
}

/// A proportion of `u64::MAX`, rounded to 32 fraction bits so that the whole is one.
fn fraction(proportion: u64) -> u128 {
    (u128::from(proportion) << FRACTION) / u128::from(u64::MAX)
}
