//! What the chain's errors mean, and what to do about each.
//!
//! One file a theme. Every error of the runtime that this repository builds is here (a test compares with its metadata),
//! and the few of older runtimes that validators still meet.

mod accounts;
mod child_keys;
mod coldkey_swap;
mod commit_reveal;
mod commitments;
mod hotkeys;
mod hyperparameters;
mod leases;
mod multisig;
mod pool;
mod proxies;
mod registration;
mod root;
mod serving;
mod stake;
mod subnets;
mod system;
mod take;
mod weights;

use crate::Retry;
use std::sync::LazyLock;

/// What is known about an error of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The pallet whose error it is.
    pub pallet: &'static str,
    /// The error's name on chain.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Whether and when the same call makes sense again.
    pub retry: Retry,
}

/// What is known about the chain's error `name` (`SettingWeightsTooFast`), whatever its case. Where several pallets have
/// an error of that name, the subnets' own comes first.
pub fn explain(name: &str) -> Option<&'static Explanation> {
    explanations()
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
}

/// What is known about an error of one pallet; another pallet's error of the same name when this one's is not known.
pub fn explain_in(pallet: &str, name: &str) -> Option<&'static Explanation> {
    explanations()
        .iter()
        .find(|known| known.pallet.eq_ignore_ascii_case(pallet) && known.name.eq_ignore_ascii_case(name))
        .or_else(|| explain(name))
}

/// All that is known, sorted by name; of one name, the subnets' pallet first.
pub fn explanations() -> &'static [Explanation] {
    static ALL: LazyLock<Vec<Explanation>> = LazyLock::new(|| {
        let mut all = THEMES.concat();
        all.sort_by_key(|known| (known.name, known.pallet != SUBTENSOR, known.pallet));
        all
    });
    &ALL
}

const SUBTENSOR: &str = "SubtensorModule";

/// In the order in which a newcomer meets them.
const THEMES: &[&[Explanation]] = &[
    registration::ALL,
    serving::ALL,
    weights::ALL,
    commit_reveal::ALL,
    stake::ALL,
    pool::ALL,
    subnets::ALL,
    hyperparameters::ALL,
    hotkeys::ALL,
    take::ALL,
    child_keys::ALL,
    coldkey_swap::ALL,
    root::ALL,
    leases::ALL,
    commitments::ALL,
    system::ALL,
    accounts::ALL,
    proxies::ALL,
    multisig::ALL,
];

/// The errors of one theme: pallet, then name, retry, meaning and hint of each. Rate limits that a subnet sets itself are
/// given the chain's default, for want of the subnet's own number.
macro_rules! errors {
    ($($pallet:literal { $($name:ident $retry:expr, $meaning:literal, $hint:literal;)* })*) => {
        pub(super) const ALL: &[$crate::explanation::Explanation] = &[$($(
            $crate::explanation::Explanation {
                pallet: $pallet,
                name: stringify!($name),
                meaning: $meaning,
                hint: $hint,
                retry: $retry,
            },
        )*)*];
    };
}
use errors;

const NEVER: Retry = Retry::Never;
const NEXT_BLOCK: Retry = Retry::AfterBlocks(1);
/// The tempo with which subnets begin.
const NEXT_EPOCH: Retry = Retry::AfterBlocks(360);
/// A day of blocks of 12 seconds.
const NEXT_DAY: Retry = Retry::AfterBlocks(7_200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_explained_once_and_found_in_any_case() {
        let all = explanations();
        assert!(all.is_sorted_by_key(|known| known.name));
        let mut keys: Vec<_> = all.iter().map(|known| (known.pallet, known.name)).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(
            explain("settingweightstoofast").unwrap().retry,
            Retry::AfterBlocks(100)
        );
        assert_eq!(explain("NoSuchError"), None);
    }

    #[test]
    fn of_one_name_the_pallet_decides() {
        assert_eq!(explain("InsufficientBalance").unwrap().pallet, SUBTENSOR);
        assert_eq!(
            explain_in("Balances", "InsufficientBalance").unwrap().pallet,
            "Balances"
        );
        assert_eq!(explain_in("Elsewhere", "InvalidPort").unwrap().pallet, SUBTENSOR);
    }

    #[test]
    fn meanings_are_sentences_and_hints_are_not() {
        for known in explanations() {
            assert!(known.meaning.ends_with('.'), "{}", known.name);
            assert!(
                !known.hint.ends_with('.') && !known.hint.is_empty(),
                "{}",
                known.name
            );
        }
    }
}
