//! How chats are scored: the hooks of the organic framework.

use crate::{
    ChatEvent, ChatSample, Given, MinerReward, SampleSource, ScoredSample, Words, sample::Fault, scoring,
};
use assay_axon::{
    dendrite::Verdict,
    server::{Asked, Failure},
};
use assay_gateway::{
    Candidate, GatewayLimits, Question, Role, Sampling,
    backend::{Backend, ChatSynapse},
    keys::Privacy,
};
use assay_minds::{Mind, MindError, Wishes, as_wished, whole_answer};
use assay_neuron::Context;
use assay_organic::{
    Entered, Fingerprint, HookError, LogRecord, OrganicScoring, SampleId, Sampled, StageError, Streamed,
    synth::Turn,
};
use futures::{StreamExt, future::join_all};
use http::StatusCode;
use std::{cmp::Reverse, fmt, sync::Arc, time::Duration};
use tokio::{sync::broadcast, time::Instant};

/// Tokens of a reference at most: longer ones cost the validator's time and decide nothing more.
const MOST_REFERENCE: usize = 512;
/// Bytes of a miner's answer to a synthetic question.
const MOST_BYTES: usize = 256 * 1024;

/// Scores chats: asks miners, compares their answers with the validator's own, and moves their scores.
pub struct ChatScoring {
    /// The validator that it works for.
    pub context: Context,
    /// Finds miners, as for the gateway's users: a miner must not see who asks.
    pub miners: Arc<dyn Backend>,
    /// What answers are compared with.
    pub reference: Arc<dyn Mind>,
    /// How many miners are asked a synthetic question.
    pub sample_size: usize,
    /// How long they have.
    pub timeout: Duration,
    /// Hears what happens.
    pub events: broadcast::Sender<ChatEvent>,
}

impl fmt::Debug for ChatScoring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChatScoring")
            .field("sample_size", &self.sample_size)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl ChatScoring {
    async fn ask(&self, turns: &[Turn]) -> Result<Vec<Given>, HookError> {
        let question = Arc::new(as_question(turns));
        let deadline = Instant::now() + self.timeout;
        let candidates = self.miners.candidates(question, self.sample_size, deadline).await;
        let candidates = candidates.map_err(HookError::from)?;
        Ok(join_all(candidates.into_iter().map(|candidate| hear(candidate, deadline))).await)
    }
}

impl OrganicScoring for ChatScoring {
    type Entry = ChatSynapse;
    type Answer = Streamed;
    type Sample = ChatSample;
    type Responses = Vec<Given>;
    type Reference = String;
    type Rewards = Vec<MinerReward>;

    /// People ask through the gateway, which hands over what they asked when it is answered.
    async fn on_organic_entry(
        &self,
        _: Asked<ChatSynapse>,
        _: SampleId,
    ) -> Result<Entered<Streamed, ChatSample>, Failure> {
        Err(Failure {
            status: StatusCode::NOT_IMPLEMENTED,
            message: "this validator is asked through its gateway".to_owned(),
        })
    }

    async fn query_miners(&self, sample: &Sampled<ChatSample>) -> Result<Vec<Given>, HookError> {
        self.context.begin_step();
        if sample.may_reuse_responses && !sample.sample.given.is_empty() {
            return Ok(sample.sample.given.clone());
        }
        self.ask(&sample.sample.turns).await
    }

    async fn generate_reference(&self, sample: &Sampled<ChatSample>) -> Result<Option<String>, HookError> {
        let wishes = Wishes {
            max_tokens: sample.sample.max_tokens.map(|most| most.min(MOST_REFERENCE)),
            ..Wishes::default()
        };
        let reference = whole_answer(self.reference.as_ref(), &sample.sample.turns, wishes).await;
        let reference = reference.map_err(|error| match error {
            // It will be as long at the next try: one long chat must not hold up everybody's.
            MindError::TooLong { .. } => HookError::permanent("longer than the validator's own model reads"),
            error => HookError::from(error),
        })?;
        if as_wished(&reference, &sample.sample.stop, sample.sample.max_tokens)
            .trim()
            .is_empty()
        {
            // Compared with nothing, every answer would be worth nothing, through no fault of the miners.
            return Err(HookError::public("the validator's own model has no answer"));
        }
        Ok(Some(reference))
    }

    async fn generate_rewards(
        &self,
        sample: &Sampled<ChatSample>,
        responses: &Vec<Given>,
        reference: Option<&String>,
    ) -> Result<Vec<MinerReward>, HookError> {
        let ChatSample { stop, max_tokens, .. } = &sample.sample;
        let wished = |text| as_wished(text, stop, *max_tokens);
        let (question, reference) = (
            sample.sample.question(),
            wished(reference.map_or("", String::as_str)),
        );
        let mut rewards: Vec<_> = responses
            .iter()
            .map(|given| {
                let (reward, fault) = match &given.answer {
                    Ok(text) => (
                        Some(scoring::reward(wished(text), reference, question).total),
                        None,
                    ),
                    Err(fault) => {
                        // Only the miner's own failures may cost it anything.
                        let reward = (fault.verdict != Verdict::OwnFault).then_some(0.0);
                        (reward, Some(fault.reason.clone()))
                    }
                };
                MinerReward {
                    hotkey: given.hotkey,
                    reward,
                    fault,
                    first_words: given.first_words,
                    relayed: given.relayed,
                }
            })
            .collect();
        rewards.sort_by_key(|given| Reverse((given.reward.unwrap_or(-1.0) * 1e9) as i64));
        Ok(rewards)
    }

    async fn set_weights(
        &self,
        sample: &Sampled<ChatSample>,
        rewards: &Vec<MinerReward>,
    ) -> Result<(), HookError> {
        for given in rewards {
            if let Some(reward) = given.reward {
                self.context
                    .reward(given.hotkey, reward * sample.reward_scale)
                    .map_err(HookError::from)?;
            }
        }
        Ok(())
    }

    async fn log_results(
        &self,
        mut logs: LogRecord,
        sample: &Sampled<ChatSample>,
        responses: &Vec<Given>,
        reference: Option<&String>,
        rewards: &Vec<MinerReward>,
    ) -> Result<LogRecord, HookError> {
        let lengths: Vec<usize> = responses
            .iter()
            .filter_map(|given| given.answer.as_ref().ok())
            .map(|text| text.chars().count())
            .collect();
        let answered = lengths.len();
        logs.insert("turn", sample.sample.turns.len() / 2);
        logs.insert("organic_response_chars", lengths);
        logs.insert(
            "organic_reference_chars",
            reference.map_or(0, |text| text.chars().count()),
        );
        logs.insert(
            "rewards",
            rewards.iter().map(|given| given.reward).collect::<Vec<_>>(),
        );
        let source = match (sample.origin.is_organic(), sample.sample.privacy) {
            (false, _) => SampleSource::Synthetic,
            (true, Privacy::Private) => SampleSource::Private,
            (true, Privacy::Shared) => SampleSource::Organic,
        };
        self.context.count_asked(responses.len(), answered);
        self.context.end_step(None);
        // Nobody need be listening.
        let _ = self.events.send(ChatEvent::Scored(ScoredSample {
            validator: self.context.hotkey(),
            id: sample.id.to_string(),
            source,
            rewards: rewards.clone(),
            took: logs.times.total,
            words: (sample.sample.privacy == Privacy::Shared).then(|| Words {
                prompt: sample.sample.transcript(),
                reference: reference.cloned(),
                answers: responses
                    .iter()
                    .filter_map(|given| Some((given.hotkey, given.answer.clone().ok()?)))
                    .collect(),
            }),
        }));
        Ok(logs)
    }

    async fn log_failure(&self, logs: &LogRecord, error: &StageError) {
        tracing::warn!(%error, "a chat is not scored");
        // The stage alone: what went wrong in it may be in words of somebody's.
        self.context
            .end_step(Some(&format!("scoring failed at stage {}", error.stage)));
        let reason = logs.error.clone().unwrap_or_else(|| error.stage.to_string());
        let _ = self.events.send(ChatEvent::Failed { reason });
    }

    /// What somebody said in private is scored and forgotten.
    fn may_be_remembered(&self, sample: &ChatSample) -> bool {
        sample.privacy == Privacy::Shared
    }

    fn fingerprint(&self, sample: &ChatSample) -> Option<Fingerprint> {
        Some(sample.fingerprint())
    }
}

/// One miner's answer to its end.
async fn hear(candidate: Candidate, deadline: Instant) -> Given {
    let Candidate { miner, mut pieces } = candidate;
    let began = Instant::now();
    let mut first_words = None;
    let mut text = String::new();
    let fault = |verdict, reason: String| Err(Fault { verdict, reason });
    let answer = loop {
        match tokio::time::timeout_at(deadline, pieces.next()).await {
            Err(_) => break fault(Verdict::NoAnswer, "no whole answer in time".to_owned()),
            Ok(None) => break Ok(text),
            Ok(Some(Err(failure))) => break fault(failure.verdict(), failure.to_string()),
            Ok(Some(Ok(piece))) => {
                first_words.get_or_insert_with(|| began.elapsed());
                if text.len() + piece.len() > MOST_BYTES {
                    break fault(Verdict::BadAnswer, format!("longer than {MOST_BYTES} bytes"));
                }
                text.push_str(&piece);
            }
        }
    };
    Given {
        hotkey: miner.hotkey,
        answer,
        first_words,
        relayed: false,
    }
}

/// A conversation as the gateway asks it.
fn as_question(turns: &[Turn]) -> Question {
    let messages = turns.iter().map(|turn| assay_gateway::Message {
        role: match turn.role.as_str() {
            "system" => Role::System,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            _ => Role::User,
        },
        text: turn.content.clone(),
    });
    Question {
        model: String::new(),
        messages: messages.collect(),
        sampling: Sampling {
            temperature: None,
            top_p: None,
            frequency_penalty: None,
            presence_penalty: None,
            seed: None,
            stop: Vec::new(),
            // As for a user who does not say: a miner must not see who asks.
            max_tokens: GatewayLimits::default().answer_tokens,
        },
    }
}
