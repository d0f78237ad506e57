//! Wallets across implementations: Assay's in bittensor 10.5 and 11.3, and theirs in Assay.
//!
//! Each direction opens one encrypted coldkey (seconds and 512 MiB on either side) and a plain hotkey, under both
//! schemes, and checks signatures both ways.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::{
    AccountId, Encryption, KeyRole, Overwrite, Pair, Passwords, Protection, Scheme, Signature, Wallet,
    WordCount, verify,
};
use assay_peers::{Python, Script};
use secrecy::SecretString;
use serde_json::Value;
use std::{path::Path, time::Duration};

const PASSWORD: &str = "correct horse 9 bättery";
const MESSAGE: &[u8] = b"1700000000000000000.5Fabc\x00\xff";

fn script(venv: &str, name: &str) -> Script {
    Python::venv(venv)
        .script(format!("conformance/{venv}/{name}.py"))
        .env("PASSWORD", PASSWORD)
        // On a busy machine one key derivation takes the better part of a minute.
        .timeout(Duration::from_secs(240))
}

/// The one answer that a script prints.
fn answer(lines: Vec<Value>) -> Value {
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.into_iter().next().unwrap()
}

fn account(value: &Value) -> AccountId {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no address"))
        .parse()
        .unwrap()
}

fn signature(value: &Value) -> Signature {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no signature"))
        .parse()
        .unwrap()
}

fn generate(scheme: Scheme) -> Pair {
    Pair::generate(scheme, WordCount::Twelve).unwrap().0
}

fn our_wallet_opens_there(venv: &str) {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "ours", "worker");
    // An sr25519 coldkey with an ed25519 hotkey: both schemes for one key derivation.
    let (cold, hot) = (generate(Scheme::Sr25519), generate(Scheme::Ed25519));
    let password = Protection::Password(SecretString::from(PASSWORD));
    wallet
        .create_coldkey(&cold, &password, Overwrite::Refuse)
        .unwrap();
    wallet
        .create_hotkey(&hot, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    open_and_compare(venv, &wallet, &cold, &hot);
}

fn open_and_compare(venv: &str, wallet: &Wallet, cold: &Pair, hot: &Pair) {
    let mut open = script(venv, "wallet_open")
        .arg(wallet.path())
        .arg(wallet.name())
        .arg(wallet.hotkey_name())
        .arg(hex::encode(MESSAGE));
    for message in [MESSAGE, b"another message"] {
        for (role, pair) in [("coldkey", cold), ("hotkey", hot)] {
            open = open.arg(role).arg(hex::encode(pair.sign(message).0));
        }
    }
    let seen = answer(open.run());
    for (role, pair) in [("coldkey", cold), ("hotkey", hot)] {
        assert_eq!(account(&seen[role]["account"]), pair.account());
        assert_eq!(account(&seen[format!("{role}pub")]), pair.account());
        assert_eq!(seen[role]["crypto_type"], pair.scheme().crypto_type());
        assert!(
            pair.public()
                .verify(MESSAGE, &signature(&seen[role]["signature"])),
            "{role}"
        );
    }
    assert_eq!(seen["coldkey_encrypted"], true);
    assert_eq!(seen["hotkey_encrypted"], false);
    assert_eq!(seen["verified"], serde_json::json!([true, true, false, false]));
}

fn their_wallet_opens_here(venv: &str, scheme: Scheme) {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "theirs", "worker");
    let made = answer(
        script(venv, "wallet_make")
            .arg(folder.path())
            .arg("theirs")
            .arg("worker")
            .arg(scheme.crypto_type().to_string())
            .arg(hex::encode(MESSAGE))
            .run(),
    );
    // The password comes the way their library would leave it in the environment.
    let file = wallet.keyfile(KeyRole::Coldkey).unwrap();
    assert_eq!(file.encryption().unwrap(), Encryption::Nacl);
    let cold = file.unlock(&their_environment(file.path(), &made)).unwrap();
    let hot = wallet.hotkey(None).unwrap();
    for (role, pair, public) in [
        ("coldkey", &cold, wallet.coldkeypub().unwrap()),
        ("hotkey", &hot, wallet.hotkeypub().unwrap()),
    ] {
        assert_eq!(
            (pair.account(), public),
            (account(&made[role]["account"]), pair.account())
        );
        assert_eq!(pair.scheme(), scheme);
        assert!(
            verify(&public, scheme, MESSAGE, &signature(&made[role]["signature"])),
            "{role}"
        );
    }
    let listed = Wallet::list(folder.path()).unwrap();
    assert_eq!(
        listed[0].coldkey.as_ref().unwrap().public.as_ref().unwrap(),
        &cold.public()
    );
    assert_eq!(listed[0].hotkeys[0].key.public.as_ref().unwrap(), &hot.public());

    // Written again by us, the same keys open there once more.
    let again = Wallet::open(folder.path(), "again", "worker");
    let password = Protection::Password(SecretString::from(PASSWORD));
    again.create_coldkey(&cold, &password, Overwrite::Refuse).unwrap();
    again
        .create_hotkey(&hot, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    open_and_compare(venv, &again, &cold, &hot);
}

fn their_environment(path: &Path, made: &Value) -> Passwords {
    Passwords::from_environment(path, None, |name| {
        (name == made["password_variable"]).then(|| made["password_value"].as_str().unwrap().to_owned())
    })
    .unwrap()
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn our_wallet_opens_in_bittensor_10() {
    our_wallet_opens_there("sdk10");
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn our_wallet_opens_in_bittensor_11() {
    our_wallet_opens_there("sdk11");
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn a_wallet_of_bittensor_10_opens_here() {
    their_wallet_opens_here("sdk10", Scheme::Ed25519);
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn a_wallet_of_bittensor_11_opens_here() {
    their_wallet_opens_here("sdk11", Scheme::Sr25519);
}
