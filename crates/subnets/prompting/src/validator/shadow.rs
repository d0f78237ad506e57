//! Shadow scoring: other miners are asked what an answer is worth. What they say goes on record and nowhere else.

use super::{
    forward::Forward,
    step::{Asking, Heard},
};
use crate::{
    Prompting,
    prompts::marking::{Ending, MarkingTemplate},
    scoring::shadow::shadow_scores,
};
use assay_axon::Outcome;
use assay_chain::Metagraph;
use assay_neuron::{Chosen, MinerReply};
use assay_records::streams::PromptingMark;
use futures::future::join_all;
use std::{cmp::Ordering, collections::BTreeSet};

/// Bytes of a reply that are looked at and kept: a mark and a sentence that says why have room in it.
const MOST_BYTES: usize = 2_048;

impl Forward<'_> {
    /// Has every answer marked by other miners, all at once; nothing where the settings do not want it, and for steps that
    /// nobody knows how to mark.
    ///
    /// Who fails here costs nobody anything, so nothing of it is an error.
    pub(super) async fn marks(
        &self,
        asking: &Asking,
        metagraph: &Metagraph,
        heard: &[Heard],
        step: u64,
    ) -> Vec<PromptingMark> {
        let settings = &self.parts.settings;
        let template = MarkingTemplate::for_step(&asking.name, settings.fidelity);
        let Some(template) = template.filter(|_| settings.outsource_scoring) else {
            return Vec::new();
        };
        self.parts.doing(self.context, || {
            format!("having answers to {} marked by miners", asking.name)
        });
        let batch: BTreeSet<_> = heard.iter().map(|heard| heard.hotkey()).collect();
        let asked = heard.iter().filter_map(|heard| {
            let answer = heard.judged.as_deref().ok()?;
            let prompt = template.fill(&asking.prompt, answer, Ending::Open, settings.fidelity);
            let scorers = self.scorers(metagraph, heard, &batch);
            Some(async move {
                let synapse = Prompting::ask(prompt);
                let replies = self
                    .context
                    .ask_aside(&scorers, &synapse, settings.scoring_timeout)
                    .await;
                let replies = replies.unwrap_or_else(|error| {
                    tracing::warn!(%error, "an answer is not sent to be marked");
                    Vec::new()
                });
                (heard, replies)
            })
        });
        let replied = join_all(asked).await;
        let said: Vec<Option<Vec<String>>> = replied
            .iter()
            .map(|(_, replies)| Some(replies.iter().map(words).collect()))
            .collect();
        let scores = shadow_scores(&said, settings.scoring_sample_size, settings.fidelity);
        // Of those that anybody gave a mark.
        let marked = scores.values.iter().zip(&scores.scorings);
        let best = marked
            .filter(|(values, _)| values.iter().any(Option::is_some))
            .map(|(_, scoring)| *scoring)
            .max_by(f64::total_cmp);
        let marks = replied
            .into_iter()
            .zip(said)
            .zip(scores.values.into_iter().zip(&scores.scorings));
        marks
            .map(|(((heard, replies), said), (values, scoring))| PromptingMark {
                step,
                name: asking.name.clone(),
                block: Some(metagraph.block.number.0),
                uid: heard.uid(),
                hotkey: heard.hotkey().to_string(),
                scoring_uids: replies.iter().map(|reply| reply.miner.uid.0).collect(),
                scoring_hotkeys: replies
                    .iter()
                    .map(|reply| reply.miner.target.hotkey.to_string())
                    .collect(),
                scoring_completions: said.unwrap_or_default(),
                best: values.iter().any(Option::is_some)
                    && best.is_some_and(|best| best.total_cmp(scoring) == Ordering::Equal),
                scoring_values: values,
                scoring: *scoring,
            })
            .collect()
    }

    /// Who marks this answer: at random, those first whose own answer is not in the batch, and never its author.
    fn scorers(
        &self,
        metagraph: &Metagraph,
        of: &Heard,
        batch: &BTreeSet<assay_chain::AccountId>,
    ) -> Vec<Chosen> {
        let count = self.parts.settings.scoring_sample_size;
        let others = self.context.choose(metagraph, usize::MAX, &BTreeSet::new());
        let (mut scorers, within): (Vec<_>, Vec<_>) = others
            .unwrap_or_default()
            .into_iter()
            .filter(|chosen| chosen.target.hotkey != of.hotkey())
            .partition(|chosen| !batch.contains(&chosen.target.hotkey));
        scorers.extend(within);
        scorers.truncate(count);
        scorers
    }
}

/// What a scorer replied, as much as is looked at.
fn words(reply: &MinerReply<Prompting>) -> String {
    match &reply.outcome {
        Outcome::Answered(answer) => {
            let end = answer.completion.floor_char_boundary(MOST_BYTES);
            answer.completion.get(..end).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}
