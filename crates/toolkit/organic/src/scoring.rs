//! From rewards to scores: pure functions, as the first subnet that scored organically has them.

use std::collections::BTreeMap;

/// A value and how much of it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted {
    /// How much, from 0 to 1.
    pub weight: f64,
    /// The reward or penalty, from 0 to 1.
    pub value: f64,
}

/// The reward of one completion: the weighted sum of its rewards, reduced by each penalty in turn,
/// `(Σ wᵢ·rᵢ) · Π (1 − wⱼ·pⱼ)`.
#[must_use]
pub fn total_reward(rewards: &[Weighted], penalties: &[Weighted]) -> f64 {
    let sum: f64 = rewards.iter().map(|reward| reward.weight * reward.value).sum();
    penalties
        .iter()
        .map(|penalty| 1.0 - penalty.weight * penalty.value)
        .fold(sum, |total, factor| total * factor)
}

/// How rewards move scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreUpdate {
    /// The share of the newest reward in a score. Larger, and one lucky answer decides; smaller, and a miner that got
    /// worse is paid for weeks.
    pub alpha: f64,
    /// Taken off every score at every update, whoever was asked, so that who never answers fades.
    pub decay: f64,
}

impl Default for ScoreUpdate {
    fn default() -> Self {
        Self {
            alpha: 0.1,
            decay: 0.001,
        }
    }
}

impl ScoreUpdate {
    /// Moves the scores of those who were rewarded towards `scale` times their reward, and takes the decay off all.
    /// A reward that is not a number counts as 0. Who has no score yet starts from 0. No score falls below 0.
    ///
    /// The key should be the hotkey: a uid changes hands.
    pub fn apply<K: Ord + Clone>(&self, scores: &mut BTreeMap<K, f64>, rewards: &[(K, f64)], scale: f64) {
        for (key, _) in rewards {
            scores.entry(key.clone()).or_insert(0.0);
        }
        let newest: BTreeMap<&K, f64> = rewards
            .iter()
            .map(|(key, reward)| (key, reward * scale))
            .collect();
        for (key, score) in scores.iter_mut() {
            let step = newest.get(key).copied().unwrap_or(*score);
            let step = if step.is_nan() { 0.0 } else { step };
            *score = (self.alpha * step + (1.0 - self.alpha) * *score - self.decay).max(0.0);
        }
    }
}
