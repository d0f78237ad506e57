//! Weights committed by their hash and revealed an epoch later.

mod chain;
mod world;

use chain::{Chain, account, signed};
use codec::Compact;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    genesis::{CommitReveal, Genesis, TAO},
    pallets::subtensor::{
        CommitRevealWeightsEnabled, CommittedRow, LastUpdate, StakeThreshold, SubnetEpochIndex,
        TimelockedWeightCommits, WeightCommits, Weights, WeightsSetRateLimit, commit_hash, storage_index,
    },
};
use sp_core::{H256, Pair, sr25519};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use world::{Admin, Call, Error, Event, NETUID, OWNER_HOTKEY, World, key};

/// The hash of uid 0 weighed alone, told apart by the salt.
fn hash(hotkey: u8, salt: u16) -> H256 {
    let row = CommittedRow {
        uids: &[0],
        values: &[1],
        salt: &[salt],
        version_key: 0,
    };
    commit_hash(&key(hotkey), NETUID, &row)
}

fn commit(hotkey: u8, salt: u16) -> Call {
    Call::commit_weights {
        netuid: NETUID,
        commit_hash: hash(hotkey, salt),
    }
}

fn reveal(salt: u16) -> Call {
    Call::reveal_weights {
        netuid: NETUID,
        uids: vec![0],
        values: vec![1],
        salt: vec![salt],
        version_key: 0,
    }
}

fn queue(world: &mut World, hotkey: u8) -> Vec<(H256, u64, u64, u64)> {
    world.read(|| {
        WeightCommits::<Runtime>::get(NETUID, key(hotkey))
            .unwrap_or_default()
            .into()
    })
}

#[test]
fn a_commit_is_revealed_in_the_next_epoch_and_only_once() {
    let mut world = World::with_commits(20, 1);
    world.signed(&key(1), commit(1, 7)).unwrap();
    let (now, epoch) = (
        world.now(),
        world.read(|| SubnetEpochIndex::<Runtime>::get(NETUID)),
    );
    let committed = Event::WeightsCommitted(key(1), NETUID, hash(1, 7));
    assert_eq!(world.events().last(), Some(&committed));
    assert_eq!(queue(&mut world, 1), [(hash(1, 7), epoch, now, 0)]);
    assert_eq!(world.read(|| LastUpdate::<Runtime>::get(NETUID)[1]), now);

    let early = Err(Error::RevealTooEarly.into());
    assert_eq!(world.signed(&key(1), reveal(7)), early);
    world.pass_epochs(1);
    world.signed(&key(1), reveal(7)).unwrap();
    let events = world.events();
    assert_eq!(
        events[events.len() - 2..],
        [
            Event::WeightsSet(NETUID, 1),
            Event::WeightsRevealed(key(1), NETUID, hash(1, 7))
        ]
    );
    world.read(|| {
        assert_eq!(Weights::<Runtime>::get(NETUID, 1), [(0, 65_535)]);
        assert_eq!(
            LastUpdate::<Runtime>::get(NETUID)[1],
            now,
            "the commit counted, not the reveal"
        );
    });
    assert_eq!(
        world.signed(&key(1), reveal(7)),
        Err(Error::NoWeightsCommitFound.into())
    );
}

#[test]
fn a_commit_expires_when_its_epoch_of_reveal_is_over() {
    let mut world = World::with_commits(20, 1);
    world.signed(&key(1), commit(1, 7)).unwrap();
    world.pass_epochs(2);
    let expired = Err(Error::ExpiredWeightCommit.into());
    assert_eq!(world.signed(&key(1), reveal(7)), expired);
    let none = Err(Error::NoWeightsCommitFound.into());
    assert_eq!(world.signed(&key(1), reveal(8)), none);
    assert_eq!(queue(&mut world, 1).len(), 1, "a call that fails changes nothing");

    world.signed(&key(1), commit(1, 9)).unwrap();
    assert_eq!(
        queue(&mut world, 1)[0].0,
        hash(1, 9),
        "a new commit clears the queue"
    );
    assert_eq!(
        world.signed(&key(1), reveal(7)),
        Err(Error::InvalidRevealCommitHashNotMatch.into())
    );
}

#[test]
fn a_longer_period_moves_the_one_epoch_of_reveal() {
    let mut world = World::with_commits(10, 3);
    world.signed(&key(1), commit(1, 7)).unwrap();
    world.pass_epochs(2);
    assert_eq!(
        world.signed(&key(1), reveal(7)),
        Err(Error::RevealTooEarly.into())
    );
    world.pass_epochs(1);
    world.signed(&key(1), reveal(7)).unwrap();
}

#[test]
fn a_commit_in_the_block_of_an_epoch_belongs_to_the_epoch_that_begins() {
    let mut world = World::with_commits(20, 1);
    world.pass_epochs(1);
    let epoch = world.read(|| SubnetEpochIndex::<Runtime>::get(NETUID));
    world.signed(&key(1), commit(1, 7)).unwrap();
    assert_eq!(queue(&mut world, 1)[0].1, epoch);
    world.pass_epochs(1);
    world.signed(&key(1), reveal(7)).unwrap();
}

#[test]
fn checks_of_a_commit_come_in_the_chains_order() {
    let mut world = World::with_commits(360, 1);
    let refused = |world: &mut World, hotkey, netuid| {
        let call = Call::commit_weights {
            netuid,
            commit_hash: hash(hotkey, 0),
        };
        world.signed(&key(hotkey), call).unwrap_err()
    };
    assert_eq!(refused(&mut world, 9, 77), Error::MechanismDoesNotExist.into());
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, false));
    assert_eq!(refused(&mut world, 9, NETUID), Error::CommitRevealDisabled.into());
    assert_eq!(
        world.signed(&key(9), reveal(0)),
        Err(Error::CommitRevealDisabled.into())
    );
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, true));
    assert_eq!(
        refused(&mut world, 9, NETUID),
        Error::HotKeyNotRegisteredInSubNet.into()
    );
}

#[test]
fn commits_and_open_weights_share_one_rate_limit() {
    let mut world = World::with_commits(360, 1);
    world.read(|| {
        WeightsSetRateLimit::<Runtime>::insert(NETUID, 10);
        LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]);
    });
    world.advance_to(11);
    world.signed(&key(1), commit(1, 1)).unwrap();
    for block in 11..=20 {
        world.advance_to(block);
        let error = world.signed(&key(1), commit(1, 2)).unwrap_err();
        assert_eq!(error, Error::CommittingWeightsTooFast.into(), "block {block}");
    }
    world.advance_to(21);
    world.signed(&key(1), commit(1, 2)).unwrap();

    let enabled = Admin::sudo_set_commit_reveal_weights_enabled {
        netuid: NETUID,
        enabled: false,
    };
    world.root(enabled).unwrap();
    let open = Call::set_weights {
        netuid: NETUID,
        dests: vec![0],
        weights: vec![1],
        version_key: 0,
    };
    world.advance_to(30);
    let error = world.signed(&key(1), open.clone()).unwrap_err();
    assert_eq!(error, Error::SettingWeightsTooFast.into());
    world.advance_to(31);
    world.signed(&key(1), open).unwrap();
}

#[test]
fn ten_commits_may_wait_and_no_more() {
    let mut world = World::with_commits(360, 1);
    for salt in 0..10 {
        world.signed(&key(1), commit(1, salt)).unwrap();
    }
    let full = Err(Error::TooManyUnrevealedCommits.into());
    assert_eq!(world.signed(&key(1), commit(1, 10)), full);
    world.signed(&key(2), commit(2, 10)).unwrap();
}

#[test]
fn a_reveal_takes_the_older_commits_with_it() {
    let mut world = World::with_commits(20, 1);
    for salt in 0..3 {
        world.signed(&key(1), commit(1, salt)).unwrap();
    }
    world.pass_epochs(1);
    world.signed(&key(1), reveal(1)).unwrap();
    assert_eq!(queue(&mut world, 1).len(), 1);
    assert_eq!(
        world.signed(&key(1), reveal(0)),
        Err(Error::InvalidRevealCommitHashNotMatch.into())
    );
    world.signed(&key(1), reveal(2)).unwrap();
    assert_eq!(world.read(|| WeightCommits::<Runtime>::get(NETUID, key(1))), None);
}

#[test]
fn a_row_that_breaks_a_rule_is_not_revealed_and_its_commit_stays() {
    let mut world = World::with_commits(20, 1);
    let row = CommittedRow {
        uids: &[0, 0],
        values: &[1, 2],
        salt: &[],
        version_key: 0,
    };
    let commit_hash = commit_hash(&key(1), NETUID, &row);
    world
        .signed(
            &key(1),
            Call::commit_weights {
                netuid: NETUID,
                commit_hash,
            },
        )
        .unwrap();
    world.pass_epochs(1);
    let broken = Call::reveal_weights {
        netuid: NETUID,
        uids: vec![0, 0],
        values: vec![1, 2],
        salt: vec![],
        version_key: 0,
    };
    assert_eq!(world.signed(&key(1), broken), Err(Error::DuplicateUids.into()));
    assert_eq!(queue(&mut world, 1).len(), 1);
}

fn batch_reveal(salts: &[u16]) -> Call {
    let of_each = |value| salts.iter().map(|_| vec![value]).collect();
    Call::batch_reveal_weights {
        netuid: NETUID,
        uids_list: of_each(0),
        values_list: of_each(1),
        salts_list: salts.iter().map(|salt| vec![*salt]).collect(),
        version_keys: vec![0; salts.len()],
    }
}

#[test]
fn a_batch_of_reveals_takes_all_or_none() {
    let mut world = World::with_commits(20, 1);
    for salt in 0..3 {
        world.signed(&key(1), commit(1, salt)).unwrap();
    }
    world.pass_epochs(1);
    let unknown = Err(Error::InvalidRevealCommitHashNotMatch.into());
    assert_eq!(world.signed(&key(1), batch_reveal(&[0, 9])), unknown);
    assert_eq!(queue(&mut world, 1).len(), 3);
    world.signed(&key(1), batch_reveal(&[0, 2])).unwrap();
    assert_eq!(queue(&mut world, 1).len(), 0);
    let revealed = Event::WeightsBatchRevealed(key(1), NETUID, vec![hash(1, 0), hash(1, 2)]);
    assert_eq!(world.events().last(), Some(&revealed));

    let Call::batch_reveal_weights {
        netuid,
        uids_list,
        values_list,
        salts_list,
        ..
    } = batch_reveal(&[1])
    else {
        unreachable!()
    };
    let uneven = Call::batch_reveal_weights {
        netuid,
        uids_list,
        values_list,
        salts_list,
        version_keys: vec![],
    };
    assert_eq!(
        world.signed(&key(1), uneven),
        Err(Error::InputLengthsUnequal.into())
    );
}

#[test]
fn a_batch_of_commits_reports_what_failed_and_makes_the_rest() {
    let mut world = World::with_commits(360, 1);
    let netuids = vec![Compact(77), Compact(NETUID)];
    let batch = Call::batch_commit_weights {
        netuids: netuids.clone(),
        commit_hashes: vec![hash(1, 0), hash(1, 1)],
    };
    world.signed(&key(1), batch).unwrap();
    let events = world.events();
    assert_eq!(
        events[events.len() - 4..],
        [
            Event::BatchWeightItemFailed(77, Error::MechanismDoesNotExist.into()),
            Event::WeightsCommitted(key(1), NETUID, hash(1, 1)),
            Event::BatchCompletedWithErrors(),
            Event::BatchWeightsCompleted(netuids.clone(), key(1)),
        ]
    );
    let uneven = Call::batch_commit_weights {
        netuids,
        commit_hashes: vec![],
    };
    assert_eq!(
        world.signed(&key(1), uneven),
        Err(Error::InputLengthsUnequal.into())
    );
}

#[test]
fn a_commit_needs_the_stake_of_weights_wherever_it_is_made() {
    let mut world = World::with_commits(360, 1);
    world.read(|| StakeThreshold::<Runtime>::put(1_000 * TAO));
    let poor = Err(Error::NotEnoughStakeToSetWeights.into());
    assert_eq!(world.signed(&key(1), commit(1, 0)), poor);
    let batch = pallet_utility::Call::batch_all {
        calls: vec![commit(1, 0).into()],
    };
    assert_eq!(world.signed(&key(1), RuntimeCall::Utility(batch)), poor);
    assert_eq!(queue(&mut world, 1), []);
    world.signed(&key(OWNER_HOTKEY), commit(OWNER_HOTKEY, 0)).unwrap();
}

#[test]
fn mechanisms_have_commits_of_their_own() {
    let mut world = World::with_commits(20, 1);
    world
        .root(Admin::sudo_set_max_allowed_uids {
            netuid: NETUID,
            max_allowed_uids: 64,
        })
        .unwrap();
    world
        .root(Admin::sudo_set_mechanism_count {
            netuid: NETUID,
            mechanism_count: 2,
        })
        .unwrap();
    let index = storage_index(NETUID, 1);
    let row = CommittedRow {
        uids: &[0],
        values: &[1],
        salt: &[5],
        version_key: 0,
    };
    let commit = Call::commit_mechanism_weights {
        netuid: NETUID,
        mecid: 1,
        commit_hash: commit_hash(&key(1), index, &row),
    };
    world.signed(&key(1), commit.clone()).unwrap();
    world.pass_epochs(1);
    let reveal = |mecid| Call::reveal_mechanism_weights {
        netuid: NETUID,
        mecid,
        uids: vec![0],
        values: vec![1],
        salt: vec![5],
        version_key: 0,
    };
    assert_eq!(
        world.signed(&key(1), reveal(0)),
        Err(Error::NoWeightsCommitFound.into())
    );
    world.signed(&key(1), reveal(1)).unwrap();
    assert_eq!(world.read(|| Weights::<Runtime>::get(index, 1)), [(0, 65_535)]);

    // A mechanism that is removed takes its commits with it: a later one has the same index.
    let timelocked = Call::commit_timelocked_mechanism_weights {
        netuid: NETUID,
        mecid: 1,
        commit: vec![1].try_into().unwrap(),
        reveal_round: 1_000,
        commit_reveal_version: 4,
    };
    for call in [commit, timelocked] {
        world.signed(&key(1), call).unwrap();
    }
    world
        .root(Admin::sudo_set_mechanism_count {
            netuid: NETUID,
            mechanism_count: 1,
        })
        .unwrap();
    world.read(|| {
        assert_eq!(WeightCommits::<Runtime>::iter_prefix(index).count(), 0);
        assert_eq!(TimelockedWeightCommits::<Runtime>::iter_prefix(index).count(), 0);
    });
}

#[test]
fn the_pool_looks_for_the_commit_and_its_epoch() {
    let mut chain = Chain::start(&Genesis {
        commit_reveal: CommitReveal::PublicBeacon,
        ..Genesis::default()
    });
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let hotkey = sr25519::Pair::from_string("//Hotkey", None).unwrap();
    let stranger = sr25519::Pair::from_string("//Stranger", None).unwrap();
    let register = Call::burned_register {
        netuid: 1,
        hotkey: account(&hotkey),
    };
    let call = |call: Call| RuntimeCall::SubtensorModule(call);
    assert_eq!(chain.block(&[signed(&alice, 0, call(register))]), [Ok(Ok(()))]);
    chain.read(|| LastUpdate::<Runtime>::insert(1, vec![0u64; 2]));

    let row = CommittedRow {
        uids: &[0],
        values: &[1],
        salt: &[3],
        version_key: 0,
    };
    let commit = Call::commit_weights {
        netuid: 1,
        commit_hash: commit_hash(&account(&hotkey), 1, &row),
    };
    let reveal = |salt| {
        call(Call::reveal_weights {
            netuid: 1,
            uids: vec![0],
            values: vec![1],
            salt: vec![salt],
            version_key: 0,
        })
    };
    let uneven = Call::batch_commit_weights {
        netuids: vec![Compact(1)],
        commit_hashes: vec![],
    };
    let code = |code| {
        Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(
            code,
        )))
    };
    let results = chain.block(&[
        signed(&stranger, 0, call(commit.clone())),
        signed(&hotkey, 0, reveal(3)),
        signed(&hotkey, 0, call(commit.clone())),
        signed(&hotkey, 1, call(commit)),
        signed(&hotkey, 1, reveal(4)),
        signed(&hotkey, 1, reveal(3)),
        signed(&hotkey, 1, call(uneven)),
    ]);
    assert_eq!(
        results,
        [
            Ok(Err(Error::HotKeyNotRegisteredInSubNet.into())),
            code(16),
            Ok(Ok(())),
            code(6),
            code(16),
            code(17),
            code(18)
        ]
    );
}
