//! Whom to ask: at random, or by what the gating model expects.

use super::{ChosenBy, forward::Forward, step::StepError};
use crate::{
    gating::route::{Candidate, choose},
    judging::Expectation,
};
use assay_chain::Metagraph;
use assay_neuron::Chosen;
use rand::Rng;
use std::collections::BTreeSet;

/// How miners are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Routing {
    /// At random, as the originals do; a gating model only learns.
    #[default]
    Random,
    /// By the gating model, with exploration.
    Gating,
}

/// A miner that is asked, and why it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Routed {
    pub(super) chosen: Chosen,
    pub(super) by: ChosenBy,
}

impl Forward<'_> {
    /// So many miners to ask, fewer where there are fewer. At random those come first that were not asked in this forward.
    pub(super) fn route(
        &mut self,
        metagraph: &Metagraph,
        count: usize,
        step: &str,
        expectation: Option<&Expectation>,
    ) -> Result<Vec<Routed>, StepError> {
        let by = |by| move |chosen| Routed { chosen, by };
        let Some(expectation) = expectation.filter(|_| self.parts.routing == Routing::Gating) else {
            let chosen = self.context.choose(metagraph, usize::MAX, &self.asked)?;
            let able = self.able(chosen, count, step);
            return Ok(able.into_iter().take(count).map(by(ChosenBy::Chance)).collect());
        };
        // Also those that were asked before in this forward: in a small subnet, where they would be passed over, the gate
        // would have nobody left to choose from.
        let everybody = self.context.choose(metagraph, usize::MAX, &BTreeSet::new())?;
        let everybody = self.able(everybody, count, step);
        let candidates: Vec<_> = everybody
            .iter()
            .enumerate()
            .map(|(place, chosen)| Candidate {
                uid: place,
                score: expectation
                    .scores
                    .get(&chosen.target.hotkey)
                    .copied()
                    .unwrap_or(f64::NAN),
            })
            .collect();
        let rule = self.parts.settings.route;
        let count = count.min(everybody.len());
        let explored = (rule.exploration.clamp(0.0, 1.0) * count as f64).ceil() as usize;
        let places = choose(&candidates, count, rule, &mut self.rng);
        let routed = places.into_iter().enumerate().filter_map(|(order, place)| {
            let chosen = *everybody.get(place)?;
            let by = if order < count - explored {
                ChosenBy::Gate
            } else {
                ChosenBy::Exploration
            };
            Some(Routed { chosen, by })
        });
        Ok(routed.collect())
    }

    /// Those who do what this step asks for. The others get nothing, each as likely as it would have been asked.
    fn able(&mut self, chosen: Vec<Chosen>, count: usize, step: &str) -> Vec<Chosen> {
        let likely = count as f64 / chosen.len().max(1) as f64;
        let weight = self.parts.settings.step_weights.of_step(step);
        let (able, declining): (Vec<_>, Vec<_>) = chosen
            .into_iter()
            .partition(|chosen| self.parts.availability.does(&chosen.target.hotkey, step));
        for declining in declining {
            if self.rng.random::<f64>() < likely
                && let Err(error) = self.context.reward_weighted(declining.target.hotkey, 0.0, weight)
            {
                tracing::warn!(%error, "who declines a task keeps its score");
            }
        }
        able
    }
}
