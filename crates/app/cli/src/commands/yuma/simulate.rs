//! `assay yuma simulate`: what would my weights earn, what would a copier?

use crate::{
    commands::on_chain::{account, chain_failure, connect, short},
    commands::weights::{Weight, by_hotkey_or_uid},
    context::Context,
    output,
};
use assay_chain::{AccountId, Alpha, EpochForecast, NetUid, Uid, WeightRow, Zeros};
use assay_keys::KeyRole;
use assay_yuma::{
    CommitReveal,
    coinbase::{EarningHotkey, PendingEmission, pay_epoch},
    simulation::{SimulatedEpoch, Simulation, Strategy, simulate},
};
use comfy_table::CellAlignment;
use miette::{Context as _, IntoDiagnostic, miette};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Tell what other weights would earn in a subnet's next epochs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(
        long,
        value_name = "N",
        required_unless_present = "snapshot",
        conflicts_with = "snapshot"
    )]
    netuid: Option<NetUid>,
    /// Look at this file, which --save wrote, instead of a chain
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Keep what was read in this file
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Which validator: a uid or a hotkey, instead of the wallet's hotkey
    #[arg(long = "as", value_name = "WHO")]
    validator: Option<String>,
    /// The weights: WHO=VALUE with commas between, or a file with one a line; without them only what is on chain and the
    /// copiers are looked at
    #[arg(long, value_name = "WEIGHTS")]
    weights: Option<String>,
    /// How many epochs
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    epochs: u32,
}

/// What is printed under `--json`. Shares are in 1/65535, amounts in the subnet's alpha.
#[derive(Debug, Serialize)]
struct Answer {
    netuid: NetUid,
    /// The block at which the chain was read.
    block: assay_chain::BlockRef,
    /// The block of the first simulated epoch.
    first_epoch: u64,
    commit_reveal: bool,
    validator: Validator,
    /// What each way of setting weights brings the validator; a copier stands in its place, with its stake and bonds.
    strategies: Vec<Outcome>,
    /// What it brings the neurons that it is about, under the first and the last of the ways above.
    miners: Vec<Miner>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Validator {
    uid: Uid,
    hotkey: AccountId,
    permit: bool,
}

#[derive(Debug, Serialize)]
struct Outcome {
    name: &'static str,
    epochs: Vec<Earned>,
    /// Dividends of all epochs.
    total: Alpha,
}

#[derive(Debug, Serialize)]
struct Earned {
    block: u64,
    validator_trust: u16,
    dividends: u16,
    /// To the hotkey's owner and its nominators together.
    paid: Alpha,
}

#[derive(Debug, Serialize)]
struct Miner {
    uid: Uid,
    hotkey: AccountId,
    /// In the last epoch of the chain.
    incentive_before: u16,
    /// In the first simulated epoch, with the weights that are on chain.
    incentive_as_now: u16,
    consensus_as_now: u16,
    /// In the first simulated epoch, with the weights given.
    #[serde(skip_serializing_if = "Option::is_none")]
    incentive: Option<u16>,
    /// The weight given, of the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u16>,
    paid_as_now: Alpha,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Alpha>,
}

pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
    if args.save.is_some() {
        context.refuse_dry_run("assay yuma simulate --save")?;
    }
    let forecast = match (&args.snapshot, args.netuid) {
        (Some(path), _) => read(path)?,
        (None, Some(netuid)) => context.block_on(async {
            let client = connect(context).await?;
            let snapshot = client.pin().await.map_err(chain_failure)?;
            snapshot.epoch_forecast(netuid).await.map_err(chain_failure)
        })?,
        (None, None) => return Err(miette!("give --netuid or --snapshot")),
    };
    if let Some(path) = &args.save {
        let text = serde_json::to_vec(&forecast).into_diagnostic()?;
        fs_err::write(path, text).into_diagnostic()?;
        context.output().say(&format!(
            "kept block {} in {}",
            forecast.block.number,
            path.display()
        ));
    }
    let uid = validator(&args, &forecast, context)?;
    let row = match &args.weights {
        Some(text) => Some(row(text, &forecast)?),
        None => None,
    };
    let answer = answer(&forecast, uid, row.as_ref(), args.epochs);
    context.output().data(&answer, text)
}

fn read(path: &Path) -> miette::Result<EpochForecast> {
    let bytes = fs_err::read(path).into_diagnostic()?;
    serde_json::from_slice(&bytes)
        .into_diagnostic()
        .wrap_err_with(|| {
            format!(
                "{} is not what `assay yuma simulate --save` writes",
                path.display()
            )
        })
}

/// The validator's uid.
fn validator(args: &Args, forecast: &EpochForecast, context: &Context) -> miette::Result<Uid> {
    let hotkey = match &args.validator {
        Some(text) => match (text.parse::<Uid>(), text.parse::<AccountId>()) {
            (Ok(uid), _) if usize::from(uid.0) < forecast.hotkeys.len() => return Ok(uid),
            (_, Ok(hotkey)) => hotkey,
            _ => {
                return Err(miette!(
                    help = "`assay subnet metagraph` lists them",
                    "\"{text}\" is neither a uid of subnet {} nor the address of a hotkey",
                    forecast.netuid
                ));
            }
        },
        None => account(context, KeyRole::Hotkey)?,
    };
    let place = forecast.hotkeys.iter().position(|known| *known == hotkey);
    place
        .and_then(|place| u16::try_from(place).ok())
        .map(Uid)
        .ok_or_else(|| {
            miette!(
                help = "name a validator with --as UID, or register the hotkey",
                "hotkey {hotkey} is not registered in subnet {}",
                forecast.netuid
            )
        })
}

/// The row that the weights stand for, zeros included.
fn row(text: &str, forecast: &EpochForecast) -> miette::Result<WeightRow> {
    // A row has an equals sign in it; what has none is meant as a file.
    let written = if text.contains('=') {
        text.to_owned()
    } else {
        fs_err::read_to_string(text).into_diagnostic().wrap_err(
            "--weights is neither a row, WHO=VALUE with commas between, nor a file that can be read",
        )?
    };
    let mut scores: Vec<(Uid, f64)> = Vec::new();
    for line in written.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for part in line.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let weight: Weight = part.parse().map_err(|error| miette!("{part}: {error}"))?;
            scores.push(by_hotkey_or_uid(&weight, &forecast.hotkeys, forecast.netuid)?);
        }
    }
    for uid in (0u16..).take(forecast.hotkeys.len()).map(Uid) {
        if !scores.iter().any(|(known, _)| *known == uid) {
            scores.push((uid, 0.0));
        }
    }
    WeightRow::from_scores(&scores, Zeros::Explicit).into_diagnostic()
}

fn answer(forecast: &EpochForecast, uid: Uid, row: Option<&WeightRow>, epochs: u32) -> Answer {
    let run = |name, strategy: &Strategy| {
        let simulation = Simulation {
            start: &forecast.input,
            last_consensus: &forecast.last_consensus,
            uid: uid.0,
            strategy,
            later_emission: forecast.per_tempo.total(),
        };
        // Each epoch holds all bonds of the subnet; what is told of a run is taken before the next one begins.
        let mut epochs = simulate(&simulation, epochs);
        let outcome = outcome(name, forecast, uid, &epochs);
        epochs.truncate(1);
        (outcome, epochs.pop())
    };
    let commit_reveal = forecast.input.hyperparameters.commit_reveal == CommitReveal::Enabled;
    let period = forecast.reveal_period_epochs.max(1);
    let (outcome, as_now) = run("as on chain", &Strategy::Keep);
    let mut strategies = vec![outcome];
    let mut mine = None;
    if let Some(row) = row {
        let row = row.entries().iter().map(|(uid, value)| (uid.0, *value)).collect();
        let (outcome, first) = run("these weights", &Strategy::Set(row));
        strategies.push(outcome);
        mine = first;
    }
    let copiers = [
        ("a copier, weights in the open", Strategy::CopyOpen),
        (
            "a copier, commit-reveal",
            Strategy::CopyRevealed { epochs: period },
        ),
    ];
    for (name, strategy) in &copiers {
        strategies.push(run(name, strategy).0);
    }

    let permit = forecast
        .input
        .neurons
        .get(usize::from(uid.0))
        .is_some_and(|neuron| neuron.validator_permit)
        || forecast.input.owner_uid == Some(uid.0);
    Answer {
        netuid: forecast.netuid,
        block: forecast.block,
        first_epoch: forecast.input.block,
        commit_reveal,
        validator: Validator {
            uid,
            hotkey: forecast.hotkeys[usize::from(uid.0)],
            permit,
        },
        strategies,
        miners: miners(forecast, row, as_now.as_ref(), mine.as_ref()),
        notes: notes(forecast, uid, permit, commit_reveal),
    }
}

fn notes(forecast: &EpochForecast, uid: Uid, permit: bool, commit_reveal: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if !permit {
        notes.push(format!(
            "uid {uid} has no validator permit, so its weights do not count before an epoch gives it one: `assay devnet why` tells what it takes"
        ));
    }
    let mut others = forecast.input.neurons.iter().enumerate();
    let copied = |(place, neuron): (usize, &assay_yuma::Neuron)| {
        place != usize::from(uid.0) && neuron.validator_permit && !neuron.weights.is_empty()
    };
    if !others.any(copied) {
        notes.push(
            "no other validator has weights, so there is nothing to copy: without any incentive the miners' part goes to the validators"
                .to_owned(),
        );
    }
    if forecast.pending.total() == 0 {
        notes.push("the subnet emits nothing: shares are told, amounts are 0".to_owned());
    }
    if commit_reveal {
        notes.push(
            "weights that are committed and not yet revealed are not known, so they are not counted"
                .to_owned(),
        );
    }
    notes
}

fn outcome(name: &'static str, forecast: &EpochForecast, uid: Uid, epochs: &[SimulatedEpoch]) -> Outcome {
    let place = usize::from(uid.0);
    let share = |values: &[u16]| values.get(place).copied().unwrap_or_default();
    let epochs: Vec<Earned> = epochs
        .iter()
        .enumerate()
        .map(|(number, epoch)| Earned {
            block: epoch.block,
            validator_trust: share(&epoch.output.validator_trust),
            dividends: share(&epoch.output.dividends),
            paid: paid(forecast, number, epoch)
                .get(place)
                .map(|(_, dividends)| *dividends)
                .unwrap_or_default(),
        })
        .collect();
    let total = Alpha(epochs.iter().map(|earned| earned.paid.0).sum());
    Outcome { name, epochs, total }
}

/// What every uid is paid in an epoch: for mining, and as dividends of the subnet's alpha, takes included.
fn paid(forecast: &EpochForecast, number: usize, epoch: &SimulatedEpoch) -> Vec<(Alpha, Alpha)> {
    let pending: PendingEmission = if number == 0 {
        forecast.pending
    } else {
        forecast.per_tempo
    };
    let shares = epoch
        .output
        .server_emission
        .iter()
        .zip(&epoch.output.validator_emission);
    let hotkeys: Vec<EarningHotkey> = shares
        .zip(&forecast.input.neurons)
        .map(|((server, validator), neuron)| EarningHotkey {
            server_emission: *server,
            validator_emission: *validator,
            alpha_stake: neuron.alpha_stake,
            root_stake: neuron.root_stake,
            take: 0,
        })
        .collect();
    pay_epoch(pending, forecast.input.hyperparameters.tao_weight, &hotkeys)
        .into_iter()
        .map(|payment| (Alpha(payment.incentive), Alpha(payment.alpha_dividends)))
        .collect()
}

/// The neurons that have or would have incentive or weight, those with the most first.
fn miners(
    forecast: &EpochForecast,
    row: Option<&WeightRow>,
    as_now: Option<&SimulatedEpoch>,
    mine: Option<&SimulatedEpoch>,
) -> Vec<Miner> {
    let Some(as_now) = as_now else { return Vec::new() };
    let paid_as_now = paid(forecast, 0, as_now);
    let paid_with = mine.map(|mine| paid(forecast, 0, mine));
    let at = |values: &[u16], place: usize| values.get(place).copied().unwrap_or_default();
    let mut miners: Vec<Miner> = forecast
        .hotkeys
        .iter()
        .enumerate()
        .map(|(place, hotkey)| {
            // As many as there are hotkeys, of which a subnet has 4096 at most.
            let uid = Uid(u16::try_from(place).unwrap_or(u16::MAX));
            let weight = row.map(|row| {
                let entry = row.entries().iter().find(|(known, _)| *known == uid);
                entry.map_or(0, |(_, value)| *value)
            });
            Miner {
                uid,
                hotkey: *hotkey,
                incentive_before: at(&forecast.last_incentive, place),
                incentive_as_now: at(&as_now.output.incentive, place),
                consensus_as_now: at(&as_now.output.consensus, place),
                incentive: mine.map(|mine| at(&mine.output.incentive, place)),
                weight,
                paid_as_now: paid_as_now
                    .get(place)
                    .map(|(mined, _)| *mined)
                    .unwrap_or_default(),
                paid: paid_with
                    .as_ref()
                    .map(|paid| paid.get(place).map(|(mined, _)| *mined).unwrap_or_default()),
            }
        })
        .filter(|miner| {
            miner.incentive_before > 0
                || miner.incentive_as_now > 0
                || miner.incentive.unwrap_or_default() > 0
                || miner.weight.unwrap_or_default() > 0
        })
        .collect();
    miners.sort_by_key(|miner| {
        (
            std::cmp::Reverse(miner.incentive.unwrap_or(miner.incentive_as_now)),
            miner.uid,
        )
    });
    miners
}

/// A share of 65535 as a fraction of one.
fn fraction(part: u16) -> String {
    format!("{:.4}", f64::from(part) / 65535.0)
}

fn amount(alpha: Alpha) -> String {
    format!("{:.4}", alpha.tokens())
}

fn text(answer: &Answer) -> String {
    let mut parts = vec![format!(
        "subnet {} at block {}: uid {} ({}), the next epoch is at block {}",
        answer.netuid,
        answer.block.number,
        answer.validator.uid,
        short(&answer.validator.hotkey),
        answer.first_epoch
    )];
    let count = answer
        .strategies
        .first()
        .map_or(0, |outcome| outcome.epochs.len());
    let mut table = output::table([
        "weights",
        "trust, first epoch",
        "dividends",
        "alpha",
        "trust, last epoch",
        "dividends",
        "alpha",
        "alpha, all epochs",
    ]);
    for outcome in &answer.strategies {
        let told = |earned: Option<&Earned>| match earned {
            Some(earned) => [
                fraction(earned.validator_trust),
                fraction(earned.dividends),
                amount(earned.paid),
            ],
            None => [String::new(), String::new(), String::new()],
        };
        let mut cells = vec![outcome.name.to_owned()];
        cells.extend(told(outcome.epochs.first()));
        cells.extend(told(outcome.epochs.last()));
        cells.push(amount(outcome.total));
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    parts.push(format!(
        "\nthe validator, over {count} epochs\n{}",
        table.trim_fmt()
    ));
    if !answer.miners.is_empty() {
        parts.push(format!(
            "\nthe miners, in the next epoch\n{}",
            miners_table(&answer.miners)
        ));
    }
    for note in &answer.notes {
        parts.push(format!("note: {note}"));
    }
    parts.join("\n")
}

fn miners_table(miners: &[Miner]) -> String {
    let mut table = output::table([
        "uid",
        "hotkey",
        "incentive before",
        "as on chain",
        "alpha",
        "consensus",
        "these weights",
        "incentive",
        "alpha",
    ]);
    for miner in miners {
        table.add_row([
            miner.uid.to_string(),
            short(&miner.hotkey),
            fraction(miner.incentive_before),
            fraction(miner.incentive_as_now),
            amount(miner.paid_as_now),
            fraction(miner.consensus_as_now),
            miner.weight.map_or_else(String::new, fraction),
            miner.incentive.map_or_else(String::new, fraction),
            miner.paid.map_or_else(String::new, amount),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
