//! Blocks are built the way a node builds them: through the runtime API by name, with encoded arguments.

mod chain;

use chain::{Chain, signed};
use node_subtensor_runtime::{
    AccountId, Balances, Hash, Runtime, RuntimeCall, System,
    genesis::{Genesis, GenesisError, TAO, development_account},
};
use sp_core::{Pair, sr25519};
use sp_runtime::{
    MultiAddress,
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
    },
};

fn transfer(to: &AccountId, rao: u64) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: MultiAddress::Id(to.clone()),
        value: rao,
    })
}

#[test]
fn a_transfer_moves_money_and_burns_its_fee() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let bob = development_account("Bob");

    let results = chain.block(&[signed(&alice, 0, transfer(&bob, TAO))]);

    assert_eq!(results, [Ok(Ok(()))]);
    chain.read(|| {
        assert_eq!(Balances::free_balance(&bob), 1_000_001 * TAO);
        let left = Balances::free_balance(development_account("Alice"));
        assert!(
            left < 999_999 * TAO && left > 999_998 * TAO,
            "the fee is paid and small: {left}"
        );
        assert_eq!(System::account_nonce(development_account("Alice")), 1);
    });
}

#[test]
fn an_account_without_money_cannot_send_what_costs_a_fee() {
    let mut chain = Chain::start(&Genesis::default());
    let stranger = sr25519::Pair::from_string("//Stranger", None).unwrap();

    let results = chain.block(&[signed(&stranger, 0, transfer(&development_account("Bob"), TAO))]);

    assert_eq!(
        results,
        [Err(TransactionValidityError::Invalid(
            InvalidTransaction::Payment
        ))]
    );
}

#[test]
fn a_nonce_out_of_order_is_refused() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let to = development_account("Bob");

    let results = chain.block(&[
        signed(&alice, 1, transfer(&to, TAO)),
        signed(&alice, 0, transfer(&to, TAO)),
        signed(&alice, 0, transfer(&to, 2 * TAO)),
    ]);

    assert_eq!(
        results,
        [
            Err(TransactionValidityError::Invalid(InvalidTransaction::Future)),
            Ok(Ok(())),
            Err(TransactionValidityError::Invalid(InvalidTransaction::Stale)),
        ]
    );
}

#[test]
fn equal_descriptions_give_equal_states_and_the_seed_tells_chains_apart() {
    let root = |genesis: &Genesis| Chain::start(genesis).state_root();

    assert_eq!(root(&Genesis::default()), root(&Genesis::default()));
    assert_ne!(
        root(&Genesis::default()),
        root(&Genesis {
            seed: 1,
            ..Genesis::default()
        })
    );
    assert_ne!(
        root(&Genesis::default()),
        root(&Genesis {
            slot_duration_ms: 250,
            ..Genesis::default()
        })
    );
}

#[test]
fn impossible_descriptions_are_refused() {
    let poor = Genesis {
        balances: vec![(development_account("Poor"), 499)],
        ..Genesis::default()
    };
    assert!(matches!(
        poor.storage(),
        Err(GenesisError::BalanceTooSmall { rao: 499, .. })
    ));

    let infinite = Genesis {
        balances: vec![(development_account("Croesus"), u64::MAX)],
        ..Genesis::default()
    };
    assert_eq!(infinite.storage().err(), Some(GenesisError::TooMuchMoney));

    let timeless = Genesis {
        slot_duration_ms: 0,
        ..Genesis::default()
    };
    assert_eq!(timeless.storage().err(), Some(GenesisError::ZeroSlotDuration));
}

#[test]
fn a_batch_within_a_batch_is_filtered_out() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let batch = |calls| RuntimeCall::Utility(pallet_utility::Call::batch_all { calls });
    let flat = batch(vec![transfer(&development_account("Bob"), TAO)]);
    let nested = batch(vec![flat.clone()]);
    let results = chain.block(&[signed(&alice, 0, flat), signed(&alice, 1, nested)]);
    assert_eq!(results[0], Ok(Ok(())));
    assert_eq!(
        results[1],
        Ok(Err(frame_system::Error::<Runtime>::CallFiltered.into()))
    );
}

#[test]
fn neither_tip_nor_size_moves_a_transaction_forward_in_the_pool() {
    let mut chain = Chain::start(&Genesis::default());
    chain.block(&[]);
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let small = transfer(&development_account("Bob"), TAO);
    let large = RuntimeCall::System(frame_system::Call::remark {
        remark: vec![0; 5_000],
    });
    let mut priority = |nonce, call| {
        let arguments = (
            TransactionSource::External,
            signed(&alice, nonce, call),
            Hash::zero(),
        );
        let validity: TransactionValidity =
            chain.call("TaggedTransactionQueue_validate_transaction", arguments);
        validity.unwrap().priority
    };
    assert_eq!((priority(0, small.clone()), priority(0, large)), (1, 1));
    assert_eq!(priority(3, small), 1, "one that has to wait has the same");
}
