//! The coinbase's arithmetic: what a block emits, how a subnet's emission splits, and how an epoch pays it out.
//!
//! Pure functions of plain numbers. The chain computes in unsigned 96.32 fixed point and rounds down at every
//! store; so does this, which is why a rao or two of a block belongs to nobody.
//!
//! A caller with child hotkeys divides each validator's emission among the child and its parents with
//! [`divide_among_family`] before [`pay_epoch`].

mod family;

pub use family::{Child, FamilyShares, Parent, divide_among_family};

use serde::{Deserialize, Serialize};

/// What a block emits before the first halving, in rao.
pub const FIRST_BLOCK_EMISSION: u64 = 1_000_000_000;
/// The largest issuance, in rao, at which emission ends.
pub const MAX_ISSUANCE: u64 = 21_000_000_000_000_000;
/// The subnet owner's cut as the chain starts with it, a fraction of 65535: 18 %.
pub const DEFAULT_OWNER_CUT: u16 = 11_796;

/// Bits of the fraction of the chain's unsigned 96.32 numbers.
const FRACTION: u32 = 32;
const ONE: u128 = 1 << FRACTION;

/// What a block emits at this issuance, in rao: halved each time half of what was left has been issued.
///
/// The same curve serves TAO (total issuance) and each subnet's alpha (its own issuance).
///
/// ```
/// use assay_yuma::coinbase::block_emission;
/// assert_eq!(block_emission(0), 1_000_000_000);
/// assert_eq!(block_emission(10_500_000_000_000_000), 500_000_000);
/// assert_eq!(block_emission(21_000_000_000_000_000), 0);
/// ```
#[must_use]
pub fn block_emission(issuance: u64) -> u64 {
    if issuance >= MAX_ISSUANCE {
        return 0;
    }
    let issued = (u128::from(issuance) << FRACTION) / u128::from(MAX_ISSUANCE);
    let left = ONE - issued;
    // 1 / left is at least one; its binary logarithm, rounded down, counts the halvings.
    let inverse = (ONE << FRACTION) / left;
    let halvings = inverse.ilog2() - FRACTION;
    FIRST_BLOCK_EMISSION.checked_shr(halvings).unwrap_or(0)
}

/// One block's alpha of one subnet, split. All in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSplit {
    /// The subnet owner's cut.
    pub owner: u64,
    /// The miners' half of the rest.
    pub server: u64,
    /// The validators' half of the rest, less the root share.
    pub validator: u64,
    /// What root stakers earn out of the validators' half.
    pub root: u64,
}

/// Splits the alpha that a subnet emits in a block: the owner's cut first, the rest in halves for miners and
/// validators, and of the validators' half the share of root.
///
/// `owner_cut` is a fraction of 65535; `root_proportion` the raw 32 fraction bits of [`root_proportion`].
///
/// ```
/// use assay_yuma::coinbase::{DEFAULT_OWNER_CUT, split_block};
/// let split = split_block(1_000_000_000, DEFAULT_OWNER_CUT, 0);
/// assert_eq!((split.owner, split.server, split.validator, split.root), (179_995_422, 410_002_288, 410_002_288, 0));
/// ```
#[must_use]
pub fn split_block(alpha_out: u64, owner_cut: u16, root_proportion: u32) -> BlockSplit {
    let alpha_out = u128::from(alpha_out) << FRACTION;
    let owner = multiply(alpha_out, (u128::from(owner_cut) << FRACTION) / 65_535);
    let rest = alpha_out - owner;
    let half = multiply(rest, ONE / 2);
    let root = multiply(multiply(u128::from(root_proportion), rest), ONE / 2);
    BlockSplit {
        owner: whole(owner),
        server: whole(half),
        validator: whole(half.saturating_sub(root)),
        root: whole(root),
    }
}

/// The part of a subnet's stake that root holds: weighted root TAO beside the subnet's alpha issuance.
///
/// Returns raw 32 fraction bits. `tao_weight` is a fraction of `u64::MAX`.
///
/// ```
/// use assay_yuma::coinbase::root_proportion;
/// assert_eq!(root_proportion(0, u64::MAX, 5), 0);
/// assert_eq!(root_proportion(5, u64::MAX, 5), 1 << 31);
/// ```
#[must_use]
pub fn root_proportion(root_tao: u64, tao_weight: u64, alpha_issuance: u64) -> u32 {
    let weighted = u128::from(root_tao) * weight_bits(tao_weight);
    let proportion = divide(weighted, weighted + (u128::from(alpha_issuance) << FRACTION));
    // Exactly one, when there is no alpha at all, is the only value that does not fit.
    u32::try_from(proportion).unwrap_or(u32::MAX)
}

/// What has gathered since the last epoch of a subnet, in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingEmission {
    /// For the miners.
    pub server: u64,
    /// For the validators and their nominators on the subnet.
    pub validator: u64,
    /// For the validators and their nominators on root.
    pub root: u64,
}

impl PendingEmission {
    /// What the epoch splits: everything that is pending.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.server
            .saturating_add(self.validator)
            .saturating_add(self.root)
    }
}

/// A hotkey after an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarningHotkey {
    /// Its `server_emission` of the epoch, in rao.
    pub server_emission: u64,
    /// Its `validator_emission` of the epoch: a share, not an amount.
    pub validator_emission: u64,
    /// Its alpha stake on the subnet, in rao.
    pub alpha_stake: u64,
    /// Its root stake, in rao.
    pub root_stake: u64,
    /// Its `Delegates` take, a fraction of 65535.
    pub take: u16,
}

/// What a hotkey is paid, in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// To the hotkey's owner, for mining.
    pub incentive: u64,
    /// To the hotkey's owner, as its take of the dividends on the subnet.
    pub alpha_take: u64,
    /// To everybody who stakes on the hotkey on the subnet, pro rata.
    pub alpha_dividends: u64,
    /// To the hotkey's owner, as its take of the dividends of root.
    pub root_take: u64,
    /// To everybody who stakes on the hotkey on root, pro rata.
    pub root_dividends: u64,
}

/// Pays what is pending, one [`Payment`] for each hotkey in order.
///
/// An epoch without any incentive leaves the miners' pot to the validators. Each validator's emission is a share,
/// divided by its alpha stake and its weighted root stake; the alpha parts share the validators' pot, the root
/// parts the root pot.
#[must_use]
pub fn pay_epoch(pending: PendingEmission, tao_weight: u64, hotkeys: &[EarningHotkey]) -> Vec<Payment> {
    let nobody_mined = hotkeys.iter().all(|hotkey| hotkey.server_emission == 0);
    let validator_pot = if nobody_mined {
        pending.validator.saturating_add(pending.server)
    } else {
        pending.validator
    };
    let weight = weight_bits(tao_weight);
    let parts: Vec<(u128, u128)> = hotkeys
        .iter()
        .map(|hotkey| {
            let share = u128::from(hotkey.validator_emission) << FRACTION;
            let root_stake = u128::from(hotkey.root_stake) * weight;
            let stake = (u128::from(hotkey.alpha_stake) << FRACTION) + root_stake;
            let root = multiply(share, divide(root_stake, stake));
            (share - root, root)
        })
        .collect();
    let alpha_sum = parts.iter().map(|(alpha, _)| alpha).sum();
    let root_sum = parts.iter().map(|(_, root)| root).sum();
    let from_pot = |pot: u64, part: u128, sum: u128, take: u16| {
        let amount = multiply(u128::from(pot) << FRACTION, divide(part, sum));
        let taken = multiply(amount, (u128::from(take) << FRACTION) / 65_535);
        (whole(taken), whole(amount - taken))
    };
    hotkeys
        .iter()
        .zip(parts)
        .map(|(hotkey, (alpha, root))| {
            let (alpha_take, alpha_dividends) = from_pot(validator_pot, alpha, alpha_sum, hotkey.take);
            let (root_take, root_dividends) = from_pot(pending.root, root, root_sum, hotkey.take);
            Payment {
                incentive: hotkey.server_emission,
                alpha_take,
                alpha_dividends,
                root_take,
                root_dividends,
            }
        })
        .collect()
}

/// The TAO weight, rounded down to 32 fraction bits.
fn weight_bits(tao_weight: u64) -> u128 {
    (u128::from(tao_weight) << FRACTION) / u128::from(u64::MAX)
}

/// Two 96.32 numbers multiplied, rounded down.
fn multiply(left: u128, right: u128) -> u128 {
    // One factor is a share of at most one, and amounts stay below 2^96, so the product can only saturate in
    // principle.
    match left.checked_mul(right) {
        Some(product) => product >> FRACTION,
        None => (left >> FRACTION).saturating_mul(right),
    }
}

/// Two 96.32 numbers divided, rounded down; zero where the divisor is zero.
fn divide(left: u128, right: u128) -> u128 {
    if right == 0 {
        return 0;
    }
    match left.checked_mul(ONE) {
        Some(scaled) => scaled / right,
        None => left / (right >> FRACTION).max(1),
    }
}

fn whole(number: u128) -> u64 {
    u64::try_from(number >> FRACTION).unwrap_or(u64::MAX)
}
