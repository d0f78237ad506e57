//! Child keys: setting them, waiting for them, and sharing what they earn.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use node_subtensor_runtime::{
    Runtime, SubtensorModule,
    genesis::TAO,
    pallets::subtensor::{
        CKBurn, ChildKeys, ChildkeyTake, Delegates, LastUpdate, ParentKeys, PendingChildKeyCooldown,
        PendingChildKeys, PendingOwnerCut, PendingServerEmission, PendingValidatorEmission, StakeThreshold,
        SubnetAlphaOut,
    },
};
use sp_runtime::{AccountId32, DispatchResult};
use world::{Admin, Call, Error, Event, NETUID, OWNER, OWNER_HOTKEY, World, coldkey, key};

const HALF: u64 = u64::MAX / 2 + 1;

fn set_children(world: &mut World, hotkey: u8, children: &[(u64, u8)]) -> DispatchResult {
    let children = children
        .iter()
        .map(|(share, child)| (*share, key(*child)))
        .collect();
    let call = Call::set_children {
        hotkey: key(hotkey),
        netuid: NETUID,
        children,
    };
    world.signed(&coldkey(hotkey), call)
}

fn children(world: &mut World, hotkey: u8) -> Vec<(u64, AccountId32)> {
    world.read(|| ChildKeys::<Runtime>::get(key(hotkey), NETUID))
}

fn parents(world: &mut World, hotkey: u8) -> Vec<(u64, AccountId32)> {
    world.read(|| ParentKeys::<Runtime>::get(key(hotkey), NETUID))
}

/// A started subnet with the hotkeys 1 and 2, epochs every 20 blocks, and children that wait for 30.
fn family() -> World {
    let mut world = World::with_subnet();
    world.register(1);
    world.register(2);
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 20,
        })
        .unwrap();
    let cooldown = Call::set_pending_childkey_cooldown { cooldown: 30 };
    world.root(cooldown).unwrap();
    world
}

#[test]
fn children_wait_for_the_first_epoch_after_the_cool_down() {
    let mut world = family();
    let start = world.now();
    set_children(&mut world, 1, &[(HALF, 2)]).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::SetChildrenScheduled(
            key(1),
            NETUID,
            start + 30,
            vec![(HALF, key(2))]
        ))
    );
    world.advance_to(start + 39);
    assert!(
        children(&mut world, 1).is_empty(),
        "the epoch at 20 was too early"
    );
    world.advance(1);
    assert!(
        world
            .events()
            .contains(&Event::SetChildren(key(1), NETUID, vec![(HALF, key(2))]))
    );
    assert_eq!(children(&mut world, 1), [(HALF, key(2))]);
    assert_eq!(parents(&mut world, 2), [(HALF, key(1))]);
    assert!(!world.read(|| PendingChildKeys::<Runtime>::contains_key(NETUID, key(1))));

    world.advance_to(start + 149);
    assert_eq!(
        set_children(&mut world, 1, &[]),
        Err(Error::TxRateLimitExceeded.into())
    );
    world.advance(1);
    set_children(&mut world, 1, &[]).unwrap();
    world.advance(60);
    assert!(children(&mut world, 1).is_empty());
    assert!(parents(&mut world, 2).is_empty(), "the child forgets its parent");
}

#[test]
fn before_a_subnet_is_started_children_count_at_once() {
    let mut world = World::new();
    let create = Call::register_network {
        hotkey: key(OWNER_HOTKEY),
    };
    world.signed(&key(OWNER), create).unwrap();
    world.register(1);
    set_children(&mut world, 1, &[(u64::MAX, 2)]).unwrap();
    assert_eq!(parents(&mut world, 2), [(u64::MAX, key(1))]);
    assert_eq!(
        world.events().last(),
        Some(&Event::SetChildren(key(1), NETUID, vec![(u64::MAX, key(2))]))
    );
}

#[test]
fn lists_are_refused_for_what_is_wrong_first() {
    let mut world = family();
    world.read(|| StakeThreshold::<Runtime>::put(TAO));
    let call = |netuid, children| Call::set_children {
        hotkey: key(1),
        netuid,
        children,
    };
    assert_eq!(
        world.signed(&key(150), call(0, vec![])),
        Err(Error::RegistrationNotPermittedOnRootSubnet.into())
    );
    assert_eq!(
        world.signed(&key(150), call(77, vec![])),
        Err(Error::SubnetNotExists.into())
    );
    assert_eq!(
        world.signed(&key(150), call(NETUID, vec![])),
        Err(Error::NonAssociatedColdKey.into())
    );
    world.read(|| ParentKeys::<Runtime>::insert(key(1), NETUID, vec![(HALF, key(9))]));
    let mut six: Vec<(u64, u8)> = (2..8).map(|child| (1, child)).collect();
    let refused = |world: &mut World, list: &[(u64, u8)]| set_children(world, 1, list).unwrap_err();
    six.push((1, 2));
    assert_eq!(refused(&mut world, &six), Error::DuplicateChild.into());
    six.pop();
    assert_eq!(refused(&mut world, &six), Error::TooManyChildren.into());
    assert_eq!(
        refused(&mut world, &[(u64::MAX, 1), (1, 9)]),
        Error::InvalidChild.into()
    );
    assert_eq!(
        refused(&mut world, &[(u64::MAX, 2), (1, 9)]),
        Error::ProportionOverflow.into()
    );
    assert_eq!(
        refused(&mut world, &[(1, 9)]),
        Error::ChildParentInconsistency.into()
    );
    assert_eq!(
        refused(&mut world, &[(1, 2)]),
        Error::NotEnoughStakeToSetChildkeys.into()
    );
    world.stake(1, 2);
    set_children(&mut world, 1, &[(1, 2)]).unwrap();
    // The owner's hotkey needs no stake.
    let owners = Call::set_children {
        hotkey: key(OWNER_HOTKEY),
        netuid: NETUID,
        children: vec![(1, key(2))],
    };
    world.signed(&key(OWNER), owners).unwrap();
}

#[test]
fn a_list_that_contradicts_a_newer_one_is_dropped() {
    let mut world = family();
    set_children(&mut world, 1, &[(HALF, 2)]).unwrap();
    set_children(&mut world, 2, &[(HALF, 1)]).unwrap();
    world.advance(60);
    let pairs = [children(&mut world, 1).len(), children(&mut world, 2).len()];
    assert_eq!(
        pairs.iter().sum::<usize>(),
        1,
        "nobody is parent and child: {pairs:?}"
    );
}

#[test]
fn a_childkey_take_has_bounds_and_rises_rarely() {
    let mut world = family();
    let take = |take| Call::set_childkey_take {
        hotkey: key(1),
        netuid: NETUID,
        take,
    };
    assert_eq!(
        world.signed(&key(150), take(1)),
        Err(Error::NonAssociatedColdKey.into())
    );
    assert_eq!(
        world.signed(&coldkey(1), take(11_797)),
        Err(Error::InvalidChildkeyTake.into())
    );
    world.signed(&coldkey(1), take(5_000)).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::ChildKeyTakeSet(key(1), 5_000))
    );
    assert_eq!(
        world.signed(&coldkey(1), take(5_001)),
        Err(Error::TxChildkeyTakeRateLimitExceeded.into())
    );
    world.signed(&coldkey(1), take(4_000)).unwrap();
    let limit = Call::sudo_set_tx_childkey_take_rate_limit { tx_rate_limit: 10 };
    world.root(limit).unwrap();
    world.advance(10);
    world.signed(&coldkey(1), take(5_001)).unwrap();
    assert_eq!(world.read(|| ChildkeyTake::<Runtime>::get(key(1), NETUID)), 5_001);
    world
        .root(Call::sudo_set_min_childkey_take { take: 6_000 })
        .unwrap();
    assert_eq!(world.events().last(), Some(&Event::MinChildKeyTakeSet(6_000)));
    assert_eq!(
        world.signed(&coldkey(1), take(5_500)),
        Err(Error::InvalidChildkeyTake.into())
    );
    world
        .root(Call::sudo_set_max_childkey_take { take: 7_000 })
        .unwrap();
    assert_eq!(
        world.signed(&coldkey(1), take(7_001)),
        Err(Error::InvalidChildkeyTake.into())
    );
}

/// The hotkey 1 validates with its own 300 TAO and the whole of hotkey 3's 900, who has no uid; hotkey 2 mines. The
/// next epoch is in 360 blocks.
fn child_validator() -> World {
    let mut world = World::with_subnet();
    world.register(1);
    world.register(2);
    world
        .signed(&coldkey(3), Call::try_associate_hotkey { hotkey: key(3) })
        .unwrap();
    world.stake(1, 300);
    world.stake(3, 900);
    world.permit(&[1]);
    world.read(|| {
        for hotkey in [1, 3] {
            Delegates::<Runtime>::insert(key(hotkey), 0);
        }
        ChildKeys::<Runtime>::insert(key(3), NETUID, vec![(u64::MAX, key(1))]);
        ParentKeys::<Runtime>::insert(key(1), NETUID, vec![(u64::MAX, key(3))]);
        LastUpdate::<Runtime>::insert(NETUID, vec![0u64; 3]);
    });
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

/// What the coldkeys of the child and of the parent earn in one epoch, and what is recycled.
fn earned(world: &mut World) -> (u64, u64, u64) {
    let stake = |hotkey: u8| SubtensorModule::stake_of(&key(hotkey), &coldkey(hotkey), NETUID);
    world.advance(359);
    let (child, parent, issued) = world.read(|| (stake(1), stake(3), SubnetAlphaOut::<Runtime>::get(NETUID)));
    world.advance(1);
    world.read(|| {
        (
            stake(1) - child,
            stake(3) - parent,
            issued + TAO - SubnetAlphaOut::<Runtime>::get(NETUID),
        )
    })
}

#[test]
fn a_child_and_its_parent_earn_by_their_stakes() {
    let pot = 360.0 * 410_002_288.0;
    let near = |earned: u64, expected: f64| (earned as f64 / expected - 1.0).abs() < 1e-6;
    let mut world = child_validator();
    let shares = world.read(|| {
        let stake = |hotkey: u8| SubtensorModule::stake_of(&key(hotkey), &coldkey(hotkey), NETUID) as f64;
        stake(1) / (stake(1) + stake(3))
    });
    let (child, parent, recycled) = earned(&mut world);
    assert!(near(child, pot * shares), "{child} of {}", pot * shares);
    assert!(near(parent, pot * (1.0 - shares)), "{parent}");
    assert_eq!(recycled, 0);

    // The child keeps a tenth of the parent's part.
    let mut world = child_validator();
    world.read(|| ChildkeyTake::<Runtime>::insert(key(1), NETUID, 6_554));
    let (with_take, left, _) = earned(&mut world);
    let take = 6_554.0 / 65_535.0;
    assert!(near(left, pot * (1.0 - shares) * (1.0 - take)), "{left}");
    assert!(near(with_take + left, pot));

    // Half of what a stranger's parent has left is burned.
    let mut world = child_validator();
    world.read(|| CKBurn::<Runtime>::put(HALF));
    let (kept, left, recycled) = earned(&mut world);
    assert!(near(kept, pot * shares), "{kept}");
    assert!(near(left, pot * (1.0 - shares) / 2.0), "{left}");
    assert!(near(recycled, pot * (1.0 - shares) / 2.0), "{recycled}");
}

#[test]
fn root_validators_lend_their_stake_to_new_subnets_unless_they_refuse() {
    let mut world = World::with_subnet();
    world.register(1);
    world.register(2);
    for hotkey in [1, 2] {
        let seat = Call::root_register { hotkey: key(hotkey) };
        world.signed(&coldkey(hotkey), seat).unwrap();
        world.advance(1);
    }
    let refuse = |hotkey| Call::set_auto_parent_delegation_enabled {
        hotkey: key(hotkey),
        enabled: false,
    };
    assert_eq!(
        world.signed(&key(150), refuse(2)),
        Err(Error::NonAssociatedColdKey.into())
    );
    world.signed(&coldkey(2), refuse(2)).unwrap();
    world
        .root(Admin::sudo_set_network_rate_limit { rate_limit: 0 })
        .unwrap();
    let create = Call::register_network { hotkey: key(90) };
    world.signed(&key(190), create).unwrap();
    let due = world.now() + world.read(PendingChildKeyCooldown::<Runtime>::get);
    world.read(|| {
        let waiting: Vec<_> = PendingChildKeys::<Runtime>::iter_prefix(NETUID + 1).collect();
        assert_eq!(waiting, [(key(1), (vec![(u64::MAX, key(90))], due))]);
    });
}

#[test]
fn a_dissolved_subnet_forgets_its_families() {
    let mut world = family();
    set_children(&mut world, 1, &[(HALF, 2)]).unwrap();
    world.advance(60);
    let take = Call::set_childkey_take {
        hotkey: key(2),
        netuid: NETUID,
        take: 9,
    };
    world.signed(&coldkey(2), take).unwrap();
    world
        .root(Call::root_dissolve_network { netuid: NETUID })
        .unwrap();
    assert!(children(&mut world, 1).is_empty());
    assert!(parents(&mut world, 2).is_empty());
    assert!(!world.read(|| ChildkeyTake::<Runtime>::contains_key(key(2), NETUID)));
}
