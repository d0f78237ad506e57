//! Registration by burn: the checks in their order, the price, and who gives way on a full subnet.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use frame_support::assert_noop;
use node_subtensor_runtime::{
    Balances, Runtime, SubtensorModule,
    genesis::TAO,
    pallets::subtensor::{
        Axons, BlockAtRegistration, Burn, Emission, ImmuneOwnerUidsLimit, ImmunityPeriod, IsNetworkMember,
        Keys, LastUpdate, MaxAllowedUids, MinNonImmuneUids, OwnedHotkeys, Owner, RAORecycledForRegistration,
        StakeWeight, SubnetAlphaIn, SubnetAlphaOut, SubnetTAO, SubnetworkN, Uids, ValidatorPermit, Weights,
    },
};
use sp_runtime::DispatchError;
use world::{Call, Error, Event, NETUID, OWNER, World, coldkey, key};

fn burned(netuid: u16, hotkey: u8) -> Call {
    Call::burned_register {
        netuid,
        hotkey: key(hotkey),
    }
}

/// The error's name and its index in the pallet.
fn refused(world: &mut World, who: u8, call: Call) -> (&'static str, u8) {
    let error = world.signed(&key(who), call).unwrap_err();
    let DispatchError::Module(module) = error else {
        panic!("{error:?}")
    };
    assert_eq!(module.index, 7);
    (module.message.unwrap(), module.error[0])
}

#[test]
fn a_registration_costs_the_price_and_gives_a_uid() {
    let mut world = World::with_subnet();
    let (tao, alpha_in, alpha_out) = world.read(|| {
        (
            SubnetTAO::<Runtime>::get(NETUID),
            SubnetAlphaIn::<Runtime>::get(NETUID),
            SubnetAlphaOut::<Runtime>::get(NETUID),
        )
    });

    let uid = world.register(1);

    assert_eq!(uid, 1, "the owner has uid 0");
    assert_eq!(
        world.events().last(),
        Some(&Event::NeuronRegistered(NETUID, 1, key(1)))
    );
    world.read(|| {
        assert_eq!(Keys::<Runtime>::get(NETUID, 1), key(1));
        assert!(IsNetworkMember::<Runtime>::get(key(1), NETUID));
        assert_eq!(Owner::<Runtime>::get(key(1)), key(101));
        assert_eq!(OwnedHotkeys::<Runtime>::get(key(101)), [key(1)]);
        assert_eq!(SubnetworkN::<Runtime>::get(NETUID), 2);
        assert_eq!(
            StakeWeight::<Runtime>::get(NETUID),
            [0u16; 0],
            "grows at the next epoch only"
        );
        assert_eq!(Balances::free_balance(key(101)), 99_999 * TAO);
        assert_eq!(RAORecycledForRegistration::<Runtime>::get(NETUID), TAO);
        assert_eq!(
            Burn::<Runtime>::get(NETUID),
            1_260_000_000,
            "the next one is dearer at once"
        );
        assert_eq!(SubnetTAO::<Runtime>::get(NETUID), tao + TAO);
        assert!(
            SubnetAlphaIn::<Runtime>::get(NETUID) < alpha_in,
            "the payment buys alpha"
        );
        assert_eq!(
            SubnetAlphaOut::<Runtime>::get(NETUID),
            alpha_out,
            "that nobody holds"
        );
    });
}

#[test]
fn many_may_register_in_one_block_each_at_a_higher_price() {
    let mut world = World::with_subnet();
    let prices: Vec<u64> = (1..=6)
        .map(|hotkey| {
            world.register(hotkey);
            world.read(|| Burn::<Runtime>::get(NETUID))
        })
        .collect();
    assert_eq!(
        prices,
        [
            1_260_000_000,
            1_587_600_000,
            2_000_376_000,
            2_520_473_760,
            3_175_796_937,
            4_001_504_140
        ]
    );
}

#[test]
fn the_price_falls_by_half_in_a_half_life() {
    let mut world = World::with_subnet();
    let start = world.now();
    let known = [
        (1, 998_076_443),
        (2, 996_156_586),
        (10, 980_930_083),
        (100, 824_860_547),
        (360, 499_999_865),
    ];
    for (blocks, price) in known {
        world.advance_to(start + blocks);
        assert_eq!(
            world.read(|| Burn::<Runtime>::get(NETUID)),
            price,
            "after {blocks} blocks"
        );
    }
}

#[test]
fn checks_come_in_the_chains_order() {
    let mut world = World::with_subnet();
    world.register(1);
    let limit = |netuid, hotkey, limit_price| Call::register_limit {
        netuid,
        hotkey: key(hotkey),
        limit_price,
    };

    // Every case breaks its own rule and all later ones: the sender 1 has no money, the hotkey 1 is registered.
    assert_eq!(
        refused(&mut world, 1, burned(0, 1)),
        ("RegistrationNotPermittedOnRootSubnet", 42)
    );
    assert_eq!(refused(&mut world, 1, burned(77, 1)), ("SubnetNotExists", 76));
    let registrations =
        |allowed| node_subtensor_runtime::pallets::admin_utils::Call::sudo_set_network_registration_allowed {
            netuid: NETUID,
            registration_allowed: allowed,
        };
    world.root(registrations(false)).unwrap();
    assert_eq!(
        refused(&mut world, 1, limit(NETUID, 1, 1)),
        ("RegistrationPriceLimitExceeded", 134)
    );
    assert_eq!(
        refused(&mut world, 1, burned(NETUID, 1)),
        ("SubNetRegistrationDisabled", 37)
    );
    world.root(registrations(true)).unwrap();
    assert_eq!(
        refused(&mut world, 1, burned(NETUID, 1)),
        ("HotKeyAlreadyRegisteredInSubNet", 21)
    );
    assert_eq!(
        refused(&mut world, 1, burned(NETUID, 2)),
        ("NotEnoughBalanceToStake", 12)
    );
    let subnets_own = world.read(|| SubtensorModule::subnet_account(NETUID));
    let call = Call::burned_register {
        netuid: NETUID,
        hotkey: subnets_own,
    };
    assert_eq!(refused(&mut world, 102, call), ("CannotUseSystemAccount", 139));
    world
        .signed(&key(103), Call::try_associate_hotkey { hotkey: key(3) })
        .unwrap();
    world.read(|| MaxAllowedUids::<Runtime>::insert(NETUID, 0));
    assert_eq!(
        refused(&mut world, 102, burned(NETUID, 3)),
        ("NonAssociatedColdKey", 7)
    );
    assert_eq!(
        refused(&mut world, 102, burned(NETUID, 2)),
        ("NoNeuronIdAvailable", 48)
    );
}

#[test]
fn the_arguments_of_the_old_proof_of_work_change_nothing() {
    let mut world = World::with_subnet();
    let call = Call::register {
        netuid: NETUID,
        block_number: 99,
        nonce: 1,
        work: vec![1, 2, 3],
        hotkey: key(1),
        coldkey: key(150),
    };
    world.signed(&key(101), call).unwrap();
    assert_eq!(
        world.read(|| Owner::<Runtime>::get(key(1))),
        key(101),
        "the signer pays and owns"
    );
}

#[test]
fn a_price_limit_is_kept_to_the_rao() {
    let mut world = World::with_subnet();
    let call = |limit_price| Call::register_limit {
        netuid: NETUID,
        hotkey: key(1),
        limit_price,
    };
    let error = world.signed(&coldkey(1), call(TAO - 1)).unwrap_err();
    assert_eq!(error, Error::RegistrationPriceLimitExceeded.into());
    world.signed(&coldkey(1), call(TAO)).unwrap();
}

#[test]
fn a_refused_registration_leaves_no_trace() {
    let mut world = World::with_subnet();
    world.read(|| {
        SubnetAlphaIn::<Runtime>::insert(NETUID, 1_000_000);
        let origin = node_subtensor_runtime::RuntimeOrigin::signed(key(101));
        assert_noop!(
            SubtensorModule::burned_register(origin, NETUID, key(1)),
            Error::InsufficientLiquidity
        );
    });
}

/// A full subnet of the owner's uid 0 and the hotkeys 1 to `count`, with these emissions, nobody immune.
fn full_subnet(emissions: &[u64]) -> World {
    let mut world = World::with_subnet();
    for hotkey in 1..emissions.len() {
        world.register(u8::try_from(hotkey).unwrap());
        world.advance(1);
    }
    world.read(|| {
        MaxAllowedUids::<Runtime>::insert(NETUID, u16::try_from(emissions.len()).unwrap());
        ImmunityPeriod::<Runtime>::insert(NETUID, 0);
        MinNonImmuneUids::<Runtime>::insert(NETUID, 0);
        Emission::<Runtime>::insert(NETUID, emissions);
    });
    world
}

fn victim(world: &mut World) -> Option<u16> {
    world.read(|| SubtensorModule::neuron_to_prune(NETUID))
}

#[test]
fn the_neuron_that_earned_least_gives_way() {
    let mut world = full_subnet(&[0, 100, 110]);
    assert_eq!(victim(&mut world), Some(1));

    let mut world = full_subnet(&[0, 100, 100]);
    assert_eq!(
        victim(&mut world),
        Some(1),
        "of equals the one that registered first"
    );

    let mut world = full_subnet(&[0, 100, 110]);
    world.read(|| ImmunityPeriod::<Runtime>::insert(NETUID, 5_000));
    assert_eq!(victim(&mut world), Some(1), "among the immune when all are");
}

#[test]
fn few_replaceable_neurons_stay_and_an_immune_one_goes() {
    let mut world = full_subnet(&[0, 50, 60, 70, 80]);
    world.read(|| {
        MinNonImmuneUids::<Runtime>::insert(NETUID, 3);
        ImmunityPeriod::<Runtime>::insert(NETUID, 10);
        let now = SubtensorModule::now();
        for uid in 0..5 {
            BlockAtRegistration::<Runtime>::insert(
                NETUID,
                uid,
                now.saturating_sub(if uid == 4 { 9 } else { 10 }),
            );
        }
    });
    world.advance_to(11);
    world.read(|| BlockAtRegistration::<Runtime>::insert(NETUID, 4, SubtensorModule::now()));
    world.read(|| (0..4).for_each(|uid| BlockAtRegistration::<Runtime>::insert(NETUID, uid, 1)));
    assert_eq!(
        victim(&mut world),
        Some(4),
        "the immune one, although it earned most"
    );
    world.read(|| MinNonImmuneUids::<Runtime>::insert(NETUID, 2));
    assert_eq!(victim(&mut world), Some(1));
}

#[test]
fn a_small_full_subnet_without_an_immune_neuron_takes_nobody() {
    let mut world = full_subnet(&[0, 1, 2]);
    world.read(|| MinNonImmuneUids::<Runtime>::insert(NETUID, 10));
    assert_eq!(
        refused(&mut world, 109, burned(NETUID, 9)),
        ("NoNeuronIdAvailable", 48)
    );
}

#[test]
fn the_owners_neurons_are_spared_up_to_their_limit() {
    let mut world = World::with_subnet();
    // The owner's second hotkey earns nothing, a stranger a little.
    world.signed(&key(OWNER), burned(NETUID, 90)).unwrap();
    world.register(1);
    world.read(|| {
        MaxAllowedUids::<Runtime>::insert(NETUID, 3);
        ImmunityPeriod::<Runtime>::insert(NETUID, 0);
        MinNonImmuneUids::<Runtime>::insert(NETUID, 0);
        Emission::<Runtime>::insert(NETUID, vec![0, 0, 5]);
    });
    assert_eq!(
        victim(&mut world),
        Some(1),
        "one is spared: the subnet's own hotkey"
    );
    world.read(|| ImmuneOwnerUidsLimit::<Runtime>::insert(NETUID, 2));
    assert_eq!(victim(&mut world), Some(2), "two are spared");

    world.read(|| {
        ImmuneOwnerUidsLimit::<Runtime>::insert(NETUID, 2);
        MaxAllowedUids::<Runtime>::insert(NETUID, 2);
        SubnetworkN::<Runtime>::insert(NETUID, 2);
    });
    assert_eq!(
        refused(&mut world, 109, burned(NETUID, 9)),
        ("NoNeuronIdAvailable", 48)
    );
}

#[test]
fn a_replaced_neuron_leaves_only_explicit_zeros() {
    let mut world = full_subnet(&[0, 100, 50]);
    let serve = Call::serve_axon {
        netuid: NETUID,
        version: 1,
        ip: 134_744_072,
        port: 80,
        ip_type: 4,
        protocol: 4,
        placeholder1: 0,
        placeholder2: 0,
    };
    world.signed(&key(2), serve).unwrap();
    world.read(|| {
        Weights::<Runtime>::insert(NETUID, 1, vec![(0, 7), (2, 9)]);
        Weights::<Runtime>::insert(NETUID, 2, vec![(1, 9)]);
        ValidatorPermit::<Runtime>::insert(NETUID, vec![false, true, true]);
    });

    assert_eq!(world.register(9), 2);

    let now = world.now();
    world.read(|| {
        assert_eq!(Keys::<Runtime>::get(NETUID, 2), key(9));
        assert_eq!(Uids::<Runtime>::get(NETUID, key(2)), None);
        assert!(!IsNetworkMember::<Runtime>::get(key(2), NETUID));
        assert_eq!(Axons::<Runtime>::get(NETUID, key(2)), None);
        assert_eq!(Emission::<Runtime>::get(NETUID), [0, 100, 0]);
        assert_eq!(ValidatorPermit::<Runtime>::get(NETUID), [false, true, false]);
        assert_eq!(Weights::<Runtime>::get(NETUID, 1), [(0, 7), (2, 0)]);
        assert_eq!(Weights::<Runtime>::get(NETUID, 2), []);
        assert_eq!(LastUpdate::<Runtime>::get(NETUID)[2], now);
        assert_eq!(BlockAtRegistration::<Runtime>::get(NETUID, 2), now);
        assert_eq!(SubnetworkN::<Runtime>::get(NETUID), 3);
    });
    assert_eq!(
        world.read(|| Owner::<Runtime>::get(key(2))),
        key(102),
        "ownership outlives the seat"
    );
}
