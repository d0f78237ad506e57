//! How long a page takes with a thousand miners and a hundred thousand events: what a reader waits.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

#[path = "../../../toolkit/analysis/tests/made_up/mod.rs"]
mod made_up_records;

use assay_dashboard::{Dashboard, DashboardConfig};
use made_up_records::{MadeUp, hotkey};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of each page the fastest of so many counts.
const TRIES: usize = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let records = tempfile::tempdir()?;
    MadeUp {
        seed: 1,
        hours: 21,
        miners: 1_000,
    }
    .record(records.path());
    let config = DashboardConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        ..DashboardConfig::default()
    };
    let dashboard = Dashboard::bind_to_records(config, vec![records.path().to_owned()]).await?;
    let address = dashboard.local_addr();
    let began = Instant::now();
    tokio::spawn(dashboard.serve(std::future::pending()));
    let events = loop {
        let metrics = get(address, "/metrics").await?;
        let events = metrics
            .lines()
            .find_map(|line| line.strip_prefix("assay_events "))
            .and_then(|events| events.parse::<f64>().ok())
            .unwrap_or(0.0);
        if events > 0.0 {
            break events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    println!(
        "{events:.0} events, read in {:.0} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    let miner = format!("/miner/{}", hotkey(500));
    println!("{:>10}  {:>8}  page", "best ms", "kB");
    for path in [
        "/miners",
        "/miners?all=miners",
        &miner,
        "/epochs",
        "/weights",
        "/rounds",
        "/requests",
        "/prompts",
        "/machine",
        "/metrics",
    ] {
        let mut best = Duration::MAX;
        let mut size = 0;
        for _ in 0..TRIES {
            let began = Instant::now();
            size = get(address, path).await?.len();
            best = best.min(began.elapsed());
        }
        println!(
            "{:>10.1}  {:>8.0}  {path}",
            best.as_secs_f64() * 1e3,
            size as f64 / 1e3
        );
    }
    Ok(())
}

async fn get(address: std::net::SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    if !answer.starts_with("HTTP/1.1 200") {
        let first = answer.lines().next().unwrap_or_default();
        return Err(format!("{path}: {first}").into());
    }
    Ok(answer)
}
