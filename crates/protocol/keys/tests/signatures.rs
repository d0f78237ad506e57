//! What a signature proves.

use assay_keys::{AccountId, Pair, Scheme, Signature, SignatureError, message_bytes, verify, verify_text};

#[test]
fn sr25519_signatures_differ_and_ed25519_ones_repeat() {
    let sr25519 = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    assert_ne!(sr25519.sign(b"hello"), sr25519.sign(b"hello"));
    let ed25519 = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap();
    assert_eq!(ed25519.sign(b"hello"), ed25519.sign(b"hello"));
}

#[test]
fn a_signature_of_one_scheme_is_none_of_the_other() {
    for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
        let pair = Pair::from_uri("//Alice", scheme).unwrap();
        let signature = pair.sign(b"hello");
        let other = if scheme == Scheme::Sr25519 {
            Scheme::Ed25519
        } else {
            Scheme::Sr25519
        };
        assert!(!verify(&pair.account(), other, b"hello", &signature));
    }
}

/// The neutral point as a key and in the signature satisfies the ed25519 equation for every message.
#[test]
fn a_key_that_fits_every_message_proves_nothing() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&neutral);
    for message in [&b"hello"[..], b"transfer everything"] {
        assert!(!verify(
            &AccountId(neutral),
            Scheme::Ed25519,
            message,
            &Signature(signature)
        ));
    }
}

#[test]
fn people_sign_text_and_hexadecimal_and_wrapped_text() {
    let alice = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let account = alice.account();
    let accepted =
        |text: &str, signed: &[u8]| verify_text(&account, Scheme::Sr25519, text, &alice.sign(signed));
    assert!(accepted("hello", b"hello"));
    assert!(accepted("hello", b"<Bytes>hello</Bytes>"));
    assert!(accepted("0x68656c6c6f", b"hello"));
    assert!(!accepted("0x68656c6c6f", b"0x68656c6c6f"));
    assert!(
        !accepted("0xhello", b"0xhello"),
        "neither text nor bytes: no tool would accept it"
    );
    assert_eq!(message_bytes("0xhello"), Err(SignatureError::MessageHex));
}
