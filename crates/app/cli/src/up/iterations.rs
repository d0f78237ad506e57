//! Scored chats as rows of the event log.

use assay_chat::{SampleSource, ScoredSample};
use assay_records::streams::{MinerReward, OrganicIteration};

/// Whose words are recorded. What a user asked in private never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RecordedTexts {
    /// Questions that the validator made up, and what they were answered
    MadeUp,
    /// Also users' questions, but for those of keys with privacy
    All,
    /// None
    Nothing,
}

/// A sample that was scored, with the number of those that wait.
pub(crate) fn iteration(
    sample: &ScoredSample,
    queued: u64,
    block: Option<u64>,
    texts: RecordedTexts,
) -> OrganicIteration {
    let may_be_kept = match (texts, sample.source) {
        (_, SampleSource::Private) | (RecordedTexts::Nothing, _) => false,
        (RecordedTexts::MadeUp, source) => source == SampleSource::Synthetic,
        (RecordedTexts::All, _) => true,
    };
    let words = sample.words.as_ref().filter(|_| may_be_kept);
    OrganicIteration {
        validator: Some(sample.validator.to_string()),
        sample: Some(sample.id.clone()),
        is_organic: sample.source != SampleSource::Synthetic,
        is_private: sample.source == SampleSource::Private,
        attempt: 1,
        stage: "log".to_owned(),
        queue_size: queued,
        block,
        prompt: words.map(|words| words.prompt.clone()),
        reference: words.and_then(|words| words.reference.clone()),
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
                completion: words
                    .and_then(|words| words.answers.iter().find(|(hotkey, _)| *hotkey == reward.hotkey))
                    .map(|(_, answer)| answer.clone()),
                seconds: reward.first_words.map(|words| words.as_secs_f64()),
            })
            .collect(),
        total_seconds: Some(sample.took.as_secs_f64()),
        ..OrganicIteration::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chat::{MinerReward as Given, Words};
    use assay_keys::AccountId;
    use std::time::Duration;

    #[test]
    fn words_are_recorded_as_far_as_they_may_be_and_private_ones_never() {
        let sample = |source| ScoredSample {
            validator: AccountId([1; 32]),
            id: "1".to_owned(),
            source,
            rewards: vec![Given {
                hotkey: AccountId([2; 32]),
                reward: Some(0.5),
                fault: None,
                first_words: None,
                relayed: false,
            }],
            took: Duration::from_secs(1),
            // Also of a private one, should a validator ever hand them on.
            words: Some(Words {
                prompt: "Why?".to_owned(),
                reference: Some("Because.".to_owned()),
                answers: vec![(AccountId([2; 32]), "So.".to_owned())],
            }),
        };
        for (source, texts, are_kept) in [
            (SampleSource::Synthetic, RecordedTexts::MadeUp, true),
            (SampleSource::Synthetic, RecordedTexts::All, true),
            (SampleSource::Synthetic, RecordedTexts::Nothing, false),
            (SampleSource::Organic, RecordedTexts::MadeUp, false),
            (SampleSource::Organic, RecordedTexts::All, true),
            (SampleSource::Organic, RecordedTexts::Nothing, false),
            (SampleSource::Private, RecordedTexts::MadeUp, false),
            (SampleSource::Private, RecordedTexts::All, false),
            (SampleSource::Private, RecordedTexts::Nothing, false),
        ] {
            let recorded = iteration(&sample(source), 0, None, texts);
            let words = [
                recorded.prompt.as_deref(),
                recorded.reference.as_deref(),
                recorded.rewards[0].completion.as_deref(),
            ];
            let wanted = if are_kept {
                [Some("Why?"), Some("Because."), Some("So.")]
            } else {
                [None; 3]
            };
            assert_eq!(words, wanted, "{source:?} {texts:?}");
            assert_eq!(recorded.rewards[0].reward, Some(0.5));
        }
        let told = format!("{:?}", sample(SampleSource::Organic));
        assert!(!told.contains("Because"), "{told}");
    }
}
