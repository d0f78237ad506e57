//! Pairwise matches between losses, with a head start for the earlier commitment.

use serde::{Deserialize, Serialize};

/// What a miner brings into the matches of a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Loss on the held-out rows, above zero; lower is better.
    pub loss: f64,
    /// Block of the commitment. The earlier of two is compared with its loss reduced by epsilon.
    pub block: u64,
}

/// The outcome of all matches, in the order the miners were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WinRates {
    /// `beats[i][j]` tells whether i beats j; `None` where no match took place (with itself, or one of them has no
    /// loss).
    pub beats: Vec<Vec<Option<bool>>>,
    /// Matches won.
    pub wins: Vec<u32>,
    /// Matches won over matches played; 0 for who played none.
    pub rates: Vec<f64>,
}

/// Lets every miner with a loss meet every other.
///
/// With ε as `epsilon`, losses L and blocks b: L'ᵢ = (1−ε)·Lᵢ if bᵢ < bⱼ, else Lᵢ, and likewise for j. Miner i
/// beats j when L'ᵢ < L'ⱼ. Equal figures are nobody's win, and through ε the relation can run in a circle. A miner
/// without a loss (`None`) plays no match and has a rate of 0.
pub fn win_rates(miners: &[Option<Match>], epsilon: f64) -> WinRates {
    let n = miners.len();
    let mut beats = vec![vec![None; n]; n];
    let mut wins = vec![0u32; n];
    let mut rates = vec![0.0; n];
    for (i, mine) in miners.iter().enumerate() {
        let Some(mine) = mine else { continue };
        let mut played = 0u32;
        for (j, other) in miners.iter().enumerate() {
            let Some(other) = other else { continue };
            if i == j {
                continue;
            }
            let won = head_start(mine, other, epsilon) < head_start(other, mine, epsilon);
            beats[i][j] = Some(won);
            wins[i] += u32::from(won);
            played += 1;
        }
        if played > 0 {
            rates[i] = f64::from(wins[i]) / f64::from(played);
        }
    }
    WinRates { beats, wins, rates }
}

/// The loss of `mine` as it counts in a match against `other`.
fn head_start(mine: &Match, other: &Match, epsilon: f64) -> f64 {
    if mine.block < other.block {
        mine.loss * (1.0 - epsilon)
    } else {
        mine.loss
    }
}
