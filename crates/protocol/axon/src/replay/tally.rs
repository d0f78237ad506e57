//! Who holds how much of the store.

use assay_keys::AccountId;
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Default)]
pub(super) struct Tally {
    held: HashMap<AccountId, usize>,
    /// How many callers hold so many: its last key is what the busiest holds.
    callers_with: BTreeMap<usize, usize>,
}

impl Tally {
    pub(super) fn of(&self, caller: &AccountId) -> usize {
        self.held.get(caller).copied().unwrap_or(0)
    }

    /// What the caller holds who holds most.
    pub(super) fn most(&self) -> usize {
        self.callers_with.last_key_value().map_or(0, |(held, _)| *held)
    }

    pub(super) fn add(&mut self, caller: AccountId) {
        let held = self.of(&caller);
        self.change(caller, held, held + 1);
    }

    pub(super) fn remove(&mut self, caller: AccountId) {
        let held = self.of(&caller);
        self.change(caller, held, held.saturating_sub(1));
    }

    fn change(&mut self, caller: AccountId, from: usize, to: usize) {
        if let Some(callers) = self.callers_with.get_mut(&from) {
            *callers -= 1;
            if *callers == 0 {
                self.callers_with.remove(&from);
            }
        }
        if to == 0 {
            self.held.remove(&caller);
            return;
        }
        self.held.insert(caller, to);
        *self.callers_with.entry(to).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use assay_keys::AccountId;

    #[test]
    fn the_most_follows_additions_and_removals() {
        let (one, other) = (AccountId([1; 32]), AccountId([2; 32]));
        let mut tally = Tally::default();
        assert_eq!(tally.most(), 0);
        for _ in 0..3 {
            tally.add(one);
        }
        tally.add(other);
        assert_eq!((tally.of(&one), tally.of(&other), tally.most()), (3, 1, 3));
        for _ in 0..3 {
            tally.remove(one);
        }
        assert_eq!((tally.of(&one), tally.most()), (0, 1));
        tally.remove(other);
        assert_eq!(tally.most(), 0);
        assert!(tally.held.is_empty() && tally.callers_with.is_empty());
    }
}
