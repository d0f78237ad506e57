//! `assay axon probe`: whether an axon can be reached, whose it is, and why it refuses.

use super::target::TargetArgs;
use crate::{commands::wallet::unlock, context::Context};
use assay_axon::{
    Probe, probe,
    probe::{DialectAnswer, Identity, Report},
};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;
use std::time::Duration;

/// Find out whether a neuron's axon can be reached, whether it is the neuron's own, and why it refuses
///
/// Asks as a stranger, who must prove nothing and be refused, and with --sign also as the wallet's hotkey in each dialect.
/// Ends with exit code 0 when all is well.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Ask as the wallet's hotkey too
    #[arg(long)]
    sign: bool,
    /// Seconds that each connection and each answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0, value_parser = super::call::parse_seconds)]
    timeout: f64,
}

#[derive(Serialize)]
struct Answer {
    hotkey: String,
    address: String,
    fine: bool,
    finding: String,
    identity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_ms: Option<f64>,
    dialects: Vec<InDialect>,
}

#[derive(Serialize)]
struct InDialect {
    dialect: String,
    answered: bool,
    told: String,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let target = args.target.find(context).await?;
    let caller = args.sign.then(|| unlock(context, KeyRole::Hotkey)).transpose()?;
    let patience = Duration::from_secs_f64(args.timeout);
    let how = Probe {
        connect: patience,
        answer: patience,
        ..Probe::default()
    };
    let report = probe(&target, caller.as_ref(), &how).await;
    let answer = answer(&report);
    context.output().data(&answer, text)?;
    if report.is_fine() {
        return Ok(());
    }
    Err(miette!(
        "{} at {}: {}",
        target.hotkey,
        target.address,
        report.finding
    ))
}

fn answer(report: &Report) -> Answer {
    let milliseconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    Answer {
        hotkey: report.target.hotkey.to_string(),
        address: report.target.address.to_string(),
        fine: report.is_fine(),
        finding: report.finding.to_string(),
        identity: match report.identity {
            Identity::Unproven => "unproven",
            Identity::Proven => "proven",
            Identity::Other { .. } => "another",
        },
        connected_ms: milliseconds(report.connected_in),
        answered_ms: milliseconds(report.answered_in),
        dialects: report
            .dialects
            .iter()
            .map(|(dialect, answer)| {
                let (answered, told) = match answer {
                    DialectAnswer::Answered { within } => {
                        (true, format!("answered in {:.1} ms", within.as_secs_f64() * 1e3))
                    }
                    DialectAnswer::Refused(said) => (false, format!("refused: {said}")),
                    DialectAnswer::Missed(finding) => (false, finding.to_string()),
                    DialectAnswer::NotAsked { reason } => (false, format!("not asked: {reason}")),
                };
                InDialect {
                    dialect: dialect.to_string(),
                    answered,
                    told,
                }
            })
            .collect(),
    }
}

fn text(answer: &Answer) -> String {
    let time = |time: Option<f64>| time.map_or_else(|| "never".to_owned(), |time| format!("in {time:.1} ms"));
    let mut lines = vec![
        format!("{} at {}", answer.hotkey, answer.address),
        format!("  connected  {}", time(answer.connected_ms)),
        format!("  answered   {}", time(answer.answered_ms)),
        format!("  identity   {}", answer.identity),
    ];
    for dialect in &answer.dialects {
        lines.push(format!("  {:<9}  {}", dialect.dialect, dialect.told));
    }
    lines.push(format!("  finding    {}", answer.finding));
    lines.join("\n")
}
