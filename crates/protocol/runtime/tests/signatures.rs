//! Signatures of transactions, which are checked once.

use codec::{Decode, Encode};
use node_subtensor_runtime::Signature;
use scale_info::TypeInfo;
use sp_core::{Pair, sr25519};
use sp_runtime::{AccountId32, MultiSignature, traits::Verify};

#[test]
fn what_was_checked_once_holds_again_and_nothing_else_does() {
    let alice = sr25519::Pair::from_seed(&[1; 32]);
    let (signer, other) = (AccountId32::from(alice.public()), AccountId32::new([2; 32]));
    let signature = Signature(MultiSignature::Sr25519(alice.sign(b"pay")));
    let mut bytes = signature.encode();
    bytes[20] ^= 1;
    let forged = Signature::decode(&mut &bytes[..]).expect("of the same length");
    for _ in 0..2 {
        assert!(signature.verify(&b"pay"[..], &signer));
        assert!(!signature.verify(&b"pay more"[..], &signer));
        assert!(!signature.verify(&b"pay"[..], &other));
        assert!(!forged.verify(&b"pay"[..], &signer));
    }
}

#[test]
fn the_world_sees_a_multi_signature() {
    let signature = MultiSignature::Sr25519(sr25519::Signature::default());
    assert_eq!(Signature(signature.clone()).encode(), signature.encode());
    assert_eq!(Signature::type_info(), MultiSignature::type_info());
}
