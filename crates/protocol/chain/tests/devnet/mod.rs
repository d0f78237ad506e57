//! A devnet in this process, a client of it, and the well-known keys that own its money.

use assay_chain::{ChainClient, ConnectOptions, Pair};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use assay_keys::Scheme;
use std::time::Duration;

pub(crate) async fn devnet(blocks: BlockProduction) -> Devnet {
    Devnet::start(DevnetConfig {
        blocks,
        ..DevnetConfig::default()
    })
    .await
    .unwrap()
}

/// Options that fail a test within seconds rather than minutes.
pub(crate) fn options() -> ConnectOptions {
    ConnectOptions::default()
        .with_deadline(Duration::from_secs(20))
        .with_inclusion_deadline(Duration::from_secs(20))
}

pub(crate) async fn client(devnet: &Devnet) -> ChainClient {
    ChainClient::connect(devnet.url().parse().unwrap(), options())
        .await
        .unwrap()
}

pub(crate) fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}
