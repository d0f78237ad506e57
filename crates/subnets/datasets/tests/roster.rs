//! Who takes part in a round, decided from the chain at its closing block alone.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{collections::HashMap, num::NonZeroU16};

use assay_chain::{
    AccountId, Alpha, Block, BlockHash, BlockRef, Commitment, CommitmentField, Metagraph, NetUid, Neuron,
    Rao, Uid,
};
use assay_datasets::{
    Profile,
    outcome::{BadAnswer, NoAnswer, NotAsked, Outcome},
    roster::roster,
    seed::RoundSeed,
    state::{NewEntrant, RoundId},
};

const CLOSED: Block = Block(100);
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn hotkey(n: u16) -> AccountId {
    AccountId([n as u8; 32])
}

fn neuron(n: u16, registered: u64) -> Neuron {
    Neuron {
        uid: Uid(n),
        hotkey: hotkey(n),
        coldkey: hotkey(n + 100),
        axon: None,
        alpha_stake: Alpha::ZERO,
        tao_stake: Rao::ZERO,
        total_stake: Alpha::ZERO,
        incentive: 0,
        consensus: 0,
        dividends: 0,
        validator_trust: None,
        emission: Alpha::ZERO,
        validator_permit: false,
        active: true,
        last_update: Block(registered),
        registered_at: Block(registered),
    }
}

fn metagraph(neurons: Vec<Neuron>) -> Metagraph {
    Metagraph {
        netuid: NetUid(2),
        block: BlockRef {
            number: CLOSED,
            hash: BlockHash([0; 32]),
        },
        name: String::new(),
        symbol: String::new(),
        owner_coldkey: hotkey(0),
        owner_hotkey: hotkey(0),
        tempo: 20,
        last_step: CLOSED,
        blocks_since_last_step: 0,
        registered_at: Block(1),
        max_neurons: 256,
        burn: Rao::ZERO,
        tao_in: Rao::ZERO,
        alpha_in: Alpha::ZERO,
        alpha_out: Alpha::ZERO,
        neurons,
    }
}

fn commitment(n: u16, block: u64, text: &[u8]) -> Commitment {
    let fields = vec![CommitmentField::Raw(text.to_vec())];
    Commitment {
        hotkey: hotkey(n),
        block: Block(block),
        deposit: Rao::ZERO,
        fields,
    }
}

fn made(
    neurons: Vec<Neuron>,
    commitments: &[Commitment],
    asked: &[(u16, i64)],
    most: u16,
) -> Vec<NewEntrant> {
    let profile = Profile {
        miners_per_round: NonZeroU16::new(most).unwrap(),
        ..Profile::seed()
    };
    let last_asked: HashMap<_, _> = asked
        .iter()
        .map(|(n, round)| (hotkey(*n), RoundId(*round)))
        .collect();
    roster(
        &metagraph(neurons),
        commitments,
        CLOSED,
        RoundSeed(7),
        &last_asked,
        &profile,
    )
}

#[test]
fn every_commitment_is_judged_by_what_it_says_and_when() {
    let dataset = format!("alice/set:f127:{COMMIT}");
    // Text and block of the commitment, block of the registration, and what must come of it.
    type Case<'a> = (&'a [u8], u64, u64, fn(&Option<Outcome>) -> bool);
    let cases: [Case<'_>; 11] = [
        (dataset.as_bytes(), 60, 50, |o| o.is_none()),
        (dataset.as_bytes(), 100, 50, |o| o.is_none()),
        (b"alice/set:f127:0123456", 60, 50, |o| o.is_none()),
        (dataset.as_bytes(), 101, 50, |o| {
            matches!(
                o,
                Some(Outcome::NotAsked(NotAsked::CommittedAfterClose {
                    committed: Block(101),
                    ..
                }))
            )
        }),
        (dataset.as_bytes(), 60, 101, |o| {
            matches!(o, Some(Outcome::NotAsked(NotAsked::RegisteredAfterClose { .. })))
        }),
        // A recycled slot's old commitment, and one in the very block of the registration.
        (dataset.as_bytes(), 40, 50, |o| {
            matches!(
                o,
                Some(Outcome::BadAnswer(BadAnswer::CommittedBeforeRegistration { .. }))
            )
        }),
        (dataset.as_bytes(), 50, 50, |o| {
            matches!(
                o,
                Some(Outcome::BadAnswer(BadAnswer::CommittedBeforeRegistration { .. }))
            )
        }),
        (b"alice/set:1:0123456", 60, 50, |o| {
            matches!(o, Some(Outcome::NoAnswer(NoAnswer::OtherCompetition { .. })))
        }),
        (b"alice/set:f127:None", 60, 50, |o| {
            matches!(o, Some(Outcome::BadAnswer(BadAnswer::RevisionNotPinned { .. })))
        }),
        (br#"{"id": "1"}"#, 60, 50, |o| {
            matches!(o, Some(Outcome::BadAnswer(BadAnswer::Commitment { .. })))
        }),
        (b"\xff\xfe", 60, 50, |o| {
            matches!(o, Some(Outcome::BadAnswer(BadAnswer::Commitment { .. })))
        }),
    ];
    let neurons = (0..).zip(&cases).map(|(n, case)| neuron(n, case.2)).collect();
    let commitments: Vec<_> = (0..)
        .zip(&cases)
        .map(|(n, case)| commitment(n, case.1, case.0))
        .collect();
    let roster = made(neurons, &commitments, &[], 32);
    for (i, (entrant, case)) in roster.iter().zip(&cases).enumerate() {
        assert!(case.3(&entrant.outcome), "case {i}: {:?}", entrant.outcome);
    }
    let silent = made(vec![neuron(0, 50)], &[], &[], 32);
    assert_eq!(silent[0].outcome, Some(Outcome::NoAnswer(NoAnswer::NoCommitment)));
}

#[test]
fn who_was_asked_longest_ago_comes_first_and_who_has_nothing_takes_no_turn() {
    let dataset = |n: u16, text: &str| commitment(n, 60, text.as_bytes());
    let good = format!("alice/set:f127:{COMMIT}");
    let neurons: Vec<_> = (0..6).map(|n| neuron(n, 50)).collect();
    // 0 has nothing of use, 5 was never asked, the others in rounds 4, 2, 3, 1.
    let commitments: Vec<_> = (0..6)
        .map(|n| dataset(n, if n == 0 { "nonsense" } else { &good }))
        .collect();
    let roster = made(neurons, &commitments, &[(1, 4), (2, 2), (3, 3), (4, 1)], 3);
    let asked: Vec<u16> = roster
        .iter()
        .filter(|e| e.outcome.is_none())
        .map(|e| e.uid.0)
        .collect();
    assert_eq!(asked, [2, 4, 5]);
    for later in [1, 3] {
        assert_eq!(
            roster[later].outcome,
            Some(Outcome::NotAsked(NotAsked::LaterTurn))
        );
    }
}
