//! The run while it lasts: hears what is scored, looks at the chain, and moves it on where it is time.

use super::{Ended, untimely, view::View};
use crate::{
    output::{self, Output},
    up::{datasets::Plan, records::Records},
};
use assay_chain::{AccountId, Block, EpochSchedule, Metagraph};
use assay_dashboard::state::ChainView;
use assay_localnet::LocalSubnet;
use comfy_table::CellAlignment;
use miette::{IntoDiagnostic, miette};
use serde::Serialize;
use std::time::Duration;
use tokio::{
    sync::{
        broadcast,
        broadcast::error::{RecvError, TryRecvError},
        watch,
    },
    task::JoinSet,
};

/// How often the chain is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// When the chain is moved on rather than left to its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::up) enum Pace {
    Hurried,
    /// Only for the first epoch of a run, so that a newcomer sees one at once.
    Own,
}

impl Pace {
    pub(in crate::up) fn of(plan: &Plan) -> Self {
        if plan.epochs.is_some() {
            Self::Hurried
        } else {
            Self::Own
        }
    }
}

/// What an epoch paid.
#[derive(Clone, Debug, Serialize)]
pub(in crate::up) struct PaidEpoch {
    pub(in crate::up) epoch: u64,
    pub(in crate::up) block: Block,
    pub(in crate::up) miners: Vec<PaidMiner>,
}

/// What it paid one miner.
#[derive(Clone, Debug, Serialize)]
pub(in crate::up) struct PaidMiner {
    pub(in crate::up) name: String,
    /// Moving average of its rewards, 0 to 1, when the epoch ran.
    pub(in crate::up) score: f64,
    /// Its share of the miners' pot, 0 to 1.
    pub(in crate::up) incentive: f64,
    /// What the epoch paid it, in rao of the subnet's alpha.
    pub(in crate::up) emission_rao: u64,
}

/// How a validator of the system stands.
pub(in crate::up) trait Standing {
    /// What it has scored so far: samples, or steps.
    fn scored(&self) -> u64;
    /// Scores by hotkey.
    fn scores(&self) -> &[(AccountId, f64)];
}

/// What a system adds to the run: what its validators tell, on the page and in the records.
pub(in crate::up) trait System {
    /// What a validator tells.
    type Event: Clone;
    /// How it stands.
    type Standing: Standing + Clone;

    /// The page.
    fn view(&mut self) -> &mut View;
    /// Takes note of what a validator told.
    fn hear(&mut self, event: &Self::Event, standing: Option<&Self::Standing>, records: &mut Records);
    /// Shows how everything stands.
    fn stand(&mut self, standing: &Self::Standing, metagraph: &Metagraph, validators: &[(String, AccountId)]);
}

/// The run.
pub(in crate::up) struct Epochs<'a, S: System> {
    pub(in crate::up) subnet: &'a LocalSubnet,
    pub(in crate::up) system: &'a mut S,
    pub(in crate::up) records: Records,
    pub(in crate::up) output: Output,
    pub(in crate::up) block_time: Duration,
    pub(in crate::up) wanted: Option<u64>,
    pub(in crate::up) pace: Pace,
    /// What is scored before an epoch is hurried on to. Less, and the first lucky guess is paid; more, and a newcomer waits.
    pub(in crate::up) enough: u64,
    pub(in crate::up) done: Vec<PaidEpoch>,
}

/// What has been seen of the chain and of the scoring.
struct Seen {
    /// Block of the last epoch that was told.
    epoch: Block,
    /// Samples that were scored by then.
    scored: u64,
}

impl<S: System> Epochs<'_, S> {
    /// Lives through the run until as many epochs have paid as are wanted, or the user ends it.
    pub(in crate::up) async fn follow(
        &mut self,
        inbox: &mut broadcast::Receiver<S::Event>,
        standings: watch::Receiver<Option<S::Standing>>,
        neurons: &mut JoinSet<Ended>,
    ) -> miette::Result<()> {
        self.subnet.permit_validators().await.into_diagnostic()?;
        let mut seen = Seen {
            epoch: self.schedule().await?.last_epoch_block,
            scored: scored(&standings),
        };
        self.system.view().phase(assay_dashboard::state::Phase::Running);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(crate::up::competition::stop_signal());
        loop {
            tokio::select! {
                event = inbox.recv() => match event {
                    Ok(event) => self.hear(&event, &standings),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(miette!("nobody scores any more")),
                },
                Some(ended) = neurons.join_next() => return Err(untimely(ended.into_diagnostic()?)),
                _ = look.tick() => {
                    self.look(&standings, &mut seen).await?;
                    if self.wanted.is_some_and(|wanted| self.done.len() as u64 >= wanted) {
                        return Ok(());
                    }
                }
                () = &mut stop => {
                    self.output.say("stopping: everything done so far is kept");
                    return Ok(());
                }
            }
        }
    }

    /// Hears what validators told while they were ending.
    pub(in crate::up) fn rest(
        &mut self,
        inbox: &mut broadcast::Receiver<S::Event>,
        standings: &watch::Receiver<Option<S::Standing>>,
    ) {
        loop {
            match inbox.try_recv() {
                Ok(event) => self.hear(&event, standings),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn hear(&mut self, event: &S::Event, standings: &watch::Receiver<Option<S::Standing>>) {
        let standing = standings.borrow();
        self.system.hear(event, standing.as_ref(), &mut self.records);
    }

    async fn look(
        &mut self,
        standings: &watch::Receiver<Option<S::Standing>>,
        seen: &mut Seen,
    ) -> miette::Result<()> {
        let schedule = self.schedule().await?;
        let metagraph = self.subnet.metagraph().await.into_diagnostic()?;
        let standing = standings.borrow().clone();
        let chain = self.chain_view(&schedule);
        self.system.view().chain(chain);
        self.records.chain(&schedule);
        if let Some(standing) = &standing {
            self.system.stand(standing, &metagraph, &self.names());
        }
        if schedule.last_epoch_block > seen.epoch {
            seen.epoch = schedule.last_epoch_block;
            seen.scored = scored(standings);
            self.told(&metagraph, schedule.last_epoch_block, standing.as_ref())?;
            return Ok(());
        }
        let is_hurried = self.pace == Pace::Hurried || self.done.is_empty();
        if is_hurried && scored(standings) >= seen.scored + self.enough {
            self.subnet.hurry().await.into_diagnostic()?;
        }
        Ok(())
    }

    /// Tells what an epoch paid.
    fn told(
        &mut self,
        metagraph: &Metagraph,
        block: Block,
        standing: Option<&S::Standing>,
    ) -> miette::Result<()> {
        let miners: Vec<_> = self
            .subnet
            .miners
            .iter()
            .map(|account| {
                let hotkey = account.hotkey.account();
                let neuron = metagraph.by_hotkey(&hotkey);
                let scores = standing.map(Standing::scores).unwrap_or_default();
                PaidMiner {
                    name: short(&account.name).to_owned(),
                    score: scores
                        .iter()
                        .find(|(known, _)| *known == hotkey)
                        .map_or(0.0, |(_, score)| *score),
                    incentive: neuron.map_or(0.0, |neuron| f64::from(neuron.incentive) / f64::from(u16::MAX)),
                    emission_rao: neuron.map_or(0, |neuron| neuron.emission.0),
                }
            })
            .collect();
        let paid = PaidEpoch {
            epoch: self.done.len() as u64 + 1,
            block,
            miners,
        };
        self.records.epoch(paid.epoch, block, metagraph);
        self.system.view().epoch(&paid, metagraph);
        if !self.output.is_json() {
            self.output
                .say(&format!("\nepoch {} at block {block}", paid.epoch));
            self.output.say(&table(&paid));
        }
        self.done.push(paid);
        Ok(())
    }

    async fn schedule(&self) -> miette::Result<EpochSchedule> {
        self.subnet
            .chain
            .epoch_schedule(self.subnet.netuid)
            .await
            .into_diagnostic()
    }

    fn names(&self) -> Vec<(String, AccountId)> {
        let validators = self.subnet.validators.iter();
        validators
            .map(|account| (account.name.clone(), account.hotkey.account()))
            .collect()
    }

    fn chain_view(&self, schedule: &EpochSchedule) -> ChainView {
        let count = |epochs: u64| u32::try_from(epochs).unwrap_or(u32::MAX);
        ChainView {
            endpoint: self.subnet.devnet.url(),
            netuid: self.subnet.netuid.0,
            block: schedule.block.number.0,
            block_seen_ms: crate::up::view::now_ms(),
            finalized: Some(schedule.block.number.0),
            block_time_ms: u64::try_from(self.block_time.as_millis()).unwrap_or(u64::MAX),
            tempo: schedule.tempo,
            next_epoch_block: schedule.next_epoch_block.map(|block| block.0),
            epochs_done: count(self.done.len() as u64),
            epochs_wanted: self.wanted.map(count),
        }
    }
}

/// A miner's name without the word that its wallet's begins with.
pub(in crate::up) fn short(wallet: &str) -> &str {
    wallet.strip_prefix("miner-").unwrap_or(wallet)
}

fn scored<S: Standing>(standings: &watch::Receiver<Option<S>>) -> u64 {
    standings.borrow().as_ref().map_or(0, Standing::scored)
}

fn table(paid: &PaidEpoch) -> String {
    let mut table = output::table(["miner", "score", "incentive", "emission"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for miner in &paid.miners {
        table.add_row([
            miner.name.clone(),
            format!("{:.3}", miner.score),
            format!("{:.1} %", miner.incentive * 100.0),
            assay_chain::Alpha(miner.emission_rao).to_string(),
        ]);
    }
    table.trim_fmt()
}
