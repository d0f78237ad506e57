//! Scores as other settings would have made them, from what was recorded of each answer.

use assay_neuron::{MovingAverage, NoAverage};
use std::collections::BTreeMap;

/// What was recorded of a sample that was scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Whether a user asked; otherwise it was made up.
    pub is_organic: bool,
    /// Each miner with its reward; nothing where it cost the miner nothing.
    pub rewards: Vec<(String, Option<f64>)>,
}

/// The settings that make scores of rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The share of the newest reward in a score, above 0 and at most 1. The seed has 0.1.
    pub share: f64,
    /// What the reward of a made-up question counts beside a user's.
    pub synth_reward_scale: f64,
}

/// The scores after these samples, in the order in which they were scored, by the miner's address. With the settings that
/// the validator had, and every sample, they are its own.
///
/// # Errors
/// For a share that makes no average.
pub fn scores<'a>(
    samples: impl IntoIterator<Item = &'a Recorded>,
    settings: Settings,
) -> Result<BTreeMap<String, f64>, NoAverage> {
    let average = MovingAverage::new(settings.share)?;
    let mut scores: BTreeMap<String, f64> = BTreeMap::new();
    for sample in samples {
        let scale = if sample.is_organic {
            1.0
        } else {
            settings.synth_reward_scale
        };
        for (hotkey, reward) in &sample.rewards {
            if let Some(reward) = reward {
                let known = scores.get(hotkey).copied();
                scores.insert(hotkey.clone(), average.after(known, reward * scale));
            }
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewards_move_scores_by_the_share_and_our_own_faults_move_nothing() {
        let sample = |is_organic, reward| Recorded {
            is_organic,
            rewards: vec![("5A".to_owned(), reward)],
        };
        let samples = [
            sample(true, Some(1.0)),
            sample(true, None),
            sample(false, Some(0.5)),
        ];
        let settings = |share, synth_reward_scale| Settings {
            share,
            synth_reward_scale,
        };
        let score = |settings| scores(&samples, settings).unwrap()["5A"];
        assert_eq!(score(settings(0.1, 1.0)), 0.1 * 0.5 + 0.9);
        assert_eq!(score(settings(0.5, 0.0)), 0.5);
        assert!(scores(&samples, settings(0.0, 1.0)).is_err());
    }
}
