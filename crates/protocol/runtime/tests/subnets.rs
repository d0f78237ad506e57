//! Creating, starting, describing and dissolving subnets, and changing their hyperparameters.

mod world;

use node_subtensor_runtime::{
    Balances, Runtime, SubtensorModule, System,
    genesis::TAO,
    pallets::subtensor::{
        AdminFreezeWindow, AlphaValues, Burn, CommitRevealWeightsEnabled, FirstEmissionBlockNumber,
        IdentitiesV2, ImmunityPeriod, IsNetworkMember, Keys, LastEpochBlock, LastRateLimitedBlock,
        MaxAllowedUids, MaxAllowedValidators, MaxMechanismCount, MinAllowedUids, MinAllowedWeights,
        NetworkImmunityPeriod, NetworkRateLimit, NetworksAdded, RateLimitKey, StartCallDelay, SubnetAlphaIn,
        SubnetEmissionEnabled, SubnetIdentitiesV3, SubnetIdentityV3, SubnetLimit, SubnetLocked, SubnetTAO,
        SubtokenEnabled, Tempo, TokenSymbol, TotalHotkeyAlpha, TotalIssuance, TotalNetworks,
        WeightsVersionKey, Yuma3On,
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use world::{Admin, AdminError, Call, Error, Event, NETUID, OWNER, OWNER_HOTKEY, World, coldkey, key};

fn create(world: &mut World, who: u8, hotkey: u8) -> DispatchResult {
    world.signed(&key(who), Call::register_network { hotkey: key(hotkey) })
}

#[test]
fn a_new_subnet_starts_as_on_the_chain() {
    let mut world = World::new();
    world.advance(9);
    create(&mut world, OWNER, OWNER_HOTKEY).unwrap();
    assert_eq!(world.events().last(), Some(&Event::NetworkAdded(NETUID, 1)));
    world.read(|| {
        assert!(NetworksAdded::<Runtime>::get(NETUID));
        assert_eq!(TotalNetworks::<Runtime>::get(), 3);
        assert_eq!(Tempo::<Runtime>::get(NETUID), 360);
        assert_eq!(
            LastEpochBlock::<Runtime>::get(NETUID),
            10 - u64::from(NETUID),
            "staggered by the netuid"
        );
        assert_eq!(MaxAllowedUids::<Runtime>::get(NETUID), 256);
        assert_eq!(MaxAllowedValidators::<Runtime>::get(NETUID), 64);
        assert_eq!(MinAllowedWeights::<Runtime>::get(NETUID), 1);
        assert_eq!(ImmunityPeriod::<Runtime>::get(NETUID), 5_000);
        assert!(Yuma3On::<Runtime>::get(NETUID));
        assert!(!CommitRevealWeightsEnabled::<Runtime>::get(NETUID));
        assert!(!SubnetEmissionEnabled::<Runtime>::get(NETUID));
        assert!(!SubtokenEnabled::<Runtime>::get(NETUID));
        assert_eq!(Burn::<Runtime>::get(NETUID), TAO);
        assert_eq!(Keys::<Runtime>::get(NETUID, 0), key(OWNER_HOTKEY));
        assert_eq!(TokenSymbol::<Runtime>::get(NETUID), "β".as_bytes());
        assert_eq!(SubnetLocked::<Runtime>::get(NETUID), 1_000 * TAO);
        assert_eq!(SubnetTAO::<Runtime>::get(NETUID), 1_000 * TAO);
        assert_eq!(
            SubnetAlphaIn::<Runtime>::get(NETUID),
            1_000 * TAO,
            "the median price is 1"
        );
        assert_eq!(Balances::free_balance(key(OWNER)), 99_000 * TAO);
        assert_eq!(
            Balances::free_balance(SubtensorModule::subnet_account(NETUID)),
            1_000 * TAO
        );
    });
}

#[test]
fn creation_is_refused_for_what_is_wrong_first() {
    let mut world = World::new();
    world
        .signed(&key(101), Call::try_associate_hotkey { hotkey: key(1) })
        .unwrap();
    assert_eq!(
        create(&mut world, 102, 1),
        Err(Error::NonAssociatedColdKey.into())
    );
    assert_eq!(create(&mut world, 1, 2), Err(Error::CannotAffordLockCost.into()));
    create(&mut world, 102, 2).unwrap();
    world.advance(1);
    assert_eq!(
        create(&mut world, 103, 3),
        Err(Error::NetworkTxRateLimitExceeded.into())
    );
    world
        .root(Admin::sudo_set_network_rate_limit { rate_limit: 0 })
        .unwrap();
    let identity = SubnetIdentityV3 {
        subnet_name: vec![b'x'; 257],
        ..SubnetIdentityV3::default()
    };
    let call = Call::register_network_with_identity {
        hotkey: key(3),
        identity: Some(identity),
    };
    assert_eq!(world.signed(&key(103), call), Err(Error::InvalidIdentity.into()));
    world.read(|| SubnetLimit::<Runtime>::put(2));
    assert_eq!(
        create(&mut world, 103, 3),
        Err(Error::SubnetLimitReached.into()),
        "all are immune"
    );
}

#[test]
fn the_price_doubles_and_falls_back_in_a_straight_line() {
    let mut world = World::new();
    assert_eq!(world.read(SubtensorModule::lock_cost), 1_000 * TAO);
    create(&mut world, OWNER, OWNER_HOTKEY).unwrap();
    assert_eq!(world.read(SubtensorModule::lock_cost), 2_000 * TAO);
    world.advance(100);
    // So much that blocks emit the whole of it; the accounts of this world have more.
    world.read(|| TotalIssuance::<Runtime>::put(10_000_000 * TAO));
    let per_block = 1_000 * TAO / 100_800;
    assert_eq!(
        world.read(SubtensorModule::lock_cost),
        2_000 * TAO - 100 * per_block
    );
}

#[test]
fn the_price_falls_twice_as_fast_when_the_emission_has_halved() {
    let mut world = World::new();
    create(&mut world, OWNER, OWNER_HOTKEY).unwrap();
    world.advance(100);
    // Half of all TAO that will ever be.
    world.read(|| TotalIssuance::<Runtime>::put(10_500_000 * TAO));
    let per_block = 1_000 * TAO / 50_400;
    assert_eq!(
        world.read(SubtensorModule::lock_cost),
        2_000 * TAO - 100 * per_block
    );
}

#[test]
fn an_owner_chooses_the_hotkey_once_a_week_whatever_the_tempo() {
    let mut world = World::with_subnet();
    let choose = |hotkey| Admin::sudo_set_sn_owner_hotkey {
        netuid: NETUID,
        hotkey: key(hotkey),
    };
    let key_of = || LastRateLimitedBlock::<Runtime>::get(RateLimitKey::SetSNOwnerHotkey(NETUID));
    world.read(|| Tempo::<Runtime>::insert(NETUID, 1));
    world.signed(&key(OWNER), choose(50)).unwrap();
    let chosen = world.now();
    assert_eq!(world.read(key_of), chosen);
    let jump = |world: &mut World, height: u64| {
        world.read(|| System::set_block_number(u32::try_from(height).unwrap()));
    };
    jump(&mut world, chosen + 50_399);
    assert_eq!(
        world.signed(&key(OWNER), choose(51)),
        Err(Error::TxRateLimitExceeded.into())
    );
    jump(&mut world, chosen + 50_400);
    world.signed(&key(OWNER), choose(51)).unwrap();
}

#[test]
fn a_subnet_has_at_most_sixteen_mechanisms() {
    let mut world = World::with_subnet();
    let most = |max_mechanism_count| Admin::sudo_set_max_mechanism_count { max_mechanism_count };
    for refused in [0, 17, 255] {
        assert_eq!(world.root(most(refused)), Err(Error::InvalidValue.into()));
    }
    world.root(most(16)).unwrap();
    world.read(|| {
        MaxMechanismCount::<Runtime>::put(20);
        MinAllowedUids::<Runtime>::insert(NETUID, 1);
    });
    let netuid = NETUID;
    world
        .root(Admin::sudo_set_max_allowed_uids {
            netuid,
            max_allowed_uids: 12,
        })
        .unwrap();
    let count = |mechanism_count| Admin::sudo_set_mechanism_count {
        netuid,
        mechanism_count,
    };
    assert_eq!(
        world.root(count(17)),
        Err(Error::InvalidValue.into()),
        "its index would be subnet 2's"
    );
    world.root(count(16)).unwrap();
}

#[test]
fn a_full_chain_dissolves_the_cheapest_subnet_that_is_not_immune() {
    let mut world = World::with_subnet();
    world.register(1);
    world.stake(1, 100);
    world.advance(2);
    let before = world.read(|| Balances::free_balance(key(101)));
    world.read(|| {
        NetworkRateLimit::<Runtime>::put(0);
        NetworkImmunityPeriod::<Runtime>::put(1);
        SubnetLimit::<Runtime>::put(2);
    });
    // Subnet 1 has never been started, so its moving price is zero like the other's; it is older.
    assert_eq!(world.read(SubtensorModule::subnet_to_prune), Some(1));
    world.read(|| {
        node_subtensor_runtime::pallets::subtensor::SubnetMovingPrice::<Runtime>::insert(
            1,
            node_subtensor_runtime::fixed_point::I96F32::from_bits(1),
        );
    });
    create(&mut world, 150, 50).unwrap();
    assert!(world.events().contains(&Event::NetworkRemoved(NETUID)));
    world.read(|| {
        assert_eq!(
            Keys::<Runtime>::get(NETUID, 0),
            key(50),
            "its number goes to the new one"
        );
        assert!(!IsNetworkMember::<Runtime>::get(key(1), NETUID));
        assert_eq!(TotalHotkeyAlpha::<Runtime>::get(key(1), NETUID), 0);
        assert!(
            Balances::free_balance(key(101)) > before + 1_000 * TAO,
            "the stakers share the pool"
        );
    });
}

#[test]
fn a_subnet_is_started_once_by_its_owner() {
    let mut world = World::new();
    create(&mut world, OWNER, OWNER_HOTKEY).unwrap();
    let start = |netuid| Call::start_call { netuid };
    assert_eq!(
        world.signed(&key(OWNER), start(77)),
        Err(Error::SubnetNotExists.into())
    );
    assert_eq!(
        world.signed(&key(101), start(NETUID)),
        Err(DispatchError::BadOrigin)
    );
    world.read(|| StartCallDelay::<Runtime>::put(5));
    assert_eq!(
        world.signed(&key(OWNER), start(NETUID)),
        Err(Error::NeedWaitingMoreBlocksToStarCall.into())
    );
    world.advance(5);
    world.signed(&key(OWNER), start(NETUID)).unwrap();
    let now = world.now();
    assert_eq!(
        world.read(|| FirstEmissionBlockNumber::<Runtime>::get(NETUID)),
        Some(now + 1)
    );
    assert!(world.read(|| SubtokenEnabled::<Runtime>::get(NETUID)));
    assert_eq!(
        world.signed(&key(OWNER), start(NETUID)),
        Err(Error::FirstEmissionBlockNumberAlreadySet.into())
    );
}

#[test]
fn identities_belong_to_owners_and_registered_coldkeys() {
    let mut world = World::with_subnet();
    let subnet = |netuid| Call::set_subnet_identity {
        netuid,
        subnet_name: b"assay".to_vec(),
        github_repo: vec![],
        subnet_contact: vec![],
        subnet_url: vec![],
        discord: vec![],
        description: vec![],
        logo_url: vec![],
        additional: vec![],
    };
    assert_eq!(
        world.signed(&key(101), subnet(NETUID)),
        Err(Error::NotSubnetOwner.into())
    );
    assert_eq!(
        world.signed(&key(101), subnet(77)),
        Err(Error::SubnetNotExists.into())
    );
    world.signed(&key(OWNER), subnet(NETUID)).unwrap();
    let stored = world.read(|| SubnetIdentitiesV3::<Runtime>::get(NETUID)).unwrap();
    assert_eq!(stored.subnet_name, b"assay");

    let mine = || Call::set_identity {
        name: b"me".to_vec(),
        url: vec![],
        github_repo: vec![],
        image: vec![],
        discord: vec![],
        description: vec![],
        additional: vec![],
    };
    assert_eq!(
        world.signed(&coldkey(1), mine()),
        Err(Error::HotKeyNotRegisteredInNetwork.into())
    );
    world.register(1);
    world.signed(&coldkey(1), mine()).unwrap();
    assert_eq!(
        world
            .read(|| IdentitiesV2::<Runtime>::get(coldkey(1)))
            .unwrap()
            .name,
        b"me"
    );
}

#[test]
fn hyperparameters_are_frozen_before_an_epoch_for_root_too() {
    let mut world = World::with_subnet();
    world.read(|| {
        AdminFreezeWindow::<Runtime>::put(10);
        Tempo::<Runtime>::insert(NETUID, 20);
        LastEpochBlock::<Runtime>::insert(NETUID, SubtensorModule::now());
    });
    let change = Admin::sudo_set_min_allowed_weights {
        netuid: NETUID,
        min_allowed_weights: 2,
    };
    world.advance(10);
    world.root(change.clone()).unwrap();
    world.advance(1);
    assert_eq!(
        world.root(change.clone()),
        Err(Error::AdminActionProhibitedDuringWeightsWindow.into())
    );
    world
        .root(Admin::sudo_set_kappa {
            netuid: NETUID,
            kappa: 5,
        })
        .unwrap();
    world
        .root(Admin::sudo_set_admin_freeze_window { window: 0 })
        .unwrap();
    world.root(change).unwrap();
}

#[test]
fn an_owner_changes_each_hyperparameter_once_in_two_tempos() {
    let mut world = World::with_subnet();
    let owner = key(OWNER);
    let weights = |n| Admin::sudo_set_min_allowed_weights {
        netuid: NETUID,
        min_allowed_weights: n,
    };
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 10,
        })
        .unwrap();
    assert_eq!(world.signed(&key(101), weights(2)), Err(DispatchError::BadOrigin));
    world.signed(&owner, weights(2)).unwrap();
    assert_eq!(
        world.signed(&owner, weights(3)),
        Err(Error::TxRateLimitExceeded.into())
    );
    let immunity = Admin::sudo_set_immunity_period {
        netuid: NETUID,
        immunity_period: 7,
    };
    world.signed(&owner, immunity).unwrap();
    world.advance(20);
    world.signed(&owner, weights(3)).unwrap();
    assert_eq!(world.read(|| MinAllowedWeights::<Runtime>::get(NETUID)), 3);

    let key_of = |weights_version_key| Admin::sudo_set_weights_version_key {
        netuid: NETUID,
        weights_version_key,
    };
    world.signed(&owner, key_of(7)).unwrap();
    world.advance(20);
    assert_eq!(
        world.signed(&owner, key_of(8)),
        Err(Error::TxRateLimitExceeded.into()),
        "its limit is five tempos"
    );
    world.root(key_of(9)).unwrap();
    assert_eq!(world.read(|| WeightsVersionKey::<Runtime>::get(NETUID)), 9);
}

#[test]
fn root_setters_are_shut_to_owners_and_subnets_must_exist() {
    let mut world = World::with_subnet();
    let kappa = |netuid| Admin::sudo_set_kappa { netuid, kappa: 5 };
    assert_eq!(
        world.signed(&key(OWNER), kappa(NETUID)),
        Err(DispatchError::BadOrigin)
    );
    assert_eq!(world.root(kappa(77)), Err(AdminError::SubnetDoesNotExist.into()));
}

#[test]
fn values_stay_within_their_bounds() {
    let mut world = World::with_subnet();
    let netuid = NETUID;
    let out_of_bounds: Vec<(Admin, DispatchError)> = vec![
        (
            Admin::sudo_set_max_allowed_uids {
                netuid,
                max_allowed_uids: 63,
            },
            AdminError::MaxAllowedUidsLessThanMinAllowedUids.into(),
        ),
        (
            Admin::sudo_set_max_allowed_uids {
                netuid,
                max_allowed_uids: 257,
            },
            AdminError::MaxAllowedUidsGreaterThanDefaultMaxAllowedUids.into(),
        ),
        (
            Admin::sudo_set_max_allowed_validators {
                netuid,
                max_allowed_validators: 257,
            },
            AdminError::MaxValidatorsLargerThanMaxUIds.into(),
        ),
        (
            Admin::sudo_set_min_allowed_uids {
                netuid,
                min_allowed_uids: 5,
            },
            AdminError::MinAllowedUidsGreaterThanCurrentUids.into(),
        ),
        (
            Admin::sudo_set_commit_reveal_weights_interval { netuid, interval: 0 },
            Error::RevealPeriodTooSmall.into(),
        ),
        (
            Admin::sudo_set_commit_reveal_weights_interval {
                netuid,
                interval: 101,
            },
            Error::RevealPeriodTooLarge.into(),
        ),
        (
            Admin::sudo_set_burn_half_life {
                netuid,
                burn_half_life: 0,
            },
            AdminError::InvalidValue.into(),
        ),
        (
            Admin::sudo_set_max_burn {
                netuid,
                max_burn: 99_999_999,
            },
            AdminError::ValueNotInBounds.into(),
        ),
        (
            Admin::sudo_set_min_burn {
                netuid,
                min_burn: TAO + 1,
            },
            AdminError::ValueNotInBounds.into(),
        ),
        (
            Admin::sudo_set_alpha_values {
                netuid,
                alpha_low: 2_000,
                alpha_high: 3_000,
            },
            Error::LiquidAlphaDisabled.into(),
        ),
        (
            Admin::sudo_set_mechanism_count {
                netuid,
                mechanism_count: 3,
            },
            Error::InvalidValue.into(),
        ),
        (
            Admin::sudo_set_mechanism_count {
                netuid,
                mechanism_count: 2,
            },
            Error::TooManyUIDsPerMechanism.into(),
        ),
        (
            Admin::sudo_set_owner_immune_neuron_limit {
                netuid,
                immune_neurons: 11,
            },
            Error::InvalidValue.into(),
        ),
    ];
    for (call, error) in out_of_bounds {
        assert_eq!(world.root(call.clone()), Err(error), "{call:?}");
    }
    world
        .root(Admin::sudo_set_liquid_alpha_enabled {
            netuid,
            enabled: true,
        })
        .unwrap();
    let alpha = |alpha_low, alpha_high| Admin::sudo_set_alpha_values {
        netuid,
        alpha_low,
        alpha_high,
    };
    assert_eq!(
        world.root(alpha(1_638, 1_637)),
        Err(Error::AlphaHighTooLow.into())
    );
    assert_eq!(
        world.root(alpha(1_637, 2_000)),
        Err(Error::AlphaLowOutOfRange.into())
    );
    assert_eq!(
        world.root(alpha(2_001, 2_000)),
        Err(Error::AlphaLowOutOfRange.into())
    );
    world.root(alpha(1_638, 2_000)).unwrap();
    assert_eq!(world.read(|| AlphaValues::<Runtime>::get(netuid)), (1_638, 2_000));

    let average = |kept| Admin::sudo_set_bonds_moving_average {
        netuid,
        bonds_moving_average: kept,
    };
    assert_eq!(
        world.signed(&key(OWNER), average(975_001)),
        Err(AdminError::BondsMovingAverageMaxReached.into())
    );
    world.root(average(1_000_000)).unwrap();
    let steep = |steepness| Admin::sudo_set_alpha_sigmoid_steepness { netuid, steepness };
    assert_eq!(
        world.signed(&key(OWNER), steep(-1)),
        Err(AdminError::NegativeSigmoidSteepness.into())
    );
    world.root(steep(-1)).unwrap();
}

#[test]
fn seats_on_root_go_to_registered_hotkeys_and_then_to_stake() {
    let mut world = World::with_subnet();
    let seat = |hotkey: u8| Call::root_register { hotkey: key(hotkey) };
    assert_eq!(
        world.signed(&coldkey(1), seat(1)),
        Err(Error::HotKeyNotRegisteredInNetwork.into())
    );
    for hotkey in 1..5 {
        world.register(hotkey);
    }
    assert_eq!(
        world.signed(&coldkey(2), seat(1)),
        Err(Error::NonAssociatedColdKey.into())
    );
    world.signed(&coldkey(1), seat(1)).unwrap();
    assert_eq!(
        world.signed(&coldkey(2), seat(2)),
        Err(Error::TooManyRegistrationsThisBlock.into())
    );
    world.advance(1);
    assert_eq!(
        world.signed(&coldkey(1), seat(1)),
        Err(Error::HotKeyAlreadyRegisteredInSubNet.into())
    );

    world.read(|| MaxAllowedUids::<Runtime>::insert(0, 1));
    assert_eq!(
        world.signed(&coldkey(2), seat(2)),
        Err(Error::StakeTooLowForRoot.into())
    );
    world.read(|| TotalHotkeyAlpha::<Runtime>::insert(key(2), 0, TAO));
    world.signed(&coldkey(2), seat(2)).unwrap();
    assert_eq!(world.read(|| Keys::<Runtime>::get(0, 0)), key(2));
    world.advance(1);
    world.read(|| TotalHotkeyAlpha::<Runtime>::insert(key(3), 0, 2 * TAO));
    world.signed(&coldkey(3), seat(3)).unwrap();
    world.advance(1);
    assert_eq!(
        world.signed(&coldkey(4), seat(4)),
        Err(Error::TooManyRegistrationsThisInterval.into())
    );
    world.advance(100);
    assert_eq!(
        world.signed(&coldkey(4), seat(4)),
        Err(Error::StakeTooLowForRoot.into()),
        "a new interval"
    );
}
