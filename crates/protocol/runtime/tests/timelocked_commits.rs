//! Weights encrypted to a round of the beacon, which the chain opens by itself.

mod chain;
mod pulses;
mod world;

use assay_timelock::WeightsPayload;
use chain::{Chain, account, signed};
use codec::Encode;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    genesis::{CommitReveal, Genesis, TimelockPayloads},
    pallets::{
        devnet::{AcceptsUnsignedPayloads, FailedReveals, RevealFailure, RevealKind},
        drand::LastStoredRound,
        subtensor::{
            CommitRevealWeightsEnabled, LastUpdate, MaxEpochsPerBlock, SubnetEpochIndex,
            TimelockedWeightCommits, Weights, WeightsSetRateLimit,
        },
    },
};
use pulses::{ROUND, bounded, bytes, public_pulse, sealed, sealed_to_nobody, write};
use sp_core::{H256, Pair, sr25519};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use world::{Call, Error, Event, NETUID, World, key};

/// A row of uids 0 and 1 that says it is this hotkey's.
fn row(hotkey: u8) -> Vec<u8> {
    WeightsPayload {
        hotkey: bytes(&key(hotkey)),
        uids: vec![0, 1],
        values: vec![10, 20],
        version_key: 0,
    }
    .encode()
}

fn commit(ciphertext: Vec<u8>) -> Call {
    Call::commit_timelocked_weights {
        netuid: NETUID,
        commit: bounded(ciphertext),
        reveal_round: ROUND,
        commit_reveal_version: 4,
    }
}

fn stored(world: &mut World) -> Vec<(u16, u16)> {
    world.read(|| Weights::<Runtime>::get(NETUID, 1))
}

/// How many commits of every epoch wait.
fn waiting(world: &mut World) -> usize {
    world.read(|| {
        TimelockedWeightCommits::<Runtime>::iter_prefix_values(NETUID)
            .map(|commits| commits.len())
            .sum()
    })
}

fn failures(world: &mut World) -> Vec<RevealFailure> {
    world.read(|| {
        FailedReveals::<Runtime>::get(NETUID)
            .into_iter()
            .map(|failure| failure.reason)
            .collect()
    })
}

#[test]
fn a_row_is_opened_just_before_the_epoch_in_which_it_is_due() {
    let mut world = World::with_commits(5, 3);
    let ciphertext = sealed(&row(1));
    world.signed(&key(1), commit(ciphertext.clone())).unwrap();
    let now = world.now();
    let digest = H256(sp_io::hashing::blake2_256(&ciphertext));
    let committed = Event::TimelockedWeightsCommitted(key(1), NETUID, digest, ROUND);
    assert_eq!(world.events().last(), Some(&committed));
    assert_eq!(world.read(|| LastUpdate::<Runtime>::get(NETUID)[1]), now);

    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.pass_epochs(2);
    world.advance(4);
    assert_eq!((stored(&mut world), waiting(&mut world)), (vec![], 1));
    world.advance(1);
    assert_eq!(stored(&mut world), [(0, 32_768), (1, 65_535)]);
    assert_eq!(waiting(&mut world), 0);
    let events = world.events();
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let revealed = place(&|event| *event == Event::TimelockedWeightsRevealed(NETUID, key(1)));
    let epoch = place(&|event| matches!(event, Event::IncentiveAlphaEmittedToMiners { .. }));
    assert!(revealed < epoch, "the epoch saw the row: {events:?}");
    assert_eq!(failures(&mut world), []);
}

#[test]
fn a_late_pulse_opens_the_row_later_in_the_same_epoch() {
    let mut world = World::with_commits(5, 3);
    world.signed(&key(1), commit(sealed(&row(1)))).unwrap();
    world.pass_epochs(3);
    world.advance(2);
    assert_eq!((stored(&mut world), waiting(&mut world)), (vec![], 1));
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.advance(1);
    assert_eq!(stored(&mut world), [(0, 32_768), (1, 65_535)]);
}

#[test]
fn a_commit_whose_pulse_does_not_come_is_given_up_by_the_next_epoch() {
    let mut world = World::with_commits(5, 3);
    world.signed(&key(1), commit(sealed(&row(1)))).unwrap();
    let committed_at = world.now();
    world.pass_epochs(3);
    world.advance(4);
    assert_eq!((waiting(&mut world), failures(&mut world)), (1, vec![]));
    world.advance(1);
    assert_eq!(waiting(&mut world), 0);
    let now = world.now();
    let failure = world.read(|| FailedReveals::<Runtime>::get(NETUID))[0].clone();
    assert_eq!(failure.reason, RevealFailure::Expired);
    assert_eq!(failure.kind, RevealKind::Weights);
    assert_eq!((failure.who, failure.round), (key(1), ROUND));
    assert_eq!((failure.committed_at, failure.failed_at), (committed_at, now));
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.advance(1);
    assert_eq!(stored(&mut world), []);
}

#[test]
fn what_does_not_open_sets_nothing_and_is_on_record() {
    let mut world = World::with_commits(10, 1);
    let mut altered = sealed(&row(1));
    let inside = altered.len() - 60;
    altered[inside] ^= 1;
    let empty = WeightsPayload {
        hotkey: bytes(&key(1)),
        uids: vec![9],
        values: vec![1],
        version_key: 0,
    };
    let cases = [
        (b"no ciphertext".to_vec(), RevealFailure::MalformedCiphertext),
        (sealed_to_nobody(&row(1)), RevealFailure::OtherRoundOrBeacon),
        (altered, RevealFailure::Altered),
        (sealed(b"no row"), RevealFailure::MalformedPayload),
        (sealed(&row(2)), RevealFailure::OtherHotkey),
        (
            sealed(&empty.encode()),
            RevealFailure::Refused(Error::UidVecContainInvalidOne.into()),
        ),
    ];
    for (ciphertext, _) in &cases {
        world.signed(&key(1), commit(ciphertext.clone())).unwrap();
    }
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.pass_epochs(1);
    let revealed = |event: &Event| matches!(event, Event::TimelockedWeightsRevealed(..));
    assert!(!world.events().iter().any(revealed));
    assert_eq!(stored(&mut world), []);
    let expected: Vec<RevealFailure> = cases.into_iter().map(|(_, failure)| failure).collect();
    assert_eq!(failures(&mut world), expected);
}

#[test]
fn a_row_without_a_hotkey_counts_only_where_the_chain_was_told_so() {
    // Uids, values and version key without the hotkey before them.
    let older = (vec![0u16, 1], vec![10u16, 20], 0u64).encode();
    let mut world = World::with_commits(5, 1);
    world.signed(&key(1), commit(sealed(&older))).unwrap();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.pass_epochs(1);
    assert_eq!(
        (stored(&mut world), failures(&mut world)),
        (vec![], vec![RevealFailure::NoHotkey])
    );

    let lenient = Genesis {
        timelock_payloads: TimelockPayloads::Any,
        ..Genesis::default()
    };
    let told = Chain::start(&lenient).read(AcceptsUnsignedPayloads::<Runtime>::get);
    world.read(|| AcceptsUnsignedPayloads::<Runtime>::put(told));
    world.signed(&key(1), commit(sealed(&older))).unwrap();
    world.pass_epochs(1);
    assert_eq!(stored(&mut world), [(0, 32_768), (1, 65_535)]);
}

#[test]
fn an_epoch_that_is_put_off_puts_off_its_reveals() {
    let mut world = World::with_commits(5, 1);
    world.signed(&key(1), commit(sealed(&row(1)))).unwrap();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.read(|| MaxEpochsPerBlock::<Runtime>::put(0));
    world.advance(6);
    assert_eq!((stored(&mut world), waiting(&mut world)), (vec![], 1));
    world.read(|| MaxEpochsPerBlock::<Runtime>::put(2));
    world.advance(1);
    assert_eq!(stored(&mut world), [(0, 32_768), (1, 65_535)]);
}

#[test]
fn checks_of_a_commit_come_in_the_chains_order() {
    let mut world = World::with_commits(360, 1);
    let timelocked = |netuid, commit_reveal_version| Call::commit_timelocked_weights {
        netuid,
        commit: bounded(b"anything".to_vec()),
        reveal_round: ROUND,
        commit_reveal_version,
    };
    let refused = |world: &mut World, hotkey, call: Call| world.signed(&key(hotkey), call).unwrap_err();
    assert_eq!(
        refused(&mut world, 9, timelocked(77, 3)),
        Error::MechanismDoesNotExist.into()
    );
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, false));
    assert_eq!(
        refused(&mut world, 9, timelocked(NETUID, 3)),
        Error::CommitRevealDisabled.into()
    );
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, true));
    assert_eq!(
        refused(&mut world, 9, timelocked(NETUID, 3)),
        Error::IncorrectCommitRevealVersion.into()
    );
    assert_eq!(
        refused(&mut world, 9, timelocked(NETUID, 4)),
        Error::HotKeyNotRegisteredInSubNet.into()
    );
    world.read(|| {
        WeightsSetRateLimit::<Runtime>::insert(NETUID, 10);
        LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]);
    });
    world.signed(&key(1), timelocked(NETUID, 4)).unwrap();
    assert_eq!(
        refused(&mut world, 1, timelocked(NETUID, 4)),
        Error::CommittingWeightsTooFast.into()
    );
    world.read(|| WeightsSetRateLimit::<Runtime>::insert(NETUID, 0));
    for _ in 1..10 {
        world.signed(&key(1), timelocked(NETUID, 4)).unwrap();
    }
    assert_eq!(
        refused(&mut world, 1, timelocked(NETUID, 4)),
        Error::TooManyUnrevealedCommits.into()
    );
    world.signed(&key(2), timelocked(NETUID, 4)).unwrap();
}

#[test]
fn a_round_that_is_out_is_refused_wherever_the_commit_is_made() {
    let mut world = World::with_commits(360, 1);
    world.read(|| LastStoredRound::<Runtime>::put(ROUND + 1));
    let out = Err(Error::InvalidRevealRound.into());
    assert_eq!(world.signed(&key(1), commit(vec![1])), out);
    let batch = pallet_utility::Call::batch_all {
        calls: vec![commit(vec![1]).into()],
    };
    assert_eq!(world.signed(&key(1), RuntimeCall::Utility(batch)), out);
    assert_eq!(waiting(&mut world), 0);
    world.read(|| LastStoredRound::<Runtime>::put(ROUND));
    world.signed(&key(1), commit(vec![1])).unwrap();
}

#[test]
fn the_three_calls_do_the_same() {
    let mut world = World::with_commits(5, 1);
    let text = sealed(&row(1));
    let older = Call::commit_crv3_mechanism_weights {
        netuid: NETUID,
        mecid: 0,
        commit: bounded(text.clone()),
        reveal_round: ROUND,
    };
    let of_mechanism = Call::commit_timelocked_mechanism_weights {
        netuid: NETUID,
        mecid: 0,
        commit: bounded(text.clone()),
        reveal_round: ROUND,
        commit_reveal_version: 4,
    };
    for call in [commit(text), older, of_mechanism] {
        world.signed(&key(1), call).unwrap();
    }
    let epoch = world.read(|| SubnetEpochIndex::<Runtime>::get(NETUID));
    let commits = world.read(|| TimelockedWeightCommits::<Runtime>::get(NETUID, epoch));
    assert_eq!(commits.len(), 3);
    assert!(commits.iter().all(|commit| *commit == commits[0]));
}

#[test]
fn a_chain_may_demand_commits_of_new_subnets() {
    let genesis = Genesis {
        commit_reveal: CommitReveal::OwnBeacon,
        ..Genesis::default()
    };
    let mut chain = Chain::start(&genesis);
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let create = Call::register_network {
        hotkey: account(&alice),
    };
    chain.block(&[]);
    let results = chain.block(&[signed(&alice, 0, RuntimeCall::SubtensorModule(create))]);
    assert_eq!(results, [Ok(Ok(()))]);
    for netuid in [1, 2] {
        assert!(chain.read(|| CommitRevealWeightsEnabled::<Runtime>::get(netuid)));
    }
}

#[test]
fn the_pool_refuses_a_round_that_is_out_already() {
    let mut chain = Chain::start(&Genesis {
        commit_reveal: CommitReveal::PublicBeacon,
        ..Genesis::default()
    });
    chain.block(&[]);
    chain.read(|| LastStoredRound::<Runtime>::put(ROUND + 1));
    let hotkey = sr25519::Pair::from_string("//Hotkey", None).unwrap();
    let commit = |reveal_round| {
        let call = Call::commit_timelocked_weights {
            netuid: 1,
            commit: bounded(vec![1]),
            reveal_round,
            commit_reveal_version: 4,
        };
        signed(&hotkey, 0, RuntimeCall::SubtensorModule(call))
    };
    let results = chain.block(&[commit(ROUND), commit(ROUND + 1)]);
    let refused = TransactionValidityError::Invalid(InvalidTransaction::Custom(15));
    assert_eq!(
        results,
        [Err(refused), Ok(Err(Error::HotKeyNotRegisteredInSubNet.into()))]
    );
}
