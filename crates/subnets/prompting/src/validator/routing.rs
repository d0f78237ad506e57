//! Whom to ask: at random, or by what the gating model expects.

use super::{ChosenBy, forward::Forward, step::StepError};
use crate::{
    gating::route::{Candidate, choose},
    judging::Expectation,
};
use assay_chain::Metagraph;
use assay_neuron::Chosen;
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
        expectation: Option<&Expectation>,
    ) -> Result<Vec<Routed>, StepError> {
        let by = |by| move |chosen| Routed { chosen, by };
        let Some(expectation) = expectation.filter(|_| self.parts.routing == Routing::Gating) else {
            let chosen = self.context.choose(metagraph, count, &self.asked)?;
            return Ok(chosen.into_iter().map(by(ChosenBy::Chance)).collect());
        };
        // Also those that were asked before in this forward: in a small subnet, where they would be passed over, the gate
        // would have nobody left to choose from.
        let everybody = self.context.choose(metagraph, usize::MAX, &BTreeSet::new())?;
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
}
