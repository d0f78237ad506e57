//! A judged step as a row of the event log, in the columns of the originals.

use super::inference::VERIFIED;
use crate::{
    judging::{Column, Figures, INFERENCE_FILTER, Judgement},
    scoring::combine::{Mask, normalised_column},
};
use assay_records::streams::PromptingStep;

/// Puts figures under their column's name. A name that the stream does not have is left out: a test sees that there is none.
pub(super) fn put(record: &mut PromptingStep, column: Column) -> bool {
    let Column { name, figures } = column;
    let (numbers, texts) = match figures {
        Figures::Numbers(numbers) => (Some(numbers), None),
        Figures::Texts(texts) => (None, Some(texts)),
    };
    macro_rules! numbers {
        ($($field:ident),* $(,)?) => {
            match name.as_str() {
                $(stringify!($field) => record.$field = numbers,)*
                "blacklist_filter_matched_ngram" => record.blacklist_filter_matched_ngram = texts,
                VERDICTS => record.inference_verdict = texts,
                // Never told apart from the raw figure.
                "blacklist_filter_normalized" => {}
                _ => return false,
            }
        };
    }
    numbers!(
        dahoas_reward_model,
        dahoas_reward_model_normalized,
        blacklist_filter,
        nsfw_filter,
        nsfw_filter_normalized,
        reciprocate_reward_model,
        reciprocate_reward_model_normalized,
        diversity_reward_model,
        diversity_reward_model_normalized,
        dpo_reward_model,
        dpo_reward_model_normalized,
        rlhf_reward_model,
        rlhf_reward_model_normalized,
        prompt_reward_model,
        prompt_reward_model_normalized,
        reference_reward_model,
        reference_reward_model_normalized,
        relevance_filter,
        relevance_filter_normalized,
        task_validator_filter,
        task_validator_filter_normalized,
        diversity_reward_model_historic,
        diversity_reward_model_batch,
        relevance_filter_bert_score,
        relevance_filter_mpnet_score,
        nsfw_filter_score,
        blacklist_filter_significance_score,
        task_validation_penalty_raw,
        task_validation_penalty_adjusted,
        task_validation_penalty_applied,
        keyword_match_penalty_raw,
        keyword_match_penalty_adjusted,
        keyword_match_penalty_applied,
        sentence_match_penalty_raw,
        sentence_match_penalty_adjusted,
        sentence_match_penalty_applied,
        inference_likeness,
    );
    true
}

/// Takes out what was said; how it was judged stays.
pub(super) fn forget_words(record: &mut PromptingStep) {
    record.prompt.clear();
    record.base_prompt = None;
    record.best = None;
    record.blacklist_filter_matched_ngram = None;
    record.completions.iter_mut().for_each(String::clear);
}

/// For each answer of a batch, the columns of the filters that forbid it.
pub(super) fn filters(judgement: &Judgement) -> Vec<Vec<&'static str>> {
    let mut forbidding = vec![Vec::new(); judgement.rewards.len()];
    for mask in Mask::ALL {
        let factors = normalised_column(mask.column());
        let Some(Figures::Numbers(factors)) = judgement
            .columns
            .iter()
            .find(|column| column.name == factors)
            .map(|column| &column.figures)
        else {
            continue;
        };
        for (columns, factor) in forbidding.iter_mut().zip(factors) {
            // Soft filters never give 0 to the last bit.
            if factor.is_some_and(|factor| factor < FORBIDDEN) {
                columns.push(mask.column());
            }
        }
    }
    let verdicts = judgement.columns.iter().find(|column| column.name == VERDICTS);
    if let Some(Figures::Texts(verdicts)) = verdicts.map(|column| &column.figures) {
        for (columns, verdict) in forbidding.iter_mut().zip(verdicts) {
            if verdict.as_deref() != Some(VERIFIED) {
                columns.push(INFERENCE_FILTER);
            }
        }
    }
    forbidding
}

/// The column that says of each answer whether the model made it that was asked for, or why not.
pub(super) const VERDICTS: &str = "inference_verdict";

/// A factor below which an answer earns nothing to speak of.
const FORBIDDEN: f64 = 0.05;
