//! Setting weights: every check in the chain's order, what is stored, and what the pool refuses beforehand.

mod chain;
mod world;

use chain::{Chain, account, signed};
use node_subtensor_runtime::{
    Runtime, RuntimeCall, SubtensorModule,
    genesis::{Genesis, TAO},
    pallets::subtensor::{
        BlockAtRegistration, CommitRevealWeightsEnabled, LastUpdate, MinAllowedWeights, StakeThreshold,
        SubnetOwnerHotkey, Weights, WeightsSetRateLimit, WeightsVersionKey, storage_index,
        transaction_checks::RejectionCode,
    },
};
use sp_core::{Pair, sr25519};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use world::{Admin, Call, Error, Event, NETUID, OWNER_HOTKEY, World, key};

fn weights(netuid: u16, dests: &[u16], weights: &[u16], version_key: u64) -> Call {
    Call::set_weights {
        netuid,
        dests: dests.to_vec(),
        weights: weights.to_vec(),
        version_key,
    }
}

/// A subnet with the owner (uid 0) and two more neurons, of which uid 1 has a permit.
fn subnet_of_three() -> World {
    let mut world = World::with_subnet();
    world.register(1);
    world.register(2);
    world.permit(&[1]);
    world.read(|| LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]));
    world
}

#[test]
fn a_row_is_scaled_and_stored_in_the_order_it_came() {
    let mut world = subnet_of_three();
    world
        .signed(&key(1), weights(NETUID, &[2, 0], &[1, 3], 0))
        .unwrap();

    let now = world.now();
    assert_eq!(world.events().last(), Some(&Event::WeightsSet(NETUID, 1)));
    world.read(|| {
        assert_eq!(Weights::<Runtime>::get(NETUID, 1), [(2, 21_845), (0, 65_535)]);
        assert_eq!(LastUpdate::<Runtime>::get(NETUID), [0, now, 0]);
    });
}

#[test]
fn checks_come_in_the_chains_order() {
    let mut world = subnet_of_three();
    let stranger = key(9);
    let cases = |world: &mut World| {
        // The stranger's row breaks every rule; each step mends the rule that was broken first.
        let refused = |world: &mut World, who, call| world.signed(&who, call).unwrap_err();
        world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(0, false));
        assert_eq!(
            refused(world, stranger.clone(), weights(0, &[1, 1, 9, 9], &[1], 0)),
            Error::CanNotSetRootNetworkWeights.into()
        );
        world.read(|| {
            StakeThreshold::<Runtime>::put(TAO);
            WeightsVersionKey::<Runtime>::insert(NETUID, 5);
            MinAllowedWeights::<Runtime>::insert(NETUID, 3);
            CommitRevealWeightsEnabled::<Runtime>::insert(77, false);
        });
        assert_eq!(
            refused(world, stranger.clone(), weights(77, &[1, 1, 9, 9], &[1], 0)),
            Error::WeightVecNotEqualSize.into()
        );
        assert_eq!(
            refused(world, stranger.clone(), weights(77, &[1, 1, 9, 9], &[1; 4], 0)),
            Error::MechanismDoesNotExist.into()
        );
        let second_mechanism = Call::set_mechanism_weights {
            netuid: NETUID,
            mecid: 1,
            dests: vec![1; 4],
            weights: vec![1; 4],
            version_key: 0,
        };
        assert_eq!(
            refused(world, stranger.clone(), second_mechanism),
            Error::MechanismDoesNotExist.into()
        );
        assert_eq!(
            refused(
                world,
                stranger.clone(),
                weights(NETUID, &[1, 1, 9, 9], &[1; 4], 0)
            ),
            Error::UidsLengthExceedUidsInSubNet.into()
        );
        assert_eq!(
            refused(world, stranger.clone(), weights(NETUID, &[1, 1, 9], &[1; 3], 0)),
            Error::HotKeyNotRegisteredInSubNet.into()
        );
        // From here the registered hotkey 2, without stake and permit.
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[9, 9], &[1; 2], 0)),
            Error::NotEnoughStakeToSetWeights.into()
        );
        world.stake(2, 2);
        world.read(|| LastUpdate::<Runtime>::mutate(NETUID, |blocks| blocks[2] = 1));
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[9, 9], &[1; 2], 4)),
            Error::IncorrectWeightVersionKey.into()
        );
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[9, 9], &[1; 2], 5)),
            Error::SettingWeightsTooFast.into()
        );
        world.read(|| LastUpdate::<Runtime>::mutate(NETUID, |blocks| blocks[2] = 0));
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[9, 9], &[1; 2], 99)),
            Error::NeuronNoValidatorPermit.into()
        );
        world.permit(&[2]);
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[9, 9], &[1; 2], 5)),
            Error::DuplicateUids.into()
        );
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[0, 3], &[1; 2], 5)),
            Error::UidVecContainInvalidOne.into()
        );
        assert_eq!(
            refused(world, key(2), weights(NETUID, &[0, 1], &[1; 2], 5)),
            Error::WeightVecLengthIsLow.into()
        );
        world
            .signed(&key(2), weights(NETUID, &[0, 1, 2], &[1; 3], 5))
            .unwrap();
    };
    cases(&mut world);
}

#[test]
fn commits_are_demanded_before_anything_else_is_looked_at() {
    let mut world = subnet_of_three();
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, true));
    let error = world
        .signed(&key(9), weights(NETUID, &[1, 1], &[1], 0))
        .unwrap_err();
    assert_eq!(error, Error::CommitRevealEnabled.into());
}

#[test]
fn weighing_only_oneself_needs_neither_permit_nor_length() {
    let mut world = subnet_of_three();
    world.read(|| MinAllowedWeights::<Runtime>::insert(NETUID, 3));
    world.signed(&key(2), weights(NETUID, &[2], &[7], 0)).unwrap();
    assert_eq!(world.read(|| Weights::<Runtime>::get(NETUID, 2)), [(2, 65_535)]);
}

#[test]
fn the_owners_hotkey_needs_neither_permit_nor_stake() {
    let mut world = subnet_of_three();
    world.read(|| StakeThreshold::<Runtime>::put(1_000 * TAO));
    world
        .signed(&key(OWNER_HOTKEY), weights(NETUID, &[1], &[7], 0))
        .unwrap();
    world.read(|| SubnetOwnerHotkey::<Runtime>::insert(NETUID, key(99)));
    world.read(|| LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]));
    let error = world
        .signed(&key(OWNER_HOTKEY), weights(NETUID, &[1], &[7], 0))
        .unwrap_err();
    assert_eq!(error, Error::NotEnoughStakeToSetWeights.into());
}

#[test]
fn the_rate_limit_lets_a_row_through_when_its_blocks_have_passed() {
    let mut world = subnet_of_three();
    world.read(|| WeightsSetRateLimit::<Runtime>::insert(NETUID, 10));
    world.signed(&key(1), weights(NETUID, &[0], &[1], 0)).unwrap();
    let set = world.now();
    world.advance_to(set + 9);
    let error = world.signed(&key(1), weights(NETUID, &[0], &[1], 0)).unwrap_err();
    assert_eq!(error, Error::SettingWeightsTooFast.into());
    world.advance(1);
    world.signed(&key(1), weights(NETUID, &[0], &[1], 0)).unwrap();
}

#[test]
fn an_empty_row_passes_only_where_no_weight_is_demanded() {
    let mut world = subnet_of_three();
    let error = world.signed(&key(1), weights(NETUID, &[], &[], 0)).unwrap_err();
    assert_eq!(error, Error::WeightVecLengthIsLow.into());
    world
        .root(Admin::sudo_set_min_allowed_weights {
            netuid: NETUID,
            min_allowed_weights: 0,
        })
        .unwrap();
    world.signed(&key(1), weights(NETUID, &[], &[], 0)).unwrap();
}

#[test]
fn a_batch_reports_what_failed_and_sets_the_rest() {
    let mut world = subnet_of_three();
    use codec::Compact;
    let row = vec![(Compact(0u16), Compact(1u16))];
    let batch = Call::batch_set_weights {
        netuids: vec![Compact(0), Compact(NETUID)],
        weights: vec![row.clone(), row.clone()],
        version_keys: vec![Compact(0), Compact(0)],
    };
    world.signed(&key(1), batch).unwrap();
    let events = world.events();
    let tail = &events[events.len() - 4..];
    assert!(matches!(&tail[0], Event::BatchWeightItemFailed(0, _)), "{tail:?}");
    assert_eq!(tail[1], Event::WeightsSet(NETUID, 1));
    assert_eq!(tail[2], Event::BatchCompletedWithErrors());
    assert_eq!(
        tail[3],
        Event::BatchWeightsCompleted(vec![Compact(0), Compact(NETUID)], key(1))
    );

    let uneven = Call::batch_set_weights {
        netuids: vec![Compact(NETUID)],
        weights: vec![],
        version_keys: vec![Compact(0)],
    };
    assert_eq!(
        world.signed(&key(1), uneven),
        Err(Error::InputLengthsUnequal.into())
    );
}

#[test]
fn a_batch_needs_the_stake_on_every_subnet_it_names() {
    use codec::Compact;
    let mut world = subnet_of_three();
    let row = vec![(Compact(0u16), Compact(1u16))];
    let rows = |netuids: &[u16], version_keys: usize| Call::batch_set_weights {
        netuids: netuids.iter().copied().map(Compact).collect(),
        weights: vec![row.clone(); netuids.len()],
        version_keys: vec![Compact(0); version_keys],
    };
    let commits = |netuids: &[u16], hashes: usize| Call::batch_commit_weights {
        netuids: netuids.iter().copied().map(Compact).collect(),
        commit_hashes: vec![Default::default(); hashes],
    };
    let reveals = |salts: usize| Call::batch_reveal_weights {
        netuid: NETUID,
        uids_list: vec![vec![0]],
        values_list: vec![vec![1]],
        salts_list: vec![vec![1]; salts],
        version_keys: vec![0],
    };
    world.read(|| StakeThreshold::<Runtime>::put(1_000 * TAO));
    let code = |world: &mut World, who: u8, call: &Call| {
        world
            .read(|| SubtensorModule::check_transaction(&key(who), call))
            .err()
            .map(|error| RejectionCode::of(&error) as u8)
    };
    for call in [rows(&[NETUID], 1), commits(&[NETUID], 1), reveals(1)] {
        assert_eq!(code(&mut world, 1, &call), Some(1), "{call:?}");
    }
    for call in [rows(&[NETUID], 2), commits(&[NETUID], 2), reveals(2)] {
        assert_eq!(code(&mut world, 1, &call), Some(18), "lengths first: {call:?}");
    }
    for call in [rows(&[NETUID], 1), commits(&[NETUID], 1)] {
        assert_eq!(
            code(&mut world, OWNER_HOTKEY, &call),
            None,
            "the owner needs none: {call:?}"
        );
    }
    for call in [rows(&[NETUID, 1], 2), commits(&[NETUID, 1], 2)] {
        assert_eq!(code(&mut world, OWNER_HOTKEY, &call), Some(1), "{call:?}");
        assert_eq!(
            world.signed(&key(OWNER_HOTKEY), call),
            Err(Error::NotEnoughStakeToSetWeights.into()),
            "and so does the dispatch"
        );
    }
}

#[test]
fn mechanisms_have_rows_and_clocks_of_their_own() {
    let mut world = subnet_of_three();
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
    let row = |mecid| Call::set_mechanism_weights {
        netuid: NETUID,
        mecid,
        dests: vec![0],
        weights: vec![1],
        version_key: 0,
    };
    world.signed(&key(1), row(0)).unwrap();
    world.signed(&key(1), row(1)).unwrap();
    let index = storage_index(NETUID, 1);
    assert_eq!(index, 4_096 + NETUID);
    let now = world.now();
    world.read(|| {
        assert_eq!(Weights::<Runtime>::get(index, 1), [(0, 65_535)]);
        assert_eq!(LastUpdate::<Runtime>::get(index), [0, now, 0]);
    });
    world
        .root(Admin::sudo_set_mechanism_count {
            netuid: NETUID,
            mechanism_count: 1,
        })
        .unwrap();
    assert_eq!(world.read(|| Weights::<Runtime>::get(index, 1)), []);
}

#[test]
fn the_pool_refuses_by_stake_registration_and_rate() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let hotkey = sr25519::Pair::from_string("//Hotkey", None).unwrap();
    let sudo = |call: Admin| {
        RuntimeCall::Sudo(pallet_sudo::Call::sudo {
            call: Box::new(RuntimeCall::AdminUtils(call)),
        })
    };
    let register = Call::burned_register {
        netuid: 1,
        hotkey: account(&hotkey),
    };
    let results = chain.block(&[
        signed(&alice, 0, RuntimeCall::SubtensorModule(register)),
        signed(&alice, 1, sudo(Admin::sudo_set_admin_freeze_window { window: 0 })),
        signed(
            &alice,
            2,
            sudo(Admin::sudo_set_commit_reveal_weights_enabled {
                netuid: 1,
                enabled: false,
            }),
        ),
    ]);
    assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");
    chain.read(|| LastUpdate::<Runtime>::insert(1, vec![0u64; 2]));

    let set = |pair, nonce| {
        signed(
            pair,
            nonce,
            RuntimeCall::SubtensorModule(weights(1, &[1], &[1], 0)),
        )
    };
    let stranger = sr25519::Pair::from_string("//Stranger", None).unwrap();
    let results = chain.block(&[set(&stranger, 0), set(&hotkey, 0), set(&hotkey, 1)]);
    let code = |code| {
        Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(
            code,
        )))
    };
    let unknown = Ok(Err(Error::HotKeyNotRegisteredInSubNet.into()));
    assert_eq!(
        results,
        [unknown, Ok(Ok(())), code(6)],
        "who has no uid has no rate, and is told so by the dispatch"
    );

    chain.block(&[signed(
        &alice,
        3,
        sudo(Admin::sudo_set_stake_threshold { min_stake: 1 }),
    )]);
    assert_eq!(chain.block(&[set(&hotkey, 1)]), [code(1)]);
    assert_eq!(chain.read(|| BlockAtRegistration::<Runtime>::get(1, 1)), 1);
}
