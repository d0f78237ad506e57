//! One step: some miners are asked the same, their answers judged, their scores moved.

use super::{
    Fault, PromptingEvent, StepTold,
    forward::{Forward, ForwardError},
    judged::Judged,
    routing::Routed,
};
use crate::{
    Fidelity, Prompting,
    judging::{Answer, Batch, Expectation, JudgeError, Judgement, Words},
    prompts::tasks::Task,
    scoring::{best::best, blacklist::Blacklist},
};
use assay_axon::{Outcome, dendrite::NoAnswer, dendrite::RequestError};
use assay_chain::{AccountId, Metagraph};
use assay_neuron::{CacheEnded, MinerReply, NobodyToAsk, ScoreBookError};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

/// Bytes of an answer that is judged. Longer ones cost every model its time, and no question needs them.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// How often a sign of life is given while models compute.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Why a step came to nothing, on our side.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The chain is not read any more.
    #[error(transparent)]
    Metagraph(#[from] CacheEnded),
    /// Nobody can be asked.
    #[error(transparent)]
    Nobody(#[from] NobodyToAsk),
    /// The question cannot be sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The answers cannot be judged.
    #[error("{step} is not judged: {source}")]
    Judge {
        /// Which step.
        step: String,
        /// Why.
        source: Box<JudgeError>,
    },
    /// A score would not be a number.
    #[error(transparent)]
    Score(#[from] ScoreBookError),
}

/// What is asked in a step, and by what its answers are judged.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    /// The step's name: `augment`, `followup0`, `answer0`.
    pub(super) name: String,
    /// What the miners are asked.
    pub(super) prompt: String,
    /// What reward models are told was asked, if that is something else.
    pub(super) judged_by: Option<String>,
    /// What masks look at.
    pub(super) base_prompt: String,
    /// The task, where there are criteria.
    pub(super) task: Option<Task>,
    /// Whether its words go on record.
    pub(super) words: Words,
}

impl Asking {
    /// Asks this task.
    pub(super) fn task(task: Task) -> Self {
        Self {
            name: task.name.clone(),
            prompt: task.prompt(),
            judged_by: Some(task.base_text.clone()),
            base_prompt: task.base_text.clone(),
            task: Some(task),
            words: Words::Kept,
        }
    }

    fn is_answer(&self) -> bool {
        self.name.starts_with("answer")
    }
}

/// What one miner said.
pub(super) struct Heard {
    pub(super) routed: Routed,
    pub(super) took: Duration,
    /// As it came, for the records.
    pub(super) completion: String,
    /// As it is judged, or why it is not.
    pub(super) judged: Result<String, Fault>,
    pub(super) code: u16,
    pub(super) message: String,
}

impl Heard {
    /// What a miner said to somebody else.
    pub(super) fn overheard(routed: Routed, took: Duration, said: Result<String, Fault>) -> Self {
        let (code, message, completion) = match &said {
            Ok(said) if said.len() > MOST_BYTES => (413, "too long".to_owned(), String::new()),
            Ok(said) => (200, "Success".to_owned(), said.clone()),
            Err(Fault::Ours(why)) => (500, why.clone(), String::new()),
            Err(Fault::NoAnswer(why)) => (503, why.clone(), String::new()),
            Err(Fault::Forbidden(_)) => (200, "Success".to_owned(), String::new()),
        };
        let said = said.and_then(|said| match said.trim() {
            _ if said.len() > MOST_BYTES => Err(Fault::NoAnswer(format!(
                "its answer is longer than {MOST_BYTES} bytes"
            ))),
            "" => Err(Fault::NoAnswer("it says nothing".to_owned())),
            text => Ok(text.to_owned()),
        });
        Self {
            completion,
            ..Self::said(routed, took, said, code, message)
        }
    }

    /// What a miner said, judged as it came.
    pub(super) fn said(
        routed: Routed,
        took: Duration,
        judged: Result<String, Fault>,
        code: u16,
        message: String,
    ) -> Self {
        Self {
            routed,
            took,
            completion: judged.clone().unwrap_or_default(),
            judged,
            code,
            message,
        }
    }

    pub(super) fn hotkey(&self) -> AccountId {
        self.routed.chosen.target.hotkey
    }

    pub(super) fn uid(&self) -> u16 {
        self.routed.chosen.uid.0
    }
}

impl Forward<'_> {
    /// Asks, judges, rewards, learns and records. The best answer, unless none is good enough to go on with.
    pub(super) async fn step(&mut self, asking: Asking) -> Result<Option<String>, ForwardError> {
        let began = Instant::now();
        self.context.begin_step();
        let metagraph = self.context.metagraph().await.map_err(StepError::from)?;
        let expectation = self.parts.expect(&metagraph, &asking.prompt).await;
        let heard = self.ask(&asking, &metagraph, expectation.as_ref()).await?;
        self.after(asking, &metagraph, expectation, heard, began).await
    }

    /// What comes after the answers are there.
    pub(super) async fn after(
        &mut self,
        asking: Asking,
        metagraph: &Metagraph,
        expectation: Option<Expectation>,
        heard: Vec<Heard>,
        began: Instant,
    ) -> Result<Option<String>, ForwardError> {
        self.parts
            .doing(self.context, || format!("judging answers to {}", asking.name));
        let judged = self.judge(&asking, &heard).await;
        self.settle(asking, metagraph, expectation, heard, judged, began)
            .await
    }

    /// What comes after they are judged.
    pub(super) async fn settle(
        &mut self,
        asking: Asking,
        metagraph: &Metagraph,
        expectation: Option<Expectation>,
        heard: Vec<Heard>,
        judged: Result<Option<Judgement>, JudgeError>,
        began: Instant,
    ) -> Result<Option<String>, ForwardError> {
        let took = began.elapsed();
        let (judgement, failure) = match judged {
            Ok(judgement) => (judgement, None),
            Err(error) => (None, Some(error)),
        };
        let rewards = rewards(&heard, judgement.as_ref());
        let weight = self.parts.settings.step_weights.of_step(&asking.name);
        for (heard, reward) in heard.iter().zip(&rewards) {
            if let Some(reward) = reward {
                let hotkey = heard.hotkey();
                self.context
                    .reward_weighted(hotkey, *reward, weight)
                    .map_err(StepError::from)?;
            }
        }
        let loss = self.learn(expectation.as_ref(), &heard, &rewards);
        let best = judgement
            .as_ref()
            .and_then(|judgement| self.best(&heard, judgement));
        let step = self.parts.next_step();
        let marks = self.marks(&asking, metagraph, &heard, step).await;
        self.tell(Judged {
            step,
            marks: &marks,
            asking: &asking,
            metagraph,
            heard: &heard,
            rewards: &rewards,
            judgement: judgement.as_ref(),
            expectation: expectation.as_ref(),
            loss,
            best: best.as_deref(),
            took,
        });
        match failure {
            None => {
                self.context.end_step(None);
                Ok(best)
            }
            Some(source) => {
                self.context.end_step(Some(&source.to_string()));
                let step = asking.name;
                let source = Box::new(source);
                Err(StepError::Judge { step, source }.into())
            }
        }
    }

    async fn ask(
        &mut self,
        asking: &Asking,
        metagraph: &Metagraph,
        expectation: Option<&Expectation>,
    ) -> Result<Vec<Heard>, StepError> {
        let settings = &self.parts.settings;
        let (count, timeout) = if asking.is_answer() {
            (settings.answer_sample_size, settings.answer_timeout)
        } else {
            (settings.followup_sample_size, settings.followup_timeout)
        };
        let routed = self.route(metagraph, count, &asking.name, expectation)?;
        let miners: Vec<_> = routed.iter().map(|routed| routed.chosen).collect();
        self.asked.extend(miners.iter().map(|miner| miner.target.hotkey));
        self.parts.doing(self.context, || {
            format!("asking {} miners for {}", miners.len(), asking.name)
        });
        let replies = self
            .context
            .ask(&miners, &Prompting::ask(asking.prompt.as_str()), timeout)
            .await?;
        let heard = routed.into_iter().zip(replies);
        Ok(heard
            .map(|(routed, reply)| self.heard_of(asking, routed, reply))
            .collect())
    }

    fn heard_of(&self, asking: &Asking, routed: Routed, reply: MinerReply<Prompting>) -> Heard {
        let (code, message) = status(&reply.outcome);
        let took = reply.took;
        let (completion, judged) = match reply.outcome {
            Outcome::Answered(answer) if answer.completion.len() > MOST_BYTES => (
                String::new(),
                Err(Fault::NoAnswer(format!(
                    "its answer is longer than {MOST_BYTES} bytes"
                ))),
            ),
            Outcome::Answered(answer) => {
                let text = self.trimmed(asking, &answer.completion);
                let is_answer = self.parts.settings.fidelity == Fidelity::Exact || !text.is_empty();
                let judged = if is_answer {
                    Ok(text)
                } else {
                    Err(Fault::NoAnswer("it says nothing".to_owned()))
                };
                (answer.completion, judged)
            }
            Outcome::OwnFault(why) => (String::new(), Err(Fault::Ours(why.to_string()))),
            Outcome::Refused(_) | Outcome::NoAnswer(_) | Outcome::BadAnswer(_) => {
                (String::new(), Err(Fault::NoAnswer(message.clone())))
            }
        };
        Heard {
            routed,
            took,
            completion,
            judged,
            code,
            message,
        }
    }

    /// Judges on a thread of its own: models take seconds.
    async fn judge(&self, asking: &Asking, heard: &[Heard]) -> Result<Option<Judgement>, JudgeError> {
        let answers: Vec<(String, AccountId, Duration)> = heard
            .iter()
            .filter_map(|heard| {
                let text = heard.judged.as_ref().ok()?;
                Some((text.clone(), heard.hotkey(), heard.took))
            })
            .collect();
        let (asking, blacklist) = (asking.clone(), self.heard.clone());
        let stack = Arc::clone(&self.parts.stack);
        let judging = tokio::task::spawn_blocking(move || {
            let answers: Vec<Answer<'_>> = answers
                .iter()
                .map(|(text, hotkey, took)| Answer {
                    text,
                    hotkey: *hotkey,
                    took: *took,
                })
                .collect();
            let batch = batch(&asking, &answers, &blacklist);
            super::locked(&stack).judge(&batch)
        });
        self.alive_until(judging).await.map(Some)
    }

    /// Gives signs of life until a thread of its own has judged.
    pub(super) async fn alive_until<T>(
        &self,
        mut judging: JoinHandle<Result<T, JudgeError>>,
    ) -> Result<T, JudgeError> {
        let mut sign = tokio::time::interval(SIGN_OF_LIFE);
        loop {
            tokio::select! {
                biased;
                judged = &mut judging => return judged.unwrap_or(Err(JudgeError::Interrupted)),
                _ = sign.tick() => self.context.alive(),
            }
        }
    }

    /// The gating model learns what those that were asked got. Where it cannot, that is told, and nobody's reward changes.
    fn learn(
        &self,
        expectation: Option<&Expectation>,
        heard: &[Heard],
        rewards: &[Option<f64>],
    ) -> Option<f64> {
        let (gate, expectation) = (self.parts.gate.as_ref()?, expectation?);
        let asked: Vec<(AccountId, f64)> = heard
            .iter()
            .zip(rewards)
            .filter_map(|(heard, reward)| Some((heard.hotkey(), (*reward)?)))
            .collect();
        super::locked(gate)
            .learn(expectation, &asked)
            .inspect_err(|error| tracing::warn!(%error, "the gating model learns nothing of this step"))
            .ok()
    }

    fn best(&self, heard: &[Heard], judgement: &Judgement) -> Option<String> {
        let texts: Vec<&str> = heard
            .iter()
            .filter_map(|heard| heard.judged.as_deref().ok())
            .collect();
        best(&texts, &judgement.rewards, &self.parts.settings.best).map(|best| best.text)
    }

    fn tell(&self, judged: Judged<'_>) {
        let validator = self.context.hotkey();
        let record = judged.record();
        if let Some(recorder) = &self.parts.recorder {
            recorder.record(&record);
            for mark in judged.marks {
                recorder.record(mark);
            }
        }
        let told = StepTold {
            validator,
            miners: judged.miners(),
            marks: judged.marks.to_vec(),
            took: judged.took,
            record,
        };
        self.parts.stepped(self.context);
        // Nobody need be listening.
        let _ = self.parts.events.send(PromptingEvent::Step(Box::new(told)));
    }
}

fn batch<'a>(asking: &'a Asking, answers: &'a [Answer<'a>], heard: &'a Blacklist) -> Batch<'a> {
    Batch {
        step: &asking.name,
        prompt: asking.judged_by.as_deref().unwrap_or(&asking.prompt),
        base_prompt: &asking.base_prompt,
        task: asking.task.as_ref(),
        answers,
        heard,
        words: asking.words,
    }
}

/// One reward for each that was asked: nothing where the failure was ours.
fn rewards(heard: &[Heard], judgement: Option<&Judgement>) -> Vec<Option<f64>> {
    let Some(judgement) = judgement else {
        // Not judged: also those that did not answer are not held against anybody, or one broken model would cost the slow
        // their scores and not the others.
        return vec![None; heard.len()];
    };
    let mut judged = judgement.rewards.iter().copied();
    heard
        .iter()
        .map(|heard| match &heard.judged {
            Ok(_) => judged.next(),
            Err(Fault::Ours(_)) => None,
            Err(_) => Some(0.0),
        })
        .collect()
}

/// The status of a call as the originals' logs have it.
pub(super) fn status<T>(outcome: &Outcome<T>) -> (u16, String) {
    match outcome {
        Outcome::Answered(_) => (200, "Success".to_owned()),
        Outcome::Refused(refusal) => (403, refusal.to_string()),
        Outcome::NoAnswer(why @ NoAnswer::TimedOut { .. }) => (408, why.to_string()),
        Outcome::NoAnswer(why) => (503, why.to_string()),
        Outcome::BadAnswer(why) => (422, why.to_string()),
        Outcome::OwnFault(why) => (500, why.to_string()),
    }
}
