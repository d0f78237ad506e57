//! `assay subnet show`

use super::{OneSubnet, list};
use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
};
use assay_chain::{EpochSchedule, SubnetSummary};
use serde::Serialize;

#[derive(Serialize)]
struct Answer {
    subnet: SubnetSummary,
    epochs: EpochSchedule,
}

pub(super) async fn run(args: OneSubnet, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (subnet, epochs) =
        tokio::try_join!(snapshot.subnet(args.netuid), snapshot.epoch_schedule(args.netuid))
            .map_err(chain_failure)?;
    context.output().data(&Answer { subnet, epochs }, text)
}

fn text(Answer { subnet, epochs }: &Answer) -> String {
    let name = subnet.name.as_deref().unwrap_or("without a name");
    let next = match epochs.next_epoch_block {
        Some(block) => format!("block {block}, in {} blocks", block.since(epochs.block.number)),
        None => "none: the tempo is 0".to_owned(),
    };
    [
        format!(
            "subnet {} {} ({name}) at {}",
            subnet.netuid, subnet.symbol, epochs.block
        ),
        format!("  phase         {}", list::phase(subnet.phase)),
        format!("  owner         {}", subnet.owner),
        format!("  owner hotkey  {}", subnet.owner_hotkey),
        format!("  created at    block {}", subnet.registered_at),
        format!("  neurons       {} of {}", subnet.neurons, subnet.max_neurons),
        format!("  registration  {}", list::registration(subnet)),
        format!(
            "  pool          {} and {}; {} outside",
            subnet.tao_in, subnet.alpha_in, subnet.alpha_out
        ),
        format!("  tempo         {} blocks", epochs.tempo),
        format!("  last epoch    block {}", epochs.last_epoch_block),
        format!("  next epoch    {next}"),
    ]
    .join("\n")
}
