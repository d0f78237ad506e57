//! A devnet's time: blocks on request, epochs, the clock, and standing still.

use super::node::{Head, Node};
use crate::context::Context;
use assay_chain::NetUid;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Make blocks now
#[derive(Debug, clap::Args)]
pub(super) struct Advance {
    /// How many
    #[arg(value_name = "BLOCKS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    blocks: u32,
}

/// Make blocks until a subnet's next epoch has run
#[derive(Debug, clap::Args)]
pub(super) struct Epoch {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// How many epochs
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    count: u32,
}

/// Move the chain's clock forward, and make a block
#[derive(Debug, clap::Args)]
pub(super) struct Warp {
    /// By how much: 90s, 15m, 12h or 30d
    #[arg(value_name = "TIME", value_parser = parse_span)]
    by: Duration,
}

/// What the commands that make blocks print under `--json`.
#[derive(Debug, Serialize)]
struct Moved {
    block: Head,
}

/// What freezing and resuming print under `--json`.
#[derive(Debug, Serialize, Deserialize)]
struct Pace {
    head: Head,
    /// Milliseconds between blocks, "manual" or "onDemand".
    blocks: Value,
}

pub(super) async fn advance(args: Advance, context: &Context) -> miette::Result<()> {
    let head = Node::of(context)?
        .ask("devnet_produce", json!([args.blocks]))
        .await?;
    context.output().data(&Moved { block: head }, |moved| {
        let plural = if args.blocks == 1 { "block" } else { "blocks" };
        format!("made {} {plural}, now at {}", args.blocks, moved.block)
    })
}

pub(super) async fn epoch(args: Epoch, context: &Context) -> miette::Result<()> {
    let node = Node::of(context)?;
    let mut last = None;
    for _ in 0..args.count.max(1) {
        let head: Head = node.ask("devnet_runToEpoch", json!([args.netuid])).await?;
        if args.count > 1 {
            context.output().say(&format!("epoch in {head}"));
        }
        last = Some(head);
    }
    let Some(block) = last else { return Ok(()) };
    context.output().data(&Moved { block }, |moved| {
        format!("the epoch of subnet {} ran in {}", args.netuid, moved.block)
    })
}

pub(super) async fn warp(args: Warp, context: &Context) -> miette::Result<()> {
    let head = Node::of(context)?
        .ask("devnet_warp", json!([args.by.as_secs()]))
        .await?;
    context.output().data(&Moved { block: head }, |moved| {
        format!(
            "the clock moved on by {} s, now at {}",
            args.by.as_secs(),
            moved.block
        )
    })
}

pub(super) async fn freeze(context: &Context) -> miette::Result<()> {
    let pace: Pace = Node::of(context)?.ask("devnet_freeze", json!([])).await?;
    context.output().data(&pace, |pace| {
        format!(
            "frozen at {}; `assay devnet resume` goes on with {}",
            pace.head,
            told(&pace.blocks)
        )
    })
}

pub(super) async fn resume(context: &Context) -> miette::Result<()> {
    let pace: Pace = Node::of(context)?.ask("devnet_resume", json!([])).await?;
    context.output().data(&pace, |pace| {
        format!("goes on from {} with {}", pace.head, told(&pace.blocks))
    })
}

fn told(pace: &Value) -> String {
    match pace {
        Value::Number(milliseconds) => format!("a block every {milliseconds} ms"),
        Value::String(name) if name == "onDemand" => "a block for each transaction".to_owned(),
        _ => "blocks on request".to_owned(),
    }
}

/// A span with its unit.
fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text} is no time: write it like 90s, 15m, 12h or 30d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(parse_span("3600s"), parse_span("1h"));
        assert_eq!(parse_span("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "s", "90", "-1s", "1y", "1,5h", "3é"] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }
}
