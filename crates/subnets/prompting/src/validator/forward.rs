//! A forward: from a text to questions and answers, each step made of the best of those before.

use super::{
    Parts,
    step::{Asking, StepError},
};
use crate::{
    bootstrap::BootstrapError,
    judging::Words,
    profile::Flow,
    prompts::{stages, tasks, tasks::Task},
    scoring::{blacklist::Blacklist, followup_trim::trim_followup},
};
use assay_chain::AccountId;
use assay_neuron::Context;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Texts that are drawn for one forward before that is an error: blank ones are passed over.
const MOST_DRAWS: usize = 100;

/// Why a forward ended before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// There is no text to begin with.
    #[error("there is no text to begin with: {0}")]
    Texts(#[from] BootstrapError),
    /// No text of the data set can be used.
    #[error("{MOST_DRAWS} texts in a row have nothing to ask about")]
    NothingToAsk,
    /// A step failed on our side.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// A forward under way.
pub(super) struct Forward<'a> {
    pub(super) parts: &'a Parts,
    pub(super) context: &'a Context,
    /// The best so far, which nobody may say again.
    pub(super) heard: Blacklist,
    /// Who was asked in this forward: others come first.
    pub(super) asked: BTreeSet<AccountId>,
    pub(super) rng: ChaCha8Rng,
}

impl<'a> Forward<'a> {
    pub(super) fn new(parts: &'a Parts, context: &'a Context) -> Self {
        let settings = &parts.settings;
        Self {
            parts,
            context,
            heard: Blacklist::new(settings.mask_rules.phrases.clone(), settings.fidelity),
            asked: BTreeSet::new(),
            rng: ChaCha8Rng::from_rng(&mut rand::rng()),
        }
    }

    /// Runs to its end, or to a step of which nothing is good enough to go on with.
    pub(super) async fn run(mut self) -> Result<(), ForwardError> {
        let text = self.text().await?;
        match self.parts.settings.flow {
            Flow::TwoStages => self.two_stages(text).await,
            Flow::Rounds { rounds } => self.rounds(text, rounds as usize).await,
            Flow::Tasks { rounds } => self.tasks(text, rounds as usize).await,
        }
    }

    pub(super) async fn text(&mut self) -> Result<String, ForwardError> {
        for _ in 0..MOST_DRAWS {
            let text = self.parts.texts.lock().await.next().await?;
            let drawn = match &self.parts.settings.base_text {
                Some(rule) => rule.draw(&text, &mut self.rng),
                None => Some(text).filter(|text| !text.trim().is_empty()),
            };
            if let Some(text) = drawn {
                return Ok(text);
            }
        }
        Err(ForwardError::NothingToAsk)
    }

    /// The seed's: a question about the text, and its answer.
    async fn two_stages(&mut self, context: String) -> Result<(), ForwardError> {
        let followup = Asking {
            name: "followup".to_owned(),
            prompt: stages::seed_followup(&context),
            judged_by: None,
            base_prompt: context.clone(),
            task: None,
            words: Words::Kept,
        };
        let Some(question) = self.step(followup).await? else {
            return Ok(());
        };
        let answer = Asking {
            name: "answer".to_owned(),
            prompt: stages::seed_answer(&context, &question),
            judged_by: Some(stages::seed_answer_reward(&question)),
            base_prompt: question,
            task: None,
            words: Words::Kept,
        };
        self.step(answer).await?;
        Ok(())
    }

    /// The stack's: a summary, then rounds of a question and its answer, each made of all before it.
    async fn rounds(&mut self, text: String, rounds: usize) -> Result<(), ForwardError> {
        let prompt = stages::augment(&text, &mut self.rng);
        let augment = Asking {
            name: "augment".to_owned(),
            base_prompt: prompt.clone(),
            prompt,
            judged_by: None,
            task: None,
            words: Words::Kept,
        };
        let Some(summary) = self.step(augment).await? else {
            return Ok(());
        };
        let mut context = summary;
        for round in 0..rounds {
            let followup = Asking {
                name: format!("followup{round}"),
                prompt: stages::followup(&context, round),
                judged_by: None,
                base_prompt: context.clone(),
                task: None,
                words: Words::Kept,
            };
            let Some(question) = self.step(followup).await? else {
                return Ok(());
            };
            let answer = Asking {
                name: format!("answer{round}"),
                prompt: stages::answer(&context, &question),
                judged_by: None,
                base_prompt: question.clone(),
                task: None,
                words: Words::Kept,
            };
            let Some(answer) = self.step(answer).await? else {
                return Ok(());
            };
            self.heard.hear(&question);
            self.heard.hear(&answer);
            context = stages::extended(&context, round, &question, &answer);
        }
        Ok(())
    }

    /// The tasks': a summary, then rounds of a question and its answer that know only the summary; criteria stand in the
    /// prompts.
    async fn tasks(&mut self, text: String, rounds: usize) -> Result<(), ForwardError> {
        let summary = Task::summary(text, &mut self.rng);
        let Some(summary) = self.step(Asking::task(summary)).await? else {
            return Ok(());
        };
        let context = tasks::summary_context(&summary);
        for round in 0..rounds {
            let question = Task::question(round, context.clone(), &mut self.rng);
            let Some(question) = self.step(Asking::task(question)).await? else {
                continue;
            };
            let about = tasks::question_context(&context, round, &question);
            let answer = Task::answer(round, about, &mut self.rng);
            self.step(Asking::task(answer)).await?;
        }
        Ok(())
    }

    /// A completion as it is judged: of the tasks' questions, the question alone.
    pub(super) fn trimmed(&self, asking: &Asking, completion: &str) -> String {
        let is_question = asking.task.is_some() && asking.name.starts_with("followup");
        if is_question {
            trim_followup(completion, self.parts.settings.fidelity)
        } else {
            completion.trim().to_owned()
        }
    }
}
