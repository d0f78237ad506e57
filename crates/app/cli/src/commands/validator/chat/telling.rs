//! What a validator of chats tells: where people ask, and a line for each sample. Nobody's words are in it.

use crate::{
    commands::on_chain::short,
    output::Output,
    up::{self, RecordedTexts},
};
use assay_chain::AccountId;
use assay_chat::{ChatEvent, ChatStanding, MinerReward, SampleSource, ScoredSample};
use assay_neuron::Recorder;
use serde::Serialize;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

/// A line under `--json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    /// The gateway listens.
    Serving { gateway: String },
    /// A sample was scored.
    Scored {
        id: &'a str,
        source: &'static str,
        took_s: f64,
        /// The best first.
        rewards: Vec<Reward<'a>>,
    },
    /// Scoring one failed.
    Failed { reason: &'a str },
}

#[derive(Debug, Serialize)]
struct Reward<'a> {
    hotkey: AccountId,
    /// 0 to 1; absent where it must not cost the miner anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_words_s: Option<f64>,
    relayed: bool,
}

/// Tells everything until the validator has ended, and records what was scored.
pub(super) async fn tell(
    mut events: broadcast::Receiver<ChatEvent>,
    mut standings: watch::Receiver<Option<ChatStanding>>,
    recorder: Option<(Recorder, RecordedTexts)>,
    output: Output,
) -> miette::Result<()> {
    let mut is_serving = false;
    let newest = standings.clone();
    loop {
        tokio::select! {
            changed = standings.wait_for(Option::is_some), if !is_serving => {
                is_serving = true;
                let Some(address) = changed.ok().and_then(|standing| Some(standing.as_ref()?.gateway)) else {
                    continue;
                };
                let gateway = format!("http://{address}/v1");
                if output.is_json() {
                    output.json(&Line::Serving { gateway })?;
                } else {
                    output.say(&format!("gateway {gateway}"));
                }
            }
            event = events.recv() => match event {
                Ok(ChatEvent::Scored(sample)) => {
                    if let Some((recorder, texts)) = &recorder {
                        let queued = newest.borrow().as_ref().map_or(0, |standing| standing.queued as u64);
                        recorder.record(&up::iteration(&sample, queued, None, *texts));
                    }
                    scored(&sample, output)?;
                }
                Ok(ChatEvent::Failed { reason }) if output.is_json() => {
                    output.json(&Line::Failed { reason: &reason })?;
                }
                Ok(ChatEvent::Failed { reason }) => output.warn(&format!("a sample is not scored: {reason}")),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    output.warn(&format!("{missed} lines are left out: the reader is too slow"));
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

fn scored(sample: &ScoredSample, output: Output) -> miette::Result<()> {
    let source = match sample.source {
        SampleSource::Organic => "organic",
        SampleSource::Private => "private",
        SampleSource::Synthetic => "synthetic",
    };
    if !output.is_json() {
        return output.text(&words(sample, source));
    }
    output.json(&Line::Scored {
        id: &sample.id,
        source,
        took_s: sample.took.as_secs_f64(),
        rewards: sample.rewards.iter().map(reward).collect(),
    })
}

fn reward(given: &MinerReward) -> Reward<'_> {
    Reward {
        hotkey: given.hotkey,
        reward: given.reward,
        fault: given.fault.as_deref(),
        first_words_s: given.first_words.map(|time| time.as_secs_f64()),
        relayed: given.relayed,
    }
}

/// `organic    3 of 4 miners answered, the best 5Grwva…utQY 0.83, 1.2 s`.
fn words(sample: &ScoredSample, source: &str) -> String {
    let rewards = &sample.rewards;
    let answered = rewards.iter().filter(|given| given.fault.is_none()).count();
    let best = rewards
        .first()
        .and_then(|given| Some((given.hotkey, given.reward?)))
        .map_or_else(String::new, |(hotkey, reward)| {
            format!(", the best {} {reward:.2}", short(&hotkey))
        });
    format!(
        "{source:<9}  {answered} of {} miners answered{best}, {:.1} s",
        rewards.len(),
        sample.took.as_secs_f64()
    )
}
