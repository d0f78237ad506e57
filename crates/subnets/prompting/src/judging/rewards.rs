//! The reward models: each gives every answer of a batch a raw figure, which the normaliser makes comparable.

use super::{Answer, Batch, JudgeError};
use crate::{
    prompts::marking::{Ending, MarkingTemplate},
    scoring::{
        combine::Reward,
        difference::{self, Values},
        log_probability::{Joined, LogProbability, Repetition, WORST, is_measurable},
        shadow::continued_mark,
    },
};
use assay_models::{
    CausalModel, Classifier, ClassifierInput, EndMarker, ModelError, TextBeginning, ValueModel,
};
use std::fmt;

/// Gives answers raw figures.
pub trait RewardModel: fmt::Debug + Send {
    /// Under which column, and with which default weight.
    fn reward(&self) -> Reward;

    /// One figure an answer; nothing where the model has none to give, which counts as no answer.
    ///
    /// # Errors
    /// [`JudgeError`]: then nobody is judged by this batch.
    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError>;
}

fn failed(reward: Reward) -> impl Fn(ModelError) -> JudgeError {
    move |source| JudgeError::Model {
        column: reward.column(),
        source,
    }
}

/// The logits of a model with one label, or with several the first.
fn first(reward: Reward, logits: Vec<Vec<f32>>) -> Result<Vec<Option<f64>>, JudgeError> {
    let figure = |row: Vec<f32>| {
        let figure = f64::from(row.first().copied().unwrap_or(f32::NAN));
        if figure.is_finite() {
            Ok(Some(figure))
        } else {
            Err(JudgeError::NoNumber {
                column: reward.column(),
                figure,
            })
        }
    };
    logits.into_iter().map(figure).collect()
}

/// The seed's: what an answer adds to its prompt, by a value head over GPT-J.
#[derive(Debug)]
pub struct DifferenceReward {
    model: ValueModel,
    shift: f64,
    end: EndMarker,
}

impl DifferenceReward {
    /// With this model; `shift` is where a value counts as nothing, 3 in the seed. In the exact behaviour an answer that
    /// has an end marker in it chooses where it is judged.
    #[must_use]
    pub fn new(model: ValueModel, shift: f64, fidelity: crate::Fidelity) -> Self {
        let end = match fidelity {
            crate::Fidelity::Fixed => EndMarker::AfterText,
            crate::Fidelity::Exact => EndMarker::FirstInText,
        };
        Self { model, shift, end }
    }

    /// The values of each answer with its prompt and alone.
    pub(super) fn values(&self, prompt: &str, answers: &[Answer<'_>]) -> Result<Vec<Values>, ModelError> {
        let together: Vec<String> = answers
            .iter()
            .map(|answer| format!("{prompt}{}", answer.text))
            .collect();
        // Apart: those with the prompt have a long beginning in common.
        let together: Vec<&str> = together.iter().map(String::as_str).collect();
        let with_prompt = self.model.scores_at(&together, self.end)?;
        let alone: Vec<&str> = answers.iter().map(|answer| answer.text).collect();
        let alone = self.model.scores_at(&alone, self.end)?;
        let pairs = with_prompt.into_iter().zip(alone);
        Ok(pairs
            .map(|(with_prompt, alone)| Values {
                with_prompt: f64::from(with_prompt),
                alone: f64::from(alone),
            })
            .collect())
    }
}

impl RewardModel for DifferenceReward {
    fn reward(&self) -> Reward {
        Reward::Dahoas
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let values = self
            .values(batch.prompt, batch.answers)
            .map_err(failed(Reward::Dahoas))?;
        let figure = |values: Values| {
            let figure = difference::difference(values, self.shift);
            if figure.is_finite() {
                Ok(Some(figure))
            } else {
                Err(JudgeError::NoNumber {
                    column: Reward::Dahoas.column(),
                    figure,
                })
            }
        };
        values.into_iter().map(figure).collect()
    }
}

/// How likely a language model finds an answer after its prompt, word by word, less what it repeats.
#[derive(Debug)]
pub struct LikelihoodReward {
    model: CausalModel,
    repetition: Repetition,
}

impl LikelihoodReward {
    /// With this model.
    #[must_use]
    pub fn new(model: CausalModel, repetition: Repetition) -> Self {
        Self { model, repetition }
    }

    fn one(
        &self,
        prompt: &[u32],
        beginning: Option<&TextBeginning>,
        answer: &str,
    ) -> Result<f64, JudgeError> {
        let failed = failed(Reward::Dpo);
        if !is_measurable(answer) {
            return Ok(WORST);
        }
        // Apart, so that the border between the two is no matter of how they are joined.
        let completion = self.model.encode(answer).map_err(&failed)?;
        let Some(joined) = Joined::new(prompt, &completion, self.model.max_positions()) else {
            return Ok(WORST);
        };
        let mut measure = LogProbability::new(&joined, self.repetition);
        let Some(first) = measure.wanted() else {
            return Ok(WORST);
        };
        let mut misfit = None;
        let positions = first..joined.tokens().len() - 1;
        let mut push = |_: usize, logits: &mut [f32]| {
            if misfit.is_none() {
                misfit = measure.push(logits).err();
            }
        };
        match beginning {
            None => self.model.visit_logits(joined.tokens(), positions, &mut push),
            Some(beginning) => {
                self.model
                    .visit_logits_after(beginning, joined.tokens(), positions, &mut push)
            }
        }
        .map_err(&failed)?;
        // The rows are the model's own, so a misfit is a tokenizer that is not this model's.
        let unfit = |error: &dyn fmt::Display| JudgeError::Unfit {
            column: Reward::Dpo.column(),
            problem: error.to_string(),
        };
        if let Some(error) = misfit {
            return Err(unfit(&error));
        }
        measure.finish().map_err(|error| unfit(&error))
    }
}

impl RewardModel for LikelihoodReward {
    fn reward(&self) -> Reward {
        Reward::Dpo
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        use rayon::prelude::*;
        let failed = failed(Reward::Dpo);
        let prompt = self.model.encode(batch.prompt).map_err(&failed)?;
        // The prompt's last token predicts the first of each answer: all before it is the same for all. Nobody is judged by a
        // prompt that the model cannot read as a whole.
        let beginning = match prompt.split_last() {
            Some((_, before)) if prompt.len() < self.model.max_positions() => {
                Some(self.model.begin(before).map_err(&failed)?)
            }
            _ => None,
        };
        let figures = batch.answers.par_iter();
        figures
            .map(|answer| self.one(&prompt, beginning.as_ref(), answer.text).map(Some))
            .collect()
    }
}

/// A classifier of people's preferences over pairs of a prompt and an answer: DeBERTa.
#[derive(Debug)]
pub struct PairReward(pub Classifier);

impl RewardModel for PairReward {
    fn reward(&self) -> Reward {
        Reward::Rlhf
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let inputs: Vec<_> = batch
            .answers
            .iter()
            .map(|answer| ClassifierInput::from((batch.prompt, answer.text)))
            .collect();
        let logits = self.0.logits(&inputs).map_err(failed(Reward::Rlhf))?;
        first(Reward::Rlhf, logits)
    }
}

/// A classifier of people's preferences over one text, marked as a conversation: GPT-J.
#[derive(Debug)]
pub struct ReciprocateReward(pub Classifier);

impl RewardModel for ReciprocateReward {
    fn reward(&self) -> Reward {
        Reward::Reciprocate
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let texts: Vec<String> = batch
            .answers
            .iter()
            .map(|answer| {
                format!(
                    "<|prompter|>{}</s><|assistant|>{}</s><|endoftext|>",
                    batch.prompt, answer.text
                )
            })
            .collect();
        let inputs: Vec<_> = texts
            .iter()
            .map(|text| ClassifierInput::from(text.as_str()))
            .collect();
        let logits = self.0.logits(&inputs).map_err(failed(Reward::Reciprocate))?;
        first(Reward::Reciprocate, logits)
    }
}

/// A language model that is asked for a mark from 0 to 10, in words.
#[derive(Debug)]
pub struct PromptReward {
    model: CausalModel,
    fidelity: crate::Fidelity,
}

impl PromptReward {
    /// With this model.
    #[must_use]
    pub fn new(model: CausalModel, fidelity: crate::Fidelity) -> Self {
        Self { model, fidelity }
    }
}

/// Tokens of a mark.
const MARK_TOKENS: usize = 2;

impl RewardModel for PromptReward {
    fn reward(&self) -> Reward {
        Reward::Prompt
    }

    fn raw(&mut self, batch: &Batch<'_>) -> Result<Vec<Option<f64>>, JudgeError> {
        let Some(template) = MarkingTemplate::for_step(batch.step, self.fidelity) else {
            return Ok(vec![Some(0.0); batch.answers.len()]);
        };
        batch
            .answers
            .iter()
            .map(|answer| {
                let prompt = template.fill(batch.prompt, answer.text, Ending::InTag, self.fidelity);
                let said = self
                    .model
                    .complete(&prompt, MARK_TOKENS)
                    .map_err(failed(Reward::Prompt))?;
                Ok(Some(continued_mark(&said).unwrap_or(0.0) / 10.0))
            })
            .collect()
    }
}
