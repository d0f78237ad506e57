//! `assay subnet hyperparams`

use super::OneSubnet;
use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
};
use assay_chain::{Hyperparameters, Registration, WeightSubmission};

pub(super) async fn run(args: OneSubnet, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let hyperparameters = client.hyperparameters(args.netuid).await.map_err(chain_failure)?;
    context.output().data(&hyperparameters, text)
}

fn text(rules: &Hyperparameters) -> String {
    let weights = match rules.weight_submission {
        WeightSubmission::Direct => "in the open".to_owned(),
        WeightSubmission::CommitReveal { reveal_period_epochs } => {
            format!("committed, revealed after {reveal_period_epochs} epochs")
        }
    };
    let liquid = match rules.liquid_alpha {
        Some((low, high)) => format!(
            "{:.4} to {:.4}",
            f64::from(low) / 65535.0,
            f64::from(high) / 65535.0
        ),
        None => "off".to_owned(),
    };
    let half_life = rules
        .burn_half_life
        .map_or_else(String::new, |blocks| format!(", halves in {blocks} blocks"));
    let open = match rules.registration {
        Registration::Open => "open",
        Registration::Closed => "closed",
    };
    [
        format!("subnet {} at {}", rules.netuid, rules.block),
        format!("  tempo                 {} blocks", rules.tempo),
        format!("  weights               {weights}"),
        format!("  weights rate limit    {} blocks", rules.weights_rate_limit),
        format!("  weights version key   {}", rules.weights_version_key),
        format!("  weights, at least     {}", rules.min_allowed_weights),
        format!("  stake threshold       {}", rules.stake_threshold),
        format!("  activity cutoff       {} blocks", rules.activity_cutoff),
        format!("  immunity period       {} blocks", rules.immunity_period),
        format!("  neurons, at most      {}", rules.max_neurons),
        format!("  validators, at most   {}", rules.max_validators),
        format!("  kappa                 {:.4}", f64::from(rules.kappa) / 65535.0),
        format!("  rho                   {}", rules.rho),
        format!("  consensus             Yuma {}", rules.yuma_version),
        format!("  liquid alpha          {liquid}"),
        format!(
            "  bonds moving average  {:.4}",
            rules.bonds_moving_average as f64 / 1e6
        ),
        format!(
            "  bonds penalty         {:.4}",
            f64::from(rules.bonds_penalty) / 65535.0
        ),
        format!("  serving rate limit    {} blocks", rules.serving_rate_limit),
        format!("  registration          {open}, {} now", rules.burn),
        format!(
            "  registration price    {} to {}{half_life}",
            rules.min_burn, rules.max_burn
        ),
    ]
    .join("\n")
}
