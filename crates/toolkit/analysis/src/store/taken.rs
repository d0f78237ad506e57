//! How each stream's events become rows.

use super::{
    Store,
    rows::{
        AnswerRow, BlockRow, CallsRow, EpochRow, EvaluationRow, ForwardRow, QuestionRow, RewardRow,
        SampleRow, ScoreRow, WeightRow,
    },
};
use assay_records::{Event, Stream, streams as recorded};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A stream that the store knows what to do with.
pub(crate) trait Taken: Stream {
    /// Puts the event where it belongs.
    fn take(store: &mut Store, event: Event<Self>)
    where
        Self: Sized;
}

impl Taken for recorded::EpochNeuron {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, Some(event.netuid)) {
            return;
        }
        let row = EpochRow {
            netuid: event.netuid,
            block: event.block,
            uid: event.uid,
            hotkey: store.name(&event.hotkey),
            is_validator: event.is_validator,
            stake: event.stake,
            incentive: event.incentive,
            dividends: event.dividends,
            consensus: event.consensus,
            validator_trust: event.validator_trust,
            emission: event.emission,
            weights_at: event.weights_at,
        };
        store.epochs.push(stamp.time, row);
    }
}

impl Taken for recorded::Score {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = ScoreRow {
            source: store.name(&stamp.source),
            step: event.step,
            block: event.block,
            hotkey: store.name(&event.hotkey),
            uid: event.uid,
            reward: event.reward,
            score: event.score,
        };
        store.scores.push(stamp.time, row);
    }
}

impl Taken for recorded::OrganicIteration {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let row = SampleRow {
            sample: event.sample.map(Into::into),
            is_organic: event.is_organic,
            is_private: event.is_private,
            stage: store.name(&event.stage),
            error: event.error.map(Into::into),
            queue_size: event.queue_size,
            seconds: event.total_seconds,
            rewards: event
                .rewards
                .into_iter()
                .map(|given| RewardRow {
                    hotkey: store.name(&given.hotkey),
                    outcome: store.name(&given.outcome),
                    reward: given.reward,
                    seconds: given.seconds,
                })
                .collect(),
        };
        store.samples.push(stamp.time, row);
    }
}

impl Taken for recorded::DatasetEvaluation {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = EvaluationRow {
            validator: store.name(&event.validator),
            block: event.block,
            hotkey: store.name(&event.hotkey),
            uid: event.uid,
            outcome: outcome(event.outcome),
            reason: store.some_name(event.reason.as_deref()),
            repo: store.some_name(event.repo.as_deref()),
            rows: event.rows,
            loss: event.loss,
            weight: event.weight,
        };
        store.evaluations.push(stamp.time, row);
    }
}

/// The outcome as its column has it.
fn outcome(outcome: recorded::EvaluationOutcome) -> &'static str {
    use recorded::EvaluationOutcome as Outcome;
    match outcome {
        Outcome::Measured => "measured",
        Outcome::Copy => "copy",
        Outcome::NotAsked => "not_asked",
        Outcome::NoAnswer => "no_answer",
        Outcome::BadAnswer => "bad_answer",
        Outcome::OwnFault => "own_fault",
        _ => "unknown",
    }
}

impl Taken for recorded::WeightStep {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let entries = event.uids.iter().zip(&event.hotkeys).zip(&event.values);
        let row = WeightRow {
            source: store.name(&stamp.source),
            attempt: event.attempt,
            stage: store.name(&event.stage),
            block: event.block,
            reason: store.some_name(event.reason.as_deref()),
            chain_error: store.some_name(event.chain_error.as_deref()),
            entries: entries
                .map(|((uid, hotkey), value)| (*uid, store.name(hotkey), *value))
                .collect(),
        };
        store.weights.push(stamp.time, row);
    }
}

impl Taken for recorded::Forward {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = ForwardRow {
            source: store.name(&stamp.source),
            system: store.name(&event.system),
            seconds: event.seconds,
            asked: event.asked,
            answered: event.answered,
            failed: store.some_name(event.failed.as_deref()),
        };
        store.forwards.push(stamp.time, row);
    }
}

impl Taken for recorded::AxonCalls {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let row = CallsRow {
            route: store.some_name(event.route.as_deref()),
            caller: store.some_name(event.caller.as_deref()),
            status: event.status,
            refusal: store.some_name(event.refusal.as_deref()),
            calls: event.calls,
            request_bytes: event.request_bytes,
            answer_bytes: event.answer_bytes,
            seconds_mean: event.seconds_mean,
            seconds_max: event.seconds_max,
        };
        store.calls.push(stamp.time, row);
    }
}

impl Taken for recorded::BlockSeen {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if store.scope.has(stamp.time, None) {
            let row = BlockRow {
                block: event.block,
                seconds: event.seconds,
            };
            store.blocks.push(stamp.time, row);
        }
    }
}

impl Taken for recorded::Hardware {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if store.scope.has(stamp.time, None) {
            store.hardware.push(stamp.time, event);
        }
    }
}

impl Taken for recorded::PromptingStep {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let models = models(&event);
        let at = |list: &[Option<f64>], index: usize| list.get(index).copied().flatten();
        let answers = event
            .completions
            .iter()
            .enumerate()
            .map(|(index, text)| AnswerRow {
                // What has no hotkey, as in old files, is known by its slot.
                hotkey: match (event.hotkeys.get(index), event.uids.get(index)) {
                    (Some(hotkey), _) => store.name(hotkey),
                    (None, Some(uid)) => store.name(&format!("uid {uid}")),
                    (None, None) => store.name("unknown"),
                },
                digest: digest(text),
                beginning: store.name(beginning(text)),
                length: text.chars().count() as u64,
                seconds: at(&event.completion_times, index),
                reward: at(&event.rewards, index),
                chosen_by: event
                    .chosen_by
                    .get(index)
                    .and_then(Option::as_deref)
                    .map(|how| store.name(how)),
            })
            .collect();
        let row = QuestionRow {
            name: store.name(&event.name),
            seconds: event.step_length,
            gating_loss: event.gating_loss,
            answers,
            models,
        };
        store.questions.push(stamp.time, row);
    }
}

/// Characters of an answer that are kept: enough to recognise it. A million answers are a hundred megabytes.
pub(crate) const BEGINNING: usize = 80;

/// How an answer begins.
fn beginning(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(BEGINNING)
        .map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// The same for the same text. Two texts of a million that share one are a chance of one in forty million.
fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The reward models whose column is in the event, as their values count in the product.
fn models(event: &recorded::PromptingStep) -> Vec<(&'static str, Vec<Option<f64>>)> {
    [
        ("dahoas_reward_model", &event.dahoas_reward_model_normalized),
        ("blacklist_filter", &event.blacklist_filter),
        ("nsfw_filter", &event.nsfw_filter_normalized),
        (
            "reciprocate_reward_model",
            &event.reciprocate_reward_model_normalized,
        ),
        ("diversity_reward_model", &event.diversity_reward_model_normalized),
        ("dpo_reward_model", &event.dpo_reward_model_normalized),
        ("rlhf_reward_model", &event.rlhf_reward_model_normalized),
        ("prompt_reward_model", &event.prompt_reward_model_normalized),
        ("reference_reward_model", &event.reference_reward_model_normalized),
        ("relevance_filter", &event.relevance_filter_normalized),
        ("task_validator_filter", &event.task_validator_filter_normalized),
    ]
    .into_iter()
    .filter_map(|(name, values)| Some((name, values.clone()?)))
    .collect()
}
