//! The consensus on each miner: the stake-weighted median of the weights towards it.
//!
//! The chain partitions around pivots. What it finds depends only on the weights and stakes, not on the pivots: the
//! smallest weight such that the stake at or below it exceeds the minority, or the largest weight when there is
//! none. Here that weight is found by histograms of stake over ever narrower ranges of weights, which reads every
//! column about twice whatever its distribution, with no branch to mispredict.

use crate::fixed::{I32F32, normalised};
use crate::sparse::SparseMatrix;

/// Bits of a [`Vote`] for the validator's position. A weight is at most one, that is 33 bits; there are fewer
/// validators than 2¹⁶, and the room between costs nothing.
const POSITION_BITS: u32 = 24;
/// Buckets of a histogram: 256 sums of stake fit the first-level cache beside a column.
const BUCKET_BITS: u32 = 8;
/// Columns no longer than this are simply sorted.
const SORTED_BELOW: usize = 24;

/// A weight and who set it, packed so that sorting by the number sorts by the weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Vote(u64);

impl Vote {
    fn new(weight: I32F32, position: usize) -> Vote {
        Vote((weight.to_bits() as u64) << POSITION_BITS | position as u64)
    }

    fn weight(self) -> u64 {
        self.0 >> POSITION_BITS
    }

    fn position(self) -> usize {
        (self.0 & ((1 << POSITION_BITS) - 1)) as usize
    }
}

/// The consensus weight of every uid. A validator without a weight towards a uid votes zero.
pub(crate) fn consensus(weights: &SparseMatrix, active_stake: &[I32F32], kappa: I32F32) -> Vec<I32F32> {
    let count = weights.rows();
    let voters: Vec<usize> = (0..count)
        .filter(|uid| active_stake[*uid] > I32F32::ZERO)
        .collect();
    let stake = normalised(voters.iter().map(|uid| active_stake[*uid]).collect());
    let total: I32F32 = stake.iter().copied().sum();
    if voters.is_empty() {
        return vec![I32F32::ZERO; count];
    }
    let minority = total - kappa;

    let (mut ends, mut votes) = votes_by_column(weights, &voters);
    let mut start = 0;
    let mut result = Vec::with_capacity(count);
    for end in ends.drain(..) {
        result.push(median(&mut votes[start..end], &stake, total, minority));
        start = end;
    }
    result
}

/// Positive votes grouped by column, and the end of each column's group.
fn votes_by_column(weights: &SparseMatrix, voters: &[usize]) -> (Vec<usize>, Vec<Vote>) {
    let mut next = vec![0_usize; weights.rows()];
    for voter in voters {
        let (uids, values) = weights.row(*voter);
        for (uid, value) in uids.iter().zip(values) {
            next[usize::from(*uid)] += usize::from(*value > I32F32::ZERO);
        }
    }
    let mut total = 0;
    for start in &mut next {
        total += std::mem::replace(start, total);
    }
    let mut votes = vec![Vote(0); total];
    for (position, voter) in voters.iter().enumerate() {
        for (uid, value) in weights.cells_of(*voter) {
            if value > I32F32::ZERO {
                let slot = &mut next[usize::from(uid)];
                votes[*slot] = Vote::new(value, position);
                *slot += 1;
            }
        }
    }
    // Every start has moved to its group's end.
    (next, votes)
}

/// The median of one column, given its positive votes, everybody's stake and what that sums to.
fn median(votes: &mut [Vote], stake: &[I32F32], total: I32F32, minority: I32F32) -> I32F32 {
    let stake_of = |vote: Vote| stake[vote.position()];
    let positive: I32F32 = votes.iter().map(|vote| stake_of(*vote)).sum();
    let mut below = total - positive;
    let somebody_votes_zero = votes.len() < stake.len();
    if votes.is_empty() || (somebody_votes_zero && minority < below) {
        return I32F32::ZERO;
    }
    if minority >= total {
        let highest = votes.iter().max().map_or(0, |vote| vote.weight());
        return I32F32::from_bits(highest as i64);
    }

    let mut left = votes;
    while left.len() > SORTED_BELOW {
        let (lowest, highest) = left.iter().fold((u64::MAX, 0), |(low, high), vote| {
            (low.min(vote.weight()), high.max(vote.weight()))
        });
        let width = u64::BITS - (highest - lowest).leading_zeros();
        let shift = width.saturating_sub(BUCKET_BITS);
        let bucket_of = |vote: Vote| ((vote.weight() - lowest) >> shift) as usize;
        let mut buckets = [I32F32::ZERO; 1 << BUCKET_BITS];
        for vote in left.iter() {
            buckets[bucket_of(*vote)] += stake_of(*vote);
        }
        // Whoever votes has stake, so a bucket without stake is an empty one.
        let mut chosen = 0;
        for (index, stake) in buckets
            .iter()
            .enumerate()
            .filter(|(_, stake)| **stake > I32F32::ZERO)
        {
            chosen = index;
            if minority < below + *stake {
                break;
            }
            below += *stake;
        }
        if shift == 0 {
            return I32F32::from_bits((lowest + chosen as u64) as i64);
        }
        let mut kept = 0;
        for index in 0..left.len() {
            let vote = left[index];
            left[kept] = vote;
            kept += usize::from(bucket_of(vote) == chosen);
        }
        left = &mut left[..kept];
    }

    left.sort_unstable();
    let mut last = I32F32::ZERO;
    for vote in left.iter() {
        last = I32F32::from_bits(vote.weight() as i64);
        below += stake_of(*vote);
        if minority < below {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The chain's search: partition around the middle element until the minority is met.
    fn partition_search(stake: &[I32F32], scores: &[I32F32], minority: I32F32) -> I32F32 {
        let sum = |set: &[usize]| set.iter().map(|i| stake[*i]).sum::<I32F32>();
        let mut set: Vec<usize> = (0..scores.len()).collect();
        let mut low = I32F32::ZERO;
        let mut high = sum(&set);
        loop {
            let pivot = scores[set[set.len() / 2]];
            if set.len() == 1 {
                return pivot;
            }
            let below: Vec<usize> = set.iter().copied().filter(|i| scores[*i] < pivot).collect();
            let above: Vec<usize> = set.iter().copied().filter(|i| scores[*i] > pivot).collect();
            if minority < low + sum(&below) && !below.is_empty() {
                high = low + sum(&below);
                set = below;
            } else if high - sum(&above) <= minority && !above.is_empty() {
                low = high - sum(&above);
                set = above;
            } else {
                return pivot;
            }
        }
    }

    /// The median of one column in which every score is a vote, zeros included.
    fn median_of(stake: &[I32F32], scores: &[I32F32], minority: I32F32) -> I32F32 {
        let mut votes: Vec<Vote> = scores
            .iter()
            .enumerate()
            .filter(|(_, score)| **score > I32F32::ZERO)
            .map(|(position, score)| Vote::new(*score, position))
            .collect();
        median(&mut votes, stake, stake.iter().copied().sum(), minority)
    }

    fn fractions(values: &[f64]) -> Vec<I32F32> {
        values
            .iter()
            .map(|value| I32F32::from_bits((value * 4_294_967_296.0) as i64))
            .collect()
    }

    #[test]
    fn the_median_is_weighted_by_stake() {
        let stake = fractions(&[0.49, 0.01, 0.5]);
        let scores = fractions(&[0.5, 0.7, 1.0]);
        let minority = stake.iter().copied().sum::<I32F32>() - fractions(&[0.51])[0];
        assert_eq!(median_of(&stake, &scores, minority), scores[1]);

        let stake = fractions(&[0.2; 5]);
        let scores = fractions(&[0.8, 0.2, 1.0, 0.6, 0.4]);
        let minority = stake.iter().copied().sum::<I32F32>() - fractions(&[0.5])[0];
        assert_eq!(median_of(&stake, &scores, minority), scores[3]);
    }

    #[test]
    fn half_of_the_stake_decides_only_below_a_kappa_of_one_half() {
        let stake = fractions(&[0.5, 0.5]);
        let scores = fractions(&[0.2, 0.8]);
        let majority = |kappa: u16| I32F32::ONE - I32F32::from_u16_fraction(kappa);
        assert_eq!(median_of(&stake, &scores, majority(32_767)), scores[1]);
        assert_eq!(median_of(&stake, &scores, majority(32_768)), scores[0]);
    }

    proptest! {
        #[test]
        fn histograms_find_what_partitioning_finds(
            votes in proptest::collection::vec(
                (1..1_i64 << 28, prop_oneof![Just(0_i64), 0..40_i64, 0..=1_i64 << 32]),
                1..200,
            ),
            minority in prop_oneof![-10..10_i64, 0..1_i64 << 34, any::<i64>()],
        ) {
            let stake: Vec<I32F32> = votes.iter().map(|(stake, _)| I32F32::from_bits(*stake)).collect();
            let scores: Vec<I32F32> = votes.iter().map(|(_, score)| I32F32::from_bits(*score)).collect();
            let total: i64 = votes.iter().map(|(stake, _)| stake).sum();
            for minority in [minority, minority % (total + 1), total, total - 1, 0] {
                let minority = I32F32::from_bits(minority);
                prop_assert_eq!(
                    median_of(&stake, &scores, minority),
                    partition_search(&stake, &scores, minority)
                );
            }
        }
    }
}
