//! Shielded transactions as the runtime sees them: which carriers the pool takes, and what their events say.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod chain;

use chain::{Chain, account, genesis_hash, signed, signed_in_era};
use codec::Encode;
use frame_support::traits::Contains;
use node_subtensor_runtime::{
    Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
    genesis::{Genesis, TAO, development_account},
    inner_of_carrier,
    pallets::{
        mev_shield,
        subtensor::{ColdkeySwapAnnouncements, ColdkeySwapDisputes},
    },
    shield::{ENCAPSULATION_KEY_BYTES, Shield, ShieldError, seal},
};
use sp_core::{Pair, sr25519};
use sp_runtime::{
    MultiAddress,
    generic::Era,
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
    },
};

const SEED: u64 = 7;

/// Eight blocks from block 0 on, the longest a carrier may live.
const SHORT: Era = Era::Mortal(8, 0);

fn start() -> Chain {
    Chain::start(&Genesis {
        seed: SEED,
        ..Genesis::default()
    })
}

fn alice() -> sr25519::Pair {
    sr25519::Pair::from_string("//Alice", None).unwrap()
}

fn transfer() -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: MultiAddress::Id(development_account("Bob")),
        value: TAO,
    })
}

fn sealed(bytes: &[u8]) -> Vec<u8> {
    seal(&Shield::of_seed(SEED).encapsulation_key(), bytes, [9; 32]).unwrap()
}

fn carrier(ciphertext: Vec<u8>) -> RuntimeCall {
    RuntimeCall::MevShield(mev_shield::Call::submit_encrypted {
        ciphertext: ciphertext.try_into().unwrap(),
    })
}

fn validity(chain: &mut Chain, extrinsic: UncheckedExtrinsic) -> TransactionValidity {
    chain.call(
        "TaggedTransactionQueue_validate_transaction",
        (TransactionSource::External, extrinsic, genesis_hash()),
    )
}

/// The shield's events of the last block, and the block's carrier's result.
fn events(chain: &mut Chain) -> Vec<mev_shield::Event<Runtime>> {
    chain.read(|| {
        System::events()
            .into_iter()
            .filter_map(|record| match record.event {
                RuntimeEvent::MevShield(event) => Some(event),
                _ => None,
            })
            .collect()
    })
}

#[test]
fn what_was_sealed_opens_with_the_chains_key_only() {
    let ciphertext = sealed(b"hidden");
    let shield = Shield::of_seed(SEED);
    assert_eq!(shield.encapsulation_key().len(), ENCAPSULATION_KEY_BYTES);
    assert_eq!(shield.open(&ciphertext).unwrap(), b"hidden");
    assert_eq!(Shield::of_seed(8).open(&ciphertext), Err(ShieldError::OtherKey));
    assert_eq!(shield.open(&ciphertext[..1_000]), Err(ShieldError::Malformed));
    for altered in [20, 1_120, ciphertext.len() - 1] {
        let mut ciphertext = ciphertext.clone();
        ciphertext[altered] ^= 1;
        assert_eq!(
            shield.open(&ciphertext),
            Err(ShieldError::Unopenable),
            "byte {altered}"
        );
    }
}

#[test]
fn the_pool_takes_short_lived_carriers_for_this_chains_key() {
    let mut chain = start();
    let mut judged = |era, ciphertext| {
        let extrinsic = signed_in_era(&alice(), 0, era, carrier(ciphertext));
        validity(&mut chain, extrinsic).err()
    };
    let refused = |reason| Some(TransactionValidityError::Invalid(reason));

    assert_eq!(judged(SHORT, sealed(b"anything")), None);
    assert_eq!(judged(Era::Mortal(4, 0), sealed(b"anything")), None);
    for era in [Era::Immortal, Era::Mortal(16, 0)] {
        assert_eq!(
            judged(era, sealed(b"anything")),
            refused(InvalidTransaction::Stale),
            "{era:?}"
        );
    }
    assert_eq!(
        judged(SHORT, vec![0; 100]),
        refused(InvalidTransaction::Custom(23))
    );
    let foreign = seal(&Shield::of_seed(8).encapsulation_key(), b"anything", [9; 32]).unwrap();
    assert_eq!(judged(SHORT, foreign), refused(InvalidTransaction::Custom(24)));
    // Only carriers have the short era.
    let mut chain = start();
    assert!(validity(&mut chain, signed(&alice(), 0, transfer())).is_ok());
}

#[test]
fn a_carrier_with_a_valid_inner_extrinsic_only_says_that_it_came() {
    let mut chain = start();
    let inner = signed(&alice(), 1, transfer()).encode();
    let carrier = signed_in_era(&alice(), 0, SHORT, carrier(sealed(&inner)));

    assert_eq!(inner_of_carrier(&carrier.encode(), SEED).unwrap().bytes, inner);
    assert_eq!(inner_of_carrier(&carrier.encode(), SEED + 1), None);
    assert_eq!(inner_of_carrier(&inner, SEED), None, "not a carrier");

    assert_eq!(chain.block(&[carrier]), [Ok(Ok(()))]);
    let came = events(&mut chain);
    assert!(
        matches!(&came[..], [mev_shield::Event::EncryptedSubmitted { who, .. }] if *who == account(&alice())),
        "{came:?}"
    );
}

#[test]
fn what_cannot_follow_its_carrier_is_told_by_the_carriers_events() {
    let inner = |nonce| signed(&alice(), nonce, transfer()).encode();
    let nested = signed_in_era(&alice(), 1, SHORT, carrier(sealed(b"anything"))).encode();
    let mut forged = inner(1);
    forged[60] ^= 1;
    let mut altered = sealed(&inner(1));
    altered[1_130] ^= 1;
    let cases = [
        (sealed(&inner(0)), "Transaction is outdated"),
        (sealed(&inner(5)), "Transaction will be valid in the future"),
        (sealed(&forged), "Transaction has a bad signature"),
        (sealed(&nested), "it is a carrier itself"),
        (altered, "does not open"),
    ];
    for (ciphertext, expected) in cases {
        let mut chain = start();
        let carrier = signed_in_era(&alice(), 0, SHORT, carrier(ciphertext));
        assert_eq!(chain.block(&[carrier]), [Ok(Ok(()))]);
        match &events(&mut chain)[..] {
            [
                mev_shield::Event::EncryptedSubmitted { .. },
                mev_shield::Event::DecryptionFailed { reason, .. },
            ] => {
                let reason = String::from_utf8_lossy(reason);
                assert!(reason.contains(expected), "{reason} is not {expected}");
            }
            other => panic!("{other:?}"),
        }
    }

    let mut chain = start();
    let carrier = signed_in_era(&alice(), 0, SHORT, carrier(sealed(b"no extrinsic")));
    chain.block(&[carrier]);
    // The carrier is the second extrinsic, after the time.
    assert!(matches!(
        &events(&mut chain)[..],
        [_, mev_shield::Event::ExtrinsicDecodeFailed { index: 1 }]
    ));
}

#[test]
fn a_carrier_inside_another_call_is_refused() {
    let filter = |call: &RuntimeCall| {
        <<Runtime as frame_system::Config>::BaseCallFilter as Contains<RuntimeCall>>::contains(call)
    };
    let hidden = || carrier(sealed(b"anything"));
    assert!(filter(&hidden()));
    let batch = |calls| RuntimeCall::Utility(pallet_utility::Call::batch { calls });
    let proxied = |call| {
        RuntimeCall::Proxy(pallet_proxy::Call::proxy {
            real: MultiAddress::Id(development_account("Bob")),
            force_proxy_type: None,
            call: Box::new(call),
        })
    };
    let sudo = |call| RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(call) });
    for call in [
        batch(vec![transfer(), hidden()]),
        proxied(hidden()),
        sudo(hidden()),
        proxied(batch(vec![hidden()])),
    ] {
        assert!(!filter(&call), "{call:?}");
    }

    let mut chain = start();
    let results = chain.block(&[signed(&alice(), 0, batch(vec![hidden()]))]);
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    assert_eq!(results, [Ok(Err(filtered.into()))]);
    assert_eq!(events(&mut chain), [], "nothing came, and nothing says so");
}

#[test]
fn an_account_that_announced_a_swap_may_shield_until_the_swap_is_disputed() {
    let mut chain = start();
    let announced =
        || ColdkeySwapAnnouncements::<Runtime>::insert(account(&alice()), (100, sp_core::H256::zero()));
    chain.read(announced);
    let extrinsic = || signed_in_era(&alice(), 0, SHORT, carrier(sealed(b"anything")));
    assert!(validity(&mut chain, extrinsic()).is_ok());
    chain.read(|| ColdkeySwapDisputes::<Runtime>::insert(account(&alice()), 1));
    let disputed = TransactionValidityError::Invalid(InvalidTransaction::Custom(21));
    assert_eq!(validity(&mut chain, extrinsic()), Err(disputed));
}
