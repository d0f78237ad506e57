//! Moving stake between hotkeys, coldkeys and subnets, withdrawing all of it, and giving alpha up.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use node_subtensor_runtime::{
    Balances, Runtime, SubtensorModule,
    genesis::TAO,
    pallets::subtensor::{
        AutoStakeDestination, AutoStakeDestinationColdkeys, NominatorMinRequiredStake, SubnetAlphaIn,
        SubnetAlphaOut, SubnetTAO, TotalStake,
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use world::{Admin, Call, Error, Event, NETUID, World, coldkey, key};

/// Another started subnet, whose alpha costs twice as much.
const OTHER: u16 = 3;

/// Two subnets; hotkeys 1 and 2 have uids on the first, and coldkey 101 has staked 100 TAO on hotkey 1.
fn two_subnets() -> World {
    let mut world = World::with_subnet();
    world
        .root(Admin::sudo_set_network_rate_limit { rate_limit: 0 })
        .unwrap();
    let create = Call::register_network { hotkey: key(90) };
    world.signed(&key(190), create).unwrap();
    world
        .signed(&key(190), Call::start_call { netuid: OTHER })
        .unwrap();
    world.read(|| SubnetAlphaIn::<Runtime>::mutate(OTHER, |alpha| *alpha /= 2));
    world
        .root(Admin::sudo_set_subtoken_enabled {
            netuid: 0,
            subtoken_enabled: true,
        })
        .unwrap();
    world.register(1);
    world.register(2);
    world.stake(1, 100);
    world
}

fn staked(world: &mut World, hotkey: u8, who: u8, netuid: u16) -> u64 {
    world.read(|| SubtensorModule::stake_of(&key(hotkey), &key(who), netuid))
}

fn balance(world: &mut World, who: u8) -> u64 {
    world.read(|| Balances::free_balance(key(who)))
}

fn move_to(world: &mut World, hotkey: u8, netuid: u16, amount: u64) -> DispatchResult {
    let call = Call::move_stake {
        origin_hotkey: key(1),
        destination_hotkey: key(hotkey),
        origin_netuid: NETUID,
        destination_netuid: netuid,
        alpha_amount: amount,
    };
    world.signed(&key(101), call)
}

/// What the pools hold is what the subnets' accounts hold, and all of it is `TotalStake`.
fn check_books(world: &mut World) {
    world.read(|| {
        let mut total = 0;
        for netuid in SubtensorModule::netuids() {
            let tao = SubnetTAO::<Runtime>::get(netuid);
            total += tao;
            // Subnet 1 of genesis has a pool without a payer.
            if netuid != 1 {
                let account = SubtensorModule::subnet_account(netuid);
                // Root's account keeps what keeps it alive beside its pool.
                let kept = if netuid == 0 { 500 } else { 0 };
                assert_eq!(Balances::free_balance(account), kept + tao, "subnet {netuid}");
            }
        }
        assert_eq!(TotalStake::<Runtime>::get(), total);
    });
}

#[test]
fn within_a_subnet_alpha_changes_its_hotkey_and_the_pool_does_not_notice() {
    let mut world = two_subnets();
    let before = staked(&mut world, 1, 101, NETUID);
    let price = world.read(|| SubtensorModule::alpha_price(NETUID));
    move_to(&mut world, 2, NETUID, 40 * TAO).unwrap();
    assert_eq!(staked(&mut world, 1, 101, NETUID), before - 40 * TAO);
    assert_eq!(staked(&mut world, 2, 101, NETUID), 40 * TAO);
    assert_eq!(world.read(|| SubtensorModule::alpha_price(NETUID)), price);
    let worth = 40 * price;
    let events = world.events();
    let [.., removed, added, moved] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(
        removed,
        &Event::StakeRemoved(key(101), key(1), worth, 40 * TAO, NETUID, 0)
    );
    assert_eq!(
        added,
        &Event::StakeAdded(key(101), key(2), worth, 40 * TAO, NETUID, 0)
    );
    assert_eq!(
        moved,
        &Event::StakeMoved(key(101), key(1), NETUID, key(2), NETUID, worth)
    );
    check_books(&mut world);
}

#[test]
fn between_subnets_alpha_is_sold_and_bought() {
    let mut world = two_subnets();
    let money = balance(&mut world, 101);
    let (sold, bought) = world.read(|| {
        let tao = SubtensorModule::quote_sell(NETUID, 50 * TAO).unwrap();
        (tao, SubtensorModule::quote_buy(OTHER, tao).unwrap())
    });
    let swap = Call::swap_stake {
        hotkey: key(1),
        origin_netuid: NETUID,
        destination_netuid: OTHER,
        alpha_amount: 50 * TAO,
    };
    world.signed(&key(101), swap).unwrap();
    assert_eq!(staked(&mut world, 1, 101, OTHER), bought);
    assert_eq!(balance(&mut world, 101), money, "the TAO goes from pool to pool");
    assert_eq!(
        world.events().last(),
        Some(&Event::StakeSwapped(key(101), key(1), NETUID, OTHER, sold))
    );
    check_books(&mut world);

    move_to(&mut world, 2, 0, 10 * TAO).unwrap();
    assert!(staked(&mut world, 2, 101, 0) > 9 * TAO, "to root one to one");
    check_books(&mut world);
}

#[test]
fn a_swap_stops_at_its_price() {
    let mut world = two_subnets();
    let ratio = world.read(|| {
        let price = |netuid| u128::from(SubtensorModule::alpha_price(netuid));
        u64::try_from(price(NETUID) * u128::from(TAO) / price(OTHER)).unwrap()
    });
    let swap = |limit_price, allow_partial| Call::swap_stake_limit {
        hotkey: key(1),
        origin_netuid: NETUID,
        destination_netuid: OTHER,
        alpha_amount: 80 * TAO,
        limit_price,
        allow_partial,
    };
    let limit = ratio / 100 * 95;
    assert_eq!(
        world.signed(&key(101), swap(limit, false)),
        Err(Error::SlippageTooHigh.into())
    );
    assert_eq!(
        world.signed(&key(101), swap(ratio + 1, true)),
        Err(Error::SlippageTooHigh.into())
    );
    let before = staked(&mut world, 1, 101, NETUID);
    world.signed(&key(101), swap(limit, true)).unwrap();
    let moved = before - staked(&mut world, 1, 101, NETUID);
    assert!(moved > 10 * TAO && moved < 80 * TAO, "{moved}");
    let after = world.read(|| {
        SubtensorModule::alpha_price(NETUID) as f64 / SubtensorModule::alpha_price(OTHER) as f64 * 1e9
    });
    assert!((after / limit as f64 - 1.0).abs() < 1e-6, "{after} {limit}");
    check_books(&mut world);
}

#[test]
fn a_transfer_needs_the_owners_leave_and_gives_the_stake_away() {
    let mut world = two_subnets();
    let transfer = |amount| Call::transfer_stake {
        destination_coldkey: key(150),
        hotkey: key(1),
        origin_netuid: NETUID,
        destination_netuid: NETUID,
        alpha_amount: amount,
    };
    let toggle = |toggle| Admin::sudo_set_toggle_transfer {
        netuid: NETUID,
        toggle,
    };
    world.root(toggle(false)).unwrap();
    assert_eq!(
        world.signed(&key(101), transfer(TAO)),
        Err(Error::TransferDisallowed.into())
    );
    move_to(&mut world, 2, NETUID, TAO).unwrap();
    world.root(toggle(true)).unwrap();
    world.signed(&key(101), transfer(30 * TAO)).unwrap();
    assert_eq!(staked(&mut world, 1, 150, NETUID), 30 * TAO);
    let worth = 30 * world.read(|| SubtensorModule::alpha_price(NETUID));
    assert_eq!(
        world.events().last(),
        Some(&Event::StakeTransferred(
            key(101),
            key(150),
            key(1),
            NETUID,
            NETUID,
            worth
        ))
    );
}

#[test]
fn the_newest_clients_move_down_to_a_price_and_give_to_another_hotkey() {
    let mut world = two_subnets();
    let ratio = world.read(|| {
        let price = |netuid| u128::from(SubtensorModule::alpha_price(netuid));
        u64::try_from(price(NETUID) * u128::from(TAO) / price(OTHER)).unwrap()
    });
    let to = |netuid, limit_price| Call::move_stake_limit {
        origin_hotkey: key(1),
        destination_hotkey: key(2),
        origin_netuid: NETUID,
        destination_netuid: netuid,
        alpha_amount: TAO,
        limit_price,
        allow_partial: false,
    };
    assert_eq!(
        world.signed(&key(101), to(OTHER, ratio)),
        Err(Error::SlippageTooHigh.into())
    );
    world.signed(&key(101), to(OTHER, ratio / 100 * 99)).unwrap();
    assert!(staked(&mut world, 2, 101, OTHER) > 0);
    world.signed(&key(101), to(NETUID, u64::MAX)).unwrap();
    assert_eq!(
        staked(&mut world, 2, 101, NETUID),
        TAO,
        "no price within a subnet"
    );

    let gift = Call::transfer_stake_and_hotkey {
        destination_coldkey: key(150),
        origin_hotkey: key(2),
        destination_hotkey: key(1),
        origin_netuid: NETUID,
        destination_netuid: NETUID,
        alpha_amount: TAO,
    };
    world.signed(&key(101), gift).unwrap();
    assert_eq!(staked(&mut world, 1, 150, NETUID), TAO);
}

#[test]
fn moves_are_refused_for_what_is_wrong_first() {
    let mut world = two_subnets();
    let error =
        |world: &mut World, hotkey, netuid, amount| move_to(world, hotkey, netuid, amount).unwrap_err();
    assert_eq!(error(&mut world, 1, NETUID, 0), Error::SameNetuid.into());
    assert_eq!(error(&mut world, 9, 77, 0), Error::SubnetNotExists.into());
    assert_eq!(error(&mut world, 9, 1, 0), Error::SubtokenDisabled.into());
    assert_eq!(
        error(&mut world, 9, NETUID, 0),
        Error::HotKeyAccountNotExists.into()
    );
    assert_eq!(error(&mut world, 2, NETUID, 0), Error::AmountTooLow.into());
    assert_eq!(
        error(&mut world, 2, OTHER, 1_000_000),
        Error::AmountTooLow.into(),
        "less than 0.002 TAO"
    );
    move_to(&mut world, 2, NETUID, u64::MAX).unwrap();
    assert_eq!(
        staked(&mut world, 1, 101, NETUID),
        0,
        "more than there is means all"
    );
}

#[test]
fn everything_is_withdrawn_at_once_or_staked_on_root() {
    let mut world = two_subnets();
    move_to(&mut world, 1, OTHER, 30 * TAO).unwrap();
    move_to(&mut world, 1, 0, 10 * TAO).unwrap();
    let root = staked(&mut world, 1, 101, 0);
    let money = balance(&mut world, 101);
    assert_eq!(
        world.signed(&key(101), Call::unstake_all { hotkey: key(9) }),
        Err(Error::HotKeyAccountNotExists.into())
    );

    world
        .signed(&key(101), Call::unstake_all_alpha { hotkey: key(1) })
        .unwrap();
    assert_eq!(staked(&mut world, 1, 101, NETUID), 0);
    assert_eq!(staked(&mut world, 1, 101, OTHER), 0);
    assert_eq!(balance(&mut world, 101), money);
    let all = staked(&mut world, 1, 101, 0);
    assert!(all > root + 85 * TAO, "{all}");
    check_books(&mut world);
    assert_eq!(
        world.signed(&key(101), Call::unstake_all_alpha { hotkey: key(1) }),
        Err(Error::AmountTooLow.into()),
        "nothing is left"
    );

    world
        .signed(&key(101), Call::unstake_all { hotkey: key(1) })
        .unwrap();
    assert_eq!(balance(&mut world, 101), money + all);
    check_books(&mut world);
}

#[test]
fn recycled_alpha_leaves_the_issuance_and_burned_alpha_does_not() {
    let mut world = two_subnets();
    let before = staked(&mut world, 1, 101, NETUID);
    let issued = world.read(|| SubnetAlphaOut::<Runtime>::get(NETUID));
    let recycle = |netuid, hotkey| Call::recycle_alpha {
        hotkey: key(hotkey),
        amount: 7 * TAO,
        netuid,
    };
    for (call, error) in [
        (recycle(77, 1), Error::SubnetNotExists),
        (recycle(0, 1), Error::CannotBurnOrRecycleOnRootSubnet),
        (recycle(NETUID, 9), Error::HotKeyAccountNotExists),
    ] {
        assert_eq!(world.signed(&key(101), call), Err(DispatchError::from(error)));
    }
    let opened = |subtoken_enabled| Admin::sudo_set_subtoken_enabled {
        netuid: NETUID,
        subtoken_enabled,
    };
    world.root(opened(false)).unwrap();
    let burn = Call::burn_alpha {
        hotkey: key(9),
        amount: 5 * TAO,
        netuid: NETUID,
    };
    for call in [recycle(NETUID, 9), burn] {
        assert_eq!(
            world.signed(&key(101), call),
            Err(Error::SubtokenDisabled.into()),
            "nothing moves on a closed subnet"
        );
    }
    world.root(opened(true)).unwrap();
    world.signed(&key(101), recycle(NETUID, 1)).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::AlphaRecycled(key(101), key(1), 7 * TAO, NETUID))
    );
    let burn = Call::burn_alpha {
        hotkey: key(1),
        amount: 5 * TAO,
        netuid: NETUID,
    };
    world.signed(&key(101), burn).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::AlphaBurned(key(101), key(1), 5 * TAO, NETUID))
    );
    assert_eq!(staked(&mut world, 1, 101, NETUID), before - 12 * TAO);
    assert_eq!(
        world.read(|| SubnetAlphaOut::<Runtime>::get(NETUID)),
        issued - 7 * TAO
    );
}

#[test]
fn a_buy_back_raises_the_price_and_nobodys_stake() {
    let mut world = two_subnets();
    let before = staked(&mut world, 1, 101, NETUID);
    let price = world.read(|| SubtensorModule::alpha_price(NETUID));
    let call = |limit| Call::add_stake_burn {
        hotkey: key(1),
        netuid: NETUID,
        amount: 20 * TAO,
        limit,
    };
    assert_eq!(
        world.signed(&key(101), call(Some(price))),
        Err(Error::SlippageTooHigh.into())
    );
    world.signed(&key(101), call(None)).unwrap();
    assert_eq!(staked(&mut world, 1, 101, NETUID), before);
    assert!(world.read(|| SubtensorModule::alpha_price(NETUID)) > price);
    let burned = |event: &Event| {
        matches!(event, Event::AddStakeBurn { netuid: NETUID, hotkey, amount, alpha }
            if *hotkey == key(1) && *amount == 20 * TAO && *alpha > 0)
    };
    assert!(world.events().iter().any(burned));
    check_books(&mut world);
}

#[test]
fn a_raised_minimum_pays_small_nominations_out() {
    let mut world = two_subnets();
    let nominate = |tao| Call::add_stake {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: tao * TAO,
    };
    world.signed(&key(150), nominate(3)).unwrap();
    world.signed(&key(151), nominate(30)).unwrap();
    world
        .root(Admin::sudo_set_nominator_min_required_stake { min_stake: 10 * TAO })
        .unwrap();
    assert_eq!(world.read(NominatorMinRequiredStake::<Runtime>::get), 10 * TAO);
    assert_eq!(staked(&mut world, 1, 150, NETUID), 0);
    assert!(staked(&mut world, 1, 151, NETUID) > 0);
    assert!(
        balance(&mut world, 150) > 99_999 * TAO,
        "back but for the price's move"
    );
    check_books(&mut world);
}

#[test]
fn mining_income_goes_where_its_coldkey_wants_it() {
    let mut world = two_subnets();
    let call = |netuid, hotkey| Call::set_coldkey_auto_stake_hotkey {
        netuid,
        hotkey: key(hotkey),
    };
    for (call, error) in [
        (call(77, 1), Error::SubnetNotExists),
        (call(NETUID, 9), Error::HotKeyNotRegisteredInSubNet),
    ] {
        assert_eq!(world.signed(&coldkey(2), call), Err(DispatchError::from(error)));
    }
    world.signed(&coldkey(2), call(NETUID, 1)).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::AutoStakeDestinationSet {
            coldkey: key(102),
            netuid: NETUID,
            hotkey: key(1)
        })
    );
    assert_eq!(
        world.signed(&coldkey(2), call(NETUID, 1)),
        Err(Error::SameAutoStakeHotkeyAlreadySet.into())
    );
    world.signed(&coldkey(2), call(NETUID, 2)).unwrap();
    world.read(|| {
        assert_eq!(
            AutoStakeDestination::<Runtime>::get(key(102), NETUID),
            Some(key(2))
        );
        assert!(AutoStakeDestinationColdkeys::<Runtime>::get(key(1), NETUID).is_empty());
        assert_eq!(
            AutoStakeDestinationColdkeys::<Runtime>::get(key(2), NETUID),
            [key(102)]
        );
    });
}
