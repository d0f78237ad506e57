//! Ciphertexts and signatures through the public surface, with the network's own numbers where there are some.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use assay_timelock::{
    Beacon, DecryptError, OpenedWeights, OsRng, PublicKey, Round, SecretKey, Signature, WeightsPayload,
    decrypt, encrypt,
};
use proptest::prelude::*;

/// What quicknet published in round 1000.
const ROUND_1000: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

fn quicknet() -> PublicKey {
    PublicKey::from_bytes(&Beacon::quicknet().public_key).unwrap()
}

fn round_1000() -> Signature {
    Signature::from_bytes(&hex::decode(ROUND_1000).unwrap()).unwrap()
}

fn row() -> WeightsPayload {
    WeightsPayload {
        hotkey: [9; 32],
        uids: vec![0, 1],
        values: vec![10, 20],
        version_key: 3,
    }
}

#[test]
fn the_networks_signature_verifies_for_its_round_alone() {
    assert!(quicknet().verify(Round(1000), &round_1000()));
    assert!(!quicknet().verify(Round(1001), &round_1000()));
    let own = SecretKey::from_seed(b"seed");
    assert!(!own.public().verify(Round(1000), &round_1000()));
    assert!(own.public().verify(Round(5), &own.sign(Round(5))));
    assert_eq!(own.public(), SecretKey::from_seed(b"seed").public());
    assert_ne!(own.public(), SecretKey::from_seed(b"other").public());
}

#[test]
fn a_text_opens_with_its_rounds_signature_and_no_other() {
    let sealed = encrypt(&quicknet(), Round(1000), b"this is a test", &mut OsRng).unwrap();
    assert_eq!(sealed.len(), 244 + 14);
    assert_eq!(decrypt(&sealed, &round_1000()).unwrap(), b"this is a test");
    let other = SecretKey::from_seed(b"seed").sign(Round(1000));
    assert_eq!(decrypt(&sealed, &other), Err(DecryptError::WrongSignature));

    let mut altered = sealed.clone();
    let text = altered.len() - 60;
    altered[text] ^= 1;
    assert_eq!(decrypt(&altered, &round_1000()), Err(DecryptError::Altered));
    let padded = [&sealed[..], b"more"].concat();
    assert_eq!(decrypt(&padded, &round_1000()).unwrap(), b"this is a test");
}

#[test]
fn a_commit_of_two_uids_has_the_size_that_others_measured() {
    let text = row().encode();
    let sealed = encrypt(&quicknet(), Round(1000), &text, &mut OsRng).unwrap();
    assert_eq!(sealed.len(), 295);
}

#[test]
fn the_older_row_is_told_from_the_present_one() {
    assert_eq!(
        OpenedWeights::decode(&row().encode()),
        Ok(OpenedWeights::Signed(row()))
    );
    // Without the 33 bytes of the hotkey and its length.
    let older = &row().encode()[33..];
    assert_eq!(
        OpenedWeights::decode(older),
        Ok(OpenedWeights::Unsigned {
            uids: vec![0, 1],
            values: vec![10, 20],
            version_key: 3
        })
    );
    assert!(OpenedWeights::decode(b"neither").is_err());
}

#[test]
fn every_part_that_is_cut_off_is_named() {
    let sealed = encrypt(&quicknet(), Round(1), b"text", &mut OsRng).unwrap();
    let part = |length: usize| match decrypt(&sealed[..length], &round_1000()) {
        Err(DecryptError::Malformed(malformed)) => malformed.part,
        other => panic!("{length}: {other:?}"),
    };
    assert_eq!(part(0), "the point");
    assert_eq!(part(100), "the masked seed");
    assert_eq!(part(150), "the masked key");
    assert_eq!(part(200), "the body");
    assert_eq!(part(sealed.len() - 1), "the cipher suite");
    // A length of 2^64 - 1 in the place of the body's.
    let mut endless = sealed.clone();
    endless[176..184].fill(0xff);
    assert!(decrypt(&endless, &round_1000()).is_err());
}

#[test]
fn only_the_cipher_that_there_is_may_be_named() {
    let secret = SecretKey::from_seed(b"seed");
    let sealed = encrypt(&secret.public(), Round(7), b"abcdef", &mut OsRng).unwrap();
    let opened = |sealed: &[u8]| decrypt(sealed, &secret.sign(Round(7)));
    let other = |name: &str| {
        Err(DecryptError::OtherCipher {
            name: name.to_owned(),
        })
    };
    assert_eq!(&sealed[242..], b"AES_GCM_");

    // The length before the name. Shorter, and the rest would be taken for bytes behind the ciphertext.
    let mut altered = sealed.clone();
    altered[234] = 0;
    assert_eq!(opened(&altered), other(""));
    altered[234] = 7;
    assert_eq!(opened(&altered), other("AES_GCM"));
    altered[234] = 9;
    assert!(matches!(opened(&altered), Err(DecryptError::Malformed(_))));
    altered.push(b'\n');
    assert_eq!(opened(&altered), other("AES_GCM_\\n"));

    // The name itself.
    let mut altered = sealed.clone();
    altered[249] = b'X';
    assert_eq!(opened(&altered), other("AES_GCMX"));
    let error = opened(&altered).unwrap_err();
    assert!(error.to_string().contains("AES_GCM_"), "{error}");
}

#[test]
fn points_outside_the_groups_are_refused() {
    assert!(PublicKey::from_bytes(&[0; 96]).is_err());
    assert!(PublicKey::from_bytes(&Beacon::quicknet().public_key[..95]).is_err());
    assert!(Signature::from_bytes(&[0xff; 48]).is_err());
    let error = Signature::from_bytes(b"").unwrap_err();
    assert!(error.to_string().contains("48 bytes"), "{error}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(decrypt(&bytes, &round_1000()).is_err());
        let _ = OpenedWeights::decode(&bytes);
    }

    #[test]
    fn a_ciphertext_with_a_byte_changed_does_not_open(place in 0usize..250, change in 1u8..) {
        let secret = SecretKey::from_seed(b"seed");
        let mut sealed = encrypt(&secret.public(), Round(7), b"abcdef", &mut OsRng).unwrap();
        sealed[place] ^= change;
        prop_assert!(decrypt(&sealed, &secret.sign(Round(7))).is_err());
    }
}
