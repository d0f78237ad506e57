//! Swapping hotkeys and coldkeys: what moves, what it costs, and what an announced swap forbids meanwhile.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod chain;
mod world;

use chain::{Chain, account, signed};
use node_subtensor_runtime::{
    Balances, Runtime, RuntimeCall, SubtensorModule,
    genesis::{Genesis, TAO},
    pallets::mev_shield,
    pallets::subtensor::{
        AutoStakeDestination, Axons, ChildKeys, ChildkeyTake, ColdkeySwapAnnouncements, ColdkeySwapDisputes,
        Delegates, DuringSwap, IdentitiesV2, IsNetworkMember, Keys, OwnedHotkeys, Owner, ParentKeys,
        PendingChildKeys, StakingHotkeys, SubnetOwner, SubnetOwnerHotkey, TotalHotkeyAlpha, Uids,
        transaction_checks::RejectionCode,
    },
};
use sp_core::{Pair, sr25519};
use sp_runtime::{
    DispatchError, DispatchResult,
    traits::{BlakeTwo256, Hash},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use world::{Admin, Call, Error, Event, NETUID, OWNER, OWNER_HOTKEY, World, key};

/// Hotkey 1 has a uid, a stake of its own, a nomination of coldkey 150 and an axon.
fn registered() -> World {
    let mut world = World::with_subnet();
    world.register(1);
    world.stake(1, 100);
    let nominate = Call::add_stake {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: 40 * TAO,
    };
    world.signed(&key(150), nominate).unwrap();
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
    world.signed(&key(1), serve).unwrap();
    world
}

fn swap(world: &mut World, who: u8, new: u8, netuid: Option<u16>) -> DispatchResult {
    let call = Call::swap_hotkey {
        hotkey: key(1),
        new_hotkey: key(new),
        netuid,
    };
    world.signed(&key(who), call)
}

fn staked(world: &mut World, hotkey: u8, who: u8) -> u64 {
    world.read(|| SubtensorModule::stake_of(&key(hotkey), &key(who), NETUID))
}

#[test]
fn a_hotkey_swap_everywhere_leaves_nothing_behind() {
    let mut world = registered();
    world.read(|| {
        Delegates::<Runtime>::insert(key(1), 1_000);
        ChildKeys::<Runtime>::insert(key(1), NETUID, vec![(7, key(20))]);
        ParentKeys::<Runtime>::insert(key(20), NETUID, vec![(7, key(1))]);
        ParentKeys::<Runtime>::insert(key(1), NETUID, vec![(8, key(21))]);
        ChildKeys::<Runtime>::insert(key(21), NETUID, vec![(8, key(1))]);
        PendingChildKeys::<Runtime>::insert(NETUID, key(22), (vec![(9, key(1))], 99));
        ChildkeyTake::<Runtime>::insert(key(1), NETUID, 5);
    });
    let auto = Call::set_coldkey_auto_stake_hotkey {
        netuid: NETUID,
        hotkey: key(1),
    };
    world.signed(&key(150), auto).unwrap();
    let (own, nominated) = (staked(&mut world, 1, 101), staked(&mut world, 1, 150));
    let money = world.read(|| Balances::free_balance(key(101)));
    let issued = world.read(Balances::total_issuance);

    swap(&mut world, 101, 5, None).unwrap();

    assert_eq!(
        world.events().last(),
        Some(&Event::HotkeySwapped {
            coldkey: key(101),
            old_hotkey: key(1),
            new_hotkey: key(5)
        })
    );
    assert_eq!(staked(&mut world, 5, 101), own);
    assert_eq!(staked(&mut world, 5, 150), nominated);
    world.read(|| {
        assert_eq!(Balances::free_balance(key(101)), money - TAO / 10);
        assert_eq!(Balances::total_issuance(), issued - TAO / 10);
        assert_eq!(Uids::<Runtime>::get(NETUID, key(1)), None);
        assert_eq!(Uids::<Runtime>::get(NETUID, key(5)), Some(1));
        assert_eq!(Keys::<Runtime>::get(NETUID, 1), key(5));
        assert!(!IsNetworkMember::<Runtime>::get(key(1), NETUID));
        assert!(IsNetworkMember::<Runtime>::get(key(5), NETUID));
        assert_eq!(Axons::<Runtime>::get(NETUID, key(5)).unwrap().port, 80);
        assert_eq!(Axons::<Runtime>::get(NETUID, key(1)), None);
        assert_eq!(TotalHotkeyAlpha::<Runtime>::get(key(1), NETUID), 0);
        assert!(!Owner::<Runtime>::contains_key(key(1)));
        assert_eq!(Owner::<Runtime>::get(key(5)), key(101));
        assert_eq!(OwnedHotkeys::<Runtime>::get(key(101)), [key(5)]);
        assert_eq!(StakingHotkeys::<Runtime>::get(key(101)), [key(5)]);
        assert_eq!(StakingHotkeys::<Runtime>::get(key(150)), [key(5)]);
        assert_eq!(Delegates::<Runtime>::get(key(5)), 1_000);
        assert_eq!(ChildKeys::<Runtime>::get(key(5), NETUID), [(7, key(20))]);
        assert_eq!(ParentKeys::<Runtime>::get(key(20), NETUID), [(7, key(5))]);
        assert_eq!(ParentKeys::<Runtime>::get(key(5), NETUID), [(8, key(21))]);
        assert_eq!(ChildKeys::<Runtime>::get(key(21), NETUID), [(8, key(5))]);
        assert_eq!(PendingChildKeys::<Runtime>::get(NETUID, key(22)).0, [(9, key(5))]);
        assert!(ChildKeys::<Runtime>::get(key(1), NETUID).is_empty());
        assert!(ParentKeys::<Runtime>::get(key(1), NETUID).is_empty());
        assert_eq!(ChildkeyTake::<Runtime>::get(key(5), NETUID), 5);
        assert_eq!(
            AutoStakeDestination::<Runtime>::get(key(150), NETUID),
            Some(key(5))
        );
    });
}

#[test]
fn a_swap_on_one_subnet_leaves_the_account_and_may_leave_the_stake() {
    let mut world = registered();
    let own = staked(&mut world, 1, 101);
    let money = world.read(|| Balances::free_balance(key(101)));
    let call = Call::swap_hotkey_v2 {
        hotkey: key(1),
        new_hotkey: key(5),
        netuid: Some(NETUID),
        keep_stake: true,
    };
    world.signed(&key(101), call).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::HotkeySwappedOnSubnet {
            coldkey: key(101),
            old_hotkey: key(1),
            new_hotkey: key(5),
            netuid: NETUID
        })
    );
    assert_eq!(staked(&mut world, 1, 101), own);
    assert_eq!(staked(&mut world, 5, 101), 0);
    world.read(|| {
        assert_eq!(Balances::free_balance(key(101)), money - TAO / 1_000);
        assert_eq!(Uids::<Runtime>::get(NETUID, key(5)), Some(1));
        assert_eq!(Owner::<Runtime>::get(key(1)), key(101));
        assert_eq!(OwnedHotkeys::<Runtime>::get(key(101)), [key(1), key(5)]);
    });
}

#[test]
fn stake_that_meets_stake_is_added_to_it() {
    let mut world = registered();
    world
        .signed(&key(101), Call::try_associate_hotkey { hotkey: key(5) })
        .unwrap();
    let nominate = Call::add_stake {
        hotkey: key(5),
        netuid: NETUID,
        amount_staked: 10 * TAO,
    };
    world.signed(&key(150), nominate).unwrap();
    let before = staked(&mut world, 1, 150) + staked(&mut world, 5, 150);
    swap(&mut world, 101, 5, Some(NETUID)).unwrap();
    let after = staked(&mut world, 5, 150);
    assert!(before - after <= 1, "{before} {after}");
    assert_eq!(staked(&mut world, 1, 150), 0);
}

#[test]
fn the_owners_hotkey_of_a_subnet_can_be_swapped() {
    let mut world = World::with_subnet();
    let call = Call::swap_hotkey {
        hotkey: key(OWNER_HOTKEY),
        new_hotkey: key(5),
        netuid: Some(NETUID),
    };
    world.signed(&key(OWNER), call).unwrap();
    assert_eq!(world.read(|| SubnetOwnerHotkey::<Runtime>::get(NETUID)), key(5));
    assert_eq!(world.read(|| SubtensorModule::owner_uid(NETUID)), Some(0));
}

#[test]
fn hotkey_swaps_are_refused_for_what_is_wrong_first() {
    let mut world = registered();
    world.register(2);
    let refused = |world: &mut World, who, new, netuid| swap(world, who, new, netuid).unwrap_err();
    assert_eq!(
        refused(&mut world, 150, 1, None),
        Error::NonAssociatedColdKey.into()
    );
    assert_eq!(
        refused(&mut world, 101, 1, None),
        Error::NewHotKeyIsSameWithOld.into()
    );
    for netuid in [None, Some(NETUID)] {
        assert_eq!(
            refused(&mut world, 101, 2, netuid),
            Error::HotKeyAlreadyRegisteredInSubNet.into()
        );
    }
    world
        .signed(&key(103), Call::try_associate_hotkey { hotkey: key(3) })
        .unwrap();
    assert_eq!(
        refused(&mut world, 101, 3, None),
        Error::NonAssociatedColdKey.into()
    );
    world.read(|| TotalHotkeyAlpha::<Runtime>::insert(key(5), 0, 1));
    assert_eq!(
        refused(&mut world, 101, 5, None),
        Error::NewHotKeyNotCleanForRootSwap.into()
    );
    world.read(|| ChildKeys::<Runtime>::insert(key(1), NETUID, vec![(7, key(6))]));
    assert_eq!(
        refused(&mut world, 101, 6, Some(NETUID)),
        Error::InvalidChild.into()
    );

    swap(&mut world, 101, 5, Some(NETUID)).unwrap();
    let back = |netuid| Call::swap_hotkey {
        hotkey: key(5),
        new_hotkey: key(1),
        netuid,
    };
    assert_eq!(
        world.signed(&key(101), back(Some(NETUID))),
        Err(Error::HotKeySetTxRateLimitExceeded.into())
    );
    world
        .root(Admin::sudo_set_tx_rate_limit { tx_rate_limit: 0 })
        .unwrap();
    for netuid in [None, Some(NETUID)] {
        assert_eq!(
            world.signed(&key(101), back(netuid)),
            Err(Error::HotKeySwapOnSubnetIntervalNotPassed.into())
        );
    }
    world.advance(7_200);
    assert_eq!(
        world.signed(&key(101), back(Some(NETUID))),
        Err(Error::HotKeySwapOnSubnetIntervalNotPassed.into()),
        "the interval must have passed"
    );
    world.advance(1);
    world.signed(&key(101), back(Some(NETUID))).unwrap();

    world
        .root(Admin::sudo_set_tx_rate_limit { tx_rate_limit: 10 })
        .unwrap();
    let again = Call::swap_hotkey {
        hotkey: key(1),
        new_hotkey: key(5),
        netuid: Some(NETUID),
    };
    world.advance(10);
    assert_eq!(
        world.signed(&key(101), again.clone()),
        Err(Error::HotKeySetTxRateLimitExceeded.into()),
        "and so must the limit"
    );
    world.advance(1);
    assert_eq!(
        world.signed(&key(101), again),
        Err(Error::HotKeySwapOnSubnetIntervalNotPassed.into()),
        "which it has now"
    );

    let poor = Call::try_associate_hotkey { hotkey: key(8) };
    world.signed(&key(60), poor).unwrap();
    let call = Call::swap_hotkey {
        hotkey: key(8),
        new_hotkey: key(9),
        netuid: None,
    };
    assert_eq!(
        world.signed(&key(60), call),
        Err(Error::NotEnoughBalanceToPaySwapHotKey.into())
    );
}

/// The coldkey 101 with a hotkey, stake, a subnet and an identity; announces the coldkey 70.
fn announced() -> World {
    let mut world = registered();
    let identity = Call::set_identity {
        name: b"me".to_vec(),
        url: vec![],
        github_repo: vec![],
        image: vec![],
        discord: vec![],
        description: vec![],
        additional: vec![],
    };
    world.signed(&key(101), identity).unwrap();
    world.read(|| SubnetOwner::<Runtime>::insert(1, key(101)));
    let auto = Call::set_coldkey_auto_stake_hotkey {
        netuid: NETUID,
        hotkey: key(1),
    };
    world.signed(&key(101), auto).unwrap();
    for call in [
        Admin::sudo_set_coldkey_swap_announcement_delay { duration: 20 },
        Admin::sudo_set_coldkey_swap_reannouncement_delay { duration: 5 },
    ] {
        world.root(call).unwrap();
    }
    world.signed(&key(101), announce(70)).unwrap();
    world
}

fn announce(new: u8) -> Call {
    Call::announce_coldkey_swap {
        new_coldkey_hash: BlakeTwo256::hash_of(&key(new)),
    }
}

fn finish(new: u8) -> Call {
    Call::swap_coldkey_announced {
        new_coldkey: key(new),
    }
}

#[test]
fn an_announced_coldkey_swap_moves_everything_when_it_is_due() {
    let money = registered().read(|| Balances::free_balance(key(101)));
    let mut world = announced();
    let now = u32::try_from(world.now()).unwrap();
    world.read(|| {
        assert_eq!(
            Balances::free_balance(key(101)),
            money - TAO / 10,
            "announcing costs"
        );
        let (due, hash) = ColdkeySwapAnnouncements::<Runtime>::get(key(101)).unwrap();
        assert_eq!((due, hash), (now + 20, BlakeTwo256::hash_of(&key(70))));
    });
    let (own, money) = (staked(&mut world, 1, 101), money - TAO / 10);
    assert_eq!(
        world.signed(&key(150), finish(70)),
        Err(Error::ColdkeySwapAnnouncementNotFound.into())
    );
    assert_eq!(
        world.signed(&key(101), finish(71)),
        Err(Error::AnnouncedColdkeyHashDoesNotMatch.into())
    );
    world.advance(19);
    assert_eq!(
        world.signed(&key(101), finish(70)),
        Err(Error::ColdkeySwapTooEarly.into())
    );
    world.advance(1);
    world.signed(&key(101), finish(70)).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::ColdkeySwapped {
            old_coldkey: key(101),
            new_coldkey: key(70)
        })
    );
    assert_eq!(staked(&mut world, 1, 70), own);
    assert_eq!(staked(&mut world, 1, 101), 0);
    world.read(|| {
        assert_eq!(Balances::free_balance(key(70)), money);
        assert_eq!(Balances::free_balance(key(101)), 0);
        assert_eq!(Owner::<Runtime>::get(key(1)), key(70));
        assert_eq!(OwnedHotkeys::<Runtime>::get(key(70)), [key(1)]);
        assert_eq!(StakingHotkeys::<Runtime>::get(key(70)), [key(1)]);
        assert!(StakingHotkeys::<Runtime>::get(key(101)).is_empty());
        assert_eq!(SubnetOwner::<Runtime>::get(1), key(70));
        assert_eq!(IdentitiesV2::<Runtime>::get(key(70)).unwrap().name, b"me");
        assert_eq!(IdentitiesV2::<Runtime>::get(key(101)), None);
        assert_eq!(
            AutoStakeDestination::<Runtime>::get(key(70), NETUID),
            Some(key(1))
        );
        assert_eq!(ColdkeySwapAnnouncements::<Runtime>::get(key(101)), None);
    });
}

#[test]
fn an_announcement_can_be_changed_or_cleared_only_after_the_swap_was_due() {
    let mut world = announced();
    world.advance(24);
    assert_eq!(
        world.signed(&key(101), announce(71)),
        Err(Error::ColdkeySwapReannouncedTooEarly.into())
    );
    let clear = Call::clear_coldkey_swap_announcement {};
    assert_eq!(
        world.signed(&key(101), clear.clone()),
        Err(Error::ColdkeySwapClearTooEarly.into())
    );
    world.advance(1);
    let money = world.read(|| Balances::free_balance(key(101)));
    world.signed(&key(101), announce(71)).unwrap();
    assert_eq!(
        world.read(|| Balances::free_balance(key(101))),
        money,
        "the second is free"
    );
    world.advance(25);
    world.signed(&key(101), clear.clone()).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::ColdkeySwapCleared { who: key(101) })
    );
    assert_eq!(
        world.signed(&key(101), clear),
        Err(Error::ColdkeySwapAnnouncementNotFound.into())
    );
}

#[test]
fn a_dispute_freezes_the_account_until_root_resets_it() {
    let mut world = announced();
    let dispute = Call::dispute_coldkey_swap {};
    assert_eq!(
        world.signed(&key(150), dispute.clone()),
        Err(Error::ColdkeySwapAnnouncementNotFound.into())
    );
    world.signed(&key(101), dispute.clone()).unwrap();
    assert_eq!(
        world.events().last(),
        Some(&Event::ColdkeySwapDisputed { coldkey: key(101) })
    );
    assert_eq!(
        world.signed(&key(101), dispute),
        Err(Error::ColdkeySwapAlreadyDisputed.into())
    );
    assert_eq!(
        world
            .read(|| SubtensorModule::check_coldkey_swap(&key(101), DuringSwap::Allowed))
            .map_err(DispatchError::from),
        Err(Error::ColdkeySwapDisputed.into())
    );
    world
        .root(Call::reset_coldkey_swap { coldkey: key(101) })
        .unwrap();
    world.read(|| {
        assert_eq!(ColdkeySwapDisputes::<Runtime>::get(key(101)), None);
        assert_eq!(ColdkeySwapAnnouncements::<Runtime>::get(key(101)), None);
        SubtensorModule::check_coldkey_swap(&key(101), DuringSwap::Refused).unwrap();
    });
}

#[test]
fn while_a_swap_is_announced_the_pool_takes_only_what_serves_it() {
    let mut world = announced();
    let code = |world: &mut World, call: RuntimeCall| {
        let refused = world
            .read(|| SubtensorModule::check_coldkey_swap(&key(101), DuringSwap::of(&call)))
            .err();
        refused.map(|error| RejectionCode::of(&error) as u8)
    };
    let stake = Call::add_stake {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: TAO,
    };
    let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
    let carrier = RuntimeCall::MevShield(mev_shield::Call::submit_encrypted {
        ciphertext: Default::default(),
    });
    assert_eq!(code(&mut world, stake.into()), Some(0));
    assert_eq!(code(&mut world, remark), Some(0), "a call of another pallet");
    assert_eq!(code(&mut world, announce(71).into()), None);
    assert_eq!(code(&mut world, finish(70).into()), None);
    assert_eq!(
        code(&mut world, carrier.clone()),
        None,
        "what it hides is checked later"
    );
    world.signed(&key(101), Call::dispute_coldkey_swap {}).unwrap();
    assert_eq!(code(&mut world, finish(70).into()), Some(21));
    assert_eq!(code(&mut world, carrier), Some(21));
}

#[test]
fn root_swaps_coldkeys_at_once_and_the_old_call_is_gone() {
    let mut world = registered();
    assert_eq!(
        world.signed(&key(101), Call::schedule_swap_coldkey { new_coldkey: key(70) }),
        Err(Error::Deprecated.into())
    );
    let call = |new_coldkey, swap_cost| Call::swap_coldkey {
        old_coldkey: key(101),
        new_coldkey,
        swap_cost,
    };
    let refused: [(Call, DispatchError); 3] = [
        (call(key(150), 0), Error::ColdKeyAlreadyAssociated.into()),
        (call(key(OWNER_HOTKEY), 0), Error::NewColdKeyIsHotkey.into()),
        (
            call(key(70), u64::MAX),
            Error::NotEnoughBalanceToPaySwapColdKey.into(),
        ),
    ];
    for (call, error) in refused {
        assert_eq!(world.root(call), Err(error));
    }
    assert_eq!(
        world.signed(&key(101), call(key(70), 0)),
        Err(DispatchError::BadOrigin)
    );
    let money = world.read(|| Balances::free_balance(key(101)));
    world.root(call(key(70), TAO)).unwrap();
    assert_eq!(world.read(|| Balances::free_balance(key(70))), money - TAO);
}

#[test]
fn a_signed_transaction_of_an_announced_coldkey_does_not_get_into_a_block() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let bobs = sr25519::Pair::from_string("//Bob", None).unwrap();
    let bob = account(&bobs);
    let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: bob.clone().into(),
        value: TAO,
    });
    let batch = RuntimeCall::Utility(pallet_utility::Call::batch {
        calls: vec![transfer.clone()],
    });
    let by_proxy = RuntimeCall::Proxy(pallet_proxy::Call::proxy {
        real: account(&alice).into(),
        force_proxy_type: None,
        call: Box::new(transfer.clone()),
    });
    let announce = Call::announce_coldkey_swap {
        new_coldkey_hash: BlakeTwo256::hash_of(&bob),
    };
    let dispute = RuntimeCall::SubtensorModule(Call::dispute_coldkey_swap {});
    let results = chain.block(&[
        signed(&alice, 0, RuntimeCall::SubtensorModule(announce)),
        signed(&alice, 1, transfer),
        signed(&alice, 1, batch),
        signed(&bobs, 0, by_proxy),
        signed(&alice, 1, dispute.clone()),
        signed(&alice, 2, dispute),
    ]);
    let code = |code| {
        let refused = InvalidTransaction::Custom(code);
        Err(TransactionValidityError::Invalid(refused))
    };
    assert_eq!(
        results,
        [Ok(Ok(())), code(0), code(0), code(0), Ok(Ok(())), code(21)]
    );
}
