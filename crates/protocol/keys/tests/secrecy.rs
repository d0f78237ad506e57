//! Secrets are in no `Debug`, no error and no file name, and are wiped.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::{
    KeyError, KeyMaterial, KeyRole, Keyfile, Mnemonic, Overwrite, Pair, Passwords, Protection, Scheme,
    Wallet,
    keyfile::{NaclKey, decode, encode},
};
use secrecy::SecretString;
use std::{error::Error, fmt::Debug, path::Path};
use zeroize::ZeroizeOnDrop;

const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// Forms in which the secrets of the phrase could show.
fn secrets() -> Vec<String> {
    let pair = Pair::from_mnemonic(PHRASE, Scheme::Sr25519, None).unwrap();
    let seed = pair.expose_seed().unwrap();
    vec![
        "legal winner".to_owned(),
        "sausage".to_owned(),
        hex::encode(seed),
        hex::encode(&pair.expose_private_key()[..32]),
        format!("{:?}", &seed[..8]).trim_matches(['[', ']']).to_owned(),
        "pass phrase".to_owned(),
    ]
}

fn assert_silent(what: &impl Debug) {
    for shown in [format!("{what:?}"), format!("{what:#?}")] {
        for secret in secrets() {
            assert!(!shown.contains(&secret), "{secret} shows in {shown}");
        }
    }
}

#[test]
fn debug_shows_the_account_and_nothing_else() {
    for scheme in [Scheme::Sr25519, Scheme::Ed25519] {
        let pair = Pair::from_mnemonic(PHRASE, scheme, None).unwrap();
        assert_eq!(format!("{pair:?}"), format!("Pair({scheme}, {})", pair.account()));
        assert_silent(&KeyMaterial::Secret(Box::new(pair)));
    }
    assert_eq!(
        format!("{:?}", Mnemonic::parse(PHRASE).unwrap()),
        "Mnemonic(12 hidden words)"
    );
    assert_silent(&NaclKey::from_bytes(&[7; 32]));
    assert_silent(&Protection::Password(SecretString::from("pass phrase")));
    let environment = |name: &str| (name == "BT_WALLET_PASSWORD").then(|| "pass phrase".to_owned());
    assert_silent(&Passwords::from_environment(Path::new("coldkey"), Some("alpha"), environment).unwrap());
}

#[test]
fn errors_name_the_fault_and_not_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let pair = Pair::from_mnemonic(PHRASE, Scheme::Sr25519, None).unwrap();
    let good = String::from_utf8(encode(&pair).to_vec()).unwrap();
    let mut errors = Vec::new();
    // Files cut, mistyped, or of the wrong shape: a JSON error by itself would quote what it found.
    for contents in [
        PHRASE.to_owned(),
        format!("\"{PHRASE}\""),
        format!("[\"{PHRASE}\"]"),
        format!("{{\"secretPhrase\": [\"{PHRASE}\"]}}"),
        format!("{{\"cryptoType\": \"{PHRASE}\"}}"),
        format!("{{\"ss58Address\": \"{PHRASE}\"}}"),
        good[..good.len() / 2].to_owned(),
        good.replace("legal", "illegal"),
        good.replace("thank year", "year thank"),
    ] {
        fs_err::write(&path, contents).unwrap();
        errors.push(Keyfile::at(&path, KeyRole::Hotkey).read_pair(None).unwrap_err());
    }
    for uri in [
        format!("{PHRASE} legal"),
        format!("{PHRASE}//"),
        format!("{PHRASE}!"),
        PHRASE.replace("wave", "wafe"),
    ] {
        errors.push(Pair::from_uri(&uri, Scheme::Sr25519).unwrap_err());
    }
    errors.push(Pair::from_private_key(&pair.expose_private_key()[..63], Scheme::Sr25519).unwrap_err());
    for error in &errors {
        assert_silent(error);
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            for secret in secrets() {
                assert!(!error.to_string().contains(&secret), "{secret} shows in {error}");
            }
            cause = error.source();
        }
    }
}

#[test]
fn a_word_that_is_wrong_is_named_by_its_place() {
    let error = Mnemonic::parse(&PHRASE.replace("wave", "wafe")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "word 5 of the recovery phrase is not on the English word list: check its spelling"
    );
}

#[test]
fn encrypted_files_show_nothing_of_the_key() {
    let pair = Pair::from_mnemonic(PHRASE, Scheme::Sr25519, None).unwrap();
    let sealed = NaclKey::from_bytes(&[7; 32]).seal(&encode(&pair)).unwrap();
    let shown = String::from_utf8_lossy(&sealed);
    for secret in secrets() {
        assert!(!shown.contains(&secret));
    }
    assert!(decode(&sealed, None).is_err());

    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    wallet
        .create_hotkey(&pair, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    let public = fs_err::read_to_string(wallet.keyfile(KeyRole::HotkeyPublic).unwrap().path()).unwrap();
    for secret in secrets() {
        assert!(!public.contains(&secret), "a public file holds {secret}");
    }
}

#[test]
fn types_that_hold_secrets_are_wiped_when_dropped() {
    fn wiped<T: ZeroizeOnDrop>() {}
    wiped::<Pair>();
    wiped::<Mnemonic>();
    wiped::<NaclKey>();
    // And an error can cross threads, as everything that is reported must.
    fn sendable<T: Send + Sync + 'static>() {}
    sendable::<KeyError>();
    sendable::<Pair>();
}
