//! `assay subnet metagraph`

mod field;
mod filter;

use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{
    Block, BlockHash, ChainClient, Metagraph, NetUid, Snapshot, StoredBonds, StoredWeights, Uid,
};
use comfy_table::CellAlignment;
use field::{Cell, Field};
use filter::Filter;
use miette::miette;
use serde::Serialize;
use std::cmp::Ordering;

/// List a subnet's neurons
#[derive(Debug, clap::Args)]
#[command(after_help = field::help())]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Height or hash of the block to look at, instead of the newest
    #[arg(long, value_name = "BLOCK")]
    at: Option<String>,
    /// Order by this column instead of the uid
    #[arg(long, value_name = "COLUMN")]
    sort: Option<Field>,
    /// The largest first
    #[arg(long)]
    desc: bool,
    /// Only neurons that fit, such as stake>100, validator, !axon or hotkey~5F; again for each further condition
    #[arg(long, value_name = "EXPR")]
    filter: Vec<Filter>,
    /// Only the first so many
    #[arg(long, value_name = "COUNT")]
    first: Option<usize>,
    /// The columns, with commas between
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', default_value = field::USUAL)]
    columns: Vec<Field>,
    /// Show the validators' weights and bonds as well
    #[arg(long)]
    weights: bool,
    /// Print comma-separated values: whole addresses, numbers unrounded
    #[arg(long, conflicts_with_all = ["json", "weights"])]
    csv: bool,
}

/// What is printed under `--json`: the metagraph, and the rows where they were asked for.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    metagraph: Metagraph,
    #[serde(flatten)]
    rows: Option<Rows>,
}

#[derive(Serialize)]
struct Rows {
    weights: Vec<StoredWeights>,
    bonds: Vec<StoredBonds>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let snapshot = snapshot(&client, args.at.as_deref()).await?;
    let mut metagraph = snapshot.metagraph(args.netuid).await.map_err(chain_failure)?;
    let rows = if args.weights {
        let (weights, bonds) = tokio::try_join!(snapshot.weights(args.netuid), snapshot.bonds(args.netuid))
            .map_err(chain_failure)?;
        Some(Rows { weights, bonds })
    } else {
        None
    };
    let all = metagraph.size();
    select(&mut metagraph, &args);
    let output = context.output();
    if args.csv {
        return output.text(&csv(&metagraph, &args.columns));
    }
    output.data(&Answer { metagraph, rows }, |answer| {
        text(answer, all, &args.columns)
    })
}

async fn snapshot(client: &ChainClient, at: Option<&str>) -> miette::Result<Snapshot> {
    let Some(text) = at else {
        return client.pin().await.map_err(chain_failure);
    };
    match (text.parse::<u64>(), text.parse::<BlockHash>()) {
        (Ok(number), _) => match client.block_hash(Block(number)).await.map_err(chain_failure)? {
            Some(hash) => client.at(hash).await.map_err(chain_failure),
            None => Err(miette!("the chain has no block {number} yet")),
        },
        (_, Ok(hash)) => client.at(hash).await.map_err(chain_failure),
        _ => Err(miette!(
            help = "give a height like 1200, or 0x and 64 hexadecimal digits",
            "\"{text}\" is no block"
        )),
    }
}

/// Filters, sorts and cuts.
fn select(metagraph: &mut Metagraph, args: &Args) {
    let now = metagraph.block.number;
    metagraph
        .neurons
        .retain(|neuron| args.filter.iter().all(|filter| filter.keeps(neuron, now)));
    if let Some(field) = args.sort {
        // Equal ones stay in the order of their uids.
        metagraph.neurons.sort_by(|left, right| {
            let order = compare(&field.of(left, now), &field.of(right, now));
            if args.desc { order.reverse() } else { order }
        });
    } else if args.desc {
        metagraph.neurons.reverse();
    }
    if let Some(first) = args.first {
        metagraph.neurons.truncate(first);
    }
}

fn compare(left: &Cell, right: &Cell) -> Ordering {
    match (left, right) {
        (Cell::Number(left), Cell::Number(right)) => left.total_cmp(right),
        (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
        (Cell::Flag(left), Cell::Flag(right)) => left.cmp(right),
        (Cell::Empty, Cell::Empty) => Ordering::Equal,
        (Cell::Empty, _) => Ordering::Less,
        (_, Cell::Empty) => Ordering::Greater,
        // A column is of one kind.
        _ => Ordering::Equal,
    }
}

fn text(answer: &Answer, all: usize, columns: &[Field]) -> String {
    let metagraph = &answer.metagraph;
    let shown = if metagraph.size() == all {
        String::new()
    } else {
        format!(", {} of them shown", metagraph.size())
    };
    let mut text = format!(
        "subnet {} at block {}: {all} of {} slots taken{shown}\n{}",
        metagraph.netuid,
        metagraph.block.number,
        metagraph.max_neurons,
        table(metagraph, columns)
    );
    if let Some(rows) = &answer.rows {
        text.push_str(&format!(
            "\n\nweights\n{}\n\nbonds\n{}",
            rows_table(rows.weights.iter().map(|row| (row.uid, &*row.entries)), metagraph),
            rows_table(rows.bonds.iter().map(|row| (row.uid, &*row.entries)), metagraph)
        ));
    }
    text
}

fn table(metagraph: &Metagraph, columns: &[Field]) -> String {
    let mut table = output::table_of(columns.iter().map(|column| column.name()));
    for neuron in &metagraph.neurons {
        table.add_row(
            columns
                .iter()
                .map(|column| column.shown(neuron, metagraph.block.number)),
        );
    }
    for (cells, column) in table.column_iter_mut().zip(columns) {
        if column.is_number() {
            cells.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The rows of the validators that are shown, as fractions of each row's sum.
fn rows_table<'a>(rows: impl Iterator<Item = (Uid, &'a [(Uid, u16)])>, metagraph: &Metagraph) -> String {
    let mut table = output::table(["validator", "uid: share of the row"]);
    for (validator, entries) in rows {
        let is_shown = metagraph.neurons.iter().any(|neuron| neuron.uid == validator);
        let sum: u64 = entries.iter().map(|(_, value)| u64::from(*value)).sum();
        if !is_shown || sum == 0 {
            continue;
        }
        let entries: Vec<_> = entries
            .iter()
            .filter(|(_, value)| *value > 0)
            .map(|(uid, value)| format!("{uid}: {:.4}", f64::from(*value) / sum as f64))
            .collect();
        table.add_row([validator.to_string(), entries.join("  ")]);
    }
    table.trim_fmt()
}

fn csv(metagraph: &Metagraph, columns: &[Field]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name()).collect();
    let mut lines = vec![names.join(",")];
    for neuron in &metagraph.neurons {
        // No cell has a comma or a quote in it: numbers, addresses, true and false.
        let cells: Vec<_> = columns
            .iter()
            .map(|column| column.written(neuron, metagraph.block.number))
            .collect();
        lines.push(cells.join(","));
    }
    lines.join("\n")
}
