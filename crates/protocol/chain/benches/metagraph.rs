//! Our side of the metagraph benchmark of `cargo xtask bench chain`: reads a subnet several times and prints the best
//! time, the connection not counted. Arguments: the node's URL and the subnet.
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]

use assay_chain::{ChainClient, ConnectOptions, NetUid};
use std::{
    error::Error,
    time::{Duration, Instant},
};

const READS: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // A test runner that only looks for tests here finds none, and at once.
    let (Some(url), Some(netuid)) = (arguments.next(), arguments.next()) else {
        return Ok(());
    };
    let netuid = NetUid(netuid.parse()?);
    let mut best = Duration::MAX;
    let (mut neurons, mut requests) = (0, 0);
    for _ in 0..READS {
        // A client reads nothing twice of one block, and the chain's block time is longer than a read.
        let client = ChainClient::connect(url.parse()?, ConnectOptions::default()).await?;
        let before = client.requests();
        let began = Instant::now();
        let metagraph = client.metagraph(netuid).await?;
        best = best.min(began.elapsed());
        requests = client.requests() - before;
        neurons = metagraph.neurons.len();
    }
    println!(
        "{}",
        serde_json::json!({ "best_ms": best.as_secs_f64() * 1e3, "neurons": neurons, "requests": requests })
    );
    Ok(())
}
