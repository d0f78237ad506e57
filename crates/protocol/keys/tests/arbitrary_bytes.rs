//! Whatever a file or a stranger sends, parsing ends in a value or an error.

use assay_keys::{
    AccountId, DEV_PHRASE, Mnemonic, Pair, Scheme, Signature, Ss58Prefix, decode_ss58, encode_ss58,
    keyfile::{NaclKey, decode, encode},
    message_bytes, verify, verify_text,
};
use proptest::{collection::vec, prelude::*};
use secrecy::SecretString;

/// Bytes behind one of the beginnings that choose a reader.
fn keyfile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let beginnings = prop_oneof![
        Just(&b""[..]),
        Just(&b"{\"secretPhrase\":\""[..]),
        Just(&b"{\"secretSeed\":\"0x"[..]),
        Just(&b"{\"cryptoType\":"[..]),
        Just(&b"$NACL"[..]),
        Just(&b"$ANSIBLE_VAULT;1.1;AES256\n"[..]),
        Just(&b"gAAAAA"[..]),
    ];
    let rest = prop_oneof![
        vec(any::<u8>(), 0..300),
        "[0-9a-f\\n\"},]{0,300}".prop_map(String::into_bytes)
    ];
    (beginnings, rest).prop_map(|(beginning, rest)| [beginning, &rest].concat())
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::Sr25519), Just(Scheme::Ed25519)]
}

proptest! {
    #[test]
    fn keyfiles_are_read_or_refused(contents in keyfile_bytes()) {
        drop(decode(&contents, None));
        drop(NaclKey::from_bytes(&[1; 32]).open(&contents));
    }

    /// Hexadecimal in the shape of a vault, as deep into the reader as it goes without the password.
    #[test]
    fn vaults_are_read_or_refused(fields in vec(vec(any::<u8>(), 0..40), 0..5)) {
        let inner = fields.iter().map(hex::encode).collect::<Vec<_>>().join("\n");
        let sealed = format!("$ANSIBLE_VAULT;1.1;AES256\n{}\n", hex::encode(inner));
        prop_assert!(decode(sealed.as_bytes(), Some(&SecretString::from("password"))).is_err());
    }

    /// One wrong byte in a keyfile never gives another key silently.
    #[test]
    fn a_damaged_keyfile_gives_its_own_key_or_none(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let pair = Pair::from_mnemonic(DEV_PHRASE, Scheme::Sr25519, None).unwrap();
        let mut contents = encode(&pair).to_vec();
        *place.get_mut(&mut contents) = byte;
        if let Ok(read) = decode(&contents, None) {
            prop_assert_eq!(read.public(), pair.public());
        }
    }

    #[test]
    fn addresses_are_read_or_refused(text in prop_oneof![any::<String>(), "[1-9A-HJ-NP-Za-km-z]{0,60}"]) {
        drop(decode_ss58(&text));
        drop(text.parse::<AccountId>());
    }

    #[test]
    fn every_account_has_one_address_under_each_prefix(key in any::<[u8; 32]>(), number in 0u16..1 << 14) {
        let prefix = Ss58Prefix::new(number).unwrap();
        let address = encode_ss58(&key, prefix);
        prop_assert_eq!(decode_ss58(&address).unwrap(), (key, prefix));
        let account = AccountId(key);
        prop_assert_eq!(account.to_hex().parse::<AccountId>().unwrap(), account);
        let json = serde_json::to_string(&account).unwrap();
        prop_assert_eq!(serde_json::from_str::<AccountId>(&json).unwrap(), account);
    }

    #[test]
    fn uris_phrases_and_messages_are_read_or_refused(text in any::<String>(), path in "[/a-z0-9 ]{0,80}", scheme in scheme()) {
        drop(Pair::from_uri(&text, scheme));
        drop(Pair::from_uri(&path, scheme));
        drop(Mnemonic::parse(&text));
        drop(text.parse::<Signature>());
        drop(message_bytes(&text));
    }

    #[test]
    fn strangers_signatures_are_refused(
        key in any::<[u8; 32]>(),
        signature in prop::array::uniform32(any::<u16>()),
        message in vec(any::<u8>(), 0..64),
        scheme in scheme(),
    ) {
        let bytes: Vec<u8> = signature.iter().flat_map(|part| part.to_le_bytes()).collect();
        let signature = Signature::try_from(&*bytes).unwrap();
        prop_assert!(!verify(&AccountId(key), scheme, &message, &signature));
        prop_assert!(!verify_text(&AccountId(key), scheme, "0x6", &signature));
    }

    #[test]
    fn a_signature_is_for_one_key_and_one_message(seed in any::<[u8; 32]>(), message in vec(any::<u8>(), 0..64), scheme in scheme()) {
        let pair = Pair::from_seed(&seed, scheme);
        let signature = pair.sign(&message);
        prop_assert!(pair.public().verify(&message, &signature));
        prop_assert_eq!(signature.to_string().parse::<Signature>().unwrap(), signature);
        let longer = [&message[..], b"!"].concat();
        prop_assert!(!pair.public().verify(&longer, &signature));
        let mut other = seed;
        other[0] ^= 1;
        prop_assert!(!Pair::from_seed(&other, scheme).public().verify(&message, &signature));
    }
}
