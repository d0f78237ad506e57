//! A whole round: from what is known about every uid to the weights of all of them.

use serde::{Deserialize, Serialize};

use super::{
    Match, RowSet, Sighting, blend_with_consensus, cap_by_validator_trust, duplicates, shares, win_rates,
};
use crate::profile::{FailedShare, Profile};

/// One uid as it enters the scoring of a round.
#[derive(Debug, Clone, PartialEq)]
pub enum Contender<'a, K> {
    /// It was not asked, or we failed it, and there is no earlier loss to stand in: it neither gains nor loses
    /// through this round.
    Absent,
    /// It was asked and gave nothing, or something unusable.
    Failed,
    /// Its rows are known, and its loss unless it was recognised as a copy before any training.
    Present {
        /// Decides between equally early commitments; the smaller stays.
        owner: K,
        /// Block of its commitment.
        block: u64,
        /// Distinct rows, where known.
        rows: Option<&'a RowSet>,
        /// Loss on the held-out rows.
        loss: Option<f64>,
    },
}

/// Where a uid ended up in a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placing {
    /// Took no part.
    Absent,
    /// Asked, and nothing usable came.
    Failed,
    /// A copy of the dataset of another uid, by index.
    CopyOf(usize),
    /// Took part in the matches.
    Ranked {
        /// Loss on the held-out rows.
        loss: f64,
        /// Matches won.
        wins: u32,
        /// Matches won over matches played.
        win_rate: f64,
    },
}

/// The result of a round, one entry per uid in every list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTable {
    /// Where each ended up.
    pub placings: Vec<Placing>,
    /// What each gets of the round, before any blending; sums to 1 or is all 0.
    pub shares: Vec<f64>,
    /// What goes to the chain, before its scaling to 16 bits.
    pub weights: Vec<f64>,
}

/// Scores a round over all uids of a subnet.
///
/// `consensus` is the chain's, 0 to 1 for each uid, of the same length. Copies are dropped from matches and from
/// the softmax; failures get what the profile says; who is absent stays out of the matches and gets no share of
/// the round, so its weight moves only with the consensus.
pub fn score_round<K: Ord + Clone>(
    contenders: &[Contender<'_, K>],
    consensus: &[f64],
    profile: &Profile,
) -> RoundTable {
    let n = contenders.len();
    let mut places = Vec::new();
    let mut seen = Vec::new();
    for (uid, contender) in contenders.iter().enumerate() {
        if let Contender::Present {
            owner,
            block,
            rows,
            loss,
        } = contender
        {
            places.push(uid);
            seen.push(Sighting {
                owner: owner.clone(),
                block: *block,
                rows: *rows,
                loss: *loss,
            });
        }
    }
    let mut copy_of = vec![None; n];
    for (i, original) in duplicates(&seen, profile.equal_loss, profile.shared_rows_limit)
        .into_iter()
        .enumerate()
    {
        copy_of[places[i]] = original.map(|original| places[original]);
    }

    let matches: Vec<Option<Match>> = contenders
        .iter()
        .enumerate()
        .map(|(uid, contender)| match contender {
            Contender::Present {
                block,
                loss: Some(loss),
                ..
            } if copy_of[uid].is_none() => Some(Match {
                loss: *loss,
                block: *block,
            }),
            _ => None,
        })
        .collect();
    let results = win_rates(&matches, profile.epsilon);
    let takes_part: Vec<bool> = contenders
        .iter()
        .enumerate()
        .map(|(uid, contender)| match contender {
            Contender::Failed => profile.failed == FailedShare::OfSoftmax,
            Contender::Absent => false,
            Contender::Present { .. } => matches[uid].is_some(),
        })
        .collect();
    let shares = shares(&results.rates, &takes_part, profile.temperature);
    let blended = blend_with_consensus(&shares, consensus, profile.learning_rate, profile.consensus_share);
    let weights = cap_by_validator_trust(&blended, consensus, profile.vtrust_min);

    let placings = contenders
        .iter()
        .enumerate()
        .map(|(uid, contender)| match (contender, copy_of[uid], matches[uid]) {
            (Contender::Failed, ..) => Placing::Failed,
            (_, Some(original), _) => Placing::CopyOf(original),
            (_, None, Some(entry)) => Placing::Ranked {
                loss: entry.loss,
                wins: results.wins[uid],
                win_rate: results.rates[uid],
            },
            _ => Placing::Absent,
        })
        .collect();
    RoundTable {
        placings,
        shares,
        weights,
    }
}
