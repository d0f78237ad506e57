//! The masks: each gives every answer of a batch a factor, 0 for what may not count.

use super::{Batch, Column, Embedder, JudgeError, Words};
use crate::{
    Fidelity,
    scoring::{
        combine::Mask,
        diversity::{Alone, Cut, diversity_in_order, history::History},
        ngram::{NgramBlacklist, Tokens, Verdict},
        nsfw::{Logits, NsfwRule, nsfw},
        relevance::{Pair, RelevanceRule, relevance},
        task_validator::{Asked, keeps_to_task},
    },
};
use assay_keys::AccountId;
use assay_models::{Classifier, ClassifierInput, ModelError};
use std::{fmt, sync::Arc};

/// What a mask says of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskFigures {
    /// Before it becomes a factor, for the records.
    pub raw: Vec<Option<f64>>,
    /// What multiplies each answer's reward, 0 to 1.
    pub factors: Vec<f64>,
    /// What else there is to record.
    pub details: Vec<Column>,
}

impl MaskFigures {
    fn plain(factors: Vec<f64>) -> Self {
        Self {
            raw: factors.iter().copied().map(Some).collect(),
            factors,
            details: Vec::new(),
        }
    }
}

/// Gives answers factors.
pub trait MaskModel: fmt::Debug + Send {
    /// Under which column.
    fn mask(&self) -> Mask;

    /// One factor an answer.
    ///
    /// # Errors
    /// [`JudgeError`]: then nobody is judged by this batch.
    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError>;

    /// What is to be kept over a restart, with the name of its file; nothing where nothing is remembered.
    fn keep(&self) -> Option<(&'static str, Vec<u8>)> {
        None
    }

    /// Goes on from what was kept.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn restore(&mut self, _kept: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

fn failed(mask: Mask) -> impl Fn(ModelError) -> JudgeError {
    move |source| JudgeError::Model {
        column: mask.column(),
        source,
    }
}

/// Known phrases, the prompt itself, and what was heard earlier in this forward.
#[derive(Clone, Copy, Debug)]
pub struct BlacklistMask;

impl MaskModel for BlacklistMask {
    fn mask(&self) -> Mask {
        Mask::Blacklist
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        let allows = |text: &str| {
            // Whoever sends back the whole prompt sends back its context too.
            batch.heard.allows(text, batch.base_prompt) && batch.heard.allows(text, batch.prompt)
        };
        let factors = batch
            .answers
            .iter()
            .map(|answer| f64::from(u8::from(allows(answer.text))));
        Ok(MaskFigures::plain(factors.collect()))
    }
}

/// Phrases that too many answers share, found by counting.
pub struct NgramMask<T> {
    pub(super) blacklist: NgramBlacklist,
    tokens: T,
}

impl<T> fmt::Debug for NgramMask<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NgramMask")
            .field("completions", &self.blacklist.completions())
            .finish_non_exhaustive()
    }
}

impl<T: Tokens + Send> NgramMask<T> {
    /// Counts with these tokens.
    pub fn new(blacklist: NgramBlacklist, tokens: T) -> Self {
        Self { blacklist, tokens }
    }
}

impl<T: Tokens + Send> MaskModel for NgramMask<T> {
    fn mask(&self) -> Mask {
        Mask::Blacklist
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        // Counted before anything is judged, as in the original: a phrase counts from its own batch on.
        if batch.words == Words::Kept {
            for answer in batch.answers {
                self.blacklist.hear(answer.text, &self.tokens);
            }
        }
        self.blacklist.evaluate(&self.tokens);
        let verdicts: Vec<Verdict> = batch
            .answers
            .iter()
            .map(|answer| self.blacklist.judge(answer.text, batch.prompt))
            .collect();
        let phrase = |verdict: &Verdict| match verdict {
            Verdict::Phrase { phrase, .. } => Some(phrase.clone()),
            _ => None,
        };
        let significance = |verdict: &Verdict| match verdict {
            Verdict::Phrase { significance, .. } => Some(*significance),
            _ => None,
        };
        let mut figures = MaskFigures::plain(verdicts.iter().map(Verdict::factor).collect());
        figures.details = vec![
            Column::texts("blacklist_filter_matched_ngram", verdicts.iter().map(phrase)),
            Column::some_numbers(
                "blacklist_filter_significance_score",
                verdicts.iter().map(significance),
            ),
        ];
        Ok(figures)
    }

    fn keep(&self) -> Option<(&'static str, Vec<u8>)> {
        // Lists of numbers always have a JSON form.
        Some((
            "phrases.json",
            serde_json::to_vec(&self.blacklist).unwrap_or_default(),
        ))
    }

    fn restore(&mut self, kept: &[u8]) -> Result<(), String> {
        let rule = self.blacklist.rule().clone();
        let restored = NgramBlacklist::restore(&mut serde_json::Deserializer::from_slice(kept), rule);
        self.blacklist = restored.map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Labels of another task.
#[derive(Clone, Copy, Debug)]
pub struct TaskValidatorMask(pub Fidelity);

impl MaskModel for TaskValidatorMask {
    fn mask(&self) -> Mask {
        Mask::TaskValidator
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        let asked = Asked::of_step(batch.step, self.0);
        let keeps = |text: &str| f64::from(u8::from(keeps_to_task(asked, text, self.0)));
        Ok(MaskFigures::plain(
            batch.answers.iter().map(|answer| keeps(answer.text)).collect(),
        ))
    }
}

/// What has nothing to do with what was asked about.
pub struct RelevanceMask {
    by_tokens: Arc<dyn Embedder>,
    by_sentence: Arc<dyn Embedder>,
    rule: RelevanceRule,
}

impl fmt::Debug for RelevanceMask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RelevanceMask")
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

impl RelevanceMask {
    /// With these two encoders, BERT and MPNet in the original.
    #[must_use]
    pub fn new(by_tokens: Arc<dyn Embedder>, by_sentence: Arc<dyn Embedder>, rule: RelevanceRule) -> Self {
        Self {
            by_tokens,
            by_sentence,
            rule,
        }
    }
}

impl MaskModel for RelevanceMask {
    fn mask(&self) -> Mask {
        Mask::Relevance
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        let mut texts = batch.texts();
        texts.push(batch.base_prompt);
        let embed = |embedder: &dyn Embedder| embedder.embed(&texts).map_err(failed(Mask::Relevance));
        let (by_tokens, by_sentence) = (embed(self.by_tokens.as_ref())?, embed(self.by_sentence.as_ref())?);
        let (Some((prompt_tokens, tokens)), Some((prompt_sentence, sentences))) =
            (by_tokens.split_last(), by_sentence.split_last())
        else {
            return Ok(MaskFigures::plain(Vec::new()));
        };
        let judged: Vec<_> = tokens
            .iter()
            .zip(sentences)
            .map(|(tokens, sentence)| {
                let pair = |completion, prompt| Pair { completion, prompt };
                relevance(
                    pair(tokens, prompt_tokens),
                    pair(sentence, prompt_sentence),
                    &self.rule,
                )
            })
            .collect();
        Ok(MaskFigures {
            raw: judged.iter().map(|relevance| Some(relevance.factor)).collect(),
            factors: judged.iter().map(|relevance| relevance.factor).collect(),
            details: vec![
                Column::numbers(
                    "relevance_filter_bert_score",
                    judged.iter().map(|relevance| relevance.token_score),
                ),
                Column::numbers(
                    "relevance_filter_mpnet_score",
                    judged.iter().map(|relevance| relevance.sentence_score),
                ),
            ],
        })
    }
}

/// What is too like other answers, or earlier ones.
pub struct DiversityMask {
    embedder: Arc<dyn Embedder>,
    pub(super) history: History<AccountId>,
    cut: Cut,
    alone: Alone,
    fidelity: Fidelity,
}

impl fmt::Debug for DiversityMask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DiversityMask")
            .field("history", &self.history.len())
            .finish_non_exhaustive()
    }
}

impl DiversityMask {
    /// With this encoder, MPNet in the original, and this past.
    #[must_use]
    pub fn new(
        embedder: Arc<dyn Embedder>,
        history: History<AccountId>,
        cut: Cut,
        alone: Alone,
        fidelity: Fidelity,
    ) -> Self {
        Self {
            embedder,
            history,
            cut,
            alone,
            fidelity,
        }
    }
}

impl MaskModel for DiversityMask {
    fn mask(&self) -> Mask {
        Mask::Diversity
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        let embedded = self
            .embedder
            .embed(&batch.texts())
            .map_err(failed(Mask::Diversity))?;
        let rows: Vec<&[f32]> = embedded.iter().map(Vec::as_slice).collect();
        let came: Vec<f64> = batch
            .answers
            .iter()
            .map(|answer| answer.took.as_secs_f64())
            .collect();
        let judged = diversity_in_order(&rows, &came, &self.history, self.alone, self.fidelity);
        let hotkeys = batch.answers.iter().map(|answer| answer.hotkey);
        let heard: Vec<(AccountId, Vec<f32>)> = match batch.words {
            Words::Kept => hotkeys.zip(embedded).collect(),
            Words::Forgotten => Vec::new(),
        };
        if let Err(error) = self.history.append(&heard) {
            // Another encoder than the history's: it begins anew rather than stop everything.
            tracing::warn!(%error, "the history of answers begins anew");
            self.history.clear();
            if let Err(error) = self.history.append(&heard) {
                return Err(JudgeError::Unfit {
                    column: Mask::Diversity.column(),
                    problem: error.to_string(),
                });
            }
        }
        Ok(MaskFigures {
            raw: judged.iter().map(|diversity| Some(diversity.value)).collect(),
            factors: judged
                .iter()
                .map(|diversity| self.cut.apply(diversity.value))
                .collect(),
            details: vec![
                Column::numbers(
                    "diversity_reward_model_batch",
                    judged.iter().map(|diversity| diversity.batch),
                ),
                Column::some_numbers(
                    "diversity_reward_model_historic",
                    judged.iter().map(|diversity| diversity.historic),
                ),
            ],
        })
    }

    fn keep(&self) -> Option<(&'static str, Vec<u8>)> {
        Some(("answers.bin", self.history.to_bytes()))
    }

    fn restore(&mut self, kept: &[u8]) -> Result<(), String> {
        let history = History::from_bytes(kept, self.history.rule());
        self.history = history.map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// What is hateful, by a classifier that reads in windows.
#[derive(Debug)]
pub struct NsfwMask {
    classifier: Classifier,
    rule: NsfwRule,
}

impl NsfwMask {
    /// With this classifier, whose two labels are "not hateful" and "hateful".
    #[must_use]
    pub fn new(classifier: Classifier, rule: NsfwRule) -> Self {
        Self { classifier, rule }
    }

    /// Whether each text may count, and the score of its worst window.
    pub(super) fn judge(&self, texts: &[&str]) -> Result<Vec<crate::scoring::nsfw::Nsfw>, ModelError> {
        let inputs: Vec<_> = texts.iter().map(|text| ClassifierInput::from(*text)).collect();
        let windows = self.classifier.window_logits(&inputs)?;
        let logits = |row: &Vec<f32>| Logits {
            nothate: f64::from(row.first().copied().unwrap_or(f32::NAN)),
            hate: f64::from(row.get(1).copied().unwrap_or(f32::NAN)),
        };
        Ok(windows
            .iter()
            .map(|windows| nsfw(&windows.iter().map(logits).collect::<Vec<_>>(), self.rule))
            .collect())
    }
}

impl MaskModel for NsfwMask {
    fn mask(&self) -> Mask {
        Mask::Nsfw
    }

    fn factors(&mut self, batch: &Batch<'_>) -> Result<MaskFigures, JudgeError> {
        let judged = self.judge(&batch.texts()).map_err(failed(Mask::Nsfw))?;
        let factor = |passes: bool| f64::from(u8::from(passes));
        Ok(MaskFigures {
            raw: judged.iter().map(|nsfw| Some(factor(nsfw.passes))).collect(),
            factors: judged.iter().map(|nsfw| factor(nsfw.passes)).collect(),
            details: vec![Column::some_numbers(
                "nsfw_filter_score",
                judged.iter().map(|nsfw| nsfw.score),
            )],
        })
    }
}
