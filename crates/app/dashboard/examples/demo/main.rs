//! Serves a made-up run: `demo [running|organic|starting|trouble|failed|crowded] [PORT]`.
//!
//! In the running one, blocks come and training goes on.

#![expect(
    clippy::print_stdout,
    reason = "the address is what this program is asked for"
)]

mod made_up;
mod made_up_organic;

use assay_dashboard::state::{Activity, DashboardState};
use assay_dashboard::{Dashboard, DashboardConfig};
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_else(|| "running".to_owned());
    let port = arguments
        .next()
        .map_or(Ok(DashboardConfig::PORT), |port| port.parse())?;
    let state = match which.as_str() {
        "running" => made_up::running(now_ms()),
        "organic" => made_up_organic::organic(now_ms()),
        "starting" => made_up::starting(),
        "trouble" => made_up::in_trouble(now_ms()),
        "failed" => made_up::failed(),
        "crowded" => made_up::crowded(now_ms()),
        other => return Err(format!("there is no made-up run called `{other}`").into()),
    };
    let (sender, watched) = watch::channel(state);
    let config = DashboardConfig {
        listen: ([127, 0, 0, 1], port).into(),
        ..DashboardConfig::default()
    };
    let dashboard = Dashboard::bind(config, watched).await?;
    println!("{}", dashboard.url());
    tokio::spawn(live(sender));
    dashboard
        .serve(async {
            // An error means that no signal can be waited for; then only a kill ends the demo.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await;
    Ok(())
}

/// Blocks come and training goes on.
async fn live(sender: watch::Sender<DashboardState>) {
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        sender.send_modify(|state| {
            if let Some(chain) = &mut state.chain {
                chain.block += 1;
                chain.finalized = Some(chain.block);
                chain.block_seen_ms = now_ms();
                if chain.next_epoch_block == Some(chain.block) {
                    chain.next_epoch_block = Some(chain.block + u64::from(chain.tempo));
                    chain.epochs_done += 1;
                }
            }
            for validator in &mut state.validators {
                if let Activity::Training {
                    step, steps, loss, ..
                } = &mut validator.activity
                {
                    *step = *step % *steps + 1;
                    *loss *= 0.999;
                }
            }
        });
    }
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
