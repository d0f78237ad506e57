//! Transactions made byte by byte, as a client without this code base makes them.

use crate::node::{Client, hexed};
use codec::{Compact, Encode};
use serde_json::json;
use sp_core::{Pair, sr25519};

pub(crate) const TAO: u64 = 1_000_000_000;

/// What a signature covers beside the call.
#[derive(Clone, Copy)]
pub(crate) struct Signing {
    genesis: [u8; 32],
    spec_version: u32,
    transaction_version: u32,
}

pub(crate) fn pair(name: &str) -> sr25519::Pair {
    sr25519::Pair::from_string(&format!("//{name}"), None).unwrap()
}

pub(crate) fn public(name: &str) -> [u8; 32] {
    pair(name).public().0
}

/// `Balances.transfer_keep_alive`.
pub(crate) fn transfer(to: &str, rao: u64) -> Vec<u8> {
    let mut call = vec![5, 3, 0];
    call.extend(public(to));
    Compact(rao).encode_to(&mut call);
    call
}

/// `System.remark`.
pub(crate) fn remark(text: &[u8]) -> Vec<u8> {
    let mut call = vec![0, 0];
    text.encode_to(&mut call);
    call
}

impl Signing {
    pub(crate) async fn of(client: &Client) -> Self {
        let version = client.ask("state_getRuntimeVersion", json!([])).await;
        let genesis = client.ask("chain_getBlockHash", json!([0])).await;
        let field = |name: &str| u32::try_from(version[name].as_u64().unwrap()).unwrap();
        Self {
            genesis: hex::decode(&genesis.as_str().unwrap()[2..])
                .unwrap()
                .try_into()
                .unwrap(),
            spec_version: field("specVersion"),
            transaction_version: field("transactionVersion"),
        }
    }

    /// An immortal transaction without a tip.
    pub(crate) fn sign(self, signer: &sr25519::Pair, nonce: u32, call: &[u8]) -> Vec<u8> {
        self.sign_with(signer, nonce, 0, call, &[0], self.genesis)
    }

    /// A transaction with a tip, which raises its priority.
    pub(crate) fn sign_with_tip(self, signer: &sr25519::Pair, nonce: u32, tip: u64, call: &[u8]) -> Vec<u8> {
        self.sign_with(signer, nonce, tip, call, &[0], self.genesis)
    }

    /// A transaction that is valid for `period` blocks (a power of two) from a block on.
    pub(crate) fn sign_mortal(
        self,
        signer: &sr25519::Pair,
        nonce: u32,
        call: &[u8],
        period: u64,
        birth: (u64, [u8; 32]),
    ) -> Vec<u8> {
        let bits = u16::try_from(period.trailing_zeros() - 1).unwrap();
        let phase = u16::try_from(birth.0 % period).unwrap();
        let era = (bits | (phase << 4)).to_le_bytes();
        self.sign_with(signer, nonce, 0, call, &era, birth.1)
    }

    fn sign_with(
        self,
        signer: &sr25519::Pair,
        nonce: u32,
        tip: u64,
        call: &[u8],
        era: &[u8],
        birth: [u8; 32],
    ) -> Vec<u8> {
        let mut extra = era.to_vec();
        Compact(nonce).encode_to(&mut extra);
        Compact(tip).encode_to(&mut extra);
        extra.push(0);
        let mut payload = [call, &extra].concat();
        self.spec_version.encode_to(&mut payload);
        self.transaction_version.encode_to(&mut payload);
        payload.extend(self.genesis);
        payload.extend(birth);
        payload.push(0);
        let signature = if payload.len() > 256 {
            signer.sign(&sp_crypto_hashing::blake2_256(&payload))
        } else {
            signer.sign(&payload)
        };
        let mut body = vec![0x84, 0x00];
        body.extend(signer.public().0);
        body.push(0x01);
        body.extend(signature.0);
        body.extend(extra);
        body.extend(call);
        body.encode()
    }
}

/// The hash by which everybody knows a transaction.
pub(crate) fn hash(transaction: &[u8]) -> String {
    hexed(&sp_crypto_hashing::blake2_256(transaction))
}

/// The SS58 address of a development account.
pub(crate) fn address(name: &str) -> String {
    use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
    pair(name)
        .public()
        .to_ss58check_with_version(Ss58AddressFormat::custom(42))
}
