//! `assay subnet list`

use crate::{
    commands::on_chain::{chain_failure, connect, short},
    context::Context,
    output,
};
use assay_chain::{Registration, SubnetPhase, SubnetSummary};
use comfy_table::Table;

pub(super) async fn run(context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let subnets = client.subnets().await.map_err(chain_failure)?;
    context
        .output()
        .data(&subnets, |subnets| table(subnets).trim_fmt())
}

fn table(subnets: &[SubnetSummary]) -> Table {
    let mut table = output::table([
        "netuid",
        "name",
        "symbol",
        "owner",
        "neurons",
        "tempo",
        "price of an alpha",
        "registration",
        "phase",
        "TAO in pool",
    ]);
    for subnet in subnets {
        table.add_row([
            subnet.netuid.to_string(),
            subnet.name.clone().unwrap_or_default(),
            subnet.symbol.clone(),
            short(&subnet.owner),
            format!("{}/{}", subnet.neurons, subnet.max_neurons),
            subnet.tempo.to_string(),
            price(subnet),
            registration(subnet),
            phase(subnet.phase).to_owned(),
            subnet.tao_in.to_string(),
        ]);
    }
    table
}

/// What the pool's reserves say; root and subnets without a pool trade one to one.
fn price(subnet: &SubnetSummary) -> String {
    if subnet.alpha_in == assay_chain::Alpha::ZERO {
        return String::new();
    }
    format!("{:.6} τ", subnet.tao_in.tokens() / subnet.alpha_in.tokens())
}

pub(super) fn registration(subnet: &SubnetSummary) -> String {
    match subnet.registration {
        Registration::Open => subnet.burn.to_string(),
        Registration::Closed => "closed".to_owned(),
    }
}

pub(super) fn phase(phase: SubnetPhase) -> &'static str {
    match phase {
        SubnetPhase::Created => "not started",
        SubnetPhase::Started => "started",
    }
}
