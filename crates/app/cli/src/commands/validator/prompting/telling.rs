//! What a validator of prompts tells: a line for each step. Nobody's words are in it.

use crate::{commands::on_chain::short, output::Output};
use assay_chain::AccountId;
use assay_prompting::{Fault, MinerTold, PromptingEvent, StepTold};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

/// A line under `--json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    /// A step was judged.
    Step {
        step: u64,
        name: &'a str,
        took_s: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        gating_loss: Option<f64>,
        /// In the order in which they were asked.
        miners: Vec<Told<'a>>,
    },
    /// A step or a forward came to nothing.
    Failed { reason: &'a str },
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    hotkey: AccountId,
    /// 0 to 1; absent where it must not cost the miner anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<f64>,
    took_s: f64,
    chosen_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    forbidden_by: &'a [&'static str],
}

/// Tells everything until the validator has ended.
pub(super) async fn tell(
    mut events: broadcast::Receiver<PromptingEvent>,
    output: Output,
) -> miette::Result<()> {
    loop {
        match events.recv().await {
            Ok(PromptingEvent::Step(step)) if output.is_json() => output.json(&line(&step))?,
            Ok(PromptingEvent::Step(step)) => output.text(&words(&step))?,
            Ok(PromptingEvent::Failed { reason, .. }) if output.is_json() => {
                output.json(&Line::Failed { reason: &reason })?;
            }
            Ok(PromptingEvent::Failed { reason, .. }) => output.warn(&reason),
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                output.warn(&format!("{missed} lines are left out: the reader is too slow"));
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

fn line(step: &StepTold) -> Line<'_> {
    Line::Step {
        step: step.record.step,
        name: &step.record.name,
        took_s: step.took.as_secs_f64(),
        gating_loss: step.record.gating_loss,
        miners: step.miners.iter().map(told).collect(),
    }
}

fn told(miner: &MinerTold) -> Told<'_> {
    let (fault, forbidden_by) = match &miner.fault {
        None => (None, &[][..]),
        Some(Fault::NoAnswer(why) | Fault::Ours(why)) => (Some(why.as_str()), &[][..]),
        Some(Fault::Forbidden(columns)) => (None, columns.as_slice()),
    };
    Told {
        hotkey: miner.hotkey,
        reward: miner.reward,
        took_s: miner.took.as_secs_f64(),
        chosen_by: miner.chosen.word(),
        fault,
        forbidden_by,
    }
}

/// `followup0    48 of 50 miners answered, 3 forbidden, the best 5Grwva…utQY 0.83, 1.2 s`.
fn words(step: &StepTold) -> String {
    let is_silent = |miner: &&MinerTold| matches!(miner.fault, Some(Fault::NoAnswer(_) | Fault::Ours(_)));
    let silent = step.miners.iter().filter(is_silent).count();
    let is_forbidden = |miner: &&MinerTold| matches!(miner.fault, Some(Fault::Forbidden(_)));
    let forbidden = match step.miners.iter().filter(is_forbidden).count() {
        0 => String::new(),
        count => format!(", {count} forbidden"),
    };
    let by_reward = |one: &&MinerTold, other: &&MinerTold| {
        let reward = |miner: &MinerTold| miner.reward.unwrap_or(-1.0);
        reward(one).total_cmp(&reward(other))
    };
    let best = step
        .miners
        .iter()
        .max_by(by_reward)
        .and_then(|miner| Some((miner.hotkey, miner.reward?)))
        .map_or_else(String::new, |(hotkey, reward)| {
            format!(", the best {} {reward:.2}", short(&hotkey))
        });
    format!(
        "{:<10} {} of {} miners answered{forbidden}{best}, {:.1} s",
        step.record.name,
        step.miners.len() - silent,
        step.miners.len(),
        step.took.as_secs_f64()
    )
}
