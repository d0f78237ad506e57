//! A devnet's snapshots by name, in the folder of its chain.

use super::node::Node;
use crate::context::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The name of a snapshot.
#[derive(Debug, clap::Args)]
pub(super) struct Name {
    /// Letters, digits, - and _
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"))]
struct Summary {
    path: String,
    number: u32,
    hash: String,
    state_root: String,
}

pub(super) async fn take(args: Name, context: &Context) -> miette::Result<()> {
    let summary: Summary = Node::of(context)?
        .ask("devnet_snapshot", json!([args.name]))
        .await?;
    context.output().data(&summary, |summary| {
        format!(
            "kept block {} as {}\n  file     {}\n  go back  assay devnet restore {}\n  branch   assay devnet fork {}",
            summary.number, args.name, summary.path, args.name, summary.path
        )
    })
}

pub(super) async fn restore(args: Name, context: &Context) -> miette::Result<()> {
    let node = Node::of(context)?;
    context.confirm(&format!(
        "Make the chain at {} what it was at {}, and lose every block since then?",
        node.url(),
        args.name
    ))?;
    let summary: Summary = node.ask("devnet_restore", json!([args.name])).await?;
    context.output().data(&summary, |summary| {
        format!(
            "back at block {} ({}), as {} was kept",
            summary.number, summary.hash, args.name
        )
    })
}
