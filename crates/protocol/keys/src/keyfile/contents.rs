//! The JSON inside a keyfile.
//!
//! The secrets in one file should all lead to one key. Of those present the first counts, in the order `secretPhrase`,
//! `secretSeed`, `privateKey`. Where the file also names its address, a secret that leads elsewhere is passed over for
//! the next: wallets of early years preferred the seed, and a phrase that needs a password leads to another key without
//! it. When no secret fits the address, that is an error, not a silent other key.

use super::KeyfileError;
use crate::{AccountId, Pair, PublicKey, Scheme};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// More than the JSON of any key: a vector that grows would leave copies of the secret behind.
const JSON_CAPACITY: usize = 2048;

/// What a keyfile holds.
#[derive(Clone, Debug)]
pub enum KeyMaterial {
    /// A key pair.
    Secret(Box<Pair>),
    /// An address alone: it can receive and be looked at, not sign.
    Public(PublicKey),
}

impl KeyMaterial {
    /// The public half, which there is always.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Secret(pair) => pair.public(),
            Self::Public(key) => *key,
        }
    }
}

#[derive(Default, Deserialize, Serialize, Zeroize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_phrase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ss58_address: Option<String>,
    /// A number since wallet 4.1; a numeric string is as good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[zeroize(skip)]
    crypto_type: Option<Value>,
}

pub(super) fn read(json: &[u8]) -> Result<KeyMaterial, KeyfileError> {
    let fields: Zeroizing<Fields> = serde_json::from_slice(json)
        .map(Zeroizing::new)
        .map_err(|error| KeyfileError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
    let scheme = fields.scheme()?;
    let recorded = present(&fields.ss58_address)
        .map(|address| {
            address
                .parse::<AccountId>()
                .map_err(|_| KeyfileError::Field { field: "ss58Address" })
        })
        .transpose()?;
    let mut first = None;
    for secret in [
        Fields::pair_of_phrase,
        Fields::pair_of_seed,
        Fields::pair_of_private_key,
    ] {
        let Some(pair) = secret(&fields, scheme)? else {
            continue;
        };
        if recorded.is_none_or(|account| account == pair.account()) {
            return Ok(KeyMaterial::Secret(Box::new(pair)));
        }
        first.get_or_insert(pair.account());
    }
    match (recorded, first) {
        (Some(recorded), Some(derived)) => Err(KeyfileError::AddressMismatch { recorded, derived }),
        (Some(account), None) => Ok(KeyMaterial::Public(PublicKey { account, scheme })),
        (None, _) => Err(KeyfileError::NoKey),
    }
}

impl Fields {
    fn scheme(&self) -> Result<Scheme, KeyfileError> {
        let number = match &self.crypto_type {
            None | Some(Value::Null) => return Ok(Scheme::Sr25519),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number
            .and_then(Scheme::from_crypto_type)
            .ok_or(KeyfileError::Field { field: "cryptoType" })
    }

    fn pair_of_phrase(&self, scheme: Scheme) -> Result<Option<Pair>, KeyfileError> {
        present(&self.secret_phrase)
            .map(|phrase| Pair::from_mnemonic(phrase, scheme, None))
            .transpose()
            .map_err(|_| KeyfileError::Field {
                field: "secretPhrase",
            })
    }

    fn pair_of_seed(&self, scheme: Scheme) -> Result<Option<Pair>, KeyfileError> {
        let Some(text) = present(&self.secret_seed) else {
            return Ok(None);
        };
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits(text), &mut *seed)
            .map_err(|_| KeyfileError::Field { field: "secretSeed" })?;
        Ok(Some(Pair::from_seed(&seed, scheme)))
    }

    fn pair_of_private_key(&self, scheme: Scheme) -> Result<Option<Pair>, KeyfileError> {
        const WRONG: KeyfileError = KeyfileError::Field { field: "privateKey" };
        let Some(text) = present(&self.private_key) else {
            return Ok(None);
        };
        let bytes = Zeroizing::new(hex::decode(digits(text)).map_err(|_| WRONG)?);
        Pair::from_private_key(&bytes, scheme)
            .map(Some)
            .map_err(|_| WRONG)
    }
}

fn present(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.is_empty())
}

fn digits(text: &str) -> &str {
    text.strip_prefix("0x").unwrap_or(text)
}

pub(super) fn write_secret(pair: &Pair) -> Zeroizing<Vec<u8>> {
    let mut fields = Zeroizing::new(public_fields(&pair.public()));
    fields.private_key = Some(to_hex(&pair.expose_private_key()));
    fields.secret_phrase = pair
        .expose_mnemonic()
        .map(|mnemonic| mnemonic.expose_phrase().to_owned());
    fields.secret_seed = pair.expose_seed().map(|seed| to_hex(seed));
    let mut json = Zeroizing::new(Vec::with_capacity(JSON_CAPACITY));
    write_json(&fields, &mut json);
    json
}

pub(super) fn write_public(key: &PublicKey) -> Vec<u8> {
    let mut json = Vec::with_capacity(JSON_CAPACITY);
    write_json(&public_fields(key), &mut json);
    json
}

fn public_fields(key: &PublicKey) -> Fields {
    Fields {
        account_id: Some(key.account.to_hex()),
        public_key: Some(key.account.to_hex()),
        ss58_address: Some(key.account.to_string()),
        crypto_type: match key.scheme {
            Scheme::Sr25519 => None,
            Scheme::Ed25519 => Some(Value::from(Scheme::Ed25519.crypto_type())),
        },
        ..Fields::default()
    }
}

/// `0x` and hexadecimal digits, in one allocation.
fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    text.extend(bytes.iter().flat_map(|byte| {
        [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or_default())
    }));
    text
}

fn write_json(fields: &Fields, json: &mut Vec<u8>) {
    if serde_json::to_writer(json, fields).is_err() {
        unreachable!("text fields are JSON, and a vector takes every write");
    }
}
