//! Passwords from the environment, and what a new one must be.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::{
    KeyError, KeyRole, KeyfileError, PasswordSource, PasswordWeakness, Wallet, check_new_password,
    variable_name,
};
use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use std::{collections::HashMap, path::Path};

const PASSWORD: &str = "correct horse 9 battery";

/// A wallet whose coldkey is the Ansible file of the vectors, which opens quickly.
fn wallet(folder: &Path) -> Wallet {
    let sealed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/wire/files/hotkey.ansible");
    let wallet = Wallet::open(folder, "my-wallet", "default");
    let path = wallet.keyfile(KeyRole::Coldkey).unwrap().path().to_owned();
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::copy(sealed, path).unwrap();
    wallet
}

fn encoded(name: &str, password: &str) -> String {
    let bytes: Vec<u8> = password
        .bytes()
        .zip(name.bytes().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn every_variable_opens_the_coldkey() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = wallet(folder.path());
    let file = wallet.keyfile(KeyRole::Coldkey).unwrap();
    let of_path = variable_name(file.path());
    let password_file = folder.path().join("password");
    fs_err::write(&password_file, format!("{PASSWORD}\nsecond line\n")).unwrap();
    let password_file = password_file.to_str().unwrap();
    for (name, value) in [
        (of_path.as_str(), encoded(&of_path, PASSWORD)),
        (&of_path, PASSWORD.to_owned()),
        (&format!("{of_path}_FILE"), password_file.to_owned()),
        ("BT_COLD_PW_MY_WALLET", PASSWORD.to_owned()),
        ("BT_COLD_PW_MY_WALLET_FILE", password_file.to_owned()),
        ("BT_WALLET_PASSWORD", PASSWORD.to_owned()),
        ("BT_WALLET_PASSWORD_FILE", password_file.to_owned()),
    ] {
        let passwords = wallet
            .passwords(KeyRole::Coldkey, |wanted| (wanted == name).then(|| value.clone()))
            .unwrap();
        let opened = file
            .unlock(&passwords)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(
            opened.account().to_string(),
            "5EPCUjPxiHAcNooYipQFWr9NmmXJKpNG5RhcntXwbtUySrgH"
        );
    }
}

#[test]
fn candidates_are_tried_in_turn_and_the_most_specific_first() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = wallet(folder.path());
    let file = wallet.keyfile(KeyRole::Coldkey).unwrap();
    let of_path = variable_name(file.path());
    // Valid base-64, so that it might be an encoded password as well.
    let ambiguous = encoded(&of_path, "decoded");
    let mut environment = HashMap::from([
        (of_path.clone(), ambiguous.clone()),
        ("BT_COLD_PW_MY_WALLET".to_owned(), ambiguous.clone()),
        ("BT_WALLET_PASSWORD".to_owned(), "wrong".to_owned()),
    ]);
    let passwords = wallet
        .passwords(KeyRole::Coldkey, |name| environment.get(name).cloned())
        .unwrap();
    let seen: Vec<_> = passwords
        .iter()
        .map(|(from, password)| (from.clone(), password.expose_secret().to_owned()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                PasswordSource::EncodedVariable(of_path.clone()),
                "decoded".to_owned()
            ),
            (PasswordSource::Variable(of_path), ambiguous),
            (
                PasswordSource::Variable("BT_WALLET_PASSWORD".to_owned()),
                "wrong".to_owned()
            ),
        ],
        "the same password is not tried twice"
    );
    let error = file.unlock(&passwords).unwrap_err();
    assert!(error.is_wrong_password(), "{error:?}");

    environment.insert("BT_WALLET_PASSWORD".to_owned(), PASSWORD.to_owned());
    let passwords = wallet
        .passwords(KeyRole::Coldkey, |name| environment.get(name).cloned())
        .unwrap();
    file.unlock(&passwords).unwrap();

    // A hotkey has a password of its own; the coldkey's does not leak into trying it.
    let of_hotkey = wallet
        .passwords(KeyRole::Hotkey, |name| environment.get(name).cloned())
        .unwrap();
    assert!(of_hotkey.is_empty());
}

#[test]
fn without_any_password_the_file_asks_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = wallet(folder.path());
    let passwords = wallet
        .passwords(KeyRole::Coldkey, |_| Some(String::new()))
        .unwrap();
    assert!(passwords.is_empty(), "empty variables count as unset");
    let error = wallet
        .keyfile(KeyRole::Coldkey)
        .unwrap()
        .unlock(&passwords)
        .unwrap_err();
    assert!(
        matches!(
            error,
            KeyError::Keyfile {
                source: KeyfileError::PasswordNeeded { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_password_file_that_is_not_there_is_an_error_and_not_a_missing_password() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = wallet(folder.path());
    let gone = folder.path().join("gone").to_str().unwrap().to_owned();
    let error = wallet
        .passwords(KeyRole::Coldkey, |name| {
            (name == "BT_WALLET_PASSWORD_FILE").then(|| gone.clone())
        })
        .unwrap_err();
    assert!(
        matches!(&error, KeyError::Io { path, .. } if path.ends_with("gone")),
        "{error:?}"
    );
}

#[test]
fn new_passwords_that_are_guessed_first_are_refused() {
    for (password, expected) in [
        ("", Err(PasswordWeakness::TooShort { characters: 0 })),
        ("äöüß123", Err(PasswordWeakness::TooShort { characters: 7 })),
        ("aaaabbbbcccc", Err(PasswordWeakness::TooUniform { different: 3 })),
        ("abcdabcde", Ok(())),
        ("correct horse", Ok(())),
    ] {
        assert_eq!(
            check_new_password(&SecretString::from(password)),
            expected,
            "{password}"
        );
    }
}
