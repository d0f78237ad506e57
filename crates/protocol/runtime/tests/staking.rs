//! Staking through the pool, takes and nominations.

mod world;

use node_subtensor_runtime::{
    Balances, Runtime, SubtensorModule,
    genesis::TAO,
    pallets::subtensor::{
        Delegates, NominatorMinRequiredStake, Owner, StakingHotkeys, SubnetAlphaIn, SubnetAlphaOut,
        SubnetTAO, TotalHotkeyAlpha, TotalIssuance, TotalStake, TxDelegateTakeRateLimit,
    },
};
use sp_runtime::DispatchResult;
use world::{Admin, Call, Error, Event, NETUID, World, coldkey, key};

fn add(world: &mut World, who: u8, hotkey: u8, netuid: u16, rao: u64) -> DispatchResult {
    world.signed(
        &key(who),
        Call::add_stake {
            hotkey: key(hotkey),
            netuid,
            amount_staked: rao,
        },
    )
}

fn remove(world: &mut World, who: u8, hotkey: u8, netuid: u16, rao: u64) -> DispatchResult {
    world.signed(
        &key(who),
        Call::remove_stake {
            hotkey: key(hotkey),
            netuid,
            amount_unstaked: rao,
        },
    )
}

fn staked(world: &mut World, hotkey: u8, who: u8) -> u64 {
    world.read(|| SubtensorModule::stake_of(&key(hotkey), &key(who), NETUID))
}

fn balance(world: &mut World, who: u8) -> u64 {
    world.read(|| Balances::free_balance(key(who)))
}

#[test]
fn staking_buys_alpha_and_moves_the_price() {
    let mut world = World::with_subnet();
    world.register(1);
    let before = balance(&mut world, 101);
    let (tao, alpha) = world.read(|| {
        (
            SubnetTAO::<Runtime>::get(NETUID),
            SubnetAlphaIn::<Runtime>::get(NETUID),
        )
    });
    let price = world.read(|| SubtensorModule::alpha_price(NETUID));

    add(&mut world, 101, 1, NETUID, 100 * TAO).unwrap();

    let bought = staked(&mut world, 1, 101);
    assert_eq!(
        world.events().last(),
        Some(&Event::StakeAdded(key(101), key(1), 100 * TAO, bought, NETUID, 0))
    );
    assert_eq!(before - balance(&mut world, 101), 100 * TAO);
    world.read(|| {
        let (tao_now, alpha_now) = (
            SubnetTAO::<Runtime>::get(NETUID),
            SubnetAlphaIn::<Runtime>::get(NETUID),
        );
        assert_eq!((tao_now, alpha_now), (tao + 100 * TAO, alpha - bought));
        let product = |tao, alpha| u128::from(tao) * u128::from(alpha);
        assert!(
            product(tao_now, alpha_now) >= product(tao, alpha),
            "the pool never loses"
        );
        assert_eq!(SubnetAlphaOut::<Runtime>::get(NETUID), bought);
        assert_eq!(TotalHotkeyAlpha::<Runtime>::get(key(1), NETUID), bought);
        assert_eq!(StakingHotkeys::<Runtime>::get(key(101)), [key(1)]);
        assert!(SubtensorModule::alpha_price(NETUID) > price);
        let account = SubtensorModule::subnet_account(NETUID);
        assert_eq!(
            Balances::free_balance(account),
            tao_now,
            "the subnet's account holds the pool"
        );
    });
}

#[test]
fn unstaking_everything_returns_almost_everything() {
    let mut world = World::with_subnet();
    world.register(1);
    let before = balance(&mut world, 101);
    let total = world.read(TotalStake::<Runtime>::get);
    add(&mut world, 101, 1, NETUID, 100 * TAO).unwrap();
    remove(&mut world, 101, 1, NETUID, u64::MAX).unwrap();
    assert_eq!(staked(&mut world, 1, 101), 0);
    let lost = before - balance(&mut world, 101);
    assert!(lost < 10, "only rounding is lost: {lost} rao");
    assert!(world.read(TotalStake::<Runtime>::get) - total < 10);
}

#[test]
fn adding_is_refused_for_what_is_wrong_first() {
    let mut world = World::with_subnet();
    assert_eq!(
        add(&mut world, 101, 1, 1, u64::MAX),
        Err(Error::InsufficientLiquidity.into())
    );
    assert_eq!(add(&mut world, 101, 1, 77, 1), Err(Error::SubnetNotExists.into()));
    assert_eq!(add(&mut world, 101, 1, 1, 1), Err(Error::SubtokenDisabled.into()));
    assert_eq!(
        add(&mut world, 101, 1, NETUID, 1_999_999),
        Err(Error::AmountTooLow.into())
    );
    assert_eq!(
        add(&mut world, 1, 1, NETUID, TAO),
        Err(Error::NotEnoughBalanceToStake.into())
    );
    assert_eq!(
        add(&mut world, 101, 1, NETUID, TAO),
        Err(Error::HotKeyAccountNotExists.into())
    );
}

#[test]
fn removing_is_refused_for_what_is_wrong_first() {
    let mut world = World::with_subnet();
    world.register(1);
    assert_eq!(
        remove(&mut world, 101, 1, 77, 1),
        Err(Error::SubtokenDisabled.into())
    );
    assert_eq!(
        remove(&mut world, 101, 1, NETUID, 0),
        Err(Error::AmountTooLow.into())
    );
    assert_eq!(
        remove(&mut world, 101, 9, NETUID, 1),
        Err(Error::AmountTooLow.into()),
        "nothing is staked, so nothing can be withdrawn"
    );
    add(&mut world, 101, 1, NETUID, TAO).unwrap();
    assert_eq!(
        remove(&mut world, 101, 1, NETUID, 1),
        Err(Error::AmountTooLow.into()),
        "dust cannot be withdrawn"
    );
}

#[test]
fn a_price_limit_stops_a_trade_or_cuts_it() {
    let mut world = World::with_subnet();
    world.register(1);
    let limit = world.read(|| SubtensorModule::alpha_price(NETUID)) / 100 * 121;
    let call = |amount, allow_partial| Call::add_stake_limit {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: amount,
        limit_price: limit,
        allow_partial,
    };
    assert_eq!(
        world.signed(&key(101), call(500 * TAO, false)),
        Err(Error::SlippageTooHigh.into())
    );
    let before = balance(&mut world, 101);
    world.signed(&key(101), call(500 * TAO, true)).unwrap();
    let spent = before - balance(&mut world, 101);
    assert!(
        spent > 99 * TAO && spent < 102 * TAO,
        "a tenth of the pool raises its price by 21 %: {spent}"
    );
    assert!(world.read(|| SubtensorModule::alpha_price(NETUID)) <= limit + 1);
    assert_eq!(
        world.signed(&key(101), call(500 * TAO, true)),
        Err(Error::AmountTooLow.into())
    );

    let full = |limit_price| Call::remove_stake_full_limit {
        hotkey: key(1),
        netuid: NETUID,
        limit_price,
    };
    assert_eq!(
        world.signed(&key(101), full(Some(limit))),
        Err(Error::SlippageTooHigh.into())
    );
    world.signed(&key(101), full(None)).unwrap();
    assert_eq!(staked(&mut world, 1, 101), 0);
}

#[test]
fn root_stake_is_one_to_one_and_counts_by_the_tao_weight() {
    let mut world = World::with_subnet();
    world.register(1);
    world
        .root(Admin::sudo_set_subtoken_enabled {
            netuid: 0,
            subtoken_enabled: true,
        })
        .unwrap();
    add(&mut world, 101, 1, 0, 1_000 * TAO).unwrap();
    world.read(|| {
        assert_eq!(SubtensorModule::stake_of(&key(1), &key(101), 0), 1_000 * TAO);
        assert_eq!(
            SubtensorModule::total_stake_weight(NETUID, &key(1)),
            52_676_974_387
        );
    });
    remove(&mut world, 101, 1, 0, 400 * TAO).unwrap();
    assert_eq!(
        world.read(|| SubtensorModule::stake_of(&key(1), &key(101), 0)),
        600 * TAO
    );
}

#[test]
fn the_root_pool_pays_its_last_rao() {
    let mut world = World::with_subnet();
    world.register(1);
    world
        .root(Admin::sudo_set_subtoken_enabled {
            netuid: 0,
            subtoken_enabled: true,
        })
        .unwrap();
    let before = balance(&mut world, 101);
    let issued = world.read(Balances::total_issuance);
    add(&mut world, 101, 1, 0, 3_000_000).unwrap();
    // The rest is below the existential deposit.
    remove(&mut world, 101, 1, 0, 2_999_700).unwrap();
    assert_eq!(world.read(|| SubnetTAO::<Runtime>::get(0)), 300);
    remove(&mut world, 101, 1, 0, 300).unwrap();
    assert_eq!(balance(&mut world, 101), before);
    world.advance(1);
    world.read(|| {
        assert_eq!(SubnetTAO::<Runtime>::get(0), 0);
        assert_eq!(Balances::total_issuance(), issued, "nothing was burned");
        assert_eq!(TotalIssuance::<Runtime>::get(), issued);
    });
}

#[test]
fn a_nomination_below_the_minimum_is_paid_out_whole() {
    let mut world = World::with_subnet();
    world.register(1);
    add(&mut world, 150, 1, NETUID, 10 * TAO).unwrap();
    world.read(|| NominatorMinRequiredStake::<Runtime>::put(5 * TAO));
    remove(&mut world, 150, 1, NETUID, 7 * TAO).unwrap();
    assert_eq!(staked(&mut world, 1, 150), 0);

    add(&mut world, 101, 1, NETUID, 10 * TAO).unwrap();
    remove(&mut world, 101, 1, NETUID, 7 * TAO).unwrap();
    assert!(
        staked(&mut world, 1, 101) > 0,
        "the owner of the hotkey nominates nobody"
    );
}

#[test]
fn takes_fall_at_any_time_and_rise_rarely() {
    let mut world = World::with_subnet();
    world.register(1);
    let decrease = |take| Call::decrease_take { hotkey: key(1), take };
    let increase = |take| Call::increase_take { hotkey: key(1), take };
    assert_eq!(
        world.signed(&key(150), decrease(5)),
        Err(Error::NonAssociatedColdKey.into())
    );
    let unknown = Call::increase_take {
        hotkey: key(9),
        take: 5,
    };
    assert_eq!(
        world.signed(&coldkey(1), unknown),
        Err(Error::HotKeyAccountNotExists.into())
    );

    world.signed(&coldkey(1), decrease(1_000)).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::TakeDecreased(key(101), key(1), 1_000))
    );
    assert_eq!(
        world.signed(&coldkey(1), decrease(1_000)),
        Err(Error::DelegateTakeTooLow.into())
    );
    assert_eq!(
        world.signed(&coldkey(1), increase(1_000)),
        Err(Error::DelegateTakeTooLow.into())
    );
    assert_eq!(
        world.signed(&coldkey(1), increase(11_797)),
        Err(Error::DelegateTakeTooHigh.into())
    );
    world.signed(&coldkey(1), increase(2_000)).unwrap();
    world.read(|| TxDelegateTakeRateLimit::<Runtime>::put(10));
    world.advance(10);
    assert_eq!(
        world.signed(&coldkey(1), increase(3_000)),
        Err(Error::DelegateTxRateLimitExceeded.into())
    );
    world.advance(1);
    world.signed(&coldkey(1), increase(3_000)).unwrap();
    assert_eq!(world.read(|| Delegates::<Runtime>::get(key(1))), 3_000);
}

#[test]
fn a_hotkey_can_be_owned_without_a_uid() {
    let mut world = World::with_subnet();
    world
        .signed(&key(101), Call::try_associate_hotkey { hotkey: key(1) })
        .unwrap();
    world
        .signed(&key(102), Call::try_associate_hotkey { hotkey: key(1) })
        .unwrap();
    assert_eq!(
        world.read(|| Owner::<Runtime>::get(key(1))),
        key(101),
        "the first owner stays"
    );
}
