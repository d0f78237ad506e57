//! `assay replay`: what was recorded, scored again with other settings.

use super::records_folders::RecordsFolders;
use crate::{
    context::Context,
    output::{self, Output},
};
use assay_chat::replay as organic;
use assay_datasets::{
    Profile,
    replay::{self as datasets, Finding},
};
use assay_records::{
    Event, Stream, read,
    streams::{DatasetEvaluation, EvaluationOutcome, OrganicIteration, Score},
};
use comfy_table::CellAlignment;
use miette::{IntoDiagnostic, miette};
use serde::Serialize;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Score what was recorded again with other settings, and see how weights would have differed
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Datasets(Datasets),
    Organic(Organic),
}

/// What of the records is scored again.
#[derive(Debug, clap::Args)]
struct Range {
    #[command(flatten)]
    folders: RecordsFolders,
    /// Only what happened since: a time (2026-11-30T12:00:00Z), a day, or an age (90m, 24h, 7d)
    #[arg(long, value_name = "TIME", value_parser = super::report::moment)]
    since: Option<OffsetDateTime>,
    /// Only what happened before
    #[arg(long, value_name = "TIME", value_parser = super::report::moment)]
    until: Option<OffsetDateTime>,
}

/// Rounds of a competition of datasets, with the losses that were measured and other constants
///
/// Nothing is trained again. Settings that are not given are the profile's.
#[derive(Debug, clap::Args)]
pub(crate) struct Datasets {
    #[command(flatten)]
    range: Range,
    /// The constants to begin with
    #[arg(long, value_enum, default_value = "seed")]
    profile: ProfileName,
    /// How much better a later commitment must be to beat an earlier one, relative to its loss
    #[arg(long, value_name = "PART")]
    epsilon: Option<f64>,
    /// Temperature of the softmax over win rates
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,
    /// Weight of the newest round against the chain's consensus
    #[arg(long, value_name = "PART")]
    learning_rate: Option<f64>,
    /// Weight of the consensus in the second blend
    #[arg(long, value_name = "PART")]
    consensus_share: Option<f64>,
    /// Least part of the weights that lies within the consensus
    #[arg(long, value_name = "PART")]
    vtrust_min: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ProfileName {
    /// The seed's constants with the weaknesses of its code repaired
    Seed,
    /// The seed's constants and its behaviour
    SeedExact,
}

/// Answers to people and to made-up questions, with the rewards that were given and another moving average
#[derive(Debug, clap::Args)]
pub(crate) struct Organic {
    #[command(flatten)]
    range: Range,
    /// The share of the newest reward in a score
    #[arg(long, value_name = "PART", default_value_t = 0.1)]
    share: f64,
    /// What the reward of a made-up question counts beside a user's
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    synth_scale: f64,
}

/// What `assay replay --json` prints.
#[derive(Debug, Serialize)]
struct Replayed {
    schema: &'static str,
    /// Rounds or samples that were scored again.
    scored: usize,
    /// Those that could not be, because the records lack what is needed.
    left_out: usize,
    /// The largest replayed weight first.
    miners: Vec<Difference>,
}

const SCHEMA: &str = "assay-replay-1";

/// What a miner had and would have had, as a share of all weights.
#[derive(Debug, Serialize)]
struct Difference {
    hotkey: String,
    recorded: f64,
    replayed: f64,
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    let (replayed, what) = match command {
        Command::Datasets(args) => (args.replay(context)?, "rounds"),
        Command::Organic(args) => (args.replay(context)?, "samples"),
    };
    context.output().data(&replayed, |replayed| text(replayed, what))
}

impl Range {
    /// The events of a stream, folder by folder in the order in which they happened.
    fn events<S: Stream>(&self, output: Output) -> miette::Result<Vec<Event<S>>> {
        let mut events = Vec::new();
        for folder in self.folders.find()? {
            for event in read::<S>(&folder, ..).into_diagnostic()? {
                match event {
                    Ok(event) if self.has(event.stamp.time) => events.push(event),
                    Ok(_) => {}
                    Err(error) => output.warn(&format!("left out: {error}")),
                }
            }
        }
        events.sort_by_key(|event| event.stamp.time);
        if events.is_empty() {
            return Err(miette!(
                help = "`assay query --tables` lists what there is",
                "there are no {} on record that could be scored again",
                S::NAME.replace('_', " ")
            ));
        }
        Ok(events)
    }

    fn has(&self, time: OffsetDateTime) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

impl Datasets {
    fn profile(&self) -> miette::Result<Profile> {
        let mut profile = match self.profile {
            ProfileName::Seed => Profile::seed(),
            ProfileName::SeedExact => Profile::seed_exact(),
        };
        for (name, given, value, may_be_above_one) in [
            ("epsilon", self.epsilon, &mut profile.epsilon, false),
            ("temperature", self.temperature, &mut profile.temperature, true),
            (
                "learning-rate",
                self.learning_rate,
                &mut profile.learning_rate,
                false,
            ),
            (
                "consensus-share",
                self.consensus_share,
                &mut profile.consensus_share,
                false,
            ),
            ("vtrust-min", self.vtrust_min, &mut profile.vtrust_min, false),
        ] {
            let Some(given) = given else { continue };
            let is_good =
                given.is_finite() && given >= 0.0 && (may_be_above_one && given > 0.0 || given <= 1.0);
            if !is_good {
                let range = if may_be_above_one {
                    "above 0"
                } else {
                    "from 0 to 1"
                };
                return Err(miette!("--{name} is {given}: it must be {range}"));
            }
            *value = given;
        }
        Ok(profile)
    }

    fn replay(&self, context: &Context) -> miette::Result<Replayed> {
        let profile = self.profile()?;
        let mut rounds: BTreeMap<(Option<u64>, String), Vec<DatasetEvaluation>> = BTreeMap::new();
        for event in self.range.events::<DatasetEvaluation>(context.output())? {
            let evaluation = event.event;
            let round = (evaluation.block, evaluation.validator.clone());
            rounds.entry(round).or_default().push(evaluation);
        }
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        let (mut scored, mut left_out) = (0, 0);
        for round in rounds.values() {
            let Some(recorded) = round.iter().map(recorded).collect::<Option<Vec<_>>>() else {
                left_out += 1;
                continue;
            };
            scored += 1;
            let before: Vec<f64> = round.iter().map(|row| row.weight.unwrap_or(0.0)).collect();
            let after = datasets::weights(&recorded, &profile);
            for ((row, before), after) in round.iter().zip(shares(&before)).zip(shares(&after)) {
                let sum = sums.entry(row.hotkey.clone()).or_default();
                sum.0 += before;
                sum.1 += after;
            }
        }
        if scored == 0 {
            return Err(miette!(
                help = "rounds that this version records have them",
                "the recorded rounds lack the blocks of commitments and the consensus, so they cannot be scored again"
            ));
        }
        let mean = |sum: f64| sum / scored as f64;
        let miners = sums
            .into_iter()
            .map(|(hotkey, (recorded, replayed))| Difference {
                hotkey,
                recorded: mean(recorded),
                replayed: mean(replayed),
            })
            .collect();
        Ok(Replayed::of(scored, left_out, miners))
    }
}

/// What a round found about a miner; nothing where the record lacks something that scoring needs.
fn recorded(row: &DatasetEvaluation) -> Option<datasets::Recorded> {
    let finding = match row.outcome {
        EvaluationOutcome::Measured => Finding::Measured {
            loss: row.loss?,
            committed: row.committed_at?,
        },
        EvaluationOutcome::Copy => Finding::Copy,
        EvaluationOutcome::NoAnswer | EvaluationOutcome::BadAnswer => Finding::Failed,
        _ => Finding::Absent,
    };
    Some(datasets::Recorded {
        hotkey: row.hotkey.clone(),
        finding,
        consensus: row.consensus?,
    })
}

impl Organic {
    fn replay(&self, context: &Context) -> miette::Result<Replayed> {
        if !(self.synth_scale.is_finite() && self.synth_scale >= 0.0) {
            return Err(miette!(
                "--synth-scale is {}: it must be 0 or more",
                self.synth_scale
            ));
        }
        let events = self.range.events::<OrganicIteration>(context.output())?;
        // Of each validator by itself: its scores are its own.
        let mut by_validator: BTreeMap<Option<String>, Vec<organic::Recorded>> = BTreeMap::new();
        let mut left_out = 0;
        for Event { event, .. } in events {
            if event.error.is_some() {
                left_out += 1;
                continue;
            }
            let rewards = event
                .rewards
                .into_iter()
                .map(|given| (given.hotkey, given.reward));
            by_validator
                .entry(event.validator)
                .or_default()
                .push(organic::Recorded {
                    is_organic: event.is_organic,
                    rewards: rewards.collect(),
                });
        }
        let settings = organic::Settings {
            share: self.share,
            synth_reward_scale: self.synth_scale,
        };
        let scored = by_validator.values().map(Vec::len).sum();
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for samples in by_validator.values() {
            let scores = organic::scores(samples, settings).into_diagnostic()?;
            let values: Vec<f64> = scores.values().copied().collect();
            for (hotkey, share) in scores.keys().zip(shares(&values)) {
                sums.entry(hotkey.clone()).or_default().1 += share / by_validator.len() as f64;
            }
        }
        let mut newest: BTreeMap<(String, String), f64> = BTreeMap::new();
        if let Ok(events) = self.range.events::<Score>(context.output()) {
            for Event { stamp, event } in events {
                if let Some(score) = event.score.filter(|_| event.system == "organic") {
                    newest.insert((stamp.source, event.hotkey), score);
                }
            }
        }
        let mut sources: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
        for ((source, hotkey), score) in newest {
            sources.entry(source).or_default().push((hotkey, score));
        }
        for scores in sources.values() {
            let values: Vec<f64> = scores.iter().map(|(_, score)| *score).collect();
            for ((hotkey, _), share) in scores.iter().zip(shares(&values)) {
                sums.entry(hotkey.clone()).or_default().0 += share / sources.len() as f64;
            }
        }
        let miners = sums
            .into_iter()
            .map(|(hotkey, (recorded, replayed))| Difference {
                hotkey,
                recorded,
                replayed,
            })
            .collect();
        Ok(Replayed::of(scored, left_out, miners))
    }
}

impl Replayed {
    fn of(scored: usize, left_out: usize, mut miners: Vec<Difference>) -> Self {
        miners.sort_by(|one, other| {
            let by_weight = other.replayed.total_cmp(&one.replayed);
            by_weight.then_with(|| one.hotkey.cmp(&other.hotkey))
        });
        Self {
            schema: SCHEMA,
            scored,
            left_out,
            miners,
        }
    }
}

/// Each as a part of all; nothing but zeros stays so.
fn shares(values: &[f64]) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    let part = |value: &f64| if sum > 0.0 { value / sum } else { 0.0 };
    values.iter().map(part).collect()
}

fn text(replayed: &Replayed, what: &str) -> String {
    let mut table = output::table(["miner", "recorded", "replayed", "difference"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for miner in &replayed.miners {
        table.add_row([
            miner.hotkey.clone(),
            format!("{:.2} %", miner.recorded * 100.0),
            format!("{:.2} %", miner.replayed * 100.0),
            format!("{:+.2} points", (miner.replayed - miner.recorded) * 100.0),
        ]);
    }
    let left_out = match replayed.left_out {
        0 => String::new(),
        many => format!("; {many} could not be"),
    };
    format!(
        "{}\n{} {what} scored again{left_out}",
        table.trim_fmt(),
        replayed.scored
    )
}
