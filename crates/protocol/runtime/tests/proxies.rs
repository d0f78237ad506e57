//! Acting for another account: proxies of every type, multisigs, and batches that may not hide in one another.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod chain;
mod world;

use chain::{Chain, account, signed};
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::{Contains, InstanceFilter},
};
use node_subtensor_runtime::{
    Balances, Hash, ProxyType, Runtime, RuntimeCall, RuntimeEvent, System,
    genesis::{Genesis, TAO},
    pallets::subtensor::{ColdkeySwapAnnouncements, TotalHotkeyAlpha},
};
use sp_core::{Pair, sr25519};
use sp_runtime::{
    DispatchError, MultiAddress,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use world::{Call, NETUID, World, coldkey, key};

fn transfer(rao: u64) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: MultiAddress::Id(key(50)),
        value: rao,
    })
}

fn stake() -> RuntimeCall {
    RuntimeCall::SubtensorModule(Call::add_stake {
        hotkey: key(1),
        netuid: NETUID,
        amount_staked: TAO,
    })
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
    RuntimeCall::Utility(pallet_utility::Call::batch_all { calls })
}

fn proxied(real: u8, call: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Proxy(pallet_proxy::Call::proxy {
        real: MultiAddress::Id(coldkey(real)),
        force_proxy_type: None,
        call: Box::new(call),
    })
}

/// What the last proxied call came to.
fn proxied_result(world: &mut World) -> Result<(), DispatchError> {
    world.read(|| {
        let results = System::events()
            .into_iter()
            .rev()
            .find_map(|record| match record.event {
                RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
                _ => None,
            });
        results.unwrap()
    })
}

#[test]
fn a_staking_proxy_stakes_for_its_account_and_does_nothing_else() {
    let mut world = World::with_subnet();
    world.register(1);
    let add = pallet_proxy::Call::add_proxy {
        delegate: MultiAddress::Id(key(90)),
        proxy_type: ProxyType::Staking,
        delay: 0,
    };
    world.signed(&coldkey(1), RuntimeCall::Proxy(add)).unwrap();
    assert_eq!(
        world.read(|| Balances::reserved_balance(coldkey(1))),
        93_000_000,
        "the deposit of the first proxy"
    );
    let staked = |world: &mut World| world.read(|| TotalHotkeyAlpha::<Runtime>::get(key(1), NETUID));
    let before = staked(&mut world);

    world.signed(&key(90), proxied(1, stake())).unwrap();
    assert_eq!(proxied_result(&mut world), Ok(()));
    assert!(staked(&mut world) > before);

    world.signed(&key(90), proxied(1, transfer(TAO))).unwrap();
    assert_eq!(
        proxied_result(&mut world),
        Err(frame_system::Error::<Runtime>::CallFiltered.into())
    );
    // A batch is no way round the filter.
    world
        .signed(&key(90), proxied(1, batch(vec![transfer(TAO)])))
        .unwrap();
    assert!(proxied_result(&mut world).is_err());
    assert_eq!(world.read(|| Balances::free_balance(key(50))), 0);

    let stranger = world.signed(&key(91), proxied(1, stake()));
    assert_eq!(stranger, Err(pallet_proxy::Error::<Runtime>::NotProxy.into()));
}

#[test]
fn types_differ_in_what_they_let_through() {
    let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
    let register = RuntimeCall::SubtensorModule(Call::burned_register {
        netuid: NETUID,
        hotkey: key(1),
    });
    let set_code = RuntimeCall::Sudo(pallet_sudo::Call::sudo_unchecked_weight {
        call: Box::new(RuntimeCall::System(frame_system::Call::set_code { code: vec![] })),
        weight: Default::default(),
    });
    let calls = [
        transfer(TAO / 2 - 1),
        transfer(TAO / 2),
        stake(),
        register,
        set_code,
        remark,
    ];
    let lets = |kind: ProxyType| calls.each_ref().map(|call| u8::from(kind.filter(call)));
    assert_eq!(lets(ProxyType::Any), [1, 1, 1, 1, 1, 1]);
    assert_eq!(lets(ProxyType::NonTransfer), [0, 0, 1, 1, 1, 1]);
    assert_eq!(lets(ProxyType::NonFungible), [0, 0, 0, 0, 1, 1]);
    assert_eq!(lets(ProxyType::NonCritical), [1, 1, 1, 0, 0, 1]);
    assert_eq!(lets(ProxyType::Transfer), [1, 1, 0, 0, 0, 0]);
    assert_eq!(lets(ProxyType::SmallTransfer), [1, 0, 0, 0, 0, 0]);
    assert_eq!(lets(ProxyType::Staking), [0, 0, 1, 0, 0, 0]);
    assert_eq!(lets(ProxyType::Registration), [0, 0, 0, 1, 0, 0]);
    assert_eq!(lets(ProxyType::SudoUncheckedSetCode), [0, 0, 0, 0, 1, 0]);
    for retired in [ProxyType::Senate, ProxyType::Triumvirate, ProxyType::Governance] {
        assert_eq!(lets(retired), [0; 6], "{retired:?}");
    }
    assert!(ProxyType::Any.is_superset(&ProxyType::Transfer));
    assert!(ProxyType::NonTransfer.is_superset(&ProxyType::Staking));
    assert!(!ProxyType::NonTransfer.is_superset(&ProxyType::SmallTransfer));
    assert!(!ProxyType::Staking.is_superset(&ProxyType::Any));
}

#[test]
fn two_of_three_sign_together() {
    let mut world = World::with_subnet();
    let others = |out: u8| {
        let mut others: Vec<_> = [1u8, 2, 3]
            .into_iter()
            .filter(|n| *n != out)
            .map(coldkey)
            .collect();
        others.sort();
        others
    };
    let shared =
        pallet_multisig::Pallet::<Runtime>::multi_account_id(&[coldkey(1), coldkey(2), coldkey(3)], 2);
    let fund = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: MultiAddress::Id(shared.clone()),
        value: 10 * TAO,
    });
    world.signed(&coldkey(1), fund).unwrap();

    let call = transfer(TAO);
    let weight = call.get_dispatch_info().call_weight;
    let as_multi = |signatories, timepoint| {
        RuntimeCall::Multisig(pallet_multisig::Call::as_multi {
            threshold: 2,
            other_signatories: signatories,
            maybe_timepoint: timepoint,
            call: Box::new(call.clone()),
            max_weight: weight,
        })
    };
    world.signed(&coldkey(1), as_multi(others(1), None)).unwrap();
    assert_eq!(
        world.read(|| Balances::free_balance(key(50))),
        0,
        "one is not enough"
    );
    let opened = world.read(pallet_multisig::Pallet::<Runtime>::timepoint);
    world
        .signed(&coldkey(2), as_multi(others(2), Some(opened)))
        .unwrap();
    assert_eq!(world.read(|| Balances::free_balance(key(50))), TAO);
}

#[test]
fn a_batch_cannot_hide_in_a_batch() {
    let filter = |call: &RuntimeCall| {
        <<Runtime as frame_system::Config>::BaseCallFilter as Contains<RuntimeCall>>::contains(call)
    };
    let inner = || batch(vec![transfer(TAO)]);
    let boxed = || Box::new(inner());
    let wrapped = [
        inner(),
        proxied(1, inner()),
        RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: boxed() }),
        RuntimeCall::Utility(pallet_utility::Call::as_derivative {
            index: 0,
            call: boxed(),
        }),
        RuntimeCall::Utility(pallet_utility::Call::if_else {
            main: Box::new(transfer(1)),
            fallback: boxed(),
        }),
        RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
            other_signatories: vec![coldkey(2)],
            call: boxed(),
        }),
        proxied(1, proxied(2, inner())),
    ];
    for call in wrapped {
        assert!(filter(&call), "one batch, however wrapped: {call:?}");
        assert!(!filter(&batch(vec![transfer(1), call.clone()])), "{call:?}");
        assert!(!filter(&proxied(3, batch(vec![call.clone()]))), "{call:?}");
    }
}

#[test]
fn a_nested_batch_is_refused_when_it_is_sent() {
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let mut chain = Chain::start(&Genesis::default());
    let nested = batch(vec![proxied(1, batch(vec![transfer(TAO)]))]);
    let results = chain.block(&[signed(&alice, 0, nested)]);
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    assert_eq!(results, [Ok(Err(filtered.into()))]);
}

/// Alice, whose proxy Bob is, and Charlie, who is Bob's. Dave is root.
fn chain_of_proxies() -> (Chain, [sr25519::Pair; 4]) {
    let pairs = ["//Alice", "//Bob", "//Charlie", "//Dave"]
        .map(|name| sr25519::Pair::from_string(name, None).unwrap());
    let mut chain = Chain::start(&Genesis {
        sudo: account(&pairs[3]),
        ..Genesis::default()
    });
    let add = |delegate: &sr25519::Pair| {
        RuntimeCall::Proxy(pallet_proxy::Call::add_proxy {
            delegate: MultiAddress::Id(account(delegate)),
            proxy_type: ProxyType::Any,
            delay: 0,
        })
    };
    let results = chain.block(&[
        signed(&pairs[0], 0, add(&pairs[1])),
        signed(&pairs[1], 0, add(&pairs[2])),
    ]);
    assert_eq!(results, [Ok(Ok(())), Ok(Ok(()))]);
    (chain, pairs)
}

#[test]
fn an_account_that_announced_a_swap_is_out_of_reach_however_the_call_is_wrapped() {
    let (mut chain, [alice, bob, charlie, dave]) = chain_of_proxies();
    let by = |real: &sr25519::Pair, call: RuntimeCall| {
        RuntimeCall::Proxy(pallet_proxy::Call::proxy {
            real: MultiAddress::Id(account(real)),
            force_proxy_type: None,
            call: Box::new(call),
        })
    };
    let alices = || by(&alice, transfer(TAO));
    let utility = RuntimeCall::Utility;
    let calls = || vec![alices()];
    let shared = |threshold| {
        let mut both = [account(&bob), account(&charlie)];
        both.sort();
        pallet_multisig::Pallet::<Runtime>::multi_account_id(&both, threshold)
    };
    let numbered = pallet_utility::derivative_account_id(account(&bob), 7);
    let multisig = |threshold: u16, call: RuntimeCall| {
        RuntimeCall::Multisig(match threshold {
            1 => pallet_multisig::Call::as_multi_threshold_1 {
                other_signatories: vec![account(&charlie)],
                call: Box::new(call),
            },
            threshold => pallet_multisig::Call::as_multi {
                threshold,
                other_signatories: vec![account(&charlie)],
                maybe_timepoint: None,
                call: Box::new(call),
                max_weight: Default::default(),
            },
        })
    };
    // Before anything is announced, the way is open.
    let money = |chain: &mut Chain| chain.read(|| Balances::free_balance(key(50)));
    let results = chain.block(&[signed(&charlie, 0, by(&bob, alices()))]);
    assert_eq!((results, money(&mut chain)), (vec![Ok(Ok(()))], TAO));

    chain.read(|| {
        for account in [account(&alice), shared(1), shared(2), numbered.clone()] {
            ColdkeySwapAnnouncements::<Runtime>::insert(account, (100, Hash::zero()));
        }
    });
    let refused = |code| {
        let reason = InvalidTransaction::Custom(code);
        Err(TransactionValidityError::Invalid(reason))
    };
    let of_bob = [
        alices(),
        utility(pallet_utility::Call::batch { calls: calls() }),
        utility(pallet_utility::Call::batch_all { calls: calls() }),
        utility(pallet_utility::Call::force_batch { calls: calls() }),
        utility(pallet_utility::Call::if_else {
            main: Box::new(transfer(1)),
            fallback: Box::new(alices()),
        }),
        utility(pallet_utility::Call::as_derivative {
            index: 7,
            call: Box::new(transfer(1)),
        }),
        multisig(1, transfer(1)),
        multisig(2, transfer(1)),
        by(&bob, utility(pallet_utility::Call::batch { calls: calls() })),
    ];
    for call in of_bob {
        assert_eq!(
            chain.block(&[signed(&bob, 1, call.clone())]),
            [refused(0)],
            "{call:?}"
        );
    }
    assert_eq!(
        chain.block(&[signed(&charlie, 1, by(&bob, alices()))]),
        [refused(0)]
    );
    assert_eq!(money(&mut chain), TAO);

    // What others do meanwhile, and what serves the swap, is not in the way; root is bound by nothing.
    let dispute = || RuntimeCall::SubtensorModule(Call::dispute_coldkey_swap {});
    let root = RuntimeCall::Sudo(pallet_sudo::Call::sudo_as {
        who: MultiAddress::Id(account(&alice)),
        call: Box::new(transfer(TAO)),
    });
    let results = chain.block(&[
        signed(&charlie, 1, by(&bob, transfer(TAO))),
        signed(&dave, 0, root),
        signed(&charlie, 2, by(&bob, by(&alice, dispute()))),
        signed(&charlie, 3, by(&bob, by(&alice, dispute()))),
    ]);
    assert_eq!(results, [Ok(Ok(())), Ok(Ok(())), Ok(Ok(())), refused(21)]);
    assert_eq!(money(&mut chain), 3 * TAO);
}
