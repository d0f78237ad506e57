//! Whatever the chain holds, by the names of its metadata: for what has no command of its own.

use super::tx::{halves, json};
use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
};
use assay_chain::{Snapshot, StorageEntry};
use serde_json::Value;

/// Read anything of the chain by its name
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Read a value of the storage, or the entries of a map
    ///
    /// With all keys of a map it prints the value, with fewer the entries under them. A key is JSON or a bare word:
    /// `assay chain storage SubtensorModule.Uids 2 5Grw…`.
    Storage(Storage),
    /// Call a runtime API
    Api(Api),
    /// Read a constant
    Constant(Constant),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Storage {
    /// Pallet and item: SubtensorModule.Tempo
    #[arg(value_name = "PALLET.ITEM")]
    name: String,
    /// The keys, as many as are known
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Entries of a map at most
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Api {
    /// Trait and method: SubnetInfoRuntimeApi.get_subnet_info
    #[arg(value_name = "TRAIT.METHOD")]
    name: String,
    /// The arguments, as a JSON array or object
    #[arg(value_name = "JSON", default_value = "[]")]
    arguments: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Constant {
    /// Pallet and constant: Aura.SlotDuration
    #[arg(value_name = "PALLET.NAME")]
    name: String,
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        let client = connect(context).await?;
        let snapshot = client.pin().await.map_err(chain_failure)?;
        match command {
            Command::Storage(args) => {
                let (pallet, item) = halves(&args.name)?;
                let keys: Vec<Value> = args.keys.iter().map(|key| word(key)).collect();
                storage(&snapshot, (pallet, item), &keys, args.limit, context).await
            }
            Command::Api(args) => {
                let (api, method) = halves(&args.name)?;
                let arguments = json(&args.arguments)?;
                let answer = snapshot
                    .runtime_api_json(api, method, &arguments)
                    .await
                    .map_err(chain_failure)?;
                pretty(&answer, context)
            }
            Command::Constant(args) => {
                let (pallet, name) = halves(&args.name)?;
                pretty(
                    &client.constant_json(pallet, name).map_err(chain_failure)?,
                    context,
                )
            }
        }
    })
}

/// Whole keys give a value; fewer, entries.
async fn storage(
    snapshot: &Snapshot,
    (pallet, item): (&str, &str),
    keys: &[Value],
    limit: usize,
    context: &Context,
) -> miette::Result<()> {
    let whole = snapshot
        .storage_key_count(pallet, item)
        .await
        .map_err(chain_failure)?;
    // Too many are refused there, with the place of the first that does not fit.
    if keys.len() >= whole {
        let value = snapshot
            .storage_json(pallet, item, keys)
            .await
            .map_err(chain_failure)?;
        return pretty(&value, context);
    }
    // One more than wanted tells whether there are more.
    let mut entries = snapshot
        .storage_entries_json(pallet, item, keys, limit.saturating_add(1))
        .await
        .map_err(chain_failure)?;
    if entries.len() > limit {
        entries.truncate(limit);
        context.output().warn(&format!(
            "{pallet}.{item} has more entries than the {limit} that are shown; --limit takes more"
        ));
    }
    context.output().data(&entries, |entries| lines(entries))
}

/// A key as it is typed: JSON where it is JSON, a text otherwise.
fn word(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn pretty(value: &Value, context: &Context) -> miette::Result<()> {
    context.output().data(value, |value| {
        serde_json::to_string_pretty(value).unwrap_or_default()
    })
}

fn lines(entries: &[StorageEntry]) -> String {
    if entries.is_empty() {
        return "no entries".to_owned();
    }
    let line = |entry: &StorageEntry| {
        let keys: Vec<_> = entry.keys.iter().map(ToString::to_string).collect();
        format!("{}: {}", keys.join(" "), entry.value)
    };
    let lines: Vec<_> = entries.iter().map(line).collect();
    lines.join("\n")
}
