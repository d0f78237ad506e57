//! The run while it lasts: hears what is scored, looks at the chain, and moves it on where it is time.

use super::{Ended, untimely, view::View};
use crate::{
    output::{self, Output},
    up::{datasets::Plan, records::Records},
};
use assay_chain::{Block, EpochSchedule, Metagraph};
use assay_chat::{ChatEvent, ChatStanding};
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
/// Samples that are scored before an epoch is hurried on to. Fewer, and the first lucky guess is paid; more, and a
/// newcomer waits.
const ENOUGH: u64 = 8;
/// When the chain is moved on rather than left to its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Hurried,
    /// Only for the first epoch of a run, so that a newcomer sees one at once.
    Own,
}

impl Pace {
    pub(super) fn of(plan: &Plan) -> Self {
        if plan.epochs.is_some() {
            Self::Hurried
        } else {
            Self::Own
        }
    }
}

/// What an epoch paid.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PaidEpoch {
    pub(super) epoch: u64,
    pub(super) block: Block,
    pub(super) miners: Vec<PaidMiner>,
}

/// What it paid one miner.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PaidMiner {
    pub(super) name: String,
    /// Moving average of its rewards, 0 to 1, when the epoch ran.
    pub(super) score: f64,
    /// Its share of the miners' pot, 0 to 1.
    pub(super) incentive: f64,
    /// What the epoch paid it, in rao of the subnet's alpha.
    pub(super) emission_rao: u64,
}

/// The run.
pub(super) struct Epochs<'a> {
    pub(super) subnet: &'a LocalSubnet,
    pub(super) view: &'a mut View,
    pub(super) records: Records,
    pub(super) output: Output,
    pub(super) block_time: Duration,
    pub(super) wanted: Option<u64>,
    pub(super) pace: Pace,
    pub(super) done: Vec<PaidEpoch>,
}

/// What has been seen of the chain and of the scoring.
struct Seen {
    /// Block of the last epoch that was told.
    epoch: Block,
    /// Samples that were scored by then.
    scored: u64,
}

impl Epochs<'_> {
    /// Lives through the run until as many epochs have paid as are wanted, or the user ends it.
    pub(super) async fn follow(
        &mut self,
        inbox: &mut broadcast::Receiver<ChatEvent>,
        standings: watch::Receiver<Option<ChatStanding>>,
        neurons: &mut JoinSet<Ended>,
    ) -> miette::Result<()> {
        self.subnet.permit_validators().await.into_diagnostic()?;
        let mut seen = Seen {
            epoch: self.schedule().await?.last_epoch_block,
            scored: scored(&standings),
        };
        self.view.phase(assay_dashboard::state::Phase::Running);
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
    pub(super) fn rest(
        &mut self,
        inbox: &mut broadcast::Receiver<ChatEvent>,
        standings: &watch::Receiver<Option<ChatStanding>>,
    ) {
        loop {
            match inbox.try_recv() {
                Ok(event) => self.hear(&event, standings),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn hear(&mut self, event: &ChatEvent, standings: &watch::Receiver<Option<ChatStanding>>) {
        if let ChatEvent::Scored(sample) = event {
            let queued = standings
                .borrow()
                .as_ref()
                .map_or(0, |standing| standing.scoring.queued);
            self.records.sample(sample, queued);
        }
        self.view.hear(event);
    }

    async fn look(
        &mut self,
        standings: &watch::Receiver<Option<ChatStanding>>,
        seen: &mut Seen,
    ) -> miette::Result<()> {
        let schedule = self.schedule().await?;
        let metagraph = self.subnet.metagraph().await.into_diagnostic()?;
        let standing = standings.borrow().clone();
        self.view.chain(self.chain_view(&schedule));
        self.records.chain(&schedule);
        self.view.stand(standing.as_ref(), &metagraph, &self.names());
        if schedule.last_epoch_block > seen.epoch {
            seen.epoch = schedule.last_epoch_block;
            seen.scored = scored(standings);
            self.told(&metagraph, schedule.last_epoch_block, standing.as_ref())?;
            return Ok(());
        }
        let is_hurried = self.pace == Pace::Hurried || self.done.is_empty();
        if is_hurried && scored(standings) >= seen.scored + ENOUGH {
            self.subnet.hurry().await.into_diagnostic()?;
        }
        Ok(())
    }

    /// Tells what an epoch paid.
    fn told(
        &mut self,
        metagraph: &Metagraph,
        block: Block,
        standing: Option<&ChatStanding>,
    ) -> miette::Result<()> {
        let miners: Vec<_> = self
            .subnet
            .miners
            .iter()
            .map(|account| {
                let hotkey = account.hotkey.account();
                let neuron = metagraph.by_hotkey(&hotkey);
                let scores = standing
                    .map(|standing| standing.scores.as_slice())
                    .unwrap_or_default();
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
        self.view.epoch(&paid, metagraph);
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

    fn names(&self) -> Vec<(String, assay_chain::AccountId)> {
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
pub(super) fn short(wallet: &str) -> &str {
    wallet.strip_prefix("miner-").unwrap_or(wallet)
}

fn scored(standings: &watch::Receiver<Option<ChatStanding>>) -> u64 {
    let standing = standings.borrow();
    standing.as_ref().map_or(0, |standing| {
        standing.scoring.organic + standing.scoring.synthetic
    })
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
