//! Scored chats as rows of the event log.

use assay_chat::{SampleSource, ScoredSample};
use assay_records::streams::{MinerReward, OrganicIteration};

/// A sample that was scored, with the number of those that wait. The validator keeps its words to itself.
pub(crate) fn iteration(sample: &ScoredSample, queued: u64, block: Option<u64>) -> OrganicIteration {
    OrganicIteration {
        validator: Some(sample.validator.to_string()),
        sample: Some(sample.id.clone()),
        is_organic: sample.source != SampleSource::Synthetic,
        is_private: sample.source == SampleSource::Private,
        attempt: 1,
        stage: "log".to_owned(),
        queue_size: queued,
        block,
        rewards: sample
            .rewards
            .iter()
            .map(|reward| MinerReward {
                hotkey: reward.hotkey.to_string(),
                uid: None,
                outcome: match (&reward.fault, reward.reward) {
                    (None, _) => "answered",
                    (Some(_), Some(_)) => "no_answer",
                    (Some(_), None) => "own_fault",
                }
                .to_owned(),
                reward: reward.reward,
                completion: None,
                seconds: reward.first_words.map(|words| words.as_secs_f64()),
            })
            .collect(),
        total_seconds: Some(sample.took.as_secs_f64()),
        ..OrganicIteration::default()
    }
}
