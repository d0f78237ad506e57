//! From what a round found to its result: the meeting point of the state, the chain and the pure scoring.

use std::collections::HashMap;

use assay_chain::{AccountId, Block, Metagraph, Neuron};

use crate::{
    event::{MinerScore, Standing},
    outcome::{NotAsked, Outcome},
    profile::Profile,
    scoring::{Contender, Placing, score_round},
    state::{Carried, Entrant},
};

/// Decides between equally early commitments: who registered first, and then the smaller key.
type Owner = (Block, AccountId);

/// The result of a round, one line for each neuron of `metagraph`.
///
/// A neuron counts as the entrant of the same hotkey and registration only: whoever has taken over a slot since the
/// round began starts from nothing. `carried` holds the earlier losses that may stand in.
pub(super) fn result(
    entrants: &[Entrant],
    carried: &HashMap<AccountId, Carried>,
    metagraph: &Metagraph,
    profile: &Profile,
) -> Vec<MinerScore> {
    let by_hotkey: HashMap<_, _> = entrants
        .iter()
        .map(|entrant| (entrant.found.hotkey, entrant))
        .collect();
    let lines: Vec<Line<'_>> = metagraph
        .neurons
        .iter()
        .map(|neuron| {
            let entrant = by_hotkey
                .get(&neuron.hotkey)
                .copied()
                .filter(|entrant| entrant.found.registered == neuron.registered_at);
            Line {
                neuron,
                entrant,
                carried: carried.get(&neuron.hotkey),
            }
        })
        .collect();
    let contenders: Vec<Contender<'_, Owner>> = lines.iter().map(Line::contender).collect();
    let consensus: Vec<f64> = metagraph
        .neurons
        .iter()
        .map(|neuron| f64::from(neuron.consensus) / f64::from(u16::MAX))
        .collect();
    let table = score_round(&contenders, &consensus, profile);
    lines
        .iter()
        .enumerate()
        .map(|(uid, line)| MinerScore {
            uid: line.neuron.uid,
            hotkey: line.neuron.hotkey,
            standing: line.standing(table.placings[uid], &metagraph.neurons),
            repo: line
                .entrant
                .and_then(|e| Some(e.found.commitment.as_ref()?.0.repo.clone())),
            rows: line.rows(),
            share: table.shares[uid],
            weight: table.weights[uid],
            committed: line.committed(),
            consensus: Some(consensus[uid]),
        })
        .collect()
}

/// A neuron and what is known about it.
struct Line<'a> {
    neuron: &'a Neuron,
    entrant: Option<&'a Entrant>,
    carried: Option<&'a Carried>,
}

impl<'a> Line<'a> {
    fn owner(&self) -> Owner {
        (self.neuron.registered_at, self.neuron.hotkey)
    }

    /// Whether an earlier loss stands in: this round did not ask, or we failed.
    fn stands_in(&self) -> Option<&'a Carried> {
        let outcome = self.entrant?.found.outcome.as_ref();
        matches!(outcome, None | Some(Outcome::NotAsked(_) | Outcome::OwnFault(_)))
            .then_some(self.carried)
            .flatten()
    }

    fn contender(&self) -> Contender<'a, Owner> {
        if let Some(carried) = self.stands_in() {
            return Contender::Present {
                owner: self.owner(),
                block: carried.committed.0,
                rows: Some(&carried.facts.row_set),
                loss: Some(carried.loss),
            };
        }
        let Some(entrant) = self.entrant else {
            return Contender::Absent;
        };
        match &entrant.found.outcome {
            Some(Outcome::NoAnswer(_) | Outcome::BadAnswer(_)) => Contender::Failed,
            Some(Outcome::Assayed) => Contender::Present {
                owner: self.owner(),
                block: entrant
                    .found
                    .commitment
                    .as_ref()
                    .map_or(u64::MAX, |(_, block)| block.0),
                rows: entrant.dataset.as_ref().map(|(_, facts)| &facts.row_set),
                loss: entrant.loss.flatten(),
            },
            None | Some(Outcome::NotAsked(_) | Outcome::OwnFault(_)) => Contender::Absent,
        }
    }

    /// Block of the commitment that counts.
    fn committed(&self) -> Option<Block> {
        let own = || Some(self.entrant?.found.commitment.as_ref()?.1);
        self.stands_in().map(|carried| carried.committed).or_else(own)
    }

    fn rows(&self) -> Option<usize> {
        let facts = self.stands_in().map(|carried| &carried.facts);
        facts
            .or_else(|| Some(&self.entrant?.dataset.as_ref()?.1))
            .map(|facts| facts.rows)
    }

    fn standing(&self, placing: Placing, neurons: &[Neuron]) -> Standing {
        match placing {
            Placing::Ranked { loss, wins, win_rate } => Standing::Ranked {
                loss,
                wins,
                win_rate,
                carried: self.stands_in().is_some(),
            },
            Placing::CopyOf(original) => Standing::Copy {
                of: neurons[original].hotkey,
            },
            Placing::Absent | Placing::Failed => match self.entrant.and_then(|e| e.found.outcome.clone()) {
                Some(Outcome::NoAnswer(reason)) => Standing::NoAnswer(reason),
                Some(Outcome::BadAnswer(reason)) => Standing::BadAnswer(reason),
                Some(Outcome::OwnFault(fault)) => Standing::OwnFault(fault),
                Some(Outcome::NotAsked(reason)) => Standing::NotAsked(reason),
                // The original of a copy may itself have come to nothing.
                Some(Outcome::Assayed) => match self.entrant.and_then(|e| e.copy_of) {
                    Some(of) => Standing::Copy { of },
                    None => Standing::NotAsked(NotAsked::LaterTurn),
                },
                // It came after the round was opened.
                None => Standing::NotAsked(NotAsked::LaterTurn),
            },
        }
    }
}
