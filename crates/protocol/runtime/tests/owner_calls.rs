//! What owners and root may change: who signs which setter, what is frozen before an epoch, and the calls around a
//! subnet's symbol, its uids, voting power and root claims.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use codec::{Decode, Encode};
use frame_support::{
    storage::{TransactionOutcome, with_transaction},
    traits::{GetCallIndex, UnfilteredDispatchable},
};
use node_subtensor_runtime::{
    Runtime, RuntimeCall, RuntimeOrigin, SubtensorModule,
    fixed_point::I96F32,
    pallets::subtensor::{
        Active, AdminFreezeWindow, AssociatedEvmAddress, BlockAtRegistration, Bonds, Emission,
        ImmunityPeriod, Incentive, Keys, LastEpochBlock, LastUpdate, MaxAllowedUids, MinAllowedUids,
        NumRootClaim, RootClaimType, RootClaimTypeEnum, RootClaimableThreshold, SubnetworkN, TokenSymbol,
        Uids, ValidatorPermit, VotingPower, VotingPowerDisableAtBlock, VotingPowerTrackingEnabled, Weights,
        transaction_checks::RejectionCode,
    },
};
use sp_core::{H160, Pair, ecdsa};
use sp_io::hashing::keccak_256;
use sp_runtime::{DispatchError, DispatchResult};
use std::collections::BTreeSet;
use world::{Admin, Call, Error, Event, NETUID, OWNER, OWNER_HOTKEY, World, coldkey, key};

/// Dispatches every setter with the subnet's number and zeros, each on the same state, and says which were refused so.
fn refused_with(world: &mut World, origin: &RuntimeOrigin, error: DispatchError) -> BTreeSet<u8> {
    let refused = |index: &u8| {
        // A global switch has no subnet before it.
        let decode = |netuid: u16| {
            let mut bytes = vec![*index];
            bytes.extend((netuid, [0u8; 32]).encode());
            Admin::decode(&mut bytes.as_slice())
        };
        let call = RuntimeCall::from(decode(NETUID).or_else(|_| decode(0)).unwrap());
        let result: Result<(), DispatchError> = with_transaction(|| {
            let result = call.dispatch_bypass_filter(origin.clone());
            TransactionOutcome::Rollback(result.map(|_| ()).map_err(|failed| failed.error))
        });
        result == Err(error)
    };
    world.read(|| {
        Admin::get_call_indices()
            .iter()
            .copied()
            .filter(refused)
            .collect()
    })
}

#[test]
fn owners_sign_some_setters_and_root_the_others() {
    let mut world = World::with_subnet();
    let owner = RuntimeOrigin::signed(key(OWNER));
    let root_only = refused_with(&mut world, &owner, DispatchError::BadOrigin);
    assert_eq!(
        root_only,
        BTreeSet::from([
            1, 2, 4, 7, 8, 16, 19, 21, 24, 25, 27, 28, 29, 30, 35, 36, 37, 38, 39, 42, 43, 45, 46, 55, 63,
            65, 66, 71, 73, 74, 75, 79, 81, 82, 83, 84, 85, 86, 87, 88, 91, 94, 96
        ])
    );
    let owner_only = refused_with(&mut world, &RuntimeOrigin::root(), DispatchError::BadOrigin);
    assert_eq!(owner_only, BTreeSet::from([64, 67]));
    let stranger = RuntimeOrigin::signed(key(101));
    let strangers = refused_with(&mut world, &stranger, DispatchError::BadOrigin);
    let all = Admin::get_call_indices().iter().copied();
    let always_failing = BTreeSet::from([33]);
    assert_eq!(strangers, &all.collect() - &always_failing);
}

#[test]
fn these_setters_and_no_others_are_frozen_before_an_epoch() {
    let mut world = World::with_subnet();
    world.read(|| {
        AdminFreezeWindow::<Runtime>::put(400);
        LastEpochBlock::<Runtime>::insert(NETUID, SubtensorModule::now());
    });
    let error = Error::AdminActionProhibitedDuringWeightsWindow.into();
    let frozen = refused_with(&mut world, &RuntimeOrigin::root(), error);
    assert_eq!(
        frozen,
        BTreeSet::from([
            3, 4, 5, 6, 9, 13, 14, 15, 17, 18, 21, 22, 23, 24, 25, 26, 27, 30, 49, 50, 51, 57, 60, 61, 66,
            68, 69, 70, 72, 76, 77, 78, 79, 80, 89, 90, 92, 93, 95, 110, 111, 112
        ])
    );
}

#[test]
fn a_symbol_comes_from_the_catalogue_and_belongs_to_one_subnet() {
    let mut world = World::with_subnet();
    let update = |symbol: &str| Call::update_symbol {
        netuid: NETUID,
        symbol: symbol.as_bytes().to_vec(),
    };
    assert_eq!(
        world.signed(&key(101), update("ω")),
        Err(DispatchError::BadOrigin)
    );
    assert_eq!(
        world.signed(&key(OWNER), update("assay")),
        Err(Error::SymbolDoesNotExist.into())
    );
    assert_eq!(
        world.signed(&key(OWNER), update("α")),
        Err(Error::SymbolAlreadyInUse.into()),
        "subnet 1 has it"
    );
    world.signed(&key(OWNER), update("ω")).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::SymbolUpdated {
            netuid: NETUID,
            symbol: "ω".into()
        })
    );
    assert_eq!(world.read(|| TokenSymbol::<Runtime>::get(NETUID)), "ω".as_bytes());
    world.root(update("ж")).unwrap_err();
    world.root(update("א")).unwrap();
}

/// A subnet of the owner's uid 0 and the hotkeys 1 to 9, of which hotkey `n` has earned `10 - n`.
fn ten_neurons() -> World {
    let mut world = World::with_subnet();
    for hotkey in 1..10 {
        world.register(hotkey);
    }
    world.read(|| {
        MinAllowedUids::<Runtime>::insert(NETUID, 4);
        ImmunityPeriod::<Runtime>::insert(NETUID, 0);
        let earned: Vec<u64> = (0..10).map(|uid| if uid == 0 { 0 } else { 10 - uid }).collect();
        Emission::<Runtime>::insert(NETUID, earned);
    });
    world
}

fn trim(world: &mut World, most: u16) -> DispatchResult {
    world.root(Admin::sudo_trim_to_max_allowed_uids {
        netuid: NETUID,
        max_n: most,
    })
}

#[test]
fn trimming_removes_those_that_earn_least_and_renumbers_the_rest() {
    let mut world = ten_neurons();
    world.read(|| {
        // Hotkey 1 is the poorest now, so that the others move up.
        Emission::<Runtime>::mutate(NETUID, |earned| earned[1] = 0);
        ValidatorPermit::<Runtime>::insert(NETUID, (0..10).map(|uid| uid == 3).collect::<Vec<_>>());
        LastUpdate::<Runtime>::insert(NETUID, (100..110).collect::<Vec<u64>>());
        Incentive::<Runtime>::insert(NETUID, (0..10).collect::<Vec<u16>>());
        BlockAtRegistration::<Runtime>::insert(NETUID, 3, 77);
        Weights::<Runtime>::insert(NETUID, 3, vec![(1, 5), (2, 6), (9, 7), (3, 8)]);
        Bonds::<Runtime>::insert(NETUID, 3, vec![(0, 1), (8, 2), (4, 3)]);
        Weights::<Runtime>::insert(NETUID, 9, vec![(2, 5)]);
    });
    trim(&mut world, 6).unwrap();
    world.read(|| {
        assert_eq!(SubnetworkN::<Runtime>::get(NETUID), 6);
        assert_eq!(MaxAllowedUids::<Runtime>::get(NETUID), 6);
        let seats: Vec<_> = (0..6).map(|uid| Keys::<Runtime>::get(NETUID, uid)).collect();
        let expected = [OWNER_HOTKEY, 2, 3, 4, 5, 6].map(key);
        assert_eq!(seats, expected, "the owner stays, whatever it earns");
        for (uid, hotkey) in (0..).zip(&seats) {
            assert_eq!(Uids::<Runtime>::get(NETUID, hotkey), Some(uid));
        }
        for gone in [1, 7, 8, 9] {
            assert_eq!(Uids::<Runtime>::get(NETUID, key(gone)), None);
        }
        assert_eq!(Keys::<Runtime>::iter_prefix(NETUID).count(), 6);
        assert_eq!(Emission::<Runtime>::get(NETUID), [0, 8, 7, 6, 5, 4]);
        assert_eq!(LastUpdate::<Runtime>::get(NETUID), [100, 102, 103, 104, 105, 106]);
        assert_eq!(Incentive::<Runtime>::get(NETUID), [0, 2, 3, 4, 5, 6]);
        assert_eq!(Active::<Runtime>::get(NETUID).len(), 6);
        assert_eq!(
            ValidatorPermit::<Runtime>::get(NETUID),
            [false, false, true, false, false, false]
        );
        assert_eq!(BlockAtRegistration::<Runtime>::get(NETUID, 2), 77);
        assert_eq!(Weights::<Runtime>::get(NETUID, 2), [(1, 6), (2, 8)]);
        assert_eq!(Bonds::<Runtime>::get(NETUID, 2), [(0, 1), (3, 3)]);
        assert_eq!(Weights::<Runtime>::iter_prefix(NETUID).count(), 1);
    });
    let epoch = world.now() + 360;
    world.advance_to(epoch);
    assert_eq!(
        world.read(|| Emission::<Runtime>::get(NETUID).len()),
        6,
        "epochs go on"
    );
}

#[test]
fn trimming_spares_the_immune_and_is_refused_when_they_would_fill_the_subnet() {
    let mut world = ten_neurons();
    assert_eq!(trim(&mut world, 3), Err(Error::InvalidValue.into()));
    assert_eq!(trim(&mut world, 257), Err(Error::InvalidValue.into()));
    world.read(|| {
        // The poorest, uid 9, is immune; with it and the owner 4 of 5 would be.
        ImmunityPeriod::<Runtime>::insert(NETUID, 100);
        let now = SubtensorModule::now() + 200;
        for uid in 0..10 {
            BlockAtRegistration::<Runtime>::insert(NETUID, uid, if uid >= 7 { now } else { 0 });
        }
    });
    world.advance(200);
    assert_eq!(
        trim(&mut world, 5),
        Err(Error::TrimmingWouldExceedMaxImmunePercentage.into())
    );
    trim(&mut world, 6).unwrap();
    let seats: Vec<_> = world.read(|| (0..6).map(|uid| Keys::<Runtime>::get(NETUID, uid)).collect());
    assert_eq!(seats, [OWNER_HOTKEY, 1, 2, 7, 8, 9].map(key));
}

#[test]
fn an_owner_trims_once_a_month() {
    let mut world = ten_neurons();
    let call = |max_n| Admin::sudo_trim_to_max_allowed_uids {
        netuid: NETUID,
        max_n,
    };
    world.signed(&key(OWNER), call(9)).unwrap();
    assert_eq!(
        world.signed(&key(OWNER), call(8)),
        Err(Error::TxRateLimitExceeded.into())
    );
}

#[test]
fn voting_power_follows_the_stake_of_validators_while_it_is_tracked() {
    let mut world = World::with_subnet();
    world.register(1);
    world.stake(1, 100);
    world.permit(&[1]);
    let netuid = NETUID;
    let enable = Call::enable_voting_power_tracking { netuid };
    let disable = Call::disable_voting_power_tracking { netuid };
    assert_eq!(
        world.signed(&key(101), enable.clone()),
        Err(DispatchError::BadOrigin)
    );
    assert_eq!(
        world.signed(&key(OWNER), disable.clone()),
        Err(Error::VotingPowerTrackingNotEnabled.into())
    );
    world.signed(&key(OWNER), enable).unwrap();
    let alpha = |alpha| Call::sudo_set_voting_power_ema_alpha { netuid, alpha };
    let whole = 1_000_000_000_000_000_000;
    assert_eq!(
        world.root(alpha(whole + 1)),
        Err(Error::InvalidVotingPowerEmaAlpha.into())
    );
    world.root(alpha(whole / 2)).unwrap();
    world.root(Admin::sudo_set_tempo { netuid, tempo: 10 }).unwrap();
    world.advance(9);
    let stake = world.read(|| SubtensorModule::total_stake_weight(NETUID, &key(1)));
    world.advance(1);
    let power = world.read(|| VotingPower::<Runtime>::get(NETUID, key(1)));
    assert_eq!(power, stake / 2, "half of the stake at the epoch");
    assert_eq!(
        world.read(|| VotingPower::<Runtime>::get(NETUID, key(OWNER_HOTKEY))),
        0,
        "the owner's hotkey has no stake"
    );

    world.signed(&key(OWNER), disable).unwrap();
    let end = world.now() + 100_800;
    assert_eq!(
        world.read(|| VotingPowerDisableAtBlock::<Runtime>::get(NETUID)),
        end
    );
    world.read(|| VotingPowerDisableAtBlock::<Runtime>::insert(NETUID, SubtensorModule::now() + 5));
    world.advance(10);
    assert!(!world.read(|| VotingPowerTrackingEnabled::<Runtime>::get(NETUID)));
    assert_eq!(
        world.read(|| VotingPower::<Runtime>::iter_prefix(NETUID).count()),
        0
    );
}

#[test]
fn root_claims_keep_the_wish_and_find_nothing() {
    let mut world = World::with_subnet();
    let claim = |subnets: &[u16]| Call::claim_root {
        subnets: subnets.iter().copied().collect(),
    };
    for wrong in [&[][..], &[1, 2, 3, 4, 5, 6][..]] {
        assert_eq!(
            world.signed(&coldkey(1), claim(wrong)),
            Err(Error::InvalidSubnetNumber.into())
        );
    }
    world.signed(&coldkey(1), claim(&[NETUID])).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::RootClaimed { coldkey: key(101) })
    );
    let wish = |new_root_claim_type| Call::set_root_claim_type { new_root_claim_type };
    let nothing = RootClaimTypeEnum::KeepSubnets {
        subnets: BTreeSet::new(),
    };
    assert_eq!(
        world.signed(&coldkey(1), wish(nothing)),
        Err(Error::InvalidSubnetNumber.into())
    );
    world.signed(&coldkey(1), wish(RootClaimTypeEnum::Keep)).unwrap();
    assert_eq!(
        world.read(|| RootClaimType::<Runtime>::get(key(101))),
        RootClaimTypeEnum::Keep
    );
    assert_eq!(
        world.root(Call::sudo_set_num_root_claims { new_value: 51 }),
        Err(Error::InvalidNumRootClaim.into())
    );
    world
        .root(Call::sudo_set_num_root_claims { new_value: 50 })
        .unwrap();
    assert_eq!(world.read(NumRootClaim::<Runtime>::get), 50);
    let threshold = |new_value| Call::sudo_set_root_claim_threshold {
        netuid: NETUID,
        new_value,
    };
    assert_eq!(
        world.signed(&key(OWNER), threshold(10_000_001)),
        Err(Error::InvalidRootClaimThreshold.into())
    );
    world.signed(&key(OWNER), threshold(1_000)).unwrap();
    assert_eq!(
        world.read(|| RootClaimableThreshold::<Runtime>::get(NETUID)),
        I96F32::from_bits(1_000 << 32)
    );
}

/// The Ethereum address of the private key 1.
const ADDRESS: &str = "7e5f4552091a69125d5dfcb7b8c2659029395bdf";

/// What the private key 1 signs for a hotkey and a block, as an Ethereum wallet does.
fn signed_by_one(hotkey: u8, block: u64) -> [u8; 65] {
    let mut message = b"\x19Ethereum Signed Message:\n64".to_vec();
    message.extend([hotkey; 32]);
    message.extend(keccak_256(&block.to_le_bytes()));
    let mut seed = [0; 32];
    seed[31] = 1;
    let pair = ecdsa::Pair::from_seed(&seed);
    pair.sign_prehashed(&keccak_256(&message)).0
}

#[test]
fn a_neuron_is_tied_to_the_ethereum_address_that_signs_for_it() {
    let mut world = World::with_subnet();
    world.register(1);
    let address = |text: &str| H160::from_slice(&hex::decode(text).unwrap());
    let call = |evm_key, signature| Call::associate_evm_key {
        netuid: NETUID,
        evm_key,
        block_number: 5,
        signature,
    };
    let mine = address(ADDRESS);
    assert_eq!(
        world.signed(&key(9), call(mine, signed_by_one(9, 5))),
        Err(Error::HotKeyNotRegisteredInSubNet.into())
    );
    assert_eq!(
        world.signed(&key(1), call(mine, [0xff; 65])),
        Err(Error::UnableToRecoverPublicKey.into())
    );
    for wrong in [signed_by_one(2, 5), signed_by_one(1, 6)] {
        assert_eq!(
            world.signed(&key(1), call(mine, wrong)),
            Err(Error::InvalidRecoveredPublicKey.into())
        );
    }
    world.signed(&key(1), call(mine, signed_by_one(1, 5))).unwrap();
    let block_associated = world.now();
    assert_eq!(
        world.events().last(),
        Some(&Event::EvmKeyAssociated {
            netuid: NETUID,
            hotkey: key(1),
            evm_key: mine,
            block_associated
        })
    );
    assert_eq!(
        world.read(|| AssociatedEvmAddress::<Runtime>::get(NETUID, 1)),
        Some((mine, block_associated))
    );
    let again = call(mine, signed_by_one(1, 5));
    assert_eq!(
        world.read(|| SubtensorModule::check_transaction(&key(1), &again)
            .err()
            .map(|error| RejectionCode::of(&error) as u8)),
        Some(20)
    );
    world.advance(7_200);
    world.signed(&key(1), again).unwrap();
}
