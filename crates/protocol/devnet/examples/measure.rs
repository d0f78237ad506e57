//! Prints how long a fresh devnet takes to answer, and how many blocks and transactions a second it makes.
//!
//! `cargo run --release -p assay-devnet --example measure`

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Storage};
use codec::{Compact, Encode};
use futures::{StreamExt, TryStreamExt, stream};
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use serde_json::Value;
use sp_core::{Pair, sr25519};
use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

const EMPTY_BLOCKS: u32 = 2_000;
const TRANSACTIONS: u32 = 6_000;
const MANY_BLOCKS: u32 = 10_000;

/// Submissions under way at one time, on one connection.
const AT_ONCE: usize = 64;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for data in [Storage::Memory, Storage::Folder(folder.path().to_owned())] {
        let place = match &data {
            Storage::Memory => "memory",
            Storage::Folder(_) => "folder",
        };
        let began = Instant::now();
        let devnet = Devnet::start(DevnetConfig {
            data,
            blocks: BlockProduction::Manual,
            ..DevnetConfig::default()
        })
        .await?;
        let started = began.elapsed();
        let client = WsClientBuilder::new()
            .max_concurrent_requests(1_000)
            .build(devnet.url())
            .await?;
        let _: Value = client.request("chain_getHeader", rpc_params![]).await?;
        println!(
            "{place}: started in {started:.1?}, first answer after {:.1?}",
            began.elapsed()
        );

        let began = Instant::now();
        devnet.produce(EMPTY_BLOCKS).await?;
        let each = began.elapsed() / EMPTY_BLOCKS;
        println!(
            "{place}: an empty block takes {each:.2?}, {:.0} a second",
            1.0 / each.as_secs_f64()
        );

        let transfers = transfers(&devnet)?;
        let began = Instant::now();
        let submitted = stream::iter(transfers)
            .map(|transfer| {
                let text = format!("0x{}", hex::encode(transfer));
                client.request::<String, _>("author_submitExtrinsic", rpc_params![text])
            })
            .buffered(AT_ONCE)
            .try_fold(0, |count, _| async move { Ok(count + 1) })
            .await?;
        let submitting = began.elapsed();
        let began_including = Instant::now();
        let mut blocks = 0;
        while let Value::Array(pending) = client.request("author_pendingExtrinsics", rpc_params![]).await?
            && !pending.is_empty()
        {
            devnet.produce(1).await?;
            blocks += 1;
        }
        let including = began_including.elapsed();
        let rate = |time: Duration| f64::from(submitted) / time.as_secs_f64();
        println!(
            "{place}: {submitted} transfers: submitted in {submitting:.1?}, {:.0} a second; included in {blocks} blocks \
             in {including:.1?}, {:.0} a second; both {:.0} a second",
            rate(submitting),
            rate(including),
            rate(submitting + including)
        );
        devnet.stop().await;
    }
    reopen(folder.path()).await
}

/// How long a chain takes to answer again after its process was killed: a copy of the open file is what a kill leaves.
async fn reopen(folder: &Path) -> Result<(), Box<dyn Error>> {
    let chain = |folder: &Path| DevnetConfig {
        data: Storage::Folder(folder.to_owned()),
        blocks: BlockProduction::Manual,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(chain(folder)).await?;
    devnet.produce(MANY_BLOCKS).await?;
    let killed = tempfile::tempdir()?;
    let mut bytes = 0;
    for file in ["chain.redb", "chain.journal"] {
        bytes += fs_err::copy(folder.join(file), killed.path().join(file))?;
    }
    let (blocks, _) = devnet.head();
    devnet.stop().await;
    for (folder, how) in [(folder, "a stop"), (killed.path(), "a kill")] {
        let began = Instant::now();
        let devnet = Devnet::start(chain(folder)).await?;
        println!(
            "{blocks} blocks in {} KiB, old states thrown away: started again after {how} in {:.1?}",
            bytes / 1024,
            began.elapsed()
        );
        devnet.stop().await;
    }
    Ok(())
}

/// Signed transfers of the development accounts', each with ascending nonces.
fn transfers(devnet: &Devnet) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let names = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie"];
    let signers: Result<Vec<_>, _> = names
        .iter()
        .map(|name| sr25519::Pair::from_string(&format!("//{name}"), None))
        .collect();
    let signers = signers?;
    let each = TRANSACTIONS / u32::try_from(signers.len())?;
    let bob = sr25519::Pair::from_string("//Bob", None)?.public();
    let version = node_subtensor_runtime::VERSION;
    let genesis = devnet.genesis_hash();
    let mut call = vec![5, 3, 0];
    call.extend(bob.0);
    Compact(1_000u64).encode_to(&mut call);
    Ok((0..each)
        .flat_map(|nonce| signers.iter().map(move |signer| (nonce, signer)))
        .map(|(nonce, signer)| {
            let mut extra = vec![0];
            Compact(nonce).encode_to(&mut extra);
            extra.extend([0, 0]);
            let signed = (
                version.spec_version,
                version.transaction_version,
                genesis,
                genesis,
                0u8,
            )
                .encode();
            let payload = [&call[..], &extra, &signed].concat();
            let mut body = vec![0x84, 0];
            body.extend(signer.public().0);
            body.push(1);
            body.extend(signer.sign(&payload).0);
            body.extend(extra);
            body.extend(&call);
            body.encode()
        })
        .collect())
}
