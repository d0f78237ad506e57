//! A dataset competition from the first block to the summary.
//!
//! The chain, the hub, the miners and the validators run in this process, and talk to each other through the same
//! sockets and calls as on a public network. What is special is only the hurry: under `--epochs`, and for the first
//! epoch of a run, the chain is moved on to its next epoch as soon as every validator's weights are final.

use super::{
    accounts::Account,
    board::{self, Board, Line, MinerName, Publishing},
    cast::{Cast, Manner, MinerRole},
    founding,
    history::{History, PendingEpoch},
    home::Home,
    participants::{self, Surroundings},
    summary::{self, ChainSummary, CompetitionSummary, Summary, ValidatorSummary},
    terminal::Terminal,
    view::{self, View},
};
use crate::output::Output;
use assay_chain::{Block, ChainClient, ConnectOptions, EpochSchedule, Metagraph, NetUid};
use assay_dashboard::{
    Dashboard, DashboardConfig,
    state::{ChainView, CompetitionView, Phase},
};
use assay_datasets::{DatasetEvent, MinerError, Profile, Recipe, ValidatorError, rows::Template};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Genesis, Storage};
use assay_hub::{HubServer, HubServerConfig};
use miette::{IntoDiagnostic, WrapErr};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// How often the chain is looked at. Longer, and the terminal lags behind; shorter, and looking costs more than the
/// chain itself.
const LOOK: Duration = Duration::from_millis(200);
/// How long participants have to end when told to.
const FAREWELL: Duration = Duration::from_secs(10);
/// Events kept for a reader that is slow. A training step is one event; thousands pass in a round.
const EVENTS: usize = 16 * 1024;

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Epochs after which to end; none to run until stopped.
    pub(super) epochs: Option<u64>,
    pub(super) dashboard: SocketAddr,
    pub(super) chain: SocketAddr,
    pub(super) block_time: Duration,
}

/// Runs a competition to its end.
pub(super) async fn run(home: Home, plan: Plan, output: Output) -> miette::Result<()> {
    let started = Instant::now();
    let mut history = History::open(home.folder())?;
    let target = history.aim(plan.epochs)?;
    if home.continued {
        output.say(&format!(
            "continuing {} after {} epochs",
            home.folder().display(),
            history.finished()
        ));
    }

    let mut view = View::new("datasets");
    let stop = CancellationToken::new();
    let dashboard = Dashboard::bind(
        DashboardConfig {
            listen: plan.dashboard,
            ..DashboardConfig::default()
        },
        view.subscribe(),
    )
    .await
    .into_diagnostic()
    .wrap_err("the dashboard does not start: choose another port with --port")?;
    output.say(&format!("page   {}", dashboard.url()));
    let pages = tokio::spawn(dashboard.serve(stop.clone().cancelled_owned()));

    view.starting("laying out the data");
    let cast = Cast::assemble(&home)?;
    view.starting("starting the hub and the chain");
    let hub = start_hub(&home, &cast).await?;
    let devnet = start_devnet(&home, &plan).await?;
    let (chain_url, hub_url) = (devnet.url(), hub.url());
    output.say(&format!(
        "chain  {chain_url}\nhub    {hub_url}\nhome   {}",
        home.folder().display()
    ));

    let chain = ChainClient::connect(chain_url.parse().into_diagnostic()?, ConnectOptions::default())
        .await
        .into_diagnostic()?;
    let owner = Account::open(&home, "owner").into_diagnostic()?;
    let validators = accounts(
        &home,
        (1..=home.settings.inputs.validators).map(|n| format!("validator-{n}")),
    )?;
    let miners = accounts(
        &home,
        cast.miners.iter().map(|role| format!("miner-{}", role.name)),
    )?;
    view.starting("founding the subnet");
    let netuid = founding::found(&chain, &devnet, &owner, &validators, &miners).await?;
    for record in history.epochs() {
        view.epoch(record);
    }

    let (events, inbox) = broadcast::channel(EVENTS);
    let around = Surroundings {
        chain_url,
        hub_url,
        netuid,
        profile: Profile::seed(),
        recipe: recipe(&cast.base_model)?,
        events,
        stop: stop.child_token(),
    };
    view.competition(CompetitionView {
        id: around.profile.competition.to_string(),
        round: None,
        base_model: cast.base_model.display().to_string(),
        eval_set: cast.held_out.display().to_string(),
        seed: None,
        hub: Some(around.hub_url.clone()),
    });
    let board = Board::new(
        cast.miners
            .iter()
            .zip(&miners)
            .map(|(role, account)| MinerName {
                name: role.name.clone(),
                hotkey: account.hotkey.account(),
                repo: role.repo.to_string(),
            })
            .collect(),
        validators
            .iter()
            .map(|account| (account.name.clone(), account.hotkey.account()))
            .collect(),
    );
    let mut competition = Competition {
        terminal: Terminal::new(output, &board),
        paid: history.last_round(),
        home,
        chain,
        devnet,
        netuid,
        around,
        cast,
        board,
        history,
        target,
        hurry: Hurry::of(&plan),
        waiting: VecDeque::new(),
        mining: JoinSet::new(),
        validating: JoinSet::new(),
        view,
        block_time: plan.block_time,
        metagraph: None,
    };
    competition.start(miners, validators);
    let end = competition.follow(inbox).await;
    competition.terminal.close();
    competition.view.phase(match &end {
        Ok(_) => Phase::Finished,
        Err(error) => Phase::Failed {
            reason: error.to_string(),
        },
    });
    competition.leave().await;
    let summary = competition.summary().await;
    competition.devnet.stop().await;
    hub.stop().await;
    stop.cancel();
    if tokio::time::timeout(FAREWELL, pages).await.is_err() {
        tracing::debug!("the dashboard still has readers");
    }
    let reached = end?;
    if reached == End::Target {
        competition.history.reached()?;
    }
    let summary = summary?;
    output.data(&summary, summary::text)?;
    output.say(&format!("{:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As many epochs as were asked for.
    Target,
    /// The user stopped it.
    Stopped,
}

/// When the chain is moved on to its epoch rather than left to its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hurry {
    Always,
    /// Only for the first epoch of a run, so that a newcomer sees one at once.
    First,
}

impl Hurry {
    fn of(plan: &Plan) -> Self {
        if plan.epochs.is_some() {
            Self::Always
        } else {
            Self::First
        }
    }
}

/// A miner that waits for another to commit.
#[derive(Debug)]
struct Follower {
    role: MinerRole,
    account: Account,
    leader: String,
}

#[derive(Debug)]
struct Competition {
    home: Home,
    chain: ChainClient,
    devnet: Devnet,
    netuid: NetUid,
    around: Surroundings,
    cast: Cast,
    board: Board,
    history: History,
    terminal: Terminal,
    /// Number of finished epochs at which to end.
    target: Option<u64>,
    hurry: Hurry,
    /// Closing block of the newest round that was paid, or had nothing to be paid for.
    paid: Option<Block>,
    waiting: VecDeque<Follower>,
    mining: JoinSet<(String, miette::Result<Result<(), MinerError>>)>,
    validating: JoinSet<(String, miette::Result<Result<(), ValidatorError>>)>,
    view: View,
    block_time: Duration,
    /// The newest snapshot, one an epoch.
    metagraph: Option<Metagraph>,
}

impl Competition {
    fn start(&mut self, miners: Vec<Account>, validators: Vec<Account>) {
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
            let work = participants::validate(self.around.clone(), self.cast.clone(), folder, account);
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
    async fn follow(&mut self, mut inbox: broadcast::Receiver<DatasetEvent>) -> miette::Result<End> {
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
        board::pay(&mut miners, &metagraph);
        let record = self.history.finish(round, schedule.last_epoch_block, miners)?;
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
    async fn leave(&mut self) {
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

    async fn summary(&self) -> miette::Result<Summary> {
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
                tempo: founding::TEMPO,
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
                    weights: validator
                        .weights
                        .as_ref()
                        .map(|(_, stage)| board::stage_words(stage)),
                })
                .collect(),
            miners: summary::totals(self.history.epochs()),
            epochs: self.history.epochs().to_vec(),
        })
    }
}

async fn start_hub(home: &Home, cast: &Cast) -> miette::Result<HubServer> {
    let mut config = HubServerConfig::new(home.hub());
    for role in &cast.miners {
        config = config.account(assay_hub::Account::new(
            role.name.clone(),
            participants::hub_token(home, &role.name),
        ));
    }
    HubServer::start(config)
        .await
        .into_diagnostic()
        .wrap_err("the hub does not start")
}

async fn start_devnet(home: &Home, plan: &Plan) -> miette::Result<Devnet> {
    let digits = home.settings.seed.get(..16).unwrap_or_default();
    let genesis = Genesis {
        seed: u64::from_str_radix(digits, 16).unwrap_or_default(),
        ..Genesis::default()
    };
    let folder = home.chain();
    let config = DevnetConfig {
        genesis: (!folder.exists()).then_some(genesis),
        data: Storage::Folder(folder),
        listen: plan.chain,
        blocks: BlockProduction::Every(plan.block_time),
        ..DevnetConfig::default()
    };
    Devnet::start(config)
        .await
        .into_diagnostic()
        .wrap_err("the chain does not start")
}

fn accounts(home: &Home, names: impl Iterator<Item = String>) -> miette::Result<Vec<Account>> {
    names
        .map(|name| Account::open(home, &name).into_diagnostic())
        .collect()
}

/// The recipe that lies beside a base model, or the seed's.
fn recipe(base_model: &Path) -> miette::Result<Recipe> {
    let file = base_model.join("recipe.toml");
    if file.is_file() {
        Recipe::load(&file).into_diagnostic()
    } else {
        Ok(Recipe::seed(Template::Qwen))
    }
}

/// Resolves when the user or the system asks the process to end.
async fn stop_signal() {
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
