//! `assay subnet hyperparams`: what a subnet asks of its neurons, and changing it.

mod set;

use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{Hyperparameters, NetUid, Setting, SettingAuthority, SettingValue};
use comfy_table::CellAlignment;
use miette::miette;
use serde::Serialize;

/// Show what a subnet asks of its neurons, or change it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N", global = true)]
    netuid: Option<NetUid>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Change one of them
    ///
    /// Signed by the subnet owner's coldkey, or with --sudo by the chain's sudo key. Switches are true or false, amounts are
    /// in TAO, everything else is the whole number that the table shows.
    Set(set::Args),
}

/// What is printed under `--json`: what a neuron needs to know, and every setting by its name.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    rules: Hyperparameters,
    settings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: SettingValue,
    default: SettingValue,
    unit: assay_chain::SettingUnit,
    /// Who may change it: the owner (and root), or root alone.
    authority: SettingAuthority,
    meaning: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    bounds: &'static str,
}

impl Row {
    fn new((setting, value): (&'static Setting, SettingValue)) -> Self {
        Self {
            name: setting.name,
            value,
            default: setting.default_value(),
            unit: setting.unit,
            authority: setting.authority,
            meaning: setting.meaning,
            bounds: setting.bounds,
        }
    }
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let netuid = args.netuid.ok_or_else(|| {
        miette!(
            help = "add --netuid N; `assay subnet list` shows them",
            "which subnet is not said"
        )
    })?;
    let client = connect(context).await?;
    match args.command {
        Some(Command::Set(args)) => set::run(args, netuid, &client, context).await,
        None => {
            let snapshot = client.pin().await.map_err(chain_failure)?;
            let (rules, settings) =
                tokio::try_join!(snapshot.hyperparameters(netuid), snapshot.settings(netuid))
                    .map_err(chain_failure)?;
            let settings = settings.into_iter().map(Row::new).collect();
            context.output().data(&Answer { rules, settings }, text)
        }
    }
}

fn text(answer: &Answer) -> String {
    let mut table = output::table(["name", "value", "default", "who", "what it is", "bounds"]);
    for row in &answer.settings {
        // Factors differ in digits that nobody sees.
        let default = if row.value.to_string() == row.default.to_string() {
            String::new()
        } else {
            row.default.to_string()
        };
        table.add_row([
            row.name.to_owned(),
            row.value.to_string(),
            default,
            match row.authority {
                SettingAuthority::Owner => "owner",
                SettingAuthority::Root => "root",
            }
            .to_owned(),
            row.meaning.to_owned(),
            row.bounds.to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "subnet {} at block {}; the default is shown where the value is another\n{}",
        answer.rules.netuid,
        answer.rules.block.number,
        table.trim_fmt()
    )
}
