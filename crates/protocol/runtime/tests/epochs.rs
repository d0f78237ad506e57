//! When epochs run, what a block mints, and who is paid.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use node_subtensor_runtime::{
    Runtime, SubtensorModule,
    genesis::TAO,
    pallets::subtensor::{
        AdminFreezeWindow, AlphaDividendsPerSubnet, BlocksSinceLastStep, CommitRevealWeightsEnabled,
        Consensus, Delegates, Emission, FirstEmissionBlockNumber, Incentive, LastEpochBlock,
        LastMechansimStepBlock, LastUpdate, MaxEpochsPerBlock, MinerBurned, PendingEpochAt, PendingOwnerCut,
        PendingServerEmission, PendingValidatorEmission, RecycleOrBurn, RecycleOrBurnEnum, StakeWeight,
        SubnetAlphaOut, SubnetEpochIndex, SubnetOwnerHotkey, Tempo, Uids, ValidatorPermit,
    },
};
use world::{Admin, Call, Error, Event, NETUID, OWNER, OWNER_HOTKEY, World, coldkey, key};

fn next_epoch(world: &mut World) -> Option<u64> {
    world.read(|| SubtensorModule::next_epoch(NETUID))
}

#[test]
fn the_next_epoch_is_the_automatic_or_the_triggered_one() {
    let mut world = World::with_subnet();
    world.read(|| {
        LastEpochBlock::<Runtime>::insert(NETUID, 100);
        Tempo::<Runtime>::insert(NETUID, 50);
    });
    assert_eq!(next_epoch(&mut world), Some(150));
    world.read(|| PendingEpochAt::<Runtime>::insert(NETUID, 120));
    assert_eq!(next_epoch(&mut world), Some(120));
    world.read(|| PendingEpochAt::<Runtime>::insert(NETUID, 200));
    assert_eq!(next_epoch(&mut world), Some(150));
    world.read(|| Tempo::<Runtime>::insert(NETUID, 0));
    assert_eq!(next_epoch(&mut world), None);
}

#[test]
fn an_epoch_runs_every_tempo_blocks_and_counts_itself() {
    let mut world = World::with_subnet();
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 5,
        })
        .unwrap();
    let start = world.now();
    let mut ran = Vec::new();
    for _ in 0..12 {
        world.advance(1);
        let now = world.now();
        if world.read(|| LastMechansimStepBlock::<Runtime>::get(NETUID)) == now {
            ran.push(now - start);
        }
    }
    assert_eq!(ran, [5, 10]);
    world.read(|| {
        assert_eq!(SubnetEpochIndex::<Runtime>::get(NETUID), 2);
        assert_eq!(BlocksSinceLastStep::<Runtime>::get(NETUID), 2);
        assert_eq!(LastEpochBlock::<Runtime>::get(NETUID), start + 10);
    });
}

#[test]
fn epochs_that_find_no_room_in_a_block_run_in_the_next() {
    let mut world = World::with_subnet();
    world.read(|| MaxEpochsPerBlock::<Runtime>::put(1));
    for netuid in [1, NETUID] {
        world.root(Admin::sudo_set_tempo { netuid, tempo: 3 }).unwrap();
    }
    world.advance(3);
    let now = world.now();
    let deferred = Event::EpochDeferred {
        netuid: NETUID,
        from_block: now,
        to_block: now + 1,
    };
    assert!(world.events().contains(&deferred));
    assert_eq!(world.read(|| SubnetEpochIndex::<Runtime>::get(NETUID)), 0);
    world.advance(1);
    world.read(|| {
        assert_eq!(SubnetEpochIndex::<Runtime>::get(NETUID), 1);
        assert_eq!(LastEpochBlock::<Runtime>::get(NETUID), now + 1);
        assert_eq!(PendingEpochAt::<Runtime>::get(NETUID), 0);
    });
}

#[test]
fn an_epoch_with_a_hotkey_on_two_uids_is_skipped_but_counted() {
    let mut world = World::with_subnet();
    world.register(1);
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 3,
        })
        .unwrap();
    world.read(|| node_subtensor_runtime::pallets::subtensor::Keys::<Runtime>::insert(NETUID, 0, key(1)));
    world.advance(3);
    let block = world.now();
    assert!(world.events().contains(&Event::EpochSkipped {
        netuid: NETUID,
        block
    }));
    assert_eq!(world.read(|| SubnetEpochIndex::<Runtime>::get(NETUID)), 1);
}

#[test]
fn the_owner_moves_the_tempo_within_bounds_and_not_too_often() {
    let mut world = World::with_subnet();
    let owner = key(OWNER);
    let tempo = |tempo| Call::set_tempo {
        netuid: NETUID,
        tempo,
    };
    assert_eq!(
        world.signed(&key(150), tempo(720)),
        Err(sp_runtime::DispatchError::BadOrigin)
    );
    assert_eq!(
        world.signed(&owner, tempo(359)),
        Err(Error::TempoOutOfBounds.into())
    );
    assert_eq!(
        world.signed(&owner, tempo(50_401)),
        Err(Error::TempoOutOfBounds.into())
    );
    world.advance(5);
    world.signed(&owner, tempo(720)).unwrap();
    let now = world.now();
    assert_eq!(next_epoch(&mut world), Some(now + 720));
    assert_eq!(
        world.signed(&owner, tempo(400)),
        Err(Error::TxRateLimitExceeded.into())
    );
    world.advance(360);
    world.signed(&owner, tempo(400)).unwrap();
}

#[test]
fn a_triggered_epoch_runs_after_the_freeze_window() {
    let mut world = World::with_subnet();
    let trigger = Call::trigger_epoch { netuid: NETUID };
    let owner = key(OWNER);
    world.read(|| AdminFreezeWindow::<Runtime>::put(5));

    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, true));
    assert_eq!(
        world.signed(&owner, trigger.clone()),
        Err(Error::DynamicTempoBlockedByCommitReveal.into())
    );
    world.read(|| CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, false));

    world.signed(&owner, trigger.clone()).unwrap();
    let now = world.now();
    assert_eq!(world.read(|| PendingEpochAt::<Runtime>::get(NETUID)), now + 5);
    assert_eq!(
        world.signed(&owner, trigger.clone()),
        Err(Error::EpochTriggerAlreadyPending.into())
    );
    world.advance(5);
    assert_eq!(
        world.read(|| LastMechansimStepBlock::<Runtime>::get(NETUID)),
        now + 5
    );

    world.advance_to(400);
    world.read(|| {
        LastEpochBlock::<Runtime>::insert(NETUID, 396);
        Tempo::<Runtime>::insert(NETUID, 10);
        AdminFreezeWindow::<Runtime>::put(8);
    });
    assert_eq!(
        world.signed(&owner, trigger),
        Err(Error::AutoEpochAlreadyImminent.into())
    );
}

#[test]
fn a_trigger_has_a_rate_limit_of_its_own_and_may_fire_in_the_next_block() {
    let mut world = World::with_subnet();
    let owner = key(OWNER);
    let netuid = NETUID;
    let trigger = Call::trigger_epoch { netuid };
    world
        .signed(&owner, Call::set_tempo { netuid, tempo: 720 })
        .unwrap();
    world.signed(&owner, trigger.clone()).unwrap();
    let now = world.now();
    assert_eq!(
        world.read(|| PendingEpochAt::<Runtime>::get(netuid)),
        now,
        "there is no window to wait for"
    );
    world.advance(1);
    assert_eq!(
        world.read(|| LastMechansimStepBlock::<Runtime>::get(netuid)),
        now + 1
    );
    let limited = Err(Error::TxRateLimitExceeded.into());
    assert_eq!(world.signed(&owner, trigger.clone()), limited);
    // Two tempos, like every owner's hyperparameter.
    world.read(|| Tempo::<Runtime>::insert(netuid, 10));
    world.advance_to(now + 19);
    assert_eq!(world.signed(&owner, trigger.clone()), limited);
    world.advance(1);
    world.signed(&owner, trigger).unwrap();
    assert_eq!(
        world.signed(&owner, Call::set_tempo { netuid, tempo: 720 }),
        Err(Error::AdminActionProhibitedDuringWeightsWindow.into())
    );
}

#[test]
fn a_value_out_of_bounds_is_told_before_a_freeze() {
    let mut world = World::with_subnet();
    let netuid = NETUID;
    world.read(|| AdminFreezeWindow::<Runtime>::put(u16::MAX));
    let tempo = |tempo| Call::set_tempo { netuid, tempo };
    let factor = |factor_milli| Call::set_activity_cutoff_factor { netuid, factor_milli };
    let cases = [
        (tempo(1), Error::TempoOutOfBounds),
        (tempo(360), Error::AdminActionProhibitedDuringWeightsWindow),
        (factor(1), Error::ActivityCutoffFactorMilliOutOfBounds),
        (factor(1_000), Error::AdminActionProhibitedDuringWeightsWindow),
    ];
    for (call, error) in cases {
        assert_eq!(
            world.signed(&key(OWNER), call.clone()),
            Err(error.into()),
            "{call:?}"
        );
    }
    world.root(factor(1_000)).unwrap();
}

#[test]
fn a_started_subnet_mints_and_splits_every_block() {
    let mut world = World::with_subnet();
    let before = world.read(|| SubnetAlphaOut::<Runtime>::get(NETUID));
    world.advance(1);
    world.read(|| {
        assert_eq!(PendingOwnerCut::<Runtime>::get(NETUID), 179_995_422);
        assert_eq!(PendingServerEmission::<Runtime>::get(NETUID), 410_002_288);
        assert_eq!(PendingValidatorEmission::<Runtime>::get(NETUID), 410_002_288);
        assert_eq!(SubnetAlphaOut::<Runtime>::get(NETUID) - before, TAO);
        assert_eq!(
            PendingServerEmission::<Runtime>::get(1),
            0,
            "subnet 1 has not been started"
        );
    });
    world
        .root(Admin::sudo_set_network_registration_allowed {
            netuid: NETUID,
            registration_allowed: false,
        })
        .unwrap();
    world.advance(1);
    assert_eq!(
        world.read(|| PendingOwnerCut::<Runtime>::get(NETUID)),
        179_995_422,
        "a closed subnet does not"
    );
}

/// A validator (hotkey 1, uid 1) and a miner (hotkey 2, uid 2), weights set, everything ready for an epoch in 360 blocks.
fn validator_and_miner() -> World {
    let mut world = World::with_subnet();
    world.register(1);
    world.register(2);
    world.stake(1, 500);
    world.permit(&[1]);
    world.read(|| LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]));
    world.advance(1);
    let row = Call::set_weights {
        netuid: NETUID,
        dests: vec![2],
        weights: vec![1],
        version_key: 0,
    };
    world.signed(&key(1), row).unwrap();
    world.read(|| {
        PendingOwnerCut::<Runtime>::insert(NETUID, 0);
        PendingServerEmission::<Runtime>::insert(NETUID, 0);
        PendingValidatorEmission::<Runtime>::insert(NETUID, 0);
    });
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 360,
        })
        .unwrap();
    world
}

fn staked(world: &mut World, hotkey: u8, coldkey: u8) -> u64 {
    world.read(|| SubtensorModule::stake_of(&key(hotkey), &key(coldkey), NETUID))
}

#[test]
fn an_epoch_pays_the_owner_the_miner_and_the_validator() {
    let mut world = validator_and_miner();
    let before = staked(&mut world, 1, 101);
    world.advance(360);

    assert_eq!(staked(&mut world, OWNER_HOTKEY, OWNER), 360 * 179_995_422);
    let pot = 360 * 410_002_288;
    let miner = staked(&mut world, 2, 102);
    assert!(
        pot - miner < 100,
        "the miner has the whole pot but for rounding: {miner} of {pot}"
    );
    let validator = staked(&mut world, 1, 101) - before;
    assert!(pot - validator < 100, "and the validator its own: {validator}");
    world.read(|| {
        assert_eq!(Incentive::<Runtime>::get(NETUID)[2], 65_535);
        assert!(ValidatorPermit::<Runtime>::get(NETUID)[1]);
        assert_eq!(StakeWeight::<Runtime>::get(NETUID).len(), 3, "grown by the epoch");
        assert_eq!(PendingServerEmission::<Runtime>::get(NETUID), 0);
        assert!(AlphaDividendsPerSubnet::<Runtime>::get(NETUID, key(1)) > 0);
        assert_eq!(MinerBurned::<Runtime>::get(NETUID).bits, 0);
    });
    let paid = |event: &Event| matches!(event, Event::IncentiveAlphaEmittedToMiners { netuid: NETUID, emissions } if emissions[2] == miner);
    assert!(world.events().iter().any(paid));
}

#[test]
fn nominators_share_the_dividends_after_the_take() {
    let mut world = validator_and_miner();
    // A nominator with as much as the validator itself, who keeps 18 %.
    let own = staked(&mut world, 1, 101);
    world.read(|| Delegates::<Runtime>::insert(key(1), 11_796));
    let call = Call::add_stake {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: 500 * TAO,
    };
    world.signed(&coldkey(50), call).unwrap();
    let nominated = staked(&mut world, 1, 150);
    world.advance(360);

    let pot = 360 * 410_002_288u64;
    let nominator = staked(&mut world, 1, 150) - nominated;
    let validator = staked(&mut world, 1, 101) - own;
    // The take is staked first and shares in the dividends.
    let take = pot as f64 * 11_796.0 / 65_535.0;
    let expected = (pot as f64 - take) * nominated as f64 / ((nominated + own) as f64 + take);
    let off = (nominator as f64 - expected).abs() / expected;
    assert!(off < 1e-6, "the nominator has {nominator}, expected {expected}");
    assert!(pot - nominator - validator < 1_000, "the rest is the validator's");
}

#[test]
fn without_any_incentive_the_validators_take_the_miners_pot() {
    let mut world = validator_and_miner();
    let before = staked(&mut world, 1, 101);
    world.read(|| node_subtensor_runtime::pallets::subtensor::Weights::<Runtime>::remove(NETUID, 1));
    world.advance(360);
    let pot = 2 * 360 * 410_002_288;
    let validator = staked(&mut world, 1, 101) - before;
    assert!(pot - validator < 100, "{validator} of {pot}");
    assert_eq!(staked(&mut world, 2, 102), 0);
}

#[test]
fn what_the_owners_own_hotkey_mines_is_paid_to_nobody() {
    for fate in [RecycleOrBurnEnum::Burn, RecycleOrBurnEnum::Recycle] {
        let mut world = validator_and_miner();
        // The owner's hotkey is the miner.
        world.read(|| {
            RecycleOrBurn::<Runtime>::insert(NETUID, fate);
            SubnetOwnerHotkey::<Runtime>::insert(NETUID, key(2));
        });
        world.advance(359);
        let before = world.read(|| SubnetAlphaOut::<Runtime>::get(NETUID));
        world.advance(1);
        let minted = world.read(|| SubnetAlphaOut::<Runtime>::get(NETUID)) as i128 - i128::from(before);
        let recycled = i128::from(TAO) - minted;
        match fate {
            RecycleOrBurnEnum::Burn => assert_eq!(recycled, 0),
            RecycleOrBurnEnum::Recycle => assert!((recycled - 360 * 410_002_288).abs() < 100, "{recycled}"),
        }
        assert_eq!(staked(&mut world, 2, 102), 0);
        assert_eq!(world.read(|| MinerBurned::<Runtime>::get(NETUID)).bits, 1 << 32);
        assert!(world.read(|| Uids::<Runtime>::contains_key(NETUID, key(2))));
    }
}

#[test]
fn two_mechanisms_share_the_emission_by_their_split() {
    let mut world = validator_and_miner();
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
    let split = Some(vec![65_535 / 4, 65_535 - 65_535 / 4]);
    world
        .root(Admin::sudo_set_mechanism_emission_split {
            netuid: NETUID,
            maybe_split: split,
        })
        .unwrap();
    // Only the second mechanism's row names the miner 0; the first names the miner 2.
    let row = Call::set_mechanism_weights {
        netuid: NETUID,
        mecid: 1,
        dests: vec![0],
        weights: vec![1],
        version_key: 0,
    };
    world.signed(&key(1), row).unwrap();
    world.advance(360);
    let miner = staked(&mut world, 2, 102);
    let quarter = 360 * 410_002_288u64 / 4;
    let off = (miner as f64 - quarter as f64).abs() / quarter as f64;
    assert!(off < 1e-3, "{miner} of {quarter}");
    let burned = world.read(|| MinerBurned::<Runtime>::get(NETUID)).bits as f64 / 2f64.powi(32);
    assert!(
        (burned - 0.75).abs() < 1e-3,
        "the owner's part is burned: {burned}"
    );
}

/// A validator and a miner on a subnet of two mechanisms; the validator's rows name the miner on the first and the
/// owner's hotkey on the second.
fn two_mechanisms(split: Option<Vec<u16>>) -> World {
    let mut world = validator_and_miner();
    let netuid = NETUID;
    for call in [
        Admin::sudo_set_max_allowed_uids {
            netuid,
            max_allowed_uids: 64,
        },
        Admin::sudo_set_mechanism_count {
            netuid,
            mechanism_count: 2,
        },
        Admin::sudo_set_mechanism_emission_split {
            netuid,
            maybe_split: split,
        },
    ] {
        world.root(call).unwrap();
    }
    let row = Call::set_mechanism_weights {
        netuid,
        mecid: 1,
        dests: vec![0],
        weights: vec![1],
        version_key: 0,
    };
    world.signed(&key(1), row).unwrap();
    world
}

/// What each mechanism paid its miners in this block.
fn paid_by_mechanism(world: &mut World) -> Vec<(u16, Vec<u64>)> {
    world
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::IncentiveAlphaEmittedToMiners { netuid, emissions } => Some((netuid, emissions)),
            _ => None,
        })
        .filter(|(index, _)| index % 4_096 == NETUID)
        .collect()
}

#[test]
fn emission_is_the_weighted_sum_of_what_the_mechanisms_paid() {
    let mut world = two_mechanisms(None);
    world.advance(360);
    let paid = paid_by_mechanism(&mut world);
    let [(_, first), (_, second)] = &paid[..] else {
        panic!("{paid:?}")
    };
    let (miner, owner) = (first[2], second[0]);
    assert!(miner > 0 && owner > 0);
    let emission = world.read(|| Emission::<Runtime>::get(NETUID));
    let half = |paid: u64, counted: u64| (paid / 2).abs_diff(counted) <= 2;
    assert!(half(miner, emission[2]), "{miner} {emission:?}");
    assert!(half(owner, emission[0]), "{owner} {emission:?}");
    world.read(|| {
        assert_eq!(Consensus::<Runtime>::get(NETUID), [32_767, 0, 32_767]);
        assert_eq!(
            Incentive::<Runtime>::get(NETUID)[2],
            65_535,
            "the first mechanism's"
        );
    });
}

#[test]
fn the_first_mechanism_takes_what_rounding_leaves() {
    let mut world = two_mechanisms(None);
    world.advance(359);
    world.read(|| {
        PendingOwnerCut::<Runtime>::insert(NETUID, 0);
        PendingServerEmission::<Runtime>::insert(NETUID, 1);
        PendingValidatorEmission::<Runtime>::insert(NETUID, 0);
        FirstEmissionBlockNumber::<Runtime>::remove(NETUID);
    });
    world.advance(1);
    assert_eq!(
        world.read(|| Consensus::<Runtime>::get(NETUID)),
        [0, 0, 65_535],
        "half a rao for each is one for the first"
    );
}

#[test]
fn without_emission_the_first_mechanism_counts_alone() {
    let mut world = two_mechanisms(Some(vec![0, 65_535]));
    world.read(|| FirstEmissionBlockNumber::<Runtime>::remove(NETUID));
    world.advance(360);
    world.read(|| {
        assert_eq!(
            Consensus::<Runtime>::get(NETUID),
            [0, 0, 65_535],
            "the first names the miner, whatever the split says"
        );
        assert_eq!(Emission::<Runtime>::get(NETUID), [0; 3]);
    });
}
