//! Wallet folders on a real disk.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::{
    Encryption, KeyError, KeyRole, KeyfileError, NameProblem, Overwrite, Pair, Protection, Retry, Scheme,
    Wallet, WordCount,
};
use secrecy::SecretString;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Barrier},
    thread,
};

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

/// Every path below a folder with the octal mode of each.
#[cfg(unix)]
fn modes(root: &Path) -> BTreeMap<String, String> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, format!("{:#o}", metadata.permissions().mode() & 0o777));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn a_wallet_lies_where_the_real_one_lies_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path().join("wallets"), "vec", "hk1");
    wallet
        .create_coldkey(&pair("//Cold"), &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    wallet
        .create_hotkey(&pair("//Hot"), &Protection::Plain, Overwrite::Refuse)
        .unwrap();

    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/wire/keyfiles.json");
    let vectors: Value = serde_json::from_slice(&fs_err::read(vectors).unwrap()).unwrap();
    let expected: BTreeMap<String, String> = vectors["layout"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            // The real wallet leaves folders open to everybody's eyes; here they are closed.
            let mode = if row["type"] == "dir" {
                "0o700"
            } else {
                row["mode"].as_str().unwrap()
            };
            (row["path"].as_str().unwrap().to_owned(), mode.to_owned())
        })
        .collect();
    assert_eq!(modes(&folder.path().join("wallets")), expected);
}

#[test]
fn keys_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    let (cold, phrase) = Pair::generate(Scheme::Sr25519, WordCount::TwentyFour).unwrap();
    let (hot, _) = Pair::generate(Scheme::Ed25519, WordCount::Twelve).unwrap();
    wallet
        .create_coldkey(&cold, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    wallet
        .create_hotkey(&hot, &Protection::Plain, Overwrite::Refuse)
        .unwrap();

    let read = wallet.coldkey(None).unwrap();
    assert_eq!(read.expose_mnemonic().unwrap(), &phrase);
    assert_eq!(read.expose_private_key(), cold.expose_private_key());
    assert_eq!(
        wallet.hotkey(None).unwrap().public(),
        hot.public(),
        "the scheme is kept"
    );
    assert_eq!(
        (wallet.coldkeypub().unwrap(), wallet.hotkeypub().unwrap()),
        (cold.account(), hot.account())
    );

    // A password that is part of a key has no place in a keyfile, so neither has the phrase without it.
    let hidden = Pair::from_mnemonic(phrase.expose_phrase(), Scheme::Sr25519, Some("more")).unwrap();
    let wallet = wallet.with_hotkey("hidden");
    wallet
        .create_hotkey(&hidden, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    let read = wallet.hotkey(None).unwrap();
    assert_eq!(read.account(), hidden.account());
    assert!(read.expose_mnemonic().is_none());
    assert_eq!(read.expose_seed(), hidden.expose_seed());
}

#[test]
fn an_existing_key_stays_until_replacing_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    let (old, new) = (pair("//Old"), pair("//New"));
    wallet
        .create_hotkey(&old, &Protection::Plain, Overwrite::Refuse)
        .unwrap();

    let refused = wallet
        .create_hotkey(&new, &Protection::Plain, Overwrite::Refuse)
        .unwrap_err();
    let path = wallet.keyfile(KeyRole::Hotkey).unwrap().path().to_owned();
    assert!(
        matches!(&refused, KeyError::AlreadyExists { path: named } if *named == path || named.ends_with("workerpub.txt"))
    );
    assert_eq!(wallet.hotkey(None).unwrap().public(), old.public());
    assert_eq!(wallet.hotkeypub().unwrap(), old.account());

    wallet
        .create_hotkey(&new, &Protection::Plain, Overwrite::Replace)
        .unwrap();
    assert_eq!(wallet.hotkey(None).unwrap().public(), new.public());
    assert_eq!(wallet.hotkeypub().unwrap(), new.account());
}

#[test]
fn a_public_wallet_takes_its_own_secret_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "watch", "default");
    let (own, other) = (pair("//Own"), pair("//Other"));
    wallet
        .create_public(KeyRole::Coldkey, &own.public(), Overwrite::Refuse)
        .unwrap();
    assert_eq!(wallet.coldkeypub().unwrap(), own.account());
    let error = wallet.coldkey(None).unwrap_err();
    assert!(
        matches!(
            error,
            KeyError::PublicOnly { account, .. } if account == own.account()
        ),
        "{error}"
    );

    let error = wallet
        .create_coldkey(&other, &Protection::Plain, Overwrite::Refuse)
        .unwrap_err();
    assert!(matches!(error, KeyError::AlreadyExists { .. }), "{error}");
    assert!(
        !wallet.keyfile(KeyRole::Coldkey).unwrap().exists(),
        "nothing is written when it is refused"
    );

    wallet
        .create_coldkey(&own, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    // From here on the public file is the secret's, and cannot be pointed elsewhere.
    wallet
        .create_public(KeyRole::Coldkey, &other.public(), Overwrite::Replace)
        .unwrap_err();
    assert_eq!(wallet.coldkeypub().unwrap(), own.account());
}

#[test]
fn of_two_that_write_at_once_one_wins_whole() {
    let folder = tempfile::tempdir().unwrap();
    let start = Arc::new(Barrier::new(8));
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let (wallet, start) = (Wallet::open(folder.path(), "alpha", "worker"), Arc::clone(&start));
            thread::spawn(move || {
                let key = pair(&format!("//{number}"));
                start.wait();
                wallet
                    .create_hotkey(&key, &Protection::Plain, Overwrite::Refuse)
                    .map(|()| key.account())
            })
        })
        .collect();
    let results: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    let winners: Vec<_> = results.iter().flatten().collect();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    assert_eq!(winners, [&wallet.hotkey(None).unwrap().account()]);
    assert_eq!(*winners[0], wallet.hotkeypub().unwrap());
    let leftovers = fs_err::read_dir(folder.path().join("alpha/hotkeys"))
        .unwrap()
        .count();
    assert_eq!(leftovers, 2, "no temporary file stays behind");
}

#[test]
fn the_public_half_is_seen_without_its_file_when_the_secret_is_plain() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    let key = pair("//Hot");
    wallet
        .create_hotkey(&key, &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    fs_err::remove_file(wallet.keyfile(KeyRole::HotkeyPublic).unwrap().path()).unwrap();
    assert_eq!(wallet.hotkeypub().unwrap(), key.account());

    let missing = wallet.with_hotkey("nobody").hotkeypub().unwrap_err();
    assert!(
        matches!(
            missing,
            KeyError::Missing {
                role: KeyRole::Hotkey,
                ..
            }
        ),
        "{missing}"
    );
    assert_eq!(missing.retry(), Retry::Never);
}

#[test]
fn a_file_whose_address_is_not_its_secrets_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    wallet
        .create_hotkey(&pair("//Hot"), &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    let path = wallet.keyfile(KeyRole::Hotkey).unwrap().path().to_owned();
    let forged = fs_err::read_to_string(&path).unwrap().replace(
        &pair("//Hot").account().to_string(),
        &pair("//Other").account().to_string(),
    );
    fs_err::write(&path, forged).unwrap();
    let error = wallet.hotkey(None).unwrap_err();
    assert!(
        matches!(&error, KeyError::Keyfile { source: KeyfileError::AddressMismatch { recorded, derived }, .. }
            if *recorded == pair("//Other").account() && *derived == pair("//Hot").account()),
        "{error:?}"
    );
}

#[test]
fn a_seed_that_fits_the_address_wins_over_a_phrase_that_does_not() {
    // What wallets up to 7.4 read from files whose phrase had a password: the seed came first there.
    let words = assay_keys::DEV_PHRASE;
    let with_password = Pair::from_mnemonic(words, Scheme::Sr25519, Some("more")).unwrap();
    let contents = serde_json::json!({
        "secretPhrase": words,
        "secretSeed": hex::encode(with_password.expose_seed().unwrap()),
        "ss58Address": with_password.account(),
    });
    let read = assay_keys::keyfile::decode(contents.to_string().as_bytes(), None).unwrap();
    assert_eq!(read.public(), with_password.public());
}

#[test]
fn names_that_would_leave_the_folder_or_hide_a_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("", NameProblem::Empty),
        ("..", NameProblem::Hidden),
        (".hidden", NameProblem::Hidden),
        ("../alpha", NameProblem::Separator),
        ("a\\b", NameProblem::Separator),
        ("a\0b", NameProblem::Separator),
        ("workerpub.txt", NameProblem::PublicEnding),
        (&"n".repeat(201), NameProblem::TooLong),
    ] {
        for wallet in [
            Wallet::open(folder.path(), name, "worker"),
            Wallet::open(folder.path(), "alpha", name),
        ] {
            let error = wallet
                .create_hotkey(&pair("//Hot"), &Protection::Plain, Overwrite::Replace)
                .unwrap_err();
            assert!(
                matches!(error, KeyError::Name { problem, .. } if problem == expected),
                "{name:?}: {error}"
            );
        }
    }
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_list_shows_every_key_and_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Wallet::list(&folder.path().join("nowhere")).unwrap().is_empty());

    let alpha = Wallet::open(folder.path(), "alpha", "worker");
    alpha
        .create_coldkey(&pair("//Cold"), &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    alpha
        .create_hotkey(&pair("//Hot"), &Protection::Plain, Overwrite::Refuse)
        .unwrap();
    alpha
        .with_hotkey("far")
        .create_public(KeyRole::Hotkey, &pair("//Far").public(), Overwrite::Refuse)
        .unwrap();
    let hotkeys = folder.path().join("alpha/hotkeys");
    fs_err::write(hotkeys.join("broken"), "not a key").unwrap();
    fs_err::write(hotkeys.join(".assay-x.tmp"), "left over").unwrap();
    fs_err::create_dir_all(folder.path().join("notes")).unwrap();
    fs_err::write(folder.path().join("a file"), "x").unwrap();

    let wallets = Wallet::list(folder.path()).unwrap();
    assert_eq!(
        wallets
            .iter()
            .map(|wallet| wallet.name.as_str())
            .collect::<Vec<_>>(),
        ["alpha"]
    );
    let coldkey = wallets[0].coldkey.as_ref().unwrap();
    assert_eq!(coldkey.public.as_ref().unwrap().account, pair("//Cold").account());
    let shown: Vec<_> = wallets[0]
        .hotkeys
        .iter()
        .map(|hotkey| {
            let account = hotkey.key.public.as_ref().ok().map(|key| key.account);
            (hotkey.name.as_str(), account, hotkey.key.secret)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("broken", None, Some(Encryption::Plain)),
            ("far", Some(pair("//Far").account()), None),
            ("worker", Some(pair("//Hot").account()), Some(Encryption::Plain)),
        ]
    );
}

#[test]
fn files_that_are_no_keyfiles_are_refused_without_reading_on() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    let path = wallet.keyfile(KeyRole::Hotkey).unwrap().path().to_owned();
    fs_err::create_dir_all(&path).unwrap();
    assert!(
        matches!(wallet.hotkey(None).unwrap_err(), KeyError::Io { .. }),
        "a folder"
    );
    fs_err::remove_dir(&path).unwrap();

    fs_err::write(&path, vec![b'['; 70_000]).unwrap();
    let error = wallet.hotkey(None).unwrap_err();
    assert!(
        matches!(
            error,
            KeyError::Keyfile {
                source: KeyfileError::TooLarge,
                ..
            }
        ),
        "{error:?}"
    );
    fs_err::write(&path, "").unwrap();
    let error = wallet.hotkey(None).unwrap_err();
    assert!(
        matches!(
            error,
            KeyError::Keyfile {
                source: KeyfileError::Empty,
                ..
            }
        ),
        "{error:?}"
    );
}

/// Three key derivations: one to write, one with the wrong password, one with the right one.
#[test]
fn an_encrypted_coldkey_opens_with_its_password_only() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::open(folder.path(), "alpha", "worker");
    let key = pair("//Cold");
    let password = SecretString::from("pässword of mine");
    wallet
        .create_coldkey(&key, &Protection::Password(password.clone()), Overwrite::Refuse)
        .unwrap();
    let contents = fs_err::read(wallet.keyfile(KeyRole::Coldkey).unwrap().path()).unwrap();
    assert_eq!(Encryption::detect(&contents), Encryption::Nacl);

    assert_eq!(
        wallet.coldkeypub().unwrap(),
        key.account(),
        "the public file needs no password"
    );
    assert_eq!(wallet.coldkey(None).unwrap_err().retry(), Retry::WithPassword);
    let error = wallet
        .coldkey(Some(&SecretString::from("another password")))
        .unwrap_err();
    assert_eq!(error.retry(), Retry::WithOtherPassword);
    assert!(error.is_wrong_password());
    assert_eq!(wallet.coldkey(Some(&password)).unwrap().public(), key.public());
}
