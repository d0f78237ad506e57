//! The competition while it runs: hears what everybody tells, looks at the chain, and moves it on where it is time.

use super::{
    board::{Board, Line, Publishing, stage_words},
    cast::{Cast, Manner, MinerRole},
    datasets::{Plan, TEMPO},
    history::{History, PendingEpoch},
    home::Home,
    participants::{self, Surroundings},
    records::Records,
    results,
    summary::{self, ChainSummary, CompetitionSummary, Summary, ValidatorSummary},
    terminal::Terminal,
    view::{self, View},
};
use assay_chain::{Block, ChainClient, EpochSchedule, Metagraph, NetUid};
use assay_dashboard::state::ChainView;
use assay_datasets::{DatasetEvent, MinerError, ValidatorError};
use assay_devnet::Devnet;
use assay_localnet::Account;
use miette::{IntoDiagnostic, WrapErr};
use std::{collections::VecDeque, time::Duration};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
};

/// How often the chain is looked at. Longer, and the terminal lags behind; shorter, and looking costs more than the
/// chain itself.
const LOOK: Duration = Duration::from_millis(200);
/// How long participants have to end when told to.
pub(super) const FAREWELL: Duration = Duration::from_secs(10);

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As many epochs as were asked for.
    Target,
    /// The user stopped it.
    Stopped,
}

/// When the chain is moved on to its epoch rather than left to its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hurry {
    Always,
    /// Only for the first epoch of a run, so that a newcomer sees one at once.
    First,
}

impl Hurry {
    pub(super) fn of(plan: &Plan) -> Self {
        if plan.epochs.is_some() {
            Self::Always
        } else {
            Self::First
        }
    }
}

/// A miner that waits for another to commit.
#[derive(Debug)]
pub(super) struct Follower {
    role: MinerRole,
    account: Account,
    leader: String,
}

#[derive(Debug)]
pub(super) struct Competition {
    pub(super) home: Home,
    pub(super) chain: ChainClient,
    pub(super) devnet: Devnet,
    pub(super) netuid: NetUid,
    pub(super) around: Surroundings,
    pub(super) cast: Cast,
    pub(super) board: Board,
    pub(super) history: History,
    pub(super) terminal: Terminal,
    /// Number of finished epochs at which to end.
    pub(super) target: Option<u64>,
    pub(super) hurry: Hurry,
    /// Closing block of the newest round that was paid, or had nothing to be paid for.
    pub(super) paid: Option<Block>,
    pub(super) waiting: VecDeque<Follower>,
    pub(super) mining: JoinSet<(String, miette::Result<Result<(), MinerError>>)>,
    pub(super) validating: JoinSet<(String, miette::Result<Result<(), ValidatorError>>)>,
    pub(super) view: View,
    pub(super) block_time: Duration,
    /// The newest snapshot, one an epoch.
    pub(super) metagraph: Option<Metagraph>,
    pub(super) records: Records,
}

impl Competition {
    pub(super) fn start(&mut self, miners: Vec<Account>, validators: Vec<Account>) {
        for (role, account) in self.cast.miners.clone().into_iter().zip(miners) {
            match &role.manner {
                Manner::After(leader) => {
                    let leader = leader.clone();
                    self.waiting.push_back(Follower {
                        role,
                        account,
                        leader,
                    });
                }
                Manner::Careful | Manner::Careless => self.start_miner(role, account),
            }
        }
        for account in validators {
            let name = account.name.clone();
            let folder = self.home.validator(&name);
            let records = self.records.of_neuron(&account.hotkey.account());
            let work =
                participants::validate(self.around.clone(), self.cast.clone(), folder, account, records);
            self.validating.spawn(async move { (name, work.await) });
        }
    }

    fn start_miner(&mut self, role: MinerRole, account: Account) {
        let name = role.name.clone();
        let folder = self.home.miner(&name);
        let token = participants::hub_token(&self.home, &name);
        let base_model = self.cast.base_model.clone();
        let work = participants::mine(self.around.clone(), folder, token, role, account, base_model);
        self.mining.spawn(async move { (name, work.await) });
    }

    /// Lives through the competition until its end.
    pub(super) async fn follow(
        &mut self,
        mut inbox: broadcast::Receiver<DatasetEvent>,
    ) -> miette::Result<End> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(stop_signal());
        loop {
            tokio::select! {
                event = inbox.recv() => self.hear(event)?,
                Some(done) = self.mining.join_next() => {
                    let (name, result) = done.into_diagnostic()?;
                    self.miner_ended(&name, result)?;
                }
                Some(done) = self.validating.join_next() => {
                    let (name, result) = done.into_diagnostic()?;
                    result?.into_diagnostic().wrap_err_with(|| format!("{name} has ended"))?;
                    return Err(miette::miette!("{name} has ended without being told to"));
                }
                _ = look.tick() => {
                    if self.look().await? {
                        return Ok(End::Target);
                    }
                }
                () = &mut stop => {
                    self.terminal.log("stopping: everything done so far is kept");
                    return Ok(End::Stopped);
                }
            }
        }
    }

    fn hear(&mut self, event: Result<DatasetEvent, RecvError>) -> miette::Result<()> {
        match event {
            Ok(event) => {
                self.records.hear(&event);
                if let Some(line) = self.board.take(&event) {
                    self.tell(&line);
                }
                self.start_followers();
                self.terminal.show(&self.board);
                Ok(())
            }
            // What was missed was for showing; the state files have it.
            Err(RecvError::Lagged(_)) => Ok(()),
            Err(RecvError::Closed) => Err(miette::miette!("the channel of events is closed")),
        }
    }

    /// Writes a line of the log, here and on the page.
    fn tell(&self, line: &Line) {
        self.terminal.log(&line.to_string());
        self.view.log(line);
    }

    fn start_followers(&mut self) {
        for _ in 0..self.waiting.len() {
            let Some(follower) = self.waiting.pop_front() else {
                return;
            };
            let leader = self
                .board
                .miners
                .iter()
                .find(|miner| miner.known.name == follower.leader);
            match leader.map(|miner| &miner.publishing) {
                Some(Publishing::Queued | Publishing::Doing(_)) => self.waiting.push_back(follower),
                Some(Publishing::Committed | Publishing::Refused(_)) | None => {
                    self.start_miner(follower.role, follower.account);
                }
            }
        }
    }

    fn miner_ended(
        &mut self,
        name: &str,
        result: miette::Result<Result<(), MinerError>>,
    ) -> miette::Result<()> {
        let publishing = match result? {
            Ok(()) => Publishing::Committed,
            Err(error) => Publishing::Refused(error.to_string()),
        };
        if let Publishing::Refused(why) = &publishing {
            self.tell(&Line::warning(name, format!("does not publish: {why}")));
        }
        if let Some(miner) = self
            .board
            .miners
            .iter_mut()
            .find(|miner| miner.known.name == name)
        {
            miner.publishing = publishing;
        }
        self.start_followers();
        Ok(())
    }

    /// Looks at the chain, moves it on where it is time, and says whether the end is reached.
    async fn look(&mut self) -> miette::Result<bool> {
        if self.board.is_submitting() {
            self.devnet.produce(1).await.into_diagnostic()?;
        }
        let schedule = self.chain.epoch_schedule(self.netuid).await.into_diagnostic()?;
        self.terminal.show_chain(
            schedule.block.number.0,
            schedule.next_epoch_block.map(|block| block.0),
        );
        self.view.chain(self.chain_view(&schedule));
        self.records.chain(&schedule);
        if self.metagraph.is_none() {
            self.metagraph = Some(self.chain.metagraph(self.netuid).await.into_diagnostic()?);
        }
        self.view.board(&self.board, self.metagraph.as_ref());
        self.record_paid(&schedule).await?;
        if self
            .target
            .is_some_and(|target| self.history.finished() >= target)
        {
            return Ok(true);
        }
        self.close_round(&schedule).await?;
        Ok(false)
    }

    /// Writes down the pending round when the epoch that pays for it has run.
    async fn record_paid(&mut self, schedule: &EpochSchedule) -> miette::Result<()> {
        let Some(pending) = self.history.pending() else {
            return Ok(());
        };
        if schedule.last_epoch_block <= pending.after {
            return Ok(());
        }
        let (round, mut miners) = (pending.round, pending.miners.clone());
        let metagraph = self.chain.metagraph(self.netuid).await.into_diagnostic()?;
        results::pay(&mut miners, &metagraph);
        let record = self.history.finish(round, schedule.last_epoch_block, miners)?;
        self.records.epoch(record.epoch, record.block, &metagraph);
        self.terminal.epoch(record);
        self.view.epoch(record);
        self.metagraph = Some(metagraph);
        Ok(())
    }

    fn chain_view(&self, schedule: &EpochSchedule) -> ChainView {
        let count = |epochs: u64| u32::try_from(epochs).unwrap_or(u32::MAX);
        ChainView {
            endpoint: self.around.chain_url.clone(),
            netuid: self.netuid.0,
            block: schedule.block.number.0,
            block_seen_ms: view::now_ms(),
            finalized: Some(schedule.block.number.0),
            block_time_ms: u64::try_from(self.block_time.as_millis()).unwrap_or(u64::MAX),
            tempo: schedule.tempo,
            next_epoch_block: schedule.next_epoch_block.map(|block| block.0),
            epochs_done: count(self.history.finished()),
            epochs_wanted: self.target.map(count),
        }
    }

    /// When every validator is through its round: notes the scores, and moves the chain on to the epoch.
    async fn close_round(&mut self, schedule: &EpochSchedule) -> miette::Result<()> {
        if !self.board.published() || !self.waiting.is_empty() {
            return Ok(());
        }
        let pending = self.history.pending().is_some();
        if !pending {
            let Some(round) = self.board.settled_round() else {
                return Ok(());
            };
            if Some(round) <= self.paid {
                return Ok(());
            }
            self.paid = Some(round);
            if let Some(miners) = self.board.score_lines(round) {
                let after = schedule.block.number;
                self.history.set_pending(PendingEpoch { round, after, miners })?;
            }
        }
        if self.hurry == Hurry::Always || self.history.finished() == 0 {
            self.devnet.run_to_epoch(self.netuid.0).await.into_diagnostic()?;
        }
        Ok(())
    }

    /// Ends the participants.
    pub(super) async fn leave(&mut self) {
        self.around.stop.cancel();
        let ended = tokio::time::timeout(FAREWELL, async {
            while self.mining.join_next().await.is_some() {}
            while self.validating.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            // Their state survives a kill at any moment; a step of training that is under way is lost.
            self.mining.abort_all();
            self.validating.abort_all();
        }
    }

    pub(super) async fn summary(&self) -> miette::Result<Summary> {
        let head = self.chain.head().await.into_diagnostic()?;
        Ok(Summary {
            schema: summary::SCHEMA,
            system: "datasets",
            home: self.home.folder().to_path_buf(),
            continued: self.home.continued,
            chain: ChainSummary {
                genesis: format!("{:#x}", self.devnet.genesis_hash()),
                netuid: self.netuid,
                block: head.number.0,
                tempo: TEMPO,
            },
            competition: CompetitionSummary {
                id: self.around.profile.competition.to_string(),
                recipe: self.around.recipe.name.clone(),
                held_out: self.cast.held_out.clone(),
                base_model: self.cast.base_model.clone(),
            },
            validators: self
                .board
                .validators
                .iter()
                .map(|validator| ValidatorSummary {
                    name: validator.name.clone(),
                    hotkey: validator.hotkey,
                    weights: validator.weights.as_ref().map(|(_, stage)| stage_words(stage)),
                })
                .collect(),
            miners: summary::totals(self.history.epochs()),
            epochs: self.history.epochs().to_vec(),
        })
    }
}

/// Resolves when the user or the system asks the process to end.
pub(super) async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupted => {}
        () = terminated => {}
    }
}
