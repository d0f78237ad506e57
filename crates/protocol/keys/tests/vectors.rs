//! Keys, signatures and keyfiles of bittensor-wallet 4.1.1 (`vectors/wire/`), every row.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_keys::{
    AccountId, Encryption, KeyMaterial, Mnemonic, Pair, Passwords, Scheme, Signature, Ss58Prefix,
    decode_ss58, encode_ss58,
    keyfile::{NaclKey, decode, encode, encode_public},
    variable_name, verify, verify_text,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/wire")
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&fs_err::read(vectors().join(file)).unwrap()).unwrap()
}

fn raw(file: &str) -> Vec<u8> {
    fs_err::read(vectors().join("files").join(file)).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value).trim_start_matches("0x")).unwrap()
}

fn scheme(row: &Value) -> Scheme {
    Scheme::from_crypto_type(row["crypto_type"].as_u64().unwrap()).unwrap()
}

/// The pair is the row's, in every form that can be compared.
fn assert_pair(pair: &Pair, row: &Value, name: &str) {
    assert_eq!(pair.scheme(), scheme(row), "{name}");
    assert_eq!(pair.account().to_string(), text(&row["ss58"]), "{name}");
    assert_eq!(pair.account().0.to_vec(), bytes(&row["public_key"]), "{name}");
}

#[test]
fn phrases_give_the_wallets_seeds_keys_and_addresses() {
    let rows = json("keypairs.json");
    for kind in ["mnemonics", "ed25519"] {
        for (name, row) in rows[kind].as_object().unwrap() {
            // The rows of ed25519 go without the phrase, which is that of the same name.
            let phrase = text(&rows["mnemonics"][name]["mnemonic"]);
            let pair = Pair::from_mnemonic(phrase, scheme(row), None).unwrap();
            assert_pair(&pair, row, name);
            assert_eq!(
                pair.expose_private_key().to_vec(),
                bytes(&row["private_key_64"]),
                "{name}"
            );
            assert_eq!(
                pair.expose_seed().unwrap().to_vec(),
                bytes(&row["seed"]),
                "{name}"
            );
            assert_eq!(pair.expose_mnemonic().unwrap().expose_phrase(), phrase);
            let again = Pair::from_private_key(&pair.expose_private_key(), pair.scheme()).unwrap();
            assert_eq!(again.public(), pair.public());
        }
    }
    for row in rows["invalid_mnemonics"].as_array().unwrap() {
        Mnemonic::parse(text(&row["mnemonic"])).unwrap_err();
    }
}

#[test]
fn uris_and_seeds_give_the_wallets_keys() {
    let rows = json("keypairs.json");
    for (uri, row) in rows["uris"].as_object().unwrap() {
        let pair = Pair::from_uri(uri, scheme(row)).unwrap();
        assert_pair(&pair, row, uri);
        let has_soft_step = uri.replace("///", "").replace("//", "").contains('/');
        let comparable = if has_soft_step { 32 } else { 64 };
        assert_eq!(
            pair.expose_private_key()[..comparable],
            bytes(&row["private_key_64"])[..comparable],
            "{uri}"
        );
    }
    for (seed, row) in rows["seeds"].as_object().unwrap() {
        let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
        let pair = Pair::from_seed(&seed, scheme(row));
        assert_pair(&pair, row, "seed");
        assert_eq!(pair.expose_private_key().to_vec(), bytes(&row["private_key_64"]));
    }
}

#[test]
fn addresses_of_every_prefix_stand_for_the_same_account() {
    let rows = &json("keypairs.json")["ss58"];
    let key: [u8; 32] = bytes(&rows["alice_public_key"]).try_into().unwrap();
    for row in rows["by_format"].as_array().unwrap() {
        let prefix = Ss58Prefix::new(row["format"].as_u64().unwrap().try_into().unwrap()).unwrap();
        let address = text(&row["address"]);
        assert_eq!(encode_ss58(&key, prefix), address);
        assert_eq!(decode_ss58(address).unwrap(), (key, prefix));
        assert_eq!(address.parse::<AccountId>().unwrap(), AccountId(key));
    }
    for (name, row) in rows["invalid"].as_object().unwrap() {
        decode_ss58(text(&row["address"])).expect_err(name);
    }
    // No address, but a public key, and accepted wherever an account is asked for.
    assert_eq!(
        text(&rows["invalid"]["hex_pubkey"]["address"])
            .parse::<AccountId>()
            .unwrap(),
        AccountId(key)
    );
}

#[test]
fn signatures_are_judged_as_the_wallet_judges_them() {
    for row in json("signatures.json")["rows"].as_array().unwrap() {
        let signer: AccountId = text(&row["ss58"]).parse().unwrap();
        let scheme = if text(&row["key"]).contains("ed25519") {
            Scheme::Ed25519
        } else {
            Scheme::Sr25519
        };
        let message = text(&row["message_utf8"]);
        match (
            text(&row["signature"]).parse::<Signature>(),
            row["verify"].as_bool(),
        ) {
            // The wallet raises an error where the bytes cannot be a signature.
            (Err(_), None) => {}
            (Ok(signature), Some(expected)) => {
                assert_eq!(
                    verify_text(&signer, scheme, message, &signature),
                    expected,
                    "{row}"
                );
                let wrapped = row["note"].as_str().is_some_and(|note| note.contains("<Bytes>"));
                let exact = verify(&signer, scheme, &bytes(&row["message_hex"]), &signature);
                assert_eq!(exact, expected && !wrapped, "{row}");
            }
            other => panic!("{row}: {other:?}"),
        }
    }
}

#[test]
fn ed25519_signs_as_the_sdk_11_does() {
    let request = "btauth/1\ned25519\nPOST\n/generate?stream=false\n\
        341c57448e531310fbbe83f44cea2a5e838bd9e8a6b82b269f01d0dbbc23c3cc\n1752076800000000000\n\
        5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu\n5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    let alice = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap();
    assert_eq!(
        alice.account().to_string(),
        "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu"
    );
    assert_eq!(
        alice.sign(request.as_bytes()).to_string(),
        "0x1a6b631988bf1f7ea093ab9d5acf61f05c316d0b0e428b24b487b75a5f6ee0e1\
         a56a26918fdf871b6cf09437e6588023a4ce423cf622621b2a7feee17612f704"
    );
    let sr25519 = request.replace("ed25519", "sr25519").replace(
        "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu",
        "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
    );
    let signature = "0x965127929de11aeb96e4cad5ee6e733151358a2a094789f9cb1c97d89d64e33f\
                     97bf95e471c63e94f3479a1a67c6e7b34a8f375a945b4b126557e6ca82831a8b";
    let alice = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap().public();
    assert!(alice.verify(sr25519.as_bytes(), &signature.parse().unwrap()));
}

#[test]
fn plain_and_public_files_hold_what_the_wallet_put_there() {
    let rows = json("keyfiles.json");
    for (row, file, secret) in [
        ("plain_hotkey", "hotkey.plain", true),
        ("coldkeypub", "coldkeypub.txt", false),
        ("hotkeypub", "hk1pub.txt", false),
    ] {
        let contents = raw(file);
        assert_eq!(contents, text(&rows[row]["content"]).as_bytes(), "{file}");
        assert_eq!(Encryption::detect(&contents), Encryption::Plain);
        let recorded: Value = serde_json::from_slice(&contents).unwrap();
        let material = decode(&contents, None).unwrap();
        assert_eq!(
            material.public().account.to_string(),
            text(&recorded["ss58Address"])
        );
        assert_eq!(matches!(material, KeyMaterial::Secret(_)), secret);
        // Written again, the file says the same; only cryptoType is left out for sr25519, as old wallets need it.
        let written = match &material {
            KeyMaterial::Secret(pair) => encode(pair).to_vec(),
            KeyMaterial::Public(key) => encode_public(key),
        };
        let mut written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written.get("cryptoType"), None);
        written["cryptoType"] = recorded["cryptoType"].clone();
        assert_eq!(written, recorded);
    }
}

#[test]
fn contents_are_read_as_the_wallet_reads_them() {
    for (name, row) in json("keyfiles.json")["deserialize"].as_object().unwrap() {
        let read = decode(text(&row["input"]).as_bytes(), None);
        match row.get("ss58") {
            Some(ss58) => {
                let key = read.unwrap_or_else(|error| panic!("{name}: {error}")).public();
                assert_eq!(
                    (key.account.to_string().as_str(), key.scheme),
                    (text(ss58), scheme(row)),
                    "{name}"
                );
            }
            None => drop(read.expect_err(name)),
        }
    }
}

#[test]
fn ansible_and_legacy_files_open() {
    let rows = json("keyfiles.json");
    for (row, file, contents, encryption) in [
        ("ansible", "hotkey.ansible", "text", Encryption::Ansible),
        ("legacy", "hotkey.legacy", "token", Encryption::Fernet),
    ] {
        let row = &rows[row];
        let sealed = raw(file);
        assert_eq!(sealed, text(&row[contents]).as_bytes(), "{file}");
        assert_eq!(Encryption::detect(&sealed), encryption);
        let password = SecretString::from(text(&row["password"]));
        let opened = decode(&sealed, Some(&password)).unwrap().public();
        assert_eq!(opened.account.to_string(), text(&row["ss58"]), "{file}");
    }
}

/// One key derivation of 512 MiB serves everything there is to see of NaCl files.
#[test]
fn nacl_files_open_and_are_written_alike() {
    let row = &json("keyfiles.json")["nacl"];
    let sealed = raw("coldkey.nacl");
    assert_eq!(sealed, bytes(&row["hex"]));
    assert_eq!(Encryption::detect(&sealed), Encryption::Nacl);

    let key = NaclKey::derive(&SecretString::from(text(&row["password"]))).unwrap();
    assert_eq!(key.expose_bytes().to_vec(), bytes(&row["kdf_key_hex"]));

    let plain = key.open(&sealed).unwrap();
    assert_eq!(*plain, text(&row["plaintext"]).as_bytes());
    let KeyMaterial::Secret(pair) = decode(&plain, None).unwrap() else {
        panic!("a coldkey has its secret")
    };
    assert_eq!(pair.account().to_string(), text(&row["ss58"]));

    let again = key.seal(&encode(&pair)).unwrap();
    assert_eq!(again.len(), 5 + 24 + 16 + encode(&pair).len());
    assert_ne!(again[5..29], sealed[5..29], "a nonce is used once");
    assert_eq!(*key.open(&again).unwrap(), *encode(&pair));

    let mut tampered = again;
    *tampered.last_mut().unwrap() ^= 1;
    key.open(&tampered).unwrap_err();
}

#[test]
fn the_password_variable_is_the_wallets() {
    let row = &json("keyfiles.json")["env_password"];
    let path = Path::new(text(&row["keyfile_path"]));
    let name = text(&row["env_var_name"]);
    assert_eq!(variable_name(path), name);
    let environment = |wanted: &str| (wanted == name).then(|| text(&row["env_value"]).to_owned());
    let passwords = Passwords::from_environment(path, None, environment).unwrap();
    let first = passwords.iter().next().unwrap().1.expose_secret().to_owned();
    assert_eq!(first, text(&row["password"]));
}
