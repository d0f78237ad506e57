//! Steps in which miners run a model that everybody has: who really does is paid by how fast it is.

use super::{
    Fault,
    forward::{Forward, ForwardError},
    record::VERDICTS,
    routing::Routed,
    step::{Asking, Heard, MOST_BYTES, StepError, status},
};
use crate::{
    Inference,
    judging::{Claim, Column, InferenceJudge, Judgement, Verification, Words},
    profile::InferenceRule,
    prompts::{stages, tasks::TaskKind},
    scoring::verification::speed,
};
use assay_axon::Outcome;
use assay_minds::Turn;
use assay_neuron::MinerReply;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// The word on record for an answer that is taken for the model's.
pub(super) const VERIFIED: &str = "verified";

impl Forward<'_> {
    /// One such step.
    pub(super) async fn inference(mut self, judge: &Arc<InferenceJudge>) -> Result<(), ForwardError> {
        let began = Instant::now();
        self.context.begin_step();
        let rule = self.parts.settings.inference;
        let name = TaskKind::Inference.as_str();
        let (text, question) = self.question(judge).await?;
        let metagraph = self.context.metagraph().await.map_err(StepError::from)?;
        let routed = self.route(&metagraph, rule.sample_size, name, None)?;
        let miners: Vec<_> = routed.iter().map(|routed| routed.chosen).collect();
        self.parts.doing(self.context, || {
            format!("asking {} miners to run the model", miners.len())
        });
        let asked = Inference::ask(question.clone(), &rule);
        let replies = self.context.ask(&miners, &asked, rule.timeout).await;
        let (heard, answers): (Vec<_>, Vec<_>) = routed
            .into_iter()
            .zip(replies.map_err(StepError::from)?)
            .map(|(routed, reply)| heard(routed, reply))
            .unzip();
        let answers: Vec<Inference> = answers.into_iter().flatten().collect();
        let asking = Asking {
            name: name.to_owned(),
            prompt: question
                .last()
                .map(|turn| turn.content.clone())
                .unwrap_or_default(),
            judged_by: None,
            base_prompt: text,
            task: None,
            words: Words::Kept,
        };
        self.parts
            .doing(self.context, || "checking who ran the model".to_owned());
        let judge = Arc::clone(judge);
        let took: Vec<Duration> = heard
            .iter()
            .filter(|heard| heard.judged.is_ok())
            .map(|heard| heard.took)
            .collect();
        let mut rng = ChaCha8Rng::from_rng(&mut self.rng);
        let judging = tokio::task::spawn_blocking(move || {
            let claims: Vec<_> = answers.iter().map(Inference::claim).collect();
            let verifications = judge.verify(&question, &claims, &mut rng)?;
            Ok(judgement(&verifications, &took, &rule))
        });
        let judged = self.alive_until(judging).await.map(Some);
        self.settle(asking, &metagraph, None, heard, judged, began)
            .await?;
        Ok(())
    }

    /// A text and a question about it, cut where they would leave the model no room for an answer.
    async fn question(&mut self, judge: &InferenceJudge) -> Result<(String, Vec<Turn>), ForwardError> {
        let mut text = self.text().await?;
        loop {
            let turns = vec![
                // Said in full, as templates of models differ in what they say when nobody says it.
                Turn {
                    role: "system".to_owned(),
                    content: SYSTEM.to_owned(),
                },
                Turn::user(stages::augment(&text, &mut self.rng)),
            ];
            let has_room = judge.has_room(&turns).map_err(|source| StepError::Judge {
                step: TaskKind::Inference.as_str().to_owned(),
                source: Box::new(source),
            })?;
            if has_room {
                return Ok((text, turns));
            }
            let half = text.chars().count() / 2;
            if half == 0 {
                return Err(ForwardError::NothingToAsk);
            }
            text = text.chars().take(half).collect();
        }
    }
}

/// What the model is told first.
const SYSTEM: &str = "You are a helpful assistant.";

/// What a miner said, and with what it says that the model said it.
fn heard(routed: Routed, reply: MinerReply<Inference>) -> (Heard, Option<Inference>) {
    let (code, message) = status(&reply.outcome);
    let (said, answer) = match reply.outcome {
        Outcome::Answered(answer) => match answer.completion.trim() {
            // No longer than that would any answer of so few tokens be, and all of it would go on record.
            text if text.len() > MOST_BYTES => {
                let why = format!("its answer is longer than {MOST_BYTES} bytes");
                (Err(Fault::NoAnswer(why)), None)
            }
            "" => (Err(Fault::NoAnswer("it says nothing".to_owned())), None),
            text => (Ok(text.to_owned()), Some(answer)),
        },
        Outcome::OwnFault(why) => (Err(Fault::Ours(why.to_string())), None),
        Outcome::Refused(_) | Outcome::NoAnswer(_) | Outcome::BadAnswer(_) => {
            (Err(Fault::NoAnswer(message.clone())), None)
        }
    };
    (Heard::said(routed, reply.took, said, code, message), answer)
}

/// Whoever is verified is paid by its speed.
fn judgement(verifications: &[Verification], took: &[Duration], rule: &InferenceRule) -> Judgement {
    let rewards = verifications
        .iter()
        .zip(took)
        .map(|(found, took)| match found.verdict {
            Ok(()) => speed(*took, rule.timeout),
            Err(_) => 0.0,
        });
    let verdict = |found: &Verification| match &found.verdict {
        Ok(()) => VERIFIED.to_owned(),
        Err(why) => why.to_string(),
    };
    let likenesses = verifications.iter().map(|found| found.likeness);
    Judgement {
        rewards: rewards.collect(),
        columns: vec![
            Column::some_numbers("inference_likeness", likenesses),
            Column::texts(VERDICTS, verifications.iter().map(|found| Some(verdict(found)))),
        ],
    }
}

impl Inference {
    fn claim(&self) -> Claim<'_> {
        Claim {
            text: &self.completion,
            tokens: &self.tokens,
            likeliest: &self.top_logprobs,
        }
    }
}
