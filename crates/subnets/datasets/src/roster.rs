//! Who takes part in a round: a pure function of the chain at the round's closing block.

use std::collections::HashMap;

use assay_chain::{AccountId, Block, Commitment, Metagraph};

use crate::{
    commitment::DatasetCommitment,
    outcome::{BadAnswer, NoAnswer, NotAsked, Outcome},
    profile::Profile,
    rows::hash_into,
    seed::RoundSeed,
    state::{NewEntrant, RoundId},
};

/// Everybody in the subnet, each with what is already clear about it, by uid.
///
/// Only so many miners are asked in a round. Those that were asked longest ago come first, new ones before all, and
/// the round's seed decides between equals, so that validators with the same history ask the same miners and nobody
/// is left out for long. Who has nothing to be assayed takes nobody's turn.
///
/// Commitments and neurons newer than `closed` are kept out, should the chain have been read later than that.
pub fn roster(
    metagraph: &Metagraph,
    commitments: &[Commitment],
    closed: Block,
    seed: RoundSeed,
    last_asked: &HashMap<AccountId, RoundId>,
    profile: &Profile,
) -> Vec<NewEntrant> {
    let by_hotkey: HashMap<_, _> = commitments.iter().map(|c| (c.hotkey, c)).collect();
    let mut roster: Vec<NewEntrant> = metagraph
        .neurons
        .iter()
        .map(|neuron| {
            let (commitment, outcome) = match by_hotkey.get(&neuron.hotkey) {
                _ if neuron.registered_at > closed => {
                    let reason = NotAsked::RegisteredAfterClose {
                        registered: neuron.registered_at,
                        closed,
                    };
                    (None, Some(Outcome::NotAsked(reason)))
                }
                None => (None, Some(Outcome::NoAnswer(NoAnswer::NoCommitment))),
                Some(commitment) => judged(commitment, neuron.registered_at, closed, profile),
            };
            NewEntrant {
                hotkey: neuron.hotkey,
                uid: neuron.uid,
                registered: neuron.registered_at,
                commitment,
                outcome,
            }
        })
        .collect();

    let mut queue: Vec<usize> = (0..roster.len())
        .filter(|i| roster[*i].outcome.is_none())
        .collect();
    queue.sort_by_cached_key(|i| {
        let hotkey = roster[*i].hotkey;
        let mut lot = [0; 16];
        hash_into(&[&seed.0.to_le_bytes()[..], &hotkey.0].concat(), &mut lot);
        (last_asked.get(&hotkey).copied(), lot)
    });
    for later in queue
        .into_iter()
        .skip(usize::from(profile.miners_per_round.get()))
    {
        roster[later].outcome = Some(Outcome::NotAsked(NotAsked::LaterTurn));
    }
    roster
}

/// What a commitment says, and what is wrong with it.
fn judged(
    commitment: &Commitment,
    registered: Block,
    closed: Block,
    profile: &Profile,
) -> (Option<(DatasetCommitment, Block)>, Option<Outcome>) {
    let committed = commitment.block;
    if committed > closed {
        return (
            None,
            Some(Outcome::NotAsked(NotAsked::CommittedAfterClose {
                committed,
                closed,
            })),
        );
    }
    let bad = |reason: String| Some(Outcome::BadAnswer(BadAnswer::Commitment { reason }));
    let Some(text) = commitment.text() else {
        return (None, bad("is not text".to_owned()));
    };
    let dataset = match text.parse::<DatasetCommitment>() {
        Ok(dataset) => dataset,
        Err(e) => return (None, bad(e.to_string())),
    };
    let outcome = if dataset.competition != profile.competition {
        let competition = dataset.competition.clone();
        Some(Outcome::NoAnswer(NoAnswer::OtherCompetition { competition }))
    } else if committed <= registered {
        Some(Outcome::BadAnswer(BadAnswer::CommittedBeforeRegistration {
            committed,
            registered,
        }))
    } else if !dataset.revision.could_be_a_commit() {
        let revision = dataset.revision.clone();
        Some(Outcome::BadAnswer(BadAnswer::RevisionNotPinned { revision }))
    } else {
        None
    };
    (Some((dataset, committed)), outcome)
}
