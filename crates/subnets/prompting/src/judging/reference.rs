//! Answers held against what the validator itself would answer: an idea of the original's successor.

use super::{Batch, Embedder, JudgeError, RewardModel};
use crate::Fidelity;
use crate::scoring::{
    combine::Reward,
    pooling::cosine,
    reference::{Answer, reward_against},
    task_validator::Asked,
};
use assay_minds::{Mind, Turn, Wishes, whole_answer};
use std::{fmt, sync::Arc, time::Duration};

/// Tokens of a reference. Longer ones would hold up every step, and answers of this length say what there is to say.
const MOST_TOKENS: usize = 256;

/// Makes a reference answer after the miners' answers are in, so that nobody can have seen it, and rewards by likeness to it.
pub struct ReferenceReward {
    mind: Arc<dyn Mind>,
    embedder: Arc<dyn Embedder>,
    patience: Duration,
}

impl fmt::Debug for ReferenceReward {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReferenceReward")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl ReferenceReward {
    /// With what this mind answers, and the likeness that this embedder sees. A mind that takes longer than `patience` fails
    /// the batch, which costs no miner anything.
    #[must_use]
    pub fn new(mind: Arc<dyn Mind>, embedder: Arc<dyn Embedder>, patience: Duration) -> Self {
        Self {
            mind,
            embedder,
            patience,
        }
    }

    fn unfit(problem: impl Into<String>) -> JudgeError {
        JudgeError::Unfit {
            column: Reward::Reference.column(),
            problem: problem.into(),
        }
    }

    /// What the mind answers. Batches are judged on threads that may wait.
    fn reference(&self, prompt: &str) -> Result<String, JudgeError> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| Self::unfit("a reference is made within the runtime alone"))?;
        let turns = [Turn::user(prompt)];
        let wishes = Wishes {
            max_tokens: Some(MOST_TOKENS),
            temperature: Some(0.0),
            ..Wishes::default()
        };
        let answering = whole_answer(self.mind.as_ref(), &turns, wishes);
        let answered = runtime.block_on(async { tokio::time::timeout(self.patience, answering).await });
        match answered {
            Err(_) => Err(Self::unfit(format!(
                "no reference came within {} s",
                self.patience.as_secs()
            ))),
            Ok(Err(error)) => Err(Self::unfit(format!("no reference came: {error}"))),
            Ok(Ok(reference)) if reference.trim().is_empty() => Err(Self::unfit("the reference is empty")),
            Ok(Ok(reference)) => Ok(reference),
        }
    }
}

impl RewardModel for ReferenceReward {
    fn reward(&self) -> Reward {
        Reward::Reference
    }

    /// Nothing to tell apart where there is no one right answer: summaries and questions all get 0.
    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let has_answer =
            batch.step.starts_with("organic") || Asked::of_step(batch.step, Fidelity::Fixed) == Asked::Answer;
        if !has_answer {
            return Ok(vec![Some(0.0); batch.answers.len()]);
        }
        let reference = self.reference(batch.prompt)?;
        let mut texts = batch.texts();
        texts.push(&reference);
        let vectors = self.embedder.embed(&texts).map_err(|source| JudgeError::Model {
            column: Reward::Reference.column(),
            source,
        })?;
        let Some((of_reference, vectors)) = vectors.split_last() else {
            return Err(Self::unfit("the encoder has embedded nothing"));
        };
        Ok(batch
            .answers
            .iter()
            .zip(vectors)
            .map(|(answer, vector)| {
                Some(reward_against(Answer {
                    completion: answer.text,
                    reference: &reference,
                    challenge: batch.prompt,
                    relevance: cosine(vector, of_reference),
                }))
            })
            .collect())
    }
}
