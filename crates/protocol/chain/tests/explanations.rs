//! Nobody meets an error of the chain that nobody explains.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{PoolCheck, explanations};
use assay_devnet::BlockProduction;
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use std::collections::BTreeSet;
use subxt::metadata::Metadata;

/// Errors of these pallets that only other chains have: an older one, and the public one's own proxies.
const ELSEWHERE: [&str; 3] = [
    "CommitmentSetRateLimitExceeded",
    "AnnouncementDepositInvariantViolated",
    "InvalidDerivedAccountId",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_error_of_the_runtime_is_explained_and_nothing_is_explained_that_does_not_exist() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = WsClientBuilder::default().build(devnet.url()).await.unwrap();
    let metadata: String = node.request("state_getMetadata", rpc_params![]).await.unwrap();
    let bytes = hex::decode(metadata.trim_start_matches("0x")).unwrap();
    let metadata = Metadata::decode_from(&bytes).unwrap();
    let errors: BTreeSet<(String, String)> = metadata
        .pallets()
        .flat_map(|pallet| {
            let variants = pallet.error_variants().unwrap_or_default();
            variants
                .iter()
                .map(move |error| (pallet.name().to_owned(), error.name.clone()))
        })
        .collect();
    assert!(errors.len() > 180, "{}", errors.len());

    let explained: BTreeSet<(String, String)> = explanations()
        .iter()
        .map(|known| (known.pallet.to_owned(), known.name.to_owned()))
        .collect();
    let silent: Vec<_> = errors.difference(&explained).collect();
    assert!(silent.is_empty(), "not explained: {silent:?}");

    // Pallets that this runtime does not have yet, and what only older chains say.
    let pallets: BTreeSet<_> = errors.iter().map(|(pallet, _)| pallet).collect();
    let invented: Vec<_> = explained
        .difference(&errors)
        .filter(|(pallet, name)| pallets.contains(pallet) && !ELSEWHERE.contains(&name.as_str()))
        .collect();
    assert!(invented.is_empty(), "there is no such error: {invented:?}");
}

#[test]
fn every_code_of_the_pool_says_what_to_do() {
    for code in (0..=27).chain([255]) {
        let check = PoolCheck::from_code(code);
        assert!(!matches!(check, PoolCheck::Unknown(_)), "{code}");
        assert!(check.hint().len() > 10 && check.meaning().len() > 10, "{code}");
    }
}
